import Base

/// Writes the chunks of one stream on the OpenAI wires; what all of them have alike is made once. Source: wire-formats §3.1, §11.
///
///     data: {"id":"…","object":"…","created":7,"model":"m","choices":[ … ],"usage":null}
///     ╰──────────────── head ────────────────╯           ╰── choices ─╯╰──── tail ────╯
struct ChunkText: Sendable {
  private let head: [UInt8]
  private let tail: [UInt8]

  /// `showsUsage`: the client asked for usage, so that all chunks but the last say that they have none.
  init(object: String, id: String, created: Int, model: String, extra: [ReplyHead.Extra], showsUsage: Bool) {
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("id", id)
    writer.member("object", object)
    writer.member("created", created)
    writer.member("model", model)
    for member in extra { writer.member(member.name, member.value) }
    head = Array("data: ".utf8) + writer.bytes + Array(",\"choices\":[".utf8)
    tail = Array((showsUsage ? "],\"usage\":null}\n\n" : "]}\n\n").utf8)
  }

  /// Begins a chunk with one choice; up to `endChoice` its members follow, each with a comma before it.
  func beginChoice(_ index: Int, _ bytes: inout [UInt8]) {
    bytes += head
    bytes += "{\"index\":".utf8
    Self.append(index, &bytes)
  }

  /// Ends a chunk; `finish` is nil when the choice goes on.
  func endChoice(finish: String? = nil, _ bytes: inout [UInt8]) {
    if let finish {
      bytes += ",\"finish_reason\":\"".utf8
      bytes += finish.utf8
      bytes += "\"}".utf8
    } else {
      bytes += ",\"finish_reason\":null}".utf8
    }
    bytes += tail
  }

  /// The chunk that tells the usage, and the end marker.
  func end(_ usage: Usage?, _ bytes: inout [UInt8]) {
    if let usage {
      var writer = JSONWriter()
      usage.writeChat(&writer)
      bytes += head
      bytes += "],\"usage\":".utf8
      bytes += writer.bytes
      bytes += "}\n\n".utf8
    }
    bytes += "data: [DONE]\n\n".utf8
  }

  /// Appends a small whole number.
  static func append(_ number: Int, _ bytes: inout [UInt8]) {
    if (0..<10).contains(number) { bytes.append(UInt8(ascii: "0") + UInt8(number)) } else { bytes += String(number).utf8 }
  }
}
