import Base

@testable import Archive

/// Entries as reading would make them, without wires: the request is its turns, one a line, and each turn is a shared piece.
struct Sample {
  var id: String
  var time = 1_000
  var said: [(role: String, text: String)]
  /// How many of them are history and the client's new turn; the rest is the reply.
  var asked: Int

  init(_ id: String, _ said: [(String, String)], time: Int = 1_000) {
    self.id = id
    self.said = said
    self.time = time
    asked = said.last?.0 == "assistant" ? said.count - 1 : said.count
  }

  var entry: Entry {
    var record = Record(id: id, time: time)
    record.endpoint = "chat"
    record.clientWire = "openai-chat"
    record.provider = "openai"
    record.model = "gpt"
    record.modelServed = "gpt-2026"
    record.status = 200
    record.finish = "stop"
    record.isComplete = true
    var entry = Entry(Row(record))
    entry.row.isUnderstood = true
    entry.turns = Self.turns(said)
    entry.firstOwn = max(0, asked - 1)
    entry.request = Self.body(said.prefix(asked).map(\.text), type: "application/json")
    entry.response = Self.body(said.dropFirst(asked).map(\.text), type: "application/json")
    entry.response?.shared = []
    return entry
  }

  static func turns(_ said: [(role: String, text: String)]) -> [Turn] {
    var hash = [UInt8](repeating: 0, count: 32)
    return said.map { role, text in
      let canonical = Array(#"{"role":"\#(role)","text":"\#(text)"}"#.utf8)
      hash = Digest.sha256(hash + canonical)
      return Turn(hash: hash, role: role, canonical: canonical, words: text)
    }
  }

  static func body(_ lines: [String], type: String) -> FiledBody {
    var bytes = Array(#"{"messages":["#.utf8)
    var shared: [Range<Int>] = []
    for line in lines {
      let start = bytes.count
      bytes += line.utf8
      shared.append(start..<bytes.count)
      bytes += ",\n".utf8
    }
    bytes += "]}".utf8
    return FiledBody(Record.Body(bytes, type: type), digest: Digest.sha256(bytes), shared: shared)
  }
}

/// The calls of an agent: each repeats what was said before, and adds what a tool gave and what the model said.
func session(_ name: String, calls: Int, time: Int = 1_000) -> [Entry] {
  // Not by `hashValue`, which differs from run to run: two names that share it would share their first turn.
  let seed = name.utf8.reduce(0) { ($0 * 131 + Int($1)) & 0xFF_FFFF }
  var said = [("system", text(seed, 2000)), ("user", "\(name): \(text(1))")]
  return (0..<calls).map { call in
    if call > 0 { said.append(("tool", "\(name) result \(call) \(text(call))")) }
    said.append(("assistant", "\(name) answer \(call) \(text(call + 1000))"))
    return Sample("\(name)-\(call)", said, time: time + call).entry
  }
}

extension Archive {
  /// The ids of the records that fit, as they are listed.
  func ids(_ filter: Filter = Filter(), limit: Int? = nil) throws -> [String] {
    var ids: [String] = []
    try list(filter, limit: limit) { row, _ in
      ids.append(row.record.id)
      return true
    }
    return ids
  }

  /// The ids of the records in which a text was said.
  func search(_ text: String) throws -> [String] {
    var filter = Filter()
    filter.text = text
    return try ids(filter)
  }

  /// All that a check finds.
  func findings() throws -> [Verification.Finding] {
    var check = Verification { Digest.sha256(($0 ?? [UInt8](repeating: 0, count: 32)) + $1) }
    var findings: [Verification.Finding] = []
    while !check.isDone { findings += try check.step(self) }
    return findings
  }
}

/// A text of so many letters that is different for every number.
func text(_ number: Int, _ length: Int = 200) -> String {
  var text = "turn \(number)"
  while text.utf8.count < length { text += " word\((number * 7919 + text.utf8.count * 31) % 4001)" }
  return text
}
