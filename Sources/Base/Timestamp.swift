/// A moment of the calendar, to the millisecond, in UTC.
package struct Timestamp: Sendable, Hashable, Comparable {
  /// Since 1970-01-01T00:00:00Z, without leap seconds.
  package var milliseconds: Int

  /// A moment so many milliseconds after 1970.
  package init(milliseconds: Int) {
    self.milliseconds = milliseconds
  }

  /// A moment so many seconds after 1970.
  package init(seconds: Int) {
    milliseconds = seconds * 1000
  }

  /// Whole seconds since 1970, rounded down.
  package var seconds: Int { milliseconds.dividedFloor(by: 1000) }

  /// Which of two is earlier.
  package static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }
}

extension Timestamp {
  /// The moment as `2026-11-24T08:15:00.123Z`. Source: RFC 3339 §5.6.
  package var rfc3339: String {
    var text: [UInt8] = []
    appendRFC3339(to: &text)
    return String(decoding: text, as: UTF8.self)
  }

  /// Appends the moment as `rfc3339` writes it.
  package func appendRFC3339(to text: inout [UInt8]) {
    let (year, month, day) = Self.civil(days: seconds.dividedFloor(by: 86_400))
    let second = seconds - seconds.dividedFloor(by: 86_400) * 86_400
    Self.append(year, digits: 4, then: "-", to: &text)
    Self.append(month, digits: 2, then: "-", to: &text)
    Self.append(day, digits: 2, then: "T", to: &text)
    Self.appendClock(second, then: ".", to: &text)
    Self.append(milliseconds - seconds * 1000, digits: 3, then: "Z", to: &text)
  }

  /// The moment as `Tue, 24 Nov 2026 08:15:00 GMT`. Source: RFC 9110 §5.6.7 (IMF-fixdate).
  package var httpDate: String {
    let days = seconds.dividedFloor(by: 86_400)
    let (year, month, day) = Self.civil(days: days)
    // 1970-01-01 was a Thursday.
    let weekday = (days + 4) - (days + 4).dividedFloor(by: 7) * 7
    var text = Array("\(Self.weekdays[weekday]), ".utf8)
    Self.append(day, digits: 2, then: " ", to: &text)
    text.append(contentsOf: "\(Self.months[month - 1]) ".utf8)
    Self.append(year, digits: 4, then: " ", to: &text)
    Self.appendClock(seconds - days * 86_400, then: " ", to: &text)
    text.append(contentsOf: "GMT".utf8)
    return String(decoding: text, as: UTF8.self)
  }

  /// The moment of an HTTP date as `httpDate` writes it; nil for anything else.
  package init?(httpDate text: String) {
    let words = text.split(separator: " ")
    guard words.count == 6, words[5] == "GMT", let month = Self.months.firstIndex(of: String(words[2])), let day = Int(words[1]),
      let year = Int(words[3]), (1...31).contains(day), (1...9999).contains(year)
    else { return nil }
    let clock = words[4].split(separator: ":").compactMap { Int($0) }
    guard clock.count == 3, (0..<24).contains(clock[0]), (0..<60).contains(clock[1]), (0...60).contains(clock[2]) else { return nil }
    self.init(seconds: Self.days(year: year, month: month + 1, day: day) * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2])
    guard httpDate.prefix(16) == text.prefix(16) else { return nil }
  }
}

extension Timestamp {
  /// Reads `2026-11-25` (the day's beginning), `2026-11-25T08:15`, with seconds and parts of them, in UTC unless an offset such as `+08:00`
  /// stands behind it; nil for anything else. Source: RFC 3339 §5.6.
  package init?(parsing text: String) {
    let parts = text.split(whereSeparator: { $0 == "T" || $0 == " " })
    guard parts.count <= 2, let date = parts.first, let days = Self.days(date) else { return nil }
    guard parts.count == 2 else {
      guard text.utf8.count == 10 else { return nil }
      self.init(seconds: days * 86_400)
      return
    }
    guard let clock = Self.clock(parts[1]) else { return nil }
    self.init(milliseconds: days * 86_400_000 + clock)
  }

