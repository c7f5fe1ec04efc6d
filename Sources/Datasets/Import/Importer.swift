package import Archive
package import Base
import Wire

/// Files records of training data in an archive, as Chat exchanges.
///
/// A record's id is made of what it says, so that the same record is filed once.
package final class Importer {
  /// What came of an import.
  package struct Outcome: Sendable {
    /// Records that are new in the archive.
    package var filed = 0
    /// Records that say the same as one before, in this import or in the archive.
    package var repeated = 0
    /// Lines that are no records.
    package var notUnderstood = 0
    /// Where the first of them are, and why.
    package var mistakes: [String] = []
  }

  private let archive: Archive
  private let who: String
  private let state: Review.State
  private var entries: [Entry] = []
  private var ids: [Review.State: [String]] = [:]
  private var outcome = Outcome()
  private var time = Time.now.milliseconds
  private var seen: Set<String> = []

  private static let batchSize = 100
  /// So many mistakes are told.
  private static let mistakeLimit = 1000

  /// An import; what nothing else is said of gets the state.
  package init(_ archive: Archive, state: Review.State, who: String) {
    (self.archive, self.state, self.who) = (archive, state, who)
  }

  /// Reads a file of any of our formats: lines of JSON, or an array.
  package func read(_ path: String) throws(Fault) {
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    let lines = try LineReader(path)
    var number = 0
    while let line = try lines.next() {
      number += 1
      let text = Self.element(line)
      guard !text.isEmpty else { continue }
      guard let record = try? JSON(parsing: text) else {
        mistake("\(path):\(number): no JSON")
        continue
      }
      if record.kind == .array {
        for element in record.elements { try file(element, "\(path):\(number)", folder, nil, model: "") }
      } else {
        try file(record, "\(path):\(number)", folder, nil, model: "")
      }
    }
  }

  /// A line of an array without its comma and brackets.
  private static func element(_ line: [UInt8]) -> [UInt8] {
    var text = line[...]
    while let last = text.last, last <= 32 || last == UInt8(ascii: ",") { text.removeLast() }
    while let first = text.first, first <= 32 { text.removeFirst() }
    let alone = text.count == 1 && (text.first == UInt8(ascii: "[") || text.first == UInt8(ascii: "]"))
    return alone || text.elementsEqual("[]".utf8) ? [] : Array(text)
  }

  /// Reads the file of another recorder.
  package func read(_ file: RecorderFile, _ name: String) throws(Fault) {
    try file.read { row throws(Fault) in
      let place = "\(name), \(row.isConfirmed ? "confirmed_interactions" : "interactions") \(row.id)"
      guard let parsed = try? JSON(parsing: row.conversation) else { return mistake("\(place): no JSON") }
      let record: JSON = parsed.kind == .array ? ["conversations": parsed] : parsed
      if let seconds = Double(row.time) {
        time = Int(seconds * 1000)
      } else if let told = Timestamp(parsing: row.time) {
        time = told.milliseconds
      }
      try self.file(record, place, "", row.isConfirmed ? .confirmed : .new, model: row.model)
    }
  }

  /// Ends the import.
  package func end() throws(Fault) -> Outcome {
    try flush()
    for (state, ids) in ids.sorted(by: { $0.key.rawValue < $1.key.rawValue }) where state != .new {
      _ = try archive.review(.state(state), ids: ids, Filter(), who: who)
    }
    return outcome
  }

  // MARK: Records

  private func file(_ record: JSON, _ place: String, _ folder: String, _ told: Review.State?, model: String) throws(Fault) {
    let chat: ImportedChat
    do throws(ImportedChat.Mistake) {
      chat = try ImportedChat(record) { Self.url(folder + $0) }
    } catch {
      return mistake("\(place): \(error.reason)")
    }
    guard let answer = chat.messages.last else { return }
    if let rejected = chat.rejected {
      try file(chat, answer, .confirmed, model)
      try file(chat, rejected, .rejected, model)
    } else {
      try file(chat, answer, chat.isWanted.map { $0 ? .confirmed : .rejected } ?? told ?? state, model)
    }
  }

  private func mistake(_ text: String) {
    outcome.notUnderstood += 1
    if outcome.mistakes.count < Self.mistakeLimit { outcome.mistakes.append(text) }
  }

  private static func url(_ path: String) -> String? {
    guard let bytes = Folder.read(path), let type = MediaType.sniff(bytes) else { return nil }
    return "data:\(type);base64,\(Base64.encode(bytes))"
  }

  private func file(_ chat: ImportedChat, _ answer: JSON, _ state: Review.State, _ model: String) throws(Fault) {
    let name = model.isEmpty ? "imported" : model
    var request: [(String, JSON)] = [("model", JSON(name)), ("messages", .array(chat.messages.dropLast()))]
    if !chat.tools.isEmpty { request.append(("tools", .array(chat.tools))) }
    if let parallel = chat.parallelCalls { request.append(("parallel_tool_calls", JSON(parallel))) }
    let hasCalls = answer["tool_calls"]?.count ?? 0 > 0
    let response: JSON = [
      "object": "chat.completion", "model": JSON(name),
      "choices": [["index": 0, "message": answer, "finish_reason": hasCalls ? "tool_calls" : "stop"]],
    ]
    let record = Self.record(JSON.object(request).bytesArray, response.bytesArray, name, time)
    time += 1
    guard seen.insert(record.id).inserted else {
      outcome.repeated += 1
      return
    }
    ids[state, default: []].append(record.id)
    entries.append(EntryReader(record).entry())
    if entries.count == Self.batchSize { try flush() }
  }

  private static func record(_ request: [UInt8], _ response: [UInt8], _ model: String, _ time: Int) -> Record {
    var record = Record(id: id(Digest.sha256(request + [0] + response)), time: time)
    (record.key, record.endpoint, record.clientWire, record.path) = ("import", "chat", ClientWire.chat.rawValue, "/v1/chat/completions")
    (record.provider, record.model, record.modelServed) = ("import", model, model)
    (record.status, record.isComplete, record.tries) = (200, true, 1)
    record.request = Record.Body(request, type: "application/json")
    record.response = Record.Body(response, type: "application/json")
    return record
  }

  /// 26 letters of Crockford's base 32.
  private static func id(_ digest: [UInt8]) -> String {
    let letters = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
    return String(decoding: digest.prefix(26).enumerated().map { letters[Int($0.element & ($0.offset == 0 ? 7 : 31))] }, as: UTF8.self)
  }

  private func flush() throws(Fault) {
    guard !entries.isEmpty else { return }
    let filed = try archive.write(entries, spool: "import", positions: [:])
    outcome.filed += filed
    outcome.repeated += entries.count - filed
    entries = []
  }
}
