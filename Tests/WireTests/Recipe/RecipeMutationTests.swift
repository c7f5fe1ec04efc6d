import Base
import Testing
@testable import Wire

/// What becomes of the transcripts when the site changes: the right result, or a fault; never a success without text.
@Suite struct `A web app that changes` {
  static let cases = Transcripts.all.filter { !$0.file.hasSuffix(".html") && !["edgeone", "qianfan"].contains($0.provider) }

  /// The names of members in a recorded answer, also in texts that are JSON.
  static func names(_ bytes: [UInt8]) -> [String] {
    let text = String(decoding: bytes, as: UTF8.self).replacing("\\", with: "")
    let parts = text.split(separator: "\"", omittingEmptySubsequences: false)
    var names: Set<String> = []
    for (name, rest) in zip(parts, parts.dropFirst()) where rest.drop(while: { $0 == " " }).hasPrefix(":") { names.insert(String(name)) }
    return names.filter { !$0.isEmpty && $0.utf8.count < 40 }.sorted()
  }

  /// The bytes with another name for a member, at every depth; the lengths of Connect's envelopes are mended.
  static func renaming(_ name: String, to other: String, in bytes: [UInt8], isConnect: Bool) -> [UInt8] {
    guard isConnect else { return replaced(name, other, bytes) }
    var result: [UInt8] = []
    var rest = bytes[...]
    while rest.count >= 5 {
      let flags = rest.removeFirst()
      let length = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
      let payload = replaced(name, other, Array(rest.dropFirst(4).prefix(length)))
      rest = rest.dropFirst(4 + length)
      result += [flags] + (0..<4).map { UInt8(truncatingIfNeeded: payload.count >> (24 - 8 * $0)) } + payload
    }
    return result
  }

  private static func replaced(_ name: String, _ other: String, _ bytes: [UInt8]) -> [UInt8] {
    var text = String(decoding: bytes, as: UTF8.self)
    for escape in ["", "\\", "\\\\\\"] {
      text = text.replacing("\"\(name)\(escape)\":", with: "\"\(other)\(escape)\":").replacing(
        "\"\(name)\(escape)\": ", with: "\"\(other)\(escape)\": ")
    }
    return Array(text.utf8)
  }

  private func replay(_ item: Transcripts.Case) throws -> RecipeReplay {
    RecipeReplay(try RecipeFiles.provider(item.provider, variant: item.variant), status: item.status, contentType: item.type)
  }

  @Test(arguments: cases)
  func `never gives an empty success when a field is called otherwise`(item: Transcripts.Case) throws {
    let bytes = try Transcripts.bytes(item.file)
    let replay = try replay(item)
    let isPoll = item.variant == "polling-steps"
    let isConnect = item.file.hasSuffix(".bin")
    for name in Self.names(bytes) where !isPoll || !["steps", "request", "response", "status", "body", "method", "path"].contains(name) {
      let changed = Self.renaming(name, to: name + "_renamed", in: bytes, isConnect: isConnect)
      let result = replay.result(changed)
      let isEmpty = result["content"]?.string?.isEmpty != false
      let mayBeEmpty = result["finish_reason"]?.string == "length" && result["reasoning"]?.string?.isEmpty == false
      #expect(!isEmpty || mayBeEmpty || result["error"]?.isNull == false, "\(name)")
    }
  }

  @Test(arguments: cases.filter { $0.type.hasPrefix("text/event-stream") })
  func `reads on past unknown events and new fields`(item: Transcripts.Case) throws {
    let text = String(decoding: try Transcripts.bytes(item.file), as: UTF8.self)
    let replay = try replay(item)
    let before = replay.result(Array(text.utf8))
    // A broken stream stays broken, however it is called then.
    guard before["error"]?.isNull == true else { return }
    let event = "event: brand_new\ndata: {\"brand\":\"new\"}\n\n"
    let grown = text.replacing("data: {", with: "data: {\"brand_new\":[1],").replacing("data:{", with: "data:{\"brand_new\":[1],")
      .replacing(",}", with: "}")
    for changed in [event + text, grown] {
      let after = replay.result(Array(changed.utf8))
      #expect(after == before)
    }
  }
}
