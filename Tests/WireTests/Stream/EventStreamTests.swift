import Base
import Testing

@testable import Wire

/// What a reading gave, in the words of the vectors: `{data, event?, id?}`, `done`, `truncated`.
private func read(_ bytes: [UInt8], _ mode: EventStream.Mode, cuts: [Int]) -> [JSON] {
  var stream = EventStream(mode)
  var frames: [Frame] = []
  var isTruncated = false
  do {
    var start = 0
    for cut in cuts + [bytes.count] {
      try stream.feed(bytes[start..<cut], into: &frames)
      start = cut
    }
    try stream.end(into: &frames)
  } catch {
    isTruncated = true
  }
  var results = frames.compactMap(result)
  if isTruncated { results.append(["error": "truncated"]) }
  return results
}

private func result(_ frame: Frame) -> JSON? {
  switch frame.kind {
  case .comment, .heartbeat: return nil
  case .done: return ["done": true]
  case .data: break
  }
  var members: [(String, JSON)] = [("data", JSON(frame.text))]
  if let event = frame.event { members.append(("event", JSON(event))) }
  if let id = frame.id { members.append(("id", JSON(id))) }
  return .object(members)
}

/// Whole, a byte at a time, and in threes.
private func cuts(_ count: Int) -> [[Int]] {
  [[], Array(0..<count), Array(stride(from: 3, to: max(3, count), by: 3))]
}

@Suite struct `An event stream` {
  @Test(
    arguments: [
      // Lines end with LF, CR or CRLF.
      ("data: a\n\ndata: b\r\n\r\ndata: c\r\rdata: d\r\n\n", ["a", "b", "c", "d"], ["a", "b", "c", "d"]),
      // One space behind the colon belongs to the field.
      ("data:a\n\ndata:  b\n\ndata:\tc\n\n", ["a", " b", "\tc"], ["a", " b", "\tc"]),
      // Lines of data are joined; the standard drops an event without its empty line.
      ("data: {\ndata: \"a\": 1}\n\ndata: {}", ["{\n\"a\": 1}"], ["{\n\"a\": 1}", "{}"]),
      // Upstreams part events by single line ends.
      ("data: {\"a\":1}\ndata: {\"b\":2}\n\n", ["{\"a\":1}\n{\"b\":2}"], ["{\"a\":1}", "{\"b\":2}"]),
      // Upstreams put bare JSON where a field is expected.
      (
        "data: {}\n\n{\"error\":\n \"}\"}\n[{\"a\":[1]},\n{\"b\":2}]\n", ["{}"], ["{}", "{\"error\":\n \"}\"}", "{\"a\":[1]}", "{\"b\":2}"]
      ),
      // Heartbeats are comments, and to us also events without data.
      (": hi\n\ndata:\n\ndata: \n\ndata: 1\n\n", ["", "", "1"], ["1"]),
      // Behind the end marker nothing counts.
      ("data: 1\n\ndata: [DONE] \n\ndata: 2\n\n", ["1", "[DONE] ", "2"], ["1", "DONE"]),
      ("data: 1\n\ndata: [DONE]", ["1"], ["1", "DONE"]),
      ("\u{FEFF}data: 1\n\n\u{FEFF}data: 2\n\n", ["1"], ["1"]),
    ] as [(String, [String], [String])])
  func `gives the same events however it is cut`(text: String, standard: [String], upstream: [String]) {
    let bytes = Array(text.utf8)
    for cut in cuts(bytes.count) {
      #expect(read(bytes, .standard, cuts: cut).map { $0["data"]?.string } == standard)
      #expect(read(bytes, .upstream, cuts: cut).map { $0["data"]?.string ?? "DONE" } == upstream)
    }
  }

  @Test func `agrees with the shared vectors`() throws {
    let vectors = try Shared.json("formats/sse-vectors.json")?["vectors"]?.elements ?? JSON.null.elements
    for vector in vectors {
      let bytes = input(vector)
      var ways = bytes.count > 10_000 ? [[], Array(stride(from: 1000, to: bytes.count, by: 1000))] : cuts(bytes.count)
      if let splits = vector["splits"] { ways.append(splits.elements.compactMap(\.int)) }
      for cut in ways {
        compare(vector, "whatwg", read(bytes, .standard, cuts: cut))
        compare(vector, "upstream", read(bytes, .upstream, cuts: cut))
      }
    }
  }

  private func input(_ vector: JSON) -> [UInt8] {
    guard let recipe = vector["input_gen"] else { return Shared.bytes(base64: vector["input_b64"]?.string ?? "") }
    let unit = String(repeating: recipe["unit"]?.string ?? "", count: recipe["count"]?.int ?? 0)
    return Array(((recipe["prefix"]?.string ?? "") + unit + (recipe["suffix"]?.string ?? "")).utf8)
  }

  private func compare(_ vector: JSON, _ mode: String, _ found: [JSON]) {
    let wanted = Array(vector[mode]?.elements ?? JSON.null.elements)
    let name = "\(vector["name"]?.string ?? "?") \(mode)"
    #expect(found.count == wanted.count, "\(name): \(found.map(\.description))")
    for (one, other) in zip(found, wanted) {
      if let size = other["data_bytes"]?.int {
        #expect(one["data"]?.string?.utf8.count == size, "\(name)")
      } else {
        #expect(one == other, "\(name)")
      }
    }
  }

  @Test func `keeps the bytes of each frame as they came`() throws {
    let text = ": hi\nevent: x\ndata: {\"a\":1}\n\n: alone\n\ndata:2\r\n\r\n"
    for cut in cuts(text.utf8.count) {
      var stream = EventStream(.upstream)
      var frames: [Frame] = []
      var start = 0
      let bytes = Array(text.utf8)
      for end in cut + [bytes.count] {
        try stream.feed(bytes[start..<end], into: &frames)
        start = end
      }
      let raw = frames.map { String(decoding: $0.raw, as: UTF8.self) }
      #expect(raw.prefix(2) == [": hi\nevent: x\ndata: {\"a\":1}\n\n", ": alone\n\n"])
      #expect(frames.last?.raw.starts(with: "data:2\r\n\r".utf8) == true)
      #expect(frames.map(\.kind) == [.data, .comment, .data])
      #expect(frames.allSatisfy { $0.isStandard })
    }
  }

  @Test func `says which frames a client could not read as they came`() throws {
    var stream = EventStream(.upstream)
    var frames: [Frame] = []
    try stream.feed(Array("data: {\"a\":1}\ndata: {\"b\":2}\n\n{\"c\":3}\ndata: {}\n\n".utf8)[...], into: &frames)
    #expect(frames.map(\.isStandard) == [false, true, false, true])
  }

  @Test(arguments: [EventStream.Mode.standard, .upstream], ["data: ", "{\"a\":\"", ": "])
  func `fails beyond the cap`(mode: EventStream.Mode, opening: String) {
    var stream = EventStream(mode, cap: 100)
    var frames: [Frame] = []
    #expect(throws: Fault.self) {
      try stream.feed(Array(opening.utf8)[...], into: &frames)
      for _ in 0..<30 { try stream.feed(Array("xxxx".utf8)[...], into: &frames) }
    }
  }

  @Test func `holds a long line together in linear time`() throws {
    var stream = EventStream(.upstream)
    var frames: [Frame] = []
    let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 16)
    try stream.feed(Array("data: \"".utf8)[...], into: &frames)
    for _ in 0..<20_000 { try stream.feed(piece[...], into: &frames) }
    try stream.feed(Array("\"\n\n".utf8)[...], into: &frames)
    #expect(frames.map(\.data.count) == [320_002])
  }
}
