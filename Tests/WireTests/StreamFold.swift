import Base

@testable import Wire

/// What a client makes of a stream's events, and of a whole reply, in one form that leaves nothing out but how text was cut.
enum StreamFold {
  /// The members of an object but these.
  private static func without(_ names: Set<String>, _ object: JSON) -> JSON {
    .object(object.members.filter { !names.contains($0.name) }.map { ($0.name, $0.value) })
  }

  private static func elements(_ json: JSON?) -> [JSON] { Array((json ?? .null).elements) }

  // MARK: Responses

  /// The object of the last event, without the items' ids, which are made anew each time.
  static func responses(_ events: [JSON]) -> JSON { responses(whole: events.last?["response"] ?? .null) }

  static func responses(whole: JSON) -> JSON {
    let output = elements(whole["output"]).map { without(["id"], $0) }
    return ["output": .array(output), "rest": without(["output"], whole)]
  }

  // MARK: Chat

  private struct Choice {
    var texts: [String: String] = [:]
    var lists: [String: [JSON]] = [:]
    var calls: [Int: (head: JSON, text: String)] = [:]
    var logprobs: [JSON] = []
    var finish: JSON = .null

    var json: JSON {
      let texts = texts.filter { !$0.value.isEmpty }.sorted { $0.key < $1.key }.map { ($0.key, JSON($0.value)) }
      let lists = lists.sorted { $0.key < $1.key }.map { ($0.key, JSON.array($0.value)) }
      let calls = calls.sorted { $0.key < $1.key }.map { ["head": $0.value.head, "text": JSON($0.value.text)] as JSON }
      return [
        "texts": .object(texts), "lists": .object(lists), "calls": .array(calls), "logprobs": .array(logprobs), "finish": finish,
      ]
    }

    /// Takes in a delta, or a whole message.
    mutating func add(_ message: JSON) {
      for name in ["content", "refusal", "reasoning_content"] { texts[name, default: ""] += message[name]?.string ?? "" }
      for name in ["annotations", "images", "reasoning_details"] {
        for element in StreamFold.elements(message[name]) { lists[name, default: []].append(element) }
      }
      for (position, call) in StreamFold.elements(message["tool_calls"]).enumerated() {
        let number = call["index"]?.int ?? position
        let body = call["function"] ?? call["custom"] ?? .null
        if let id = call["id"] {
          calls[number] = (
            ["id": id, "type": call["type"] ?? .null, "name": body["name"] ?? .null, "extra": call["extra_content"] ?? .null], ""
          )
        }
        calls[number]?.text += body["arguments"]?.string ?? body["input"]?.string ?? ""
      }
    }
  }

  /// The choices as the deltas build them, and the usage.
  static func chat(_ events: [JSON]) -> JSON {
    var choices: [Int: Choice] = [:]
    var usage: JSON = .null
    for event in events {
      if let told = event["usage"], !told.isNull { usage = told }
      for choice in elements(event["choices"]) { add(choice, choice["delta"] ?? .null, &choices) }
    }
    return chat(choices, usage)
  }

  static func chat(whole: JSON) -> JSON {
    var choices: [Int: Choice] = [:]
    for choice in elements(whole["choices"]) { add(choice, choice["message"] ?? .null, &choices) }
    return chat(choices, whole["usage"] ?? .null)
  }

  private static func add(_ choice: JSON, _ message: JSON, _ choices: inout [Int: Choice]) {
    var built = choices[choice["index"]?.int ?? 0] ?? Choice()
    built.add(message)
    built.logprobs += elements(choice.at("logprobs.content"))
    if let finish = choice["finish_reason"], !finish.isNull { built.finish = finish }
    choices[choice["index"]?.int ?? 0] = built
  }

  private static func chat(_ choices: [Int: Choice], _ usage: JSON) -> JSON {
    // A stream shows zeros where a whole reply shows nothing. Source: wire-formats §8.
    let isEmpty = usage.isNull || usage["total_tokens"] == 0
    return ["choices": .array(choices.sorted { $0.key < $1.key }.map(\.value.json)), "usage": isEmpty ? .null : usage]
  }

  // MARK: Messages

