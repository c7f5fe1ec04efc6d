import Base

/// Writes the parts of a reply to a Gemini client. Source: wire-formats §2.7, §2.11, §6.4.
enum GeminiParts {
  /// A text, or a piece of one.
  static func text(_ text: String, isThought: Bool = false, signature: String? = nil, into bytes: inout [UInt8]) {
    bytes += #"{"text":"#.utf8
    JSONWriter.escape(text, into: &bytes)
    if isThought { bytes += #","thought":true"#.utf8 }
    if let signature {
      bytes += #","thoughtSignature":"#.utf8
      JSONWriter.escape(signature, into: &bytes)
    }
    bytes.append(UInt8(ascii: "}"))
  }

  /// A call with its arguments as an object; the report tells what was done to get one.
  static func call(_ call: ToolCall, number: Int, into bytes: inout [UInt8]) -> Loss? {
    var loss: Loss?
    var args: JSON = ["input": JSON(call.arguments)]
    if call.kind == .function {
      if let object = ArgumentText(call.arguments).object {
        args = object
      } else {
        args = ArgumentText.emulated(call.arguments)
        loss = Loss("tool_calls[\(number)].function.arguments", .emulated)
      }
    }
    var writer = JSONWriter()
    writer.beginObject()
    writer.key("functionCall")
    writer.beginObject()
    if !call.id.isEmpty { writer.member("id", call.id) }
    writer.member("name", call.name)
    writer.member("args", args)
    writer.endObject()
    if let signature = call.signature.flatMap(Self.own) { writer.member("thoughtSignature", signature) }
    writer.endObject()
    bytes += writer.bytes
    return loss
  }

  /// Gemini's own signature on a call, as it is.
  private static func own(_ signature: Signature) -> String? {
    signature.origin == .gemini || signature.origin == .geminiNext ? signature.value : nil
  }

  /// An image, sound or file that the model made; nil for one that has no bytes and no address.
  static func media(_ media: Media) -> JSON? {
    switch media.source {
    case .data(let data, let type): return ["inlineData": ["mimeType": JSON(type), "data": JSON(data)]]
    case .url(let url, let type):
      var members: [(String, JSON)] = [("fileUri", JSON(url))]
      let type = type ?? GeminiMedia.guess(url)
      if !type.isEmpty { members.insert(("mimeType", JSON(type)), at: 0) }
      return ["fileData": .object(members)]
    case .file: return nil
    }
  }

  /// Whether a call's arguments are complete, so that it can be sent.
  static func isWhole(_ call: ToolCall) -> Bool {
    call.kind == .freeform || ArgumentText(call.arguments).object != nil
  }
}
