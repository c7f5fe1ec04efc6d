package import Base

/// The cookies of one account, in order. They go only where credentials go, so their domains and paths don't matter here.
package struct CookieJar: Sendable {
  private var cookies: [(name: String, value: Secret)] = []

  /// Cookies, and bytes of one.
  static let most = (cookies: 200, bytes: 8192)

  package init() {}

  /// Reads a whole cookie header: `a=1; b=2`.
  package init(header: String) {
    for part in header.split(separator: ";") {
      guard let equals = part.firstIndex(of: "=") else { continue }
      self[part[..<equals].trimmed] = Secret(part[part.index(after: equals)...].trimmed)
    }
  }

  package var isEmpty: Bool { cookies.isEmpty }
  package var all: [(name: String, value: Secret)] { cookies }

  package subscript(name: String) -> Secret? {
    get { cookies.first { $0.name == name }?.value }
    set {
      guard !name.isEmpty else { return }
      let place = cookies.firstIndex { $0.name == name }
      guard let newValue, name.utf8.count + newValue.exposed.utf8.count <= Self.most.bytes else {
        if newValue == nil, let place { cookies.remove(at: place) }
        return
      }
      if let place {
        cookies[place].value = newValue
      } else if cookies.count < Self.most.cookies {
        cookies.append((name, newValue))
      }
    }
  }

  /// The header that sends them all; nil when there are none.
  package var header: String? {
    cookies.isEmpty ? nil : cookies.map { $0.name + "=" + $0.value.exposed }.joined(separator: "; ")
  }

  /// Takes a `Set-Cookie` field; whether it changed anything. Source: RFC 6265 §5.2.
  package mutating func take(setCookie text: String, now: Timestamp) -> Bool {
    let parts = text.split(separator: ";", omittingEmptySubsequences: false)
    guard let pair = parts.first, let equals = pair.firstIndex(of: "=") else { return false }
    let name = pair[..<equals].trimmed
    let value = Secret(pair[pair.index(after: equals)...].trimmed)
    if Self.isOver(parts.dropFirst(), now) {
      guard self[name] != nil else { return false }
      self[name] = nil
      return true
    }
    guard self[name] != value else { return false }
    self[name] = value
    return true
  }

  /// Whether its attributes say that it is to be forgotten; `Max-Age` counts before `Expires`.
  private static func isOver(_ attributes: ArraySlice<Substring>, _ now: Timestamp) -> Bool {
    var isExpired = false
    for attribute in attributes {
      let pair = attribute.split(separator: "=", maxSplits: 1)
      guard pair.count == 2 else { continue }
      let value = pair[1].trimmed
      switch pair[0].trimmed.lowercased() {
      case "max-age":
        if let seconds = Int(value) { return seconds <= 0 }
      case "expires":
        if let date = Timestamp(httpDate: value.replacing("-", with: " ")) { isExpired = date <= now }
      default: break
      }
    }
    return isExpired
  }
}

extension Substring {
  /// Without blanks at both ends.
  fileprivate var trimmed: String {
    var kept = self.drop { $0.isWhitespace }
    while kept.last?.isWhitespace == true { kept.removeLast() }
    return String(kept)
  }
}
