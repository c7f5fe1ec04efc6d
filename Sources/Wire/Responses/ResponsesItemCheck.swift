import Base

/// Checks the items of a Responses request. Source: wire-formats §3.2.
enum ResponsesItemCheck {
  /// Refuses an item that can't be understood; items of types that are not known pass.
  static func check(_ item: JSON, at path: RequestShape.Path) throws(Fault) {
    try typed.check(item, at: path)
    switch ResponsesItemType(item) {
    case .message: try checkMessage(item, at: path)
    case .functionCall: try functionCall.check(item, at: path)
    case .customCall: try customCall.check(item, at: path)
    case .output:
      try output.check(item, at: path)
      try checkParts(item["output"], "output", at: path)
    case .reasoning:
      try reasoning.check(item, at: path)
      for member in ["summary", "content"] {
        guard let list = item[member], list.count > 0 else { continue }
        try RequestShape.check(elements: list, are: .object) { "\(path()).\(member)" }
      }
    case .hosted, .reference, .unknown: break
    }
  }

  private static func checkMessage(_ item: JSON, at path: RequestShape.Path) throws(Fault) {
    try message.check(item, at: path)
    let role = item["role"]?.string ?? ""
    guard roles.contains(role) else {
      let known = roles.joined(separator: ", ")
      throw Fault(
        .invalid, "Invalid value for '\(path()).role': expected one of \(known), but got '\(role.prefix(64))'.", code: "invalid_value",
        param: path() + ".role")
    }
    try checkParts(item["content"], "content", at: path)
  }

  private static func checkParts(_ content: JSON?, _ member: String, at path: RequestShape.Path) throws(Fault) {
    guard let content, content.kind == .array else { return }
    var position = 0
    for part in content.elements {
      let place = { "\(path()).\(member)[\(position)]" }
      try check(part: part, at: place)
      position += 1
    }
  }

  private static func check(part: JSON, at path: RequestShape.Path) throws(Fault) {
    try partType.check(part, at: path)
    guard let type = part["type"]?.string, let shape = parts[type] else { return }
    try shape.check(part, at: path)
    if type == "input_audio", let audio = part["input_audio"] { try Self.audio.check(audio) { "\(path()).input_audio" } }
  }

  // MARK: Tables

  private static let roles = ["user", "assistant", "system", "developer"]
  private static let typed = RequestShape(["type": .string])
  private static let partType = RequestShape(["type": .string], required: ["type"])
  private static let message = RequestShape(["role": .string, "content": [.string, .array]], required: ["role", "content"])
  private static let functionCall = RequestShape(
    ["call_id": .string, "name": .string, "arguments": .string], required: ["call_id", "name", "arguments"])
  private static let customCall = RequestShape(
    ["call_id": .string, "name": .string, "input": .string], required: ["call_id", "name", "input"])
  private static let output = RequestShape(["call_id": .string, "output": [.string, .array]], required: ["call_id", "output"])
  private static let reasoning = RequestShape(["summary": .array, "content": .array, "encrypted_content": .string])

  private static let parts: [String: RequestShape] = [
    "input_text": text, "output_text": text, "text": text,
    "refusal": RequestShape(["refusal": .string], required: ["refusal"]),
    "input_image": RequestShape(["image_url": .string, "file_id": .string, "detail": .string]),
    "input_file": RequestShape(["file_data": .string, "file_id": .string, "file_url": .string, "filename": .string, "detail": .string]),
    "input_audio": RequestShape(["input_audio": .object], required: ["input_audio"]),
  ]
  private static let text = RequestShape(["text": .string], required: ["text"])
  private static let audio = RequestShape(["data": .string, "format": .string], required: ["data", "format"])
}
