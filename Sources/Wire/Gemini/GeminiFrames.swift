import Base

/// What every chunk of a reply to a Gemini client repeats, and how chunks stand in the stream. Source: wire-formats §3.4, sse.md C.
struct GeminiFrames: Sendable {
  private let form: GeminiStreamForm
  /// The members that close each chunk, with the bracket that ends the list of candidates before them.
  private let tail: [UInt8]
  private var hasBegun = false
  private var hasEnded = false

  /// `id` nil: the chunks name no reply.
  init(model: String, id: String?, form: GeminiStreamForm) {
    self.form = form
    let reply = id.map { #","responseId":\#(JSON($0))"# } ?? ""
    tail = Array(#"],"modelVersion":\#(JSON(model))\#(reply)"#.utf8)
  }

  /// Writes a chunk with one part of a candidate.
  mutating func part(of candidate: Int, into bytes: inout [UInt8], _ part: (inout [UInt8]) -> Void) {
    open(&bytes)
    bytes += #"{"candidates":[{"content":{"role":"model","parts":["#.utf8
    part(&bytes)
    bytes += #"]},"index":"#.utf8
    bytes += String(candidate).utf8
    bytes.append(UInt8(ascii: "}"))
    bytes += tail
    bytes.append(UInt8(ascii: "}"))
    close(&bytes)
  }

  /// Writes a chunk with these candidates, and behind them the usage where there is one.
  mutating func chunk(_ candidates: [JSON], usage: Usage?, into bytes: inout [UInt8]) {
    open(&bytes)
    bytes += #"{"candidates":["#.utf8
    for (position, candidate) in candidates.enumerated() {
      if position > 0 { bytes.append(UInt8(ascii: ",")) }
      bytes += candidate.bytes
    }
    bytes += tail
    if let usage {
      var writer = JSONWriter()
      usage.writeGemini(&writer)
      bytes += #","usageMetadata":"#.utf8
      bytes += writer.bytes
    }
    bytes.append(UInt8(ascii: "}"))
    close(&bytes)
  }

  /// Writes a whole object, such as an error, as a chunk.
  mutating func object(_ text: [UInt8], into bytes: inout [UInt8]) {
    open(&bytes)
    bytes += text
    close(&bytes)
  }

  /// Ends the stream: closes the list, where it is one.
  mutating func end(into bytes: inout [UInt8]) {
    guard form == .array, !hasEnded else { return }
    hasEnded = true
    bytes += (hasBegun ? "]" : "[]").utf8
  }

  private mutating func open(_ bytes: inout [UInt8]) {
    switch form {
    case .events: bytes += "data: ".utf8
    case .array: bytes += (hasBegun ? ",\n" : "[").utf8
    }
    hasBegun = true
  }

  private func close(_ bytes: inout [UInt8]) {
    if form == .events { bytes += "\n\n".utf8 }
  }
}

/// How a stream is written to a Gemini client.
package enum GeminiStreamForm: Sendable {
  /// Events, as asked for with `alt=sse`.
  case events
  /// One JSON array, sent in pieces: the form of the wire where nothing was asked for.
  case array
}
