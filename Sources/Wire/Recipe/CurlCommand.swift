package import Base

/// A request that somebody copied out of a browser as a cURL command, of which a session takes cookies, header fields and the query.
///
/// Read is what Chromium, Firefox and Safari write for a POSIX shell: words in single quotes, in double quotes, in `$'…'`, and lines
/// that end in a backslash. Nothing is run, and no variable or command in it is replaced: a `$` or backtick in double quotes is refused.
package struct CurlCommand: Sendable {
  /// The address.
  package private(set) var url = ""
  /// The query's members, percent-decoded, in order.
  package private(set) var query: [(name: String, value: String)] = []
  /// Header fields without the cookie, names in lower case.
  package private(set) var headers: [(name: String, value: String)] = []
  /// The whole cookie header.
  package private(set) var cookie: String?
  /// The body, nil for none.
  package private(set) var body: String?

  /// The longest command in bytes.
  package static let limit = 256 << 10
  /// The most header fields.
  package static let headerLimit = 100

  /// Whether a text is a command of cURL.
  package static func isOne(_ text: String) -> Bool {
    let start = text.drop { $0.isWhitespace }
    return start.hasPrefix("curl ") || start.hasPrefix("curl\n") || start.hasPrefix("curl\\") || start.hasPrefix("curl.exe ")
  }

  /// Reads a command; `.invalid` for other shells' forms and beyond the limits. The message never repeats the text, which has secrets.
  package init(parsing text: String) throws(Fault) {
    guard text.utf8.count <= Self.limit else { throw Self.fault("is longer than \(Self.limit) bytes") }
    guard !text.contains("^\"") else { throw Self.fault("is for Windows' cmd; copy it \"as cURL (bash)\"") }
    var words = try ShellWords.split(text)[...]
    guard let program = words.popFirst(), program == "curl" || program == "curl.exe" else { throw Self.fault("does not begin with curl") }
    while let word = words.popFirst() { try take(word, &words) }
    guard !url.isEmpty else { throw Self.fault("has no address") }
    query = Self.query(of: url)
  }

  private mutating func take(_ word: String, _ words: inout ArraySlice<String>) throws(Fault) {
    guard word.hasPrefix("-"), word.count > 1 else {
      guard url.isEmpty else { throw Self.fault("has two addresses") }
      url = word
      return
    }
    var (name, inline) = (word, String?.none)
    if word.hasPrefix("--"), let equals = word.firstIndex(of: "=") {
      name = String(word[..<equals])
      inline = String(word[equals...].dropFirst())
    } else if !word.hasPrefix("--"), word.count > 2, "HbdXAeu".contains(word.dropFirst().prefix(1)) {
      name = String(word.prefix(2))
      inline = String(word.dropFirst(2))
    }
    guard Self.takesValue.contains(name) else { return }
    guard let value = inline ?? words.popFirst() else { throw Self.fault("ends behind \(name)") }
    try take(name, value)
  }

  private mutating func take(_ option: String, _ value: String) throws(Fault) {
    switch option {
    case "-H", "--header": try header(value)
    case "-b", "--cookie": cookie = value
    case "-A", "--user-agent": headers.append(("user-agent", value))
    case "-e", "--referer": headers.append(("referer", value))
    case "--url": url = value
    case "-d", "--data", "--data-raw", "--data-binary", "--data-ascii", "--data-urlencode": body = (body.map { $0 + "&" } ?? "") + value
    default: break
    }
  }

  private mutating func header(_ line: String) throws(Fault) {
    guard headers.count < Self.headerLimit else { throw Self.fault("has more than \(Self.headerLimit) header fields") }
    guard let colon = line.firstIndex(of: ":"), colon > line.startIndex else { return }  // `Name;` is an empty field
    guard !line.contains(where: \.isNewline) else { throw Self.fault("has a header field of several lines") }
    let name = line[..<colon].lowercased()
    let value = String(line[colon...].dropFirst().drop { $0 == " " })
    if name == "cookie" { cookie = value } else if !name.hasPrefix(":") { headers.append((name, value)) }
  }

  /// The options that have a value behind them, among those that browsers write.
  private static let takesValue: Set<String> = [
    "-H", "--header", "-b", "--cookie", "-A", "--user-agent", "-e", "--referer", "--url", "-d", "--data", "--data-raw", "--data-binary",
    "--data-ascii", "--data-urlencode", "-X", "--request", "-o", "--output", "-x", "--proxy", "-u", "--user", "--max-time", "-m",
    "--connect-timeout", "-F", "--form", "-T", "--upload-file", "--cacert", "--resolve",
  ]

  private static func query(of url: String) -> [(name: String, value: String)] {
    guard let mark = url.firstIndex(of: "?") else { return [] }
    return url[mark...].dropFirst().prefix { $0 != "#" }.split(separator: "&").prefix(200).map { pair in
      let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { decode(String($0)) }
      return (parts[0], parts.count > 1 ? parts[1] : "")
    }
  }

  private static func decode(_ text: String) -> String {
    var bytes: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), let value = UInt8(hex: rest.prefix(2)) {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte == UInt8(ascii: "+") ? 0x20 : byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  fileprivate static func fault(_ what: String) -> Fault { Fault(.invalid, "The copied cURL command \(what).") }
}

extension UInt8 {
  /// The byte that two hexadecimal digits are.
  fileprivate init?(hex digits: ArraySlice<UInt8>) {
    let isHex = digits.count == 2 && digits.allSatisfy { Character(UnicodeScalar($0)).isHexDigit }
    guard isHex, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) else { return nil }
    self = value
  }
}

