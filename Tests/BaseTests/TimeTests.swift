import Testing

@testable import Base

@Suite struct `A timestamp` {
  // Reference: `date -u -d @N`.
  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000Z", "Thu, 01 Jan 1970 00:00:00 GMT"),
    (784_111_777_000, "1994-11-06T08:49:37.000Z", "Sun, 06 Nov 1994 08:49:37 GMT"),
    (951_782_399_999, "2000-02-28T23:59:59.999Z", "Mon, 28 Feb 2000 23:59:59 GMT"),
    (951_782_400_007, "2000-02-29T00:00:00.007Z", "Tue, 29 Feb 2000 00:00:00 GMT"),
    (1_795_508_100_123, "2026-11-24T08:15:00.123Z", "Tue, 24 Nov 2026 08:15:00 GMT"),
    (4_107_542_400_000, "2100-03-01T00:00:00.000Z", "Mon, 01 Mar 2100 00:00:00 GMT"),
    (-1, "1969-12-31T23:59:59.999Z", "Wed, 31 Dec 1969 23:59:59 GMT"),
  ])
  func `is written for logs and for HTTP`(milliseconds: Int, rfc3339: String, http: String) {
    let moment = Timestamp(milliseconds: milliseconds)
    #expect(moment.rfc3339 == rfc3339)
    #expect(moment.httpDate == http)
    #expect(Timestamp(httpDate: http)?.seconds == moment.seconds)
  }

  @Test(arguments: [
    "", "Sun, 06 Nov 1994 08:49:37", "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 32 Nov 1994 08:49:37 GMT",
    "Sunday, 06-Nov-94 08:49:37 GMT", "Thu, 31 Feb 2026 08:49:37 GMT", "Sun, 06 Nov 1994 08:49 GMT", "120",
  ])
  func `isn't read from what is no HTTP date`(text: String) {
    #expect(Timestamp(httpDate: text) == nil)
  }

  // Reference: `date -u -d`.
  @Test(arguments: [
    ("2026-11-25", 1_795_564_800_000), ("2024-02-29", 1_709_164_800_000), ("1970-01-01", 0), ("1969-12-31", -86_400_000),
    ("2026-11-25T08:15", 1_795_594_500_000), ("2026-11-25 08:15", 1_795_594_500_000), ("2026-11-25T08:15Z", 1_795_594_500_000),
    ("2026-11-25T08:15:30", 1_795_594_530_000), ("2026-11-25T08:15:30.25Z", 1_795_594_530_250),
    ("2026-11-25T08:15:00+08:00", 1_795_565_700_000), ("2026-11-25T08:15-01:30", 1_795_599_900_000),
    ("2026-11-25T23:59:60Z", 1_795_651_200_000),
  ])
  func `is read as a day or a time`(text: String, milliseconds: Int) {
    #expect(Timestamp(parsing: text)?.milliseconds == milliseconds)
  }

  @Test(arguments: [
    "", "2026", "2026-11", "2026-11-25T", "T08:15", "2026-02-29", "2026-13-01", "2026-00-10", "2026-11-31", "26-11-25", "2026-11-25T24:00",
    "2026-11-25T08:60", "2026-11-25T08:15:61", "2026-11-25T08", "2026-11-25T08:15+8", "2026-11-25T08:15+08:00:00", "2026-11-25T08:15 Z",
    "2026-11-25Z", "2026-+1-25", "2026-11-25T08:15:1e1", "2026-11-25T08:15:0x1", "2026-11-25T08:15:nan", "2026-11-25T08:15z+", "yesterday",
    "٢٠٢٦-11-25", "1795564800",
  ])
  func `isn't read from anything else`(text: String) {
    #expect(Timestamp(parsing: text) == nil)
  }

  @Test func `keeps every day of 800 years`() {
    for days in -146_097...146_097 {
      let date = Timestamp.civil(days: days)
      #expect(Timestamp.days(year: date.year, month: date.month, day: date.day) == days)
    }
  }

  @Test func `of now goes forward`() {
    let start = Time.monotonic
    #expect(Time.monotonic >= start)
    #expect(Time.now > Timestamp(seconds: 1_700_000_000))
  }
}

@Suite struct `A duration` {
  @Test(
    arguments: [
      ("300ms", .milliseconds(300)), ("1.5s", .milliseconds(1500)), ("5m", .seconds(300)), ("30m", .seconds(1800)), ("2h", .seconds(7200)),
      ("7d", .seconds(604_800)), ("0", .zero), ("0s", .zero), ("0.1s", .milliseconds(100)), ("3650d", .seconds(315_360_000)),
    ] as [(String, Duration)])
  func `is read with its unit`(text: String, duration: Duration) throws {
    #expect(try Duration(parsing: text) == duration)
  }

  @Test(arguments: [
    "", "5", "s", "-1s", "+1s", "1 s", "1.s", ".5s", "1.2.3s", "5x", "5M", "1e3s", "3651d", "99999999999999999999s", "٣s", "0x1s",
  ])
  func `that is none is refused`(text: String) throws {
    let fault = try #require(throws: Fault.self) { try Duration(parsing: text) }
    #expect(fault.kind == .invalid)
  }

  @Test func `gives whole nanoseconds`() {
    #expect(Duration.milliseconds(1500).nanoseconds == 1_500_000_000)
    #expect(Duration.nanoseconds(7).nanoseconds == 7)
    #expect(Duration.milliseconds(1500).milliseconds == 1500)
  }
}

@Suite struct `A byte size` {
  @Test(arguments: [
    ("8MiB", 8 << 20), ("32KiB", 32 << 10), ("2GiB", 2 << 30), ("1.5KiB", 1536), ("1MB", 1_000_000), ("100", 100), ("100B", 100), ("0", 0),
    ("1TiB", 1 << 40),
  ])
  func `is read with its unit`(text: String, bytes: Int) throws {
    #expect(try ByteSize.parse(text) == bytes)
  }

  @Test(arguments: ["", "MiB", "-1KiB", "1 MiB", "8mib", "1PiB", "9999999999TiB", "1.x"])
  func `that is none is refused`(text: String) {
    #expect(throws: Fault.self) { try ByteSize.parse(text) }
  }
}
