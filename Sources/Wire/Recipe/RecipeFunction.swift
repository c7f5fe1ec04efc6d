import Base

/// The functions of expressions. Source: recipes-and-learning §5; the list is closed.
enum RecipeFunction: String, Sendable, CaseIterable {
  case md5, sha1, sha256
  case hmacMD5 = "hmac_md5"
  case hmacSHA1 = "hmac_sha1"
  case hmacSHA256 = "hmac_sha256"
  case base64, base64url, hex, urlencode, urldecode, lower, upper, substr, json, jwt
  case uuid
  case nowMilliseconds = "now_ms"
  case nowSeconds = "now_s"
  case nowMicroseconds = "now_us"
  case nowISO = "now_iso"

  /// How many arguments it takes.
  var arity: ClosedRange<Int> {
    switch self {
    case .hmacMD5, .hmacSHA1, .hmacSHA256: 2...2
    case .substr: 2...3
    case .uuid, .nowMilliseconds, .nowSeconds, .nowMicroseconds, .nowISO: 0...0
    default: 1...1
    }
  }
}

extension RecipeFunction {
  /// The value for these arguments. The order of a code's arguments is (text, key).
  func value(_ arguments: [FormulaValue], _ source: RecipeSource) throws(Fault) -> FormulaValue {
    guard let first = arguments.first else { return generated(source) }
    let bytes = first.bytes
    switch self {
    case .md5: return .digest(Digest.md5(bytes))
    case .sha1: return .digest(Digest.sha1(bytes))
    case .sha256: return .digest(Digest.sha256(bytes))
    case .hmacMD5: return .digest(Digest.hmacMD5(bytes, key: arguments[1].raw))
    case .hmacSHA1: return .digest(Digest.hmacSHA1(bytes, key: arguments[1].raw))
    case .hmacSHA256: return .digest(Digest.hmacSHA256(bytes, key: arguments[1].raw))
    case .base64: return FormulaValue(Base64.encode(first.raw))
    case .base64url: return FormulaValue(Base64.encode(first.raw, .urlSafe))
    case .hex: return FormulaValue(Digest.hex(first.raw))
    case .urlencode: return FormulaValue(URLEncoding.component(bytes))
    case .urldecode: return FormulaValue(first.text.removingPercentEncoding)
    case .lower: return FormulaValue(first.text.lowercased())
    case .upper: return FormulaValue(first.text.uppercased())
    case .substr: return FormulaValue(Self.substring(first.text, arguments.dropFirst().map { $0.json.int }))
    case .json: return FormulaValue(String(decoding: Self.compact(first), as: UTF8.self))
    case .jwt: return .json(try Self.claims(first.text))
    case .uuid, .nowMilliseconds, .nowSeconds, .nowMicroseconds, .nowISO: return generated(source)
    }
  }

  private func generated(_ source: RecipeSource) -> FormulaValue {
    switch self {
    case .nowMilliseconds: .json(JSON(source.now().milliseconds))
    case .nowSeconds: .json(JSON(source.now().seconds))
    case .nowMicroseconds: .json(JSON(source.now().milliseconds * 1000))
    case .nowISO: FormulaValue(source.now().rfc3339)
    default: FormulaValue(Generator.uuid(source))
    }
  }

  /// By code points; a start below 0 counts from the end.
  private static func substring(_ text: String, _ numbers: [Int?]) -> String {
    let scalars = Array(text.unicodeScalars)
    var start = (numbers.first ?? 0) ?? 0
    if start < 0 { start = max(0, scalars.count + start) }
    let length = numbers.count > 1 ? numbers[1] ?? 0 : scalars.count
    var kept = String.UnicodeScalarView()
    kept.append(contentsOf: scalars.dropFirst(start).prefix(max(0, length)))
    return String(kept)
  }

  private static func compact(_ value: FormulaValue) -> [UInt8] { Array(value.json.bytes) }

  /// The claims of a token; nobody checks its signature here. Source: RFC 7519 §3.
  static func claims(_ token: String) throws(Fault) -> JSON {
    let parts = token.split(separator: ".", omittingEmptySubsequences: false)
    // nil is right: what isn't one has no claims, whatever is wrong with it
    guard parts.count == 3, let bytes = Base64.decode(String(parts[1]), .urlSafe), let json = try? JSON(parsing: bytes),
      json.kind == .object
    else { return [:] }
    return json
  }
}
