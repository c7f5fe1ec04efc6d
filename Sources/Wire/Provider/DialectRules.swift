import Base

/// What a dialect changes in a Chat body that came in as Chat, as splices. Source: formats/wire-formats §4.
struct DialectRules {
  /// Members only OpenAI itself knows; all others are sent what they know.
  private static let officialOnly: Set<String> = [
    "store", "metadata", "service_tier", "prediction", "verbosity", "web_search_options", "modalities", "audio", "moderation",
    "safety_identifier",
  ]

  /// Whether only OpenAI itself knows a member.
  static func isOfficialOnly(_ name: String) -> Bool { officialOnly.contains(name) || name.hasPrefix("prompt_cache_") }

  let dialect: Dialect

  /// The changes of the body's own members. `stream` tells whether a stream is asked for upstream.
  func apply(_ members: inout BodyMembers, stream: Bool, _ edit: inout JSONEdit, _ losses: inout [Loss]) {
    limit(&members, &edit)
    if dialect.officialOnly == .dropped {
      for name in members.names where Self.isOfficialOnly(name) {
        members.drop(name, &edit, &losses)
      }
    }
    if !dialect.topK { members.drop("top_k", &edit, &losses) }
    stop(&members, &edit, &losses)
    toolChoice(&members, &edit, &losses)
    streamOptions(&members, stream: stream, &edit)
  }

  /// The token limit takes the dialect's name. OpenAI itself understands both, and nothing is touched without need.
  private func limit(_ members: inout BodyMembers, _ edit: inout JSONEdit) {
    switch dialect.limitName {
    case .maxTokens: members.rename("max_completion_tokens", to: "max_tokens", &edit)
    case .maxCompletionTokens where dialect.officialOnly == .dropped: members.rename("max_tokens", to: "max_completion_tokens", &edit)
    case .maxCompletionTokens: break
    }
  }

  private func stop(_ members: inout BodyMembers, _ edit: inout JSONEdit, _ losses: inout [Loss]) {
    guard let stop = members["stop"], stop.kind == .array, stop.count > dialect.stopMax else { return }
    members.set("stop", to: .array(Array(stop.elements.prefix(dialect.stopMax))), &edit)
    for position in dialect.stopMax..<stop.count { losses.append(Loss("stop[\(position)]", .truncated)) }
  }

  private func toolChoice(_ members: inout BodyMembers, _ edit: inout JSONEdit, _ losses: inout [Loss]) {
    guard dialect.toolChoice == .autoOnly else { return }
    members.drop("parallel_tool_calls", &edit, &losses)
    guard let choice = members["tool_choice"], !BodyMembers.isUsual("tool_choice", choice) else { return }
    if choice.string == "none" {
      members.remove("tools", &edit)
      members.remove("tool_choice", &edit)
      losses.append(Loss("tool_choice", .emulated))
    } else {
      members.set("tool_choice", to: "auto", &edit)
      losses.append(Loss("tool_choice", .downgraded))
    }
  }

  /// Usage is always asked for: the gateway needs it, whether the client does or not.
  private func streamOptions(_ members: inout BodyMembers, stream: Bool, _ edit: inout JSONEdit) {
    guard dialect.usageOption else { return members.remove("stream_options", &edit) }
    guard stream else { return }
    let options = members["stream_options"]
    guard options?["include_usage"]?.bool != true else { return }
    let others = options?.members.filter { $0.name != "include_usage" }.map { ($0.name, $0.value) } ?? []
    members.set("stream_options", to: .object(others + [("include_usage", true)]), &edit)
  }

  /// The changes inside messages, tools and the tool choice; after all others, since those may have taken them away.
  func applyInside(_ members: inout BodyMembers, _ edit: inout JSONEdit, _ losses: inout [Loss]) {
    for (position, message) in (members.original("messages") ?? .null).elements.enumerated() where message.kind == .object {
      if !dialect.developerRole, message["role"]?.string == "developer" { edit.set("role", to: "system", in: message) }
      reasoning(message, "messages[\(position)]", &edit, &losses)
      if !dialect.customTools { calls(of: message, &edit) }
    }
    guard !dialect.customTools else { return }
    for (position, tool) in (members.original("tools") ?? .null).elements.enumerated() {
      guard let function = CustomTool.function(for: tool) else { continue }
      edit.replace(tool, with: function)
      losses.append(Loss("tools[\(position)]", .emulated))
    }
    if let choice = members.original("tool_choice"), choice["type"]?.string == "custom", let name = choice.at("custom.name") {
      members.set("tool_choice", to: ["type": "function", "function": ["name": name]], &edit)
    }
  }

  private func reasoning(_ message: JSON, _ path: String, _ edit: inout JSONEdit, _ losses: inout [Loss]) {
    guard message["role"]?.string == "assistant" else { return }
    let own = message["reasoning_content"]
    if dialect.reasoningReplay == .required {
      if own?.string == nil { edit.set("reasoning_content", to: JSON(message["reasoning"]?.string ?? ""), in: message) }
    } else if let own {
      edit.remove("reasoning_content", from: message)
      if own.string?.isEmpty == false { losses.append(Loss(path + ".reasoning_content", .dropped)) }
    }
  }

  private func calls(of message: JSON, _ edit: inout JSONEdit) {
    for call in (message["tool_calls"] ?? .null).elements {
      if let function = CustomTool.functionCall(for: call) { edit.replace(call, with: function) }
    }
  }
}

/// A freeform tool as a function with the one text parameter `input`. Source: formats/wire-formats §4, `custom_tools`.
enum CustomTool {
  /// The function that stands for a freeform tool; nil for other tools.
  static func function(for tool: JSON) -> JSON? {
    guard tool["type"]?.string == "custom", let name = tool.at("custom.name") else { return nil }
    let parameters: JSON = ["type": "object", "properties": ["input": ["type": "string"]], "required": ["input"]]
    let description = tool.at("custom.description").map { [("description", $0)] } ?? []
    return ["type": "function", "function": .object([("name", name)] + description + [("parameters", parameters)])]
  }

  /// The function call that stands for a freeform call; nil for other calls.
  static func functionCall(for call: JSON) -> JSON? {
    guard call["type"]?.string == "custom", let name = call.at("custom.name") else { return nil }
    let input = JSON.object([("input", call.at("custom.input") ?? "")])
    let function = JSON.object([("name", name), ("arguments", JSON(String(decoding: input.bytes, as: UTF8.self)))])
    return .object((call["id"].map { [("id", $0)] } ?? []) + [("type", "function"), ("function", function)])
  }
}