  /// The message as `message_start`, the blocks and `message_delta` build it.
  static func anthropic(_ events: [JSON]) -> JSON {
    var blocks: [Int: (block: JSON, texts: [String: String])] = [:]
    var message: JSON = .null
    var end: JSON = .null
    for event in events {
      let number = event["index"]?.int ?? -1
      switch event["type"]?.string {
      case "message_start": message = event["message"] ?? .null
      case "content_block_start": blocks[number] = (event["content_block"] ?? .null, [:])
      case "content_block_delta":
        let delta = event["delta"] ?? .null
        for (name, value) in delta.members where name != "type" {
          blocks[number]?.texts[name, default: ""] += value.string ?? value.description
        }
      case "message_delta": end = event
      default: break
      }
    }
    let content = blocks.sorted { $0.key < $1.key }.map { Self.block($0.value.block, $0.value.texts) }
    let delta = end["delta"] ?? .null
    return anthropic(message, content, delta, end["usage"] ?? .null)
  }

  static func anthropic(whole: JSON) -> JSON {
    anthropic(whole, elements(whole["content"]), whole, whole["usage"] ?? .null)
  }

  private static func block(_ block: JSON, _ texts: [String: String]) -> JSON {
    var members = block.members.map { ($0.name, $0.value) }
    for (name, text) in texts {
      let member = name == "partial_json" ? "input" : name
      let value = name == "partial_json" ? (try? JSON(parsing: text)) ?? JSON(text) : JSON((block[member]?.string ?? "") + text)
      members.removeAll { $0.0 == member }
      members.append((member, value))
    }
    return .object(members)
  }

  private static func anthropic(_ message: JSON, _ content: [JSON], _ end: JSON, _ usage: JSON) -> JSON {
    [
      "id": message["id"] ?? .null, "model": message["model"] ?? .null, "role": message["role"] ?? .null, "content": .array(content),
      "stop_reason": end["stop_reason"] ?? .null, "stop_sequence": end["stop_sequence"] ?? .null,
      "stop_details": end["stop_details"] ?? .null,
      "usage": usage,
    ]
  }

  // MARK: Gemini

  /// The candidates with all their parts, texts that follow each other joined, and the last usage.
  static func gemini(_ events: [JSON]) -> JSON {
    var parts: [Int: [JSON]] = [:]
    var rest: [Int: [String: JSON]] = [:]
    var head: JSON = .null
    var usage: JSON = .null
    for event in events {
      head = ["model": event["modelVersion"] ?? .null, "id": event["responseId"] ?? .null]
      if let told = event["usageMetadata"] { usage = told }
      for candidate in elements(event["candidates"]) {
        let index = candidate["index"]?.int ?? 0
        for part in elements(candidate.at("content.parts")) { append(part, &parts[index, default: []]) }
        for (name, value) in candidate.members where !["content", "index"].contains(name) {
          let known = rest[index]?[name]
          rest[index, default: [:]][name] = name == "logprobsResult" ? joined(known ?? .null, value) : value
        }
      }
    }
    let candidates = Set(parts.keys).union(rest.keys).sorted().map { index -> JSON in
      let members = (rest[index] ?? [:]).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
      return ["index": JSON(index), "parts": .array(parts[index] ?? []), "rest": .object(members)]
    }
    return ["head": head, "candidates": .array(candidates), "usage": usage]
  }

  static func gemini(whole: JSON) -> JSON { gemini([whole]) }

  /// The lists of both, one behind the other.
  private static func joined(_ known: JSON, _ more: JSON) -> JSON {
    .object(more.members.map { ($0.name, .array(elements(known[$0.name]) + elements($0.value))) })
  }

  /// A part goes on with the one before it when both are plain texts, or thoughts of which only the later is signed.
  private static func append(_ part: JSON, _ parts: inout [JSON]) {
    guard let last = parts.last, let text = part["text"]?.string, let before = last["text"]?.string, last["thought"] == part["thought"],
      last["thoughtSignature"] == nil
    else { return parts.append(part) }
    let members = part.members.map { ($0.name, $0.name == "text" ? JSON(before + text) : $0.value) }
    parts[parts.count - 1] = .object(members)
  }
}
