import Glibc
import Testing

@testable import Base

@Suite(.serialized) struct `The log` {
  /// What `body` logs.
  private func logged(_ level: Log.Level = .info, _ format: Log.Format = .text, flush: Bool = true, _ body: () -> Void) throws -> String {
    var ends: [Int32] = [0, 0]
    // The array has the two places that the call fills.
    try #require(unsafe pipe(&ends) == 0)
    Log.redirect(to: ends[1])
    Log.configure(level: level, format: format)
    body()
    if flush { Log.flush() }
    var buffer = [UInt8](repeating: 0, count: 65_536)
    // The call writes at most `count` bytes; it waits for the first one.
    let count = unsafe read(ends[0], &buffer, buffer.count)
    Log.configure(level: .info, format: .text)
    Log.redirect(to: STDERR_FILENO)
    close(ends[0])
    close(ends[1])
    return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
  }

  @Test func `writes one line per event`() throws {
    let text = try logged { Log.info("exchange", ["status": 200, "model": "m", "ms": 1.5, "stream": true]) }
    #expect(
      try Pattern(#"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info exchange status=200 model=m ms=1\.5 stream=true\n$"#).matches(text),
      "\(text)")
  }

  @Test(arguments: [
    ("plain", "plain"), ("", #""""#), ("two words", #""two words""#), ("a=b", #""a=b""#), ("say \"hi\"", #""say \"hi\"""#),
    ("back\\slash", #""back\\slash""#),
    ("a\n2026-11-24T08:15:00.123Z error forged", #""a\n2026-11-24T08:15:00.123Z error forged""#),
    ("a\r\tb\u{0}\u{1b}[2J", #""a\r\tb\u{0}\u{1b}[2J""#),
    ("\u{85}\u{2028}\u{202E}x", #""\u{85}\u{2028}\u{202e}x""#), ("汉字", #""汉字""#),
  ])
  func `escapes what could forge a line`(value: String, written: String) throws {
    let text = try logged { Log.info("e", ["k": value]) }
    #expect(text.hasSuffix(" info e k=\(written)\n"), "\(text)")
    #expect(text.utf8.filter { $0 == UInt8(ascii: "\n") }.count == 1)
    let json = try logged(.info, .json) { Log.info("e", ["k": value]) }
    #expect(try JSON(parsing: json)["k"]?.string == value)
    #expect(!json.dropLast().unicodeScalars.contains { $0.properties.generalCategory == .control || $0 == "\u{202E}" }, "\(json)")
    #expect(json.utf8.filter { $0 == UInt8(ascii: "\n") }.count == 1)
  }

  @Test func `writes JSON with numbers as numbers`() throws {
    let json = try JSON(parsing: logged(.info, .json) { Log.warning("e", ["n": 3, "yes": false, "x": 0.5, "none": Double.nan]) })
    #expect(json["level"]?.string == "warning")
    #expect(json["event"]?.string == "e")
    #expect(json["n"]?.int == 3)
    #expect(json["yes"]?.bool == false)
    #expect(json["x"]?.double == 0.5)
    #expect(json["none"]?.isNull == true)
    #expect(json["time"]?.string?.count == 24)
  }

  @Test func `computes no fields below its level`() throws {
    var computed = 0
    func field() -> Int {
      computed += 1
      return computed
    }
    let text = try logged(.warning) {
      Log.info("quiet", ["n": field()])
      Log.write(.debug, "quiet") { line in line.field("n", field()) }
      Log.write(.warning, "loud") { line in line.field("n", field()) }
    }
    #expect(text.hasSuffix("warning loud n=1\n"))
    #expect(text.utf8.filter { $0 == UInt8(ascii: "\n") }.count == 1)
  }

  @Test(arguments: [Log.Level.info, .warning, .error])
  func `is written by itself`(level: Log.Level) throws {
    let text = try logged(flush: false) { Log.write(level, "alone") { _ in } }
    #expect(text.hasSuffix("\(level.rawValue) alone\n"))
  }

  @Test func `knows its levels and formats by name`() {
    #expect(Log.Level.allCases.map(\.rawValue) == ["debug", "info", "warning", "error"])
    #expect(Log.Level.allCases.sorted() == Log.Level.allCases)
    #expect(Log.Level(rawValue: "loud") == nil)
    #expect(Log.Format.allCases.map(\.rawValue) == ["text", "json"])
    #expect(Fault.Kind.invalid.logLevel == .info)
    #expect(Fault.Kind.broken.logLevel == .warning)
    #expect(Fault.Kind.internal.logLevel == .error)
  }
}
