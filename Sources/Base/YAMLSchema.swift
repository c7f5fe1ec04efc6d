/// What plain scalars mean. Source: YAML 1.2.2 §10.3.2 (the core schema).
enum YAMLSchema {
  static func isNull(_ text: String) -> Bool { ["", "~", "null", "Null", "NULL"].contains(text) }

  static func bool(_ text: String) -> Bool? {
    switch text {
    case "true", "True", "TRUE": true
    case "false", "False", "FALSE": false
    default: nil
    }
  }

  static func int(_ text: String) -> Int? {
    if text.hasPrefix("0x") { return unsigned(text.dropFirst(2), radix: 16) }
    if text.hasPrefix("0o") { return unsigned(text.dropFirst(2), radix: 8) }
    return Int(text)
  }

  static func double(_ text: String) -> Double? {
    switch text.drop(while: { $0 == "+" || $0 == "-" }) {
    case ".inf", ".Inf", ".INF": return text.hasPrefix("-") ? -.infinity : .infinity
    case ".nan", ".NaN", ".NAN": return .nan
    default: break
    }
    // `Double` knows more than YAML: hexadecimal, "inf", "nan". All of them have a letter other than e.
    guard text.utf8.allSatisfy({ $0 < UInt8(ascii: "A") || $0 | 0x20 == UInt8(ascii: "e") }) else { return nil }
    return Double(text)
  }

  private static func unsigned(_ digits: Substring, radix: Int) -> Int? {
    digits.hasPrefix("+") || digits.hasPrefix("-") ? nil : Int(digits, radix: radix)
  }
}
