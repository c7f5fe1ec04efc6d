import Base
import Testing

@testable import HTTP

/// What became of some bytes; equal however they were cut.
private struct Outcome: Equatable {
  var result: String
  /// Bytes that were taken before the end was seen.
  var taken = 0
}

/// Feeds a scanner piece by piece and reads the head that it gathers.
private func scan(_ pieces: [ArraySlice<UInt8>], _ read: ([UInt8]) throws(Fault) -> String) -> Outcome {
  var scanner = HeadScanner(limit: 32 << 10)
  var taken = 0
  do throws(Fault) {
    for piece in pieces {
      let bytes = Array(piece)
      var position = 0
      let isWhole = try scanner.feed(bytes.span, &position)
      taken += position
      if isWhole { return Outcome(result: try read(scanner.bytes), taken: taken) }
    }
    return Outcome(result: "more", taken: taken)
  } catch {
    return Outcome(result: error.description)
  }
}

private func request(_ pieces: [ArraySlice<UInt8>]) -> Outcome {
  scan(pieces) { bytes throws(Fault) in
    let head = try RequestHead(parsing: bytes)
    #expect(isStrict(bytes), "accepted: \(String(decoding: bytes, as: UTF8.self).debugDescription)")
    return "\(head.method) \(head.target) \(head.body) \(head.keepsAlive) \(head.expectsContinue) \(head.headers.lines)"
  }
}

private func reply(_ pieces: [ArraySlice<UInt8>]) -> Outcome {
  scan(pieces) { bytes throws(Fault) in
    let head = try ResponseHead(parsing: bytes)
    #expect(areStrict(bytes.split(separator: 10).dropFirst()), "accepted: \(String(decoding: bytes, as: UTF8.self).debugDescription)")
    #expect((100...999).contains(head.status))
    return "\(head.status) \(head.headers.lines)"
  }
}

private func decode(_ pieces: [ArraySlice<UInt8>]) -> Outcome {
  var decoder = ChunkedDecoder(extraLimit: 64)
  var out: [UInt8] = []
  var taken = 0
  do throws(Fault) {
    for piece in pieces {
      let bytes = Array(piece)
      var position = 0
      try decoder.feed(bytes.span, &position, &out)
      taken += position
    }
  } catch {
    return Outcome(result: "\(out) \(error)")
  }
  let whole = pieces.flatMap { $0 }
  #expect(unchunked(whole) == (decoder.isDone ? out : nil), "differs: \(String(decoding: whole, as: UTF8.self).debugDescription)")
  return Outcome(result: "\(out) \(decoder.isDone)", taken: taken)
}

// MARK: - A second reader, which knows nothing of the first

