/// Numbers of persons: telephones, identities, cards, accounts, addresses of hosts.
enum Numbers {
  /// Digits from a place on, with single separators between.
  private struct Run {
    var digits: [UInt8] = []
    /// Where each digit stands.
    var places: [Int] = []

    /// The place behind so many digits, when no further digit follows; nil otherwise.
    func end(of count: Int, _ text: [UInt8]) -> Int? {
      guard digits.count >= count else { return nil }
      let end = places[count - 1] + 1
      return end < text.count && (text[end].isWord) ? nil : end
    }

    /// The digits before each gap, for so many digits.
    func groups(of count: Int) -> [Int] {
      var groups = [1]
      for position in 1..<count {
        if places[position] == places[position - 1] + 1 { groups[groups.count - 1] += 1 } else { groups.append(1) }
      }
      return groups
    }
  }

  static func find(_ text: [UInt8], _ place: Int) -> Finder.Finding? {
    let first = text[place]
    if first.isDigit {
      if let range = ipv4(text, place) { return Finder.Finding(range: range, kind: .address) }
      if let range = ipv6(text, place) { return Finder.Finding(range: range, kind: .address) }
    }
    let run = run(text, place)
    func finding(_ count: Int, _ kind: FindingKind) -> Finder.Finding? {
      run.end(of: count, text).map { Finder.Finding(range: place..<$0, kind: kind) }
    }
    if first.isDigit {
      if let range = residentID(text, place) { return Finder.Finding(range: range, kind: .residentID) }
      if isSocialSecurity(run), let found = finding(9, .socialSecurity) { return found }
      if isMobile(run.digits[...], run), let found = finding(11, .phone) { return found }
      for count in (13...19).reversed() where isCard(run, count) { if let found = finding(count, .card) { return found } }
    }
    return phone(run, text, place)
  }