  private static func days(_ text: Substring) -> Int? {
    let numbers = text.split(separator: "-", omittingEmptySubsequences: false)
    guard numbers.count == 3, numbers.map(\.utf8.count) == [4, 2, 2], numbers.allSatisfy(isNumber), let year = Int(numbers[0]),
      let month = Int(numbers[1]),
      let day = Int(numbers[2]), (1...12).contains(month), (1...31).contains(day)
    else { return nil }
    let days = days(year: year, month: month, day: day)
    return civil(days: days) == (year, month, day) ? days : nil
  }

  /// Milliseconds of `08:15`, `08:15:30.5`, `08:15Z` or `08:15+08:00`, in UTC.
  private static func clock(_ text: Substring) -> Int? {
    let end = text.firstIndex { $0 == "Z" || $0 == "+" || $0 == "-" } ?? text.endIndex
    let numbers = text[..<end].split(separator: ":", omittingEmptySubsequences: false)
    guard (2...3).contains(numbers.count), numbers.allSatisfy(isNumber), let hour = Int(numbers[0]), let minute = Int(numbers[1]),
      (0..<24).contains(hour),
      (0..<60).contains(minute), let second = numbers.count == 3 ? Double(numbers[2]) : 0, (0..<61).contains(second),
      let offset = offset(text[end...])
    else { return nil }
    return (hour * 60 + minute - offset) * 60_000 + Int(second * 1000)
  }

  /// Whether it is digits, with a point at most: numbers of Swift may also have a sign or an exponent.
  private static func isNumber(_ text: Substring) -> Bool { text.utf8.allSatisfy { ($0 >= 48 && $0 <= 57) || $0 == 46 } }

  /// Minutes of `+08:00`; 0 for `Z` and for none.
  private static func offset(_ text: Substring) -> Int? {
    guard let sign = text.first, text != "Z" else { return text.isEmpty || text == "Z" ? 0 : nil }
    let numbers = text.dropFirst().split(separator: ":")
    guard numbers.count == 2, let hours = Int(numbers[0]), let minutes = Int(numbers[1]), (0..<24).contains(hours),
      (0..<60).contains(minutes)
    else { return nil }
    return (sign == "-" ? -1 : 1) * (hours * 60 + minutes)
  }
}

extension Timestamp {
  private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  // Years are counted from March, so that the leap day is the last one, in eras of 400 years = 146,097 days.
  // Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", https://howardhinnant.github.io/date_algorithms.html

  /// The date so many days after 1970-01-01.
  static func civil(days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let era = shifted.dividedFloor(by: 146_097)
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let monthFromMarch = (5 * dayOfYear + 2) / 153
    let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
  }

  /// How many days after 1970-01-01 a date is.
  static func days(year: Int, month: Int, day: Int) -> Int {
    let year = month <= 2 ? year - 1 : year
    let era = year.dividedFloor(by: 400)
    let yearOfEra = year - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  private static func appendClock(_ second: Int, then mark: Unicode.Scalar, to text: inout [UInt8]) {
    append(second / 3600, digits: 2, then: ":", to: &text)
    append(second / 60 % 60, digits: 2, then: ":", to: &text)
    append(second % 60, digits: 2, then: mark, to: &text)
  }

  private static func append(_ number: Int, digits: Int, then mark: Unicode.Scalar, to text: inout [UInt8]) {
    var unit = 1
    for _ in 1..<digits { unit *= 10 }
    while unit > 0 {
      text.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / unit % 10))
      unit /= 10
    }
    text.append(UInt8(ascii: mark))
  }
}

extension Int {
  /// The quotient rounded down, for a positive divisor.
  fileprivate func dividedFloor(by divisor: Int) -> Int {
    self >= 0 ? self / divisor : (self - divisor + 1) / divisor
  }
}