/// The words of a command as a POSIX shell splits them; also `$'…'` of bash.
private struct ShellWords {
  private var rest: Substring.UnicodeScalarView
  private var words: [String] = []
  private var word: String?

  static func split(_ text: String) throws(Fault) -> [String] {
    var splitter = ShellWords(rest: text[...].unicodeScalars)
    while let next = splitter.rest.popFirst() { try splitter.take(next) }
    splitter.close()
    return splitter.words
  }

  private mutating func take(_ next: Unicode.Scalar) throws(Fault) {
    switch next {
    case " ", "\t", "\n", "\r": close()
    case "'": try single()
    case "\"": try double()
    case "$" where rest.first == "'":
      rest.removeFirst()
      try ansi()
    case "\\":
      guard let escaped = rest.popFirst() else { return }
      if escaped == "\r", rest.first == "\n" { rest.removeFirst() } else if escaped != "\n" { add(escaped) }
    case "`", ";", "|", "&", "<", ">", "(", ")", "$": throw CurlCommand.fault("has shell code outside quotes")
    default: add(next)
    }
  }

  private mutating func single() throws(Fault) {
    word = word ?? ""
    while let next = rest.popFirst() {
      if next == "'" { return }
      add(next)
    }
    throw CurlCommand.fault("has a quote without an end")
  }

  private mutating func double() throws(Fault) {
    word = word ?? ""
    while let next = rest.popFirst() {
      switch next {
      case "\"": return
      case "$", "`": throw CurlCommand.fault("has shell code in quotes")
      case "\\":
        guard let escaped = rest.popFirst() else { break }
        if "\"\\$`".unicodeScalars.contains(escaped) {
          add(escaped)
        } else if escaped != "\n" {
          add("\\")
          add(escaped)
        }
      default: add(next)
      }
    }
    throw CurlCommand.fault("has a quote without an end")
  }

  /// `$'…'`: escapes of C. Source: Bash Reference Manual §3.1.2.4.
  private mutating func ansi() throws(Fault) {
    word = word ?? ""
    while let next = rest.popFirst() {
      if next == "'" { return }
      guard next == "\\", let escaped = rest.popFirst() else {
        add(next)
        continue
      }
      switch escaped {
      case "n": add("\n")
      case "t": add("\t")
      case "r": add("\r")
      case "u": number(4)
      case "U": number(8)
      case "x": number(2)
      default: add(escaped)
      }
    }
    throw CurlCommand.fault("has a quote without an end")
  }

  /// A character by its number. UTF-16 halves, as Chromium writes them for emoji, are put together.
  private mutating func number(_ digits: Int) {
    guard let value = hex(digits) else { return }
    var code = value
    if (0xD800..<0xDC00).contains(value), rest.starts(with: "\\u".unicodeScalars) {
      rest = rest.dropFirst(2)
      code = 0x10000 + (value - 0xD800) << 10 + ((hex(4) ?? 0xDC00) &- 0xDC00) & 0x3FF
    }
    add(Unicode.Scalar(code) ?? "\u{FFFD}")
  }

  private mutating func hex(_ digits: Int) -> UInt32? {
    let text = rest.prefix(digits).prefix { $0.properties.isHexDigit && $0.isASCII }
    rest = rest.dropFirst(text.count)
    return UInt32(String(text), radix: 16)
  }

  private mutating func add(_ scalar: Unicode.Scalar) { word = (word ?? "") + String(scalar) }

  private mutating func close() {
    if let word { words.append(word) }
    word = nil
  }
}
