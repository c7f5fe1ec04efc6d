import Base

/// Reads the items of a Responses request, which have been checked, into turns. Source: wire-formats §3.2, §5.2.
///
/// Messages of the assistant, reasoning and calls that follow each other form one turn of the assistant; outputs that follow each other
/// form the user turn behind it.
struct ResponsesItemReader {
  var messages: [Message] = []
  private(set) var losses: [Loss] = []
  /// Whether the last turn holds outputs of tools.
  private var isAnswering = false

  /// Reads one item.
  mutating func read(_ item: JSON, _ position: Int) throws(Fault) {
    let path = SourcePath("input", position)
    let type = ResponsesItemType(item)
    switch type {
    case .message: try readMessage(item, path)
    case .functionCall:
      let call = ToolCall(id: text(item, "call_id"), name: text(item, "name"), arguments: text(item, "arguments"))
      addToAnswer([Message.Content(.call(call), at: path)], path)
    case .customCall:
      let call = ToolCall(id: text(item, "call_id"), name: text(item, "name"), arguments: text(item, "input"), kind: .freeform)
      addToAnswer([Message.Content(.call(call), at: path)], path)
    case .output: try readOutput(item, path)
    case .reasoning: addToAnswer([Message.Content(.reasoning(Self.reasoning(item)), at: path)], path)
    case .hosted: losses.append(Loss(path.text(), .dropped))
    case .reference, .unknown: throw Self.unfit(item, path)
    }
  }

  private func text(_ item: JSON, _ name: String) -> String { item[name]?.string ?? "" }

  private static func unfit(_ item: JSON, _ path: SourcePath) -> Fault {
    let type = item["type"]?.string ?? "item_reference"
    let hint = type == "item_reference" ? " This gateway keeps no state: send the item itself." : ""
    return Fault(
      .invalid, "This model doesn't support items of type '\(type.prefix(64))'.\(hint)", code: "unsupported_content", param: path.text())
  }

  // MARK: Turns

  private mutating func addToAnswer(_ contents: [Message.Content], _ path: SourcePath) {
    isAnswering = false
    if let last = messages.indices.last, messages[last].role == .assistant {
      messages[last].contents += contents
    } else {
      messages.append(Message(.assistant, contents, at: path))
    }
  }

  private mutating func readMessage(_ item: JSON, _ path: SourcePath) throws(Fault) {
    let contents = try self.contents(item["content"], "content", path)
    switch item["role"]?.string {
    case "assistant": return addToAnswer(contents, path)
    case "user": messages.append(Message(.user, contents, at: path))
    default: messages.append(Message(.system, contents, at: path))
    }
    isAnswering = false
  }

  private mutating func readOutput(_ item: JSON, _ path: SourcePath) throws(Fault) {
    let parts = try contents(item["output"], "output", path).map(\.part)
    let result = Message.Content(.result(ToolResult(id: text(item, "call_id"), parts: parts)), at: path)
    if isAnswering, let last = messages.indices.last {
      messages[last].contents.append(result)
    } else {
      messages.append(Message(.user, [result], at: path))
      isAnswering = true
    }
  }

  // MARK: Content

  private mutating func contents(_ content: JSON?, _ member: StaticString, _ path: SourcePath) throws(Fault) -> [Message.Content] {
    guard let content else { return [] }
    if let text = content.string { return [Message.Content(.text(text), at: path.at(member))] }
    var contents: [Message.Content] = []
    for (position, part) in content.elements.enumerated() {
      let place = path.at(member, position)
      contents.append(Message.Content(try ResponsesParts.part(part, place), at: place))
      for name in ["annotations", "prompt_cache_breakpoint"] {
        guard let value = ResponsesRequest.present(part[name]), value.kind != .array || value.count > 0 else { continue }
        losses.append(Loss(place.text(name), .dropped))
      }
    }
    return contents
  }

  /// What is encrypted for another vendor says nothing here; only an envelope finds its way home. Source: wire-formats §2.7.
  private static func reasoning(_ item: JSON) -> Reasoning {
    func texts(_ name: String) -> String { (item[name] ?? .null).elements.compactMap { $0["text"]?.string }.joined() }
    let summary = texts("summary")
    return Reasoning(
      summary.isEmpty ? texts("content") : summary, signature: item["encrypted_content"]?.string.flatMap(Signature.init(envelope:)))
  }
}

/// What an item of a request is.
enum ResponsesItemType: Sendable {
  case message, functionCall, customCall, output, reasoning
  /// A trace of a tool that the vendor runs, or that it has trained its models for.
  case hosted
  /// An item that the vendor keeps.
  case reference
  case unknown

  /// The type of an item; messages and references may be without one.
  init(_ item: JSON) {
    guard let type = item["type"]?.string else {
      self = item["role"] == nil && item["id"] != nil ? .reference : .message
      return
    }
    switch type {
    case "message": self = .message
    case "function_call": self = .functionCall
    case "custom_tool_call": self = .customCall
    case "function_call_output", "custom_tool_call_output": self = .output
    case "reasoning": self = .reasoning
    case "item_reference": self = .reference
    default: self = Self.traces.contains(type) ? .hosted : .unknown
    }
  }

  /// Source: the input items of the official Python client openai 3.57.0.
  private static let traces: Set<String> = [
    "web_search_call", "file_search_call", "code_interpreter_call", "image_generation_call", "computer_call", "computer_call_output",
    "mcp_list_tools", "mcp_call", "mcp_approval_request", "mcp_approval_response", "local_shell_call", "local_shell_call_output",
    "shell_call", "shell_call_output", "apply_patch_call", "apply_patch_call_output", "tool_search_call", "tool_search_output",
    "program", "program_output",
  ]
}
