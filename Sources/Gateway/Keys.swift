package import Base
package import HTTP

/// Who may call: the keys of the config, found by any of the four carriers. Immutable.
package struct Keys: Sendable {
  /// One key's owner and rights.
  package struct Key: Sendable {
    package let name: String
    package let models: [ModelPattern]
    package let onDisconnect: KeyConfig.OnDisconnect

    /// Whether the key may use a model that goes by any of these names.
    package func allows(_ names: [String]) -> Bool {
      models.contains { pattern in names.contains { pattern.matches($0) } }
    }
  }

  /// By the digest of the secret: the look-up tells nothing about a secret, since nobody can choose a digest's beginning.
  private let keys: [[UInt8]: Key]

  /// Whoever calls where there are no keys: the owner, on the same machine.
  package static let owner = Key(name: "owner", models: [ModelPattern("*")], onDisconnect: .cancel)

  package init(_ configs: [KeyConfig]) {
    var keys: [[UInt8]: Key] = [:]
    for config in configs where !config.secret.isEmpty {
      let key = Key(name: config.name, models: config.models.map { ModelPattern($0) }, onDisconnect: config.onDisconnect)
      keys[Digest.sha256(Array(config.secret.exposed.utf8))] = key
    }
    self.keys = keys
  }

  package var isEmpty: Bool { keys.isEmpty }

  /// The longest credential that is looked at, in bytes.
  private static let longest = 4096

  /// The key that the request brings, in any carrier. Throws `unauthenticated`.
  package func authorise(_ head: RequestHead) throws(Fault) -> Key {
    guard !keys.isEmpty else { return Self.owner }
    // The usual carrier first, so that the others are looked for only when it brings nothing known.
    if let token = Self.bearer(head), let key = key(token) { return key }
    var hasCredential = false
    for credential in Self.credentials(of: head) {
      hasCredential = true
      if let key = key(credential) { return key }
    }
    throw Fault(
      .unauthenticated,
      hasCredential
        ? "This gateway doesn't know the key."
        : "Send one of the gateway's keys as Authorization: Bearer, x-api-key, x-goog-api-key or ?key=.")
  }

  private func key(_ credential: [UInt8]) -> Key? {
    guard credential.count <= Self.longest else { return nil }
    let digest = Digest.sha256(credential)
    guard let index = keys.index(forKey: digest), Digest.constantTimeEqual(keys[index].key, digest) else { return nil }
    return keys[index].value
  }

  /// Every credential in the request, in the order in which they count: Bearer, x-api-key, x-goog-api-key, `?key=`.
  package static func credentials(of head: RequestHead) -> [[UInt8]] {
    var found: [[UInt8]] = []
    if let token = bearer(head) { found.append(token) }
    if let value = head.headers.bytes("x-api-key"), !value.isEmpty { found.append(Array(value)) }
    if let value = head.headers.bytes("x-goog-api-key"), !value.isEmpty { found.append(Array(value)) }
    if let value = Query.value(of: "key", in: head.query), !value.isEmpty { found.append(value) }
    return found
  }

  private static func bearer(_ head: RequestHead) -> [UInt8]? {
    guard let value = head.headers.bytes(.authorization), value.count > 7 else { return nil }
    guard zip(value, "bearer ".utf8).allSatisfy({ $0 | 32 == $1 }) else { return nil }
    let token = value.dropFirst(7).drop { $0 == 32 }
    return token.isEmpty ? nil : Array(token)
  }
}

/// A name of models in which `*` stands for any text.
package struct ModelPattern: Sendable {
  private let parts: [Substring]

  package init(_ text: String) {
    parts = text.split(separator: "*", omittingEmptySubsequences: false)
  }

  package func matches(_ name: String) -> Bool {
    guard let first = parts.first, let last = parts.last, parts.count > 1 else { return parts.first.map { $0 == name } ?? false }
    guard name.utf8.count >= first.utf8.count + last.utf8.count, name.hasPrefix(first), name.hasSuffix(last) else { return false }
    var rest = name.dropFirst(first.count).dropLast(last.count)
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
      guard let start = rest.firstRange(of: part) else { return false }
      rest = rest[start.upperBound...]
    }
    return true
  }
}

/// The query of a target: `a=1&b=2`, percent-encoded.
package enum Query {
  /// The first value of a name, decoded; nil without one.
  package static func value(of name: String, in query: String) -> [UInt8]? {
    for part in query.utf8.split(separator: UInt8(ascii: "&")) {
      let pair = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      guard let first = pair.first, decode(first) == Array(name.utf8) else { continue }
      return pair.count > 1 ? decode(pair[1]) : []
    }
    return nil
  }

  private static func decode(_ text: Substring.UTF8View) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = text[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), let high = rest.first.flatMap(digit), let low = rest.dropFirst().first.flatMap(digit) {
        bytes.append(high << 4 | low)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte == UInt8(ascii: "+") ? 32 : byte)
      }
    }
    return bytes
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 48...57: byte - 48
    case 65...70: byte - 55
    case 97...102: byte - 87
    default: nil
    }
  }
}