  private static func run(_ text: [UInt8], _ place: Int) -> Run {
    var run = Run()
    var position = place
    var gap = 0
    while position < text.count, run.digits.count < 20 {
      let byte = text[position]
      if byte.isDigit {
        run.digits.append(byte - 48)
        run.places.append(position)
        gap = 0
      } else {
        gap += 1
        let isFirst = run.digits.isEmpty && position == place
        guard isFirst || [32, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "("), UInt8(ascii: ")")].contains(byte), gap <= 2 else {
          break
        }
      }
      position += 1
    }
    return run
  }

  // MARK: Persons

  /// 18 places with a plausible birthday and a right check digit. Source: GB 11643-1999.
  private static func residentID(_ text: [UInt8], _ place: Int) -> Range<Int>? {
    guard place + 18 <= text.count, text[place..<place + 17].allSatisfy(\.isDigit) else { return nil }
    let end = place + 18
    guard text[end - 1].isDigit || text[end - 1] | 0x20 == UInt8(ascii: "x"), end == text.count || !text[end].isWord else { return nil }
    let digits = text[place..<place + 17].map { Int($0) - 48 }
    let (year, month, day) = (
      digits[6..<10].reduce(0) { $0 * 10 + $1 }, digits[10] * 10 + digits[11], digits[12] * 10 + digits[13]
    )
    guard (1900...2099).contains(year), (1...12).contains(month), (1...31).contains(day) else { return nil }
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    let sum = zip(digits, weights).reduce(0) { $0 + $1.0 * $1.1 } % 11
    let check = Array("10X98765432".utf8)[sum]
    let given = text[end - 1] == UInt8(ascii: "x") ? UInt8(ascii: "X") : text[end - 1]
    return given == check ? place..<end : nil
  }

  /// Source: https://www.ssa.gov/employer/randomization.html
  private static func isSocialSecurity(_ run: Run) -> Bool {
    guard run.digits.count >= 9, run.groups(of: 9) == [3, 2, 4] else { return false }
    let area = run.digits[0..<3].reduce(0) { $0 * 10 + Int($1) }
    return area > 0 && area != 666 && area < 900 && run.digits[3..<5] != [0, 0] && run.digits[5..<9] != [0, 0, 0, 0]
  }

  /// A Chinese mobile number.
  private static func isMobile(_ digits: ArraySlice<UInt8>, _ run: Run) -> Bool {
    guard digits.count >= 11, digits[0] == 1, digits[1] >= 3 else { return false }
    return [[11], [3, 4, 4]].contains(run.groups(of: 11))
  }

  /// With a plus: 8 to 15 digits; without: the groups of North America.
  private static func phone(_ run: Run, _ text: [UInt8], _ place: Int) -> Finder.Finding? {
    if text[place] == UInt8(ascii: "+") {
      guard let first = run.digits.first, first != 0, run.places.first == place + 1 else { return nil }
      let count = min(run.digits.count, 15)
      for count in stride(from: count, through: 8, by: -1) {
        if let end = run.end(of: count, text) { return Finder.Finding(range: place..<end, kind: .phone) }
      }
      return nil
    }
    guard run.digits.count >= 10, run.groups(of: 10) == [3, 3, 4], run.digits[0] >= 2, run.digits[3] >= 2 else { return nil }
    return run.end(of: 10, text).map { Finder.Finding(range: place..<$0, kind: .phone) }
  }

  /// Digits of a payment card: its first one, and Luhn's sum. Source: ISO/IEC 7812-1.
  private static func isCard(_ run: Run, _ count: Int) -> Bool {
    guard run.digits.count >= count, (2...6).contains(run.digits[0]) else { return false }
    let groups = run.groups(of: count)
    guard groups.count == 1 || groups.dropLast().allSatisfy({ $0 == 4 }) || groups == [4, 6, 5] else { return false }
    var sum = 0
    for (position, digit) in run.digits[..<count].reversed().enumerated() {
      let value = position % 2 == 1 ? Int(digit) * 2 : Int(digit)
      sum += value > 9 ? value - 9 : value
    }
    return sum % 10 == 0 && Set(run.digits[..<count]).count > 1
  }

  /// Source: ISO 13616-1, the remainder by 97.
  static func iban(_ text: [UInt8], _ place: Int) -> Range<Int>? {
    guard place + 15 <= text.count, isCapital(text[place]), isCapital(text[place + 1]), text[place + 2].isDigit, text[place + 3].isDigit
    else {
      return nil
    }
    var letters: [UInt8] = []
    var ends: [Int] = []
    var position = place
    while position < text.count, letters.count < 35 {
      let byte = text[position]
      if byte.isDigit || isCapital(byte) {
        letters.append(byte)
        ends.append(position + 1)
      } else if byte != 32 || letters.count % 4 != 0 {
        break
      }
      position += 1
    }
    for count in stride(from: min(34, letters.count), through: 15, by: -1) {
      let end = ends[count - 1]
      if end < text.count, text[end].isWord { continue }
      if remainder(letters[4..<count] + letters[..<4]) == 1 { return place..<end }
    }
    return nil
  }

  private static func isCapital(_ byte: UInt8) -> Bool { byte >= 65 && byte <= 90 }

  private static func remainder(_ letters: ArraySlice<UInt8>) -> Int {
    letters.reduce(0) { sum, letter in
      letter.isDigit ? (sum * 10 + Int(letter) - 48) % 97 : (sum * 100 + Int(letter) - 55) % 97
    }
  }

  // MARK: Hosts

  private static func ipv4(_ text: [UInt8], _ place: Int) -> Range<Int>? {
    var position = place
    var parts: [Int] = []
    while parts.count < 4 {
      let digits = text[position...].prefix(4).prefix(while: \.isDigit)
      guard (1...3).contains(digits.count), let value = Int(String(decoding: digits, as: UTF8.self)), value < 256 else { return nil }
      guard digits.count == 1 || digits.first != 48 else { return nil }
      parts.append(value)
      position = digits.endIndex
      guard parts.count < 4 else { break }
      guard position < text.count, text[position] == UInt8(ascii: ".") else { return nil }
      position += 1
    }
    if position < text.count, text[position].isWord { return nil }
    if position + 1 < text.count, text[position] == UInt8(ascii: "."), text[position + 1].isDigit { return nil }
    if place > 0, text[place - 1] == UInt8(ascii: ".") { return nil }
    // Such as everybody has say nothing of anybody.
    guard parts[0] != 127, parts[0] != 0, parts != [255, 255, 255, 255] else { return nil }
    return place..<position
  }

  /// Eight groups, or fewer with `::` and a digit, so that words of programs aren't taken for one.
  static func ipv6(_ text: [UInt8], _ place: Int) -> Range<Int>? {
    let body = text[place...].prefix(46).prefix { $0.isHex || $0 == UInt8(ascii: ":") }
    var end = body.endIndex
    while end > place, text[end - 1] == UInt8(ascii: ":") { end -= 1 }
    guard end == text.count || !text[end].isWord else { return nil }
    let groups = text[place..<end].split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    guard groups.count >= 3, groups.count <= 8, groups.allSatisfy({ $0.count <= 4 }) else { return nil }
    let gaps = groups.count { $0.isEmpty }
    guard gaps == 0 ? groups.count == 8 : gaps == 1 && groups.count >= 4 else { return nil }
    guard text[place..<end].contains(where: \.isDigit) else { return nil }
    return place..<end
  }
}