/// Whether a whole head keeps the rules that smuggling needs broken. Source: RFC 9112 §2.2, §3, §5, §6.
private func isStrict(_ head: [UInt8]) -> Bool {
  var lines = head.split(separator: 10, omittingEmptySubsequences: false)
  guard lines.popLast() == [], lines.popLast() == [13], let first = lines.first, areStrict(lines.dropFirst()) else { return false }
  let words = String(decoding: first.dropLast(), as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
  guard first.last == 13, words.count == 3, ["HTTP/1.1", "HTTP/1.0"].contains(words[2]) else { return false }
  guard words[1].unicodeScalars.allSatisfy({ $0.value > 32 && $0.value < 127 }) else { return false }
  let names = lines.dropFirst().map { String(decoding: $0.prefix { $0 != 58 }, as: UTF8.self).lowercased() }
  let counts = Dictionary(names.map { ($0, 1) }, uniquingKeysWith: +)
  let framing = counts["content-length", default: 0] + counts["transfer-encoding", default: 0]
  return framing <= 1 && counts["host", default: 0] <= 1 && (counts["host"] == 1 || words[2] == "HTTP/1.0")
}

/// Whether each line ends with CR, has a name of token letters right before its colon, and no control character but tabs.
private func areStrict(_ lines: ArraySlice<ArraySlice<UInt8>>) -> Bool {
  let letters = Set("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
  return lines.allSatisfy { line in
    if line == [13] { return true }
    guard line.last == 13, let colon = line.firstIndex(of: 58), colon > line.startIndex else { return false }
    return line[..<colon].allSatisfy(letters.contains) && line[colon...].dropLast().allSatisfy { $0 == 9 || $0 >= 32 && $0 != 127 }
  }
}

/// The data of a chunked body that stands in front; nil when it is malformed or has no end. Source: RFC 9112 §7.1.
private func unchunked(_ bytes: [UInt8]) -> [UInt8]? {
  var rest = bytes[...]
  /// Up to the next CRLF, which must be the next line end of any kind.
  func line() -> String? {
    guard let end = rest.firstIndex(where: { $0 == 10 || $0 == 13 }), rest[end...].starts(with: [13, 10]) else { return nil }
    defer { rest = rest[(end + 2)...] }
    guard rest[..<end].allSatisfy({ $0 == 9 || $0 >= 32 && $0 != 127 }) else { return nil }
    return String(decoding: rest[..<end], as: UTF8.self)
  }
  var data: [UInt8] = []
  while let head = line() {
    let digits = head.utf8.prefix { $0 != UInt8(ascii: ";") }
    guard digits.count <= 15, digits.first != UInt8(ascii: "+"), let size = Int(String(digits) ?? "", radix: 16), size >= 0,
      digits.first != 45
    else { return nil }
    guard size > 0 else {
      while let trailer = line() {
        if trailer.isEmpty { return data }
        guard areStrict([Array((trailer + "\r").utf8)[...]]) else { return nil }
      }
      return nil
    }
    guard rest.count >= size else { return nil }
    data += rest.prefix(size)
    rest = rest.dropFirst(size)
    guard line() == "" else { return nil }
  }
  return nil
}

@Suite struct `Whatever comes` {
  private static let requests = [
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "\r\nGET / HTTP/1.0\r\n\r\n",
    "POST /v1/chat/completions?key=%20x HTTP/1.1\r\nHost: a.example:8000\r\nContent-Length: 12\r\nX-Long-Name:\t long value \t\r\n\r\n",
    "GET http://a/b?c HTTP/1.1\r\nHOST: [::1]:80\r\nConnection: keep-alive, close\r\n\r\nGET / HTTP/1.1\r\n",
    "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\nX: \u{e4}\u{f6}\r\n\r\n",
  ]
  private static let replies = [
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.0 404\r\n\r\n", "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nA:\tb \r\n\r\n",
  ]
  private static let bodies = [
    "3\r\nabc\r\n0\r\n\r\n", "a;b=\"c\"\r\n0123456789\r\n0;d\r\nE: f\r\n\r\nGET /",
    "1\r\na\r\n00000000000000f\r\n0123456789abcde\r\n0\r\n\r\n",
    "7fffffff\r\nabc",
  ]

  /// Random texts near to good ones, from a seed that is printed with a failure.
  private func check(_ texts: [String], _ count: Int, seed: UInt64, _ read: ([ArraySlice<UInt8>]) -> Outcome) -> Set<String> {
    var kinds: Set<String> = []
    for number in 0..<UInt64(count) {
      var mutator = Mutator(seed: seed << 32 | number)
      let bytes = mutator.mutation(of: texts)
      let whole = read([bytes[...]])
      kinds.insert(String(whole.result.prefix(4)))
      // A hundred ways to cut cost a hundred times as much.
      let ways = number % 16 == 0 ? cuts(bytes) : []
      if let other = ways.first(where: { read($0) != whole }) {
        Issue.record("seed \(seed), number \(number), \(String(decoding: bytes, as: UTF8.self).debugDescription) cut \(other.map(\.count))")
        return kinds
      }
    }
    return kinds
  }

  @Test(arguments: UInt64(1)...4)
  func `a request's head means the same however it is cut`(seed: UInt64) {
    // Accepted, refused and unfinished ones all occur.
    #expect(check(Self.requests, 3200, seed: seed, request).isSuperset(of: ["GET ", "POST", "more", "inva"]))
  }

  @Test(arguments: UInt64(1)...4)
  func `a reply's head means the same however it is cut`(seed: UInt64) {
    #expect(check(Self.replies, 3200, seed: seed, reply).isSuperset(of: ["200 ", "404 ", "100 ", "more", "brok", "inva"]))
  }

  @Test(arguments: UInt64(1)...4)
  func `a chunked body means the same however it is cut`(seed: UInt64) {
    #expect(check(Self.bodies, 4800, seed: seed, decode).count > 3)
  }
}
