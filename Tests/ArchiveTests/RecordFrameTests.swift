import Testing

@testable import Archive

@Suite struct `A record's frame` {
  private static let stamp: UInt32 = 7

  /// A record with every member set.
  static var full: Record {
    var record = Record(id: "01JDZW8C0000000000000000AB", time: 1_764_000_000_123)
    (record.key, record.endpoint, record.clientWire, record.method) = ("alice", "chat", "openai-chat", "POST")
    (record.path, record.provider, record.model, record.modelServed) = ("/v1/chat/completions", "local", "fast", "up-model")
    (record.status, record.finish, record.isStream, record.isComplete) = (200, "stop", true, true)
    var tokens = Record.Tokens()
    (tokens.input, tokens.output, tokens.cached, tokens.reasoning, tokens.isEstimated) = (300, 70_000, 5, 6, true)
    record.tokens = tokens
    (record.latency, record.firstByte, record.tries) = (123_456, 0, 3)
    (record.error, record.errorMessage, record.losses) = ("timeout", "Zu spät.", ["messages[0]:dropped", "seed:dropped"])
    record.request = Record.Body([1, 2, 3], type: "application/json", coding: "gzip")
    record.response = Record.Body(Array("data: 苹果\n\n".utf8), type: "text/event-stream")
    record.response.isCut = true
    return record
  }

  private static func bytes(_ record: Record) -> [UInt8] {
    RecordFrame.front(of: record, stamp: stamp) + record.request.bytes + record.response.bytes
  }

  private static func read(_ bytes: [UInt8], at start: Int = 0, stamp: UInt32 = stamp) -> RecordFrame.Found {
    RecordFrame.read(bytes[...], at: start, stamp: stamp)
  }

  @Test(arguments: [full, Record(id: "", time: 0)])
  func `gives back the record`(record: Record) throws {
    let bytes = Self.bytes(record)
    guard case .record(let read, let next) = Self.read(bytes) else { throw Missing() }
    #expect(read == record)
    #expect(next == bytes.count)
  }

  @Test func `that is cut anywhere is short`() {
    let bytes = Self.bytes(Self.full)
    for count in 0..<bytes.count {
      guard case .short = Self.read(Array(bytes[..<count])) else {
        Issue.record("\(count) of \(bytes.count) bytes were taken for a frame")
        continue
      }
    }
  }

  @Test func `of which one bit changed is none`() {
    let bytes = Self.bytes(Self.full)
    for place in bytes.indices {
      for bit in 0..<8 {
        var changed = bytes
        changed[place] ^= 1 << UInt8(bit)
        if case .record = Self.read(changed) { Issue.record("bit \(bit) of byte \(place) was not noticed") }
      }
    }
  }

  @Test func `of an earlier use of the file is none`() throws {
    guard case .none = Self.read(Self.bytes(Self.full), stamp: 8) else { throw Missing() }
  }

  @Test func `is found behind garbage that looks like one`() throws {
    let garbage: [UInt8] = [7, 0, 0, 7, 0, 0, 0] + [0, 0, 0, 0] + Array("abcd".utf8) + [7, 0, 0]
    let bytes = garbage + Self.bytes(Self.full)
    var start = 0
    while case .none(let next) = Self.read(bytes, at: start) { start = next }
    #expect(start == garbage.count)
    guard case .record = Self.read(bytes, at: start) else { throw Missing() }
  }

  // Else whoever sends a body of such heads makes the reader compute their checksums, one within the other.
  @Test func `can't be made to be looked for in a body`() throws {
    let head: [UInt8] = Array("APR1".utf8) + [0, 16, 0, 0] + Array("APUS".utf8)
    let heads = Array(repeatElement(head, count: 1000).joined())
    guard case .none(let next) = Self.read(heads, stamp: 0x1234_5678) else { throw Missing() }
    #expect(next == heads.count)
  }

  @Test func `of a later version is told from one that has changed`() throws {
    let record = Self.full
    let bytes =
      RecordFrame.front(of: record, stamp: Self.stamp, version: RecordFrame.version + 1) + record.request.bytes + record.response.bytes
    guard case .newer = Self.read(bytes) else { throw Missing() }
    var changed = bytes
    changed[bytes.count - 1] ^= 1
    guard case .none = Self.read(changed) else { throw Missing() }
  }

  @Test func `with a length beyond the limit is none`() throws {
    var bytes = Self.bytes(Self.full)
    bytes.replaceSubrange(4..<8, with: [255, 255, 255, 255])
    guard case .none = Self.read(bytes) else { throw Missing() }
  }

  private struct Missing: Error {}
}
