package import Base
package import HTTP
package import Wire

/// Who may call: the keys of the config, found by any of the four carriers. Immutable.
package struct Keys: Sendable {
  /// One key's owner and rights.
  package struct Key: Sendable {
    /// By which records and logs call it.
    package let name: String
    let models: [ModelPattern]
    /// What becomes of a call whose client left.
    package let onDisconnect: KeyConfig.OnDisconnect
    /// How its owner wants to see reasoning; nil for the config's own way.
    package var reasoning: ReasoningOutput?
    /// How much of its exchanges is recorded.
    package var record = RecordPolicy.full
    /// Whether it may see and change what belongs to the gateway itself.
    package var isAdmin = false

    /// Whether the key may use a model that goes by any of these names.
    package func allows(_ names: [String]) -> Bool {
      models.contains { pattern in names.contains { pattern.matches($0) } }
    }

    /// Whether the key may use a model by its name at a domain, or by `domain/name`.
    func allows(_ model: String, of domain: String) -> Bool {
      models.contains { $0.matches(model) || $0.text.hasPrefix(domain + "/") && $0.matches(domain + "/" + model) }
    }

    /// Whether the key may use everything at a domain: `*`, or `domain/*`.
    func allowsAll(of domain: String) -> Bool {
      models.contains { $0.text == "*" || $0.text == domain + "/*" }
    }
  }

  /// By a hash of the secret, whose seed is chosen anew at every start and told to nobody: a look-up's time tells nothing about a
  /// secret, since a caller can't know which hash he asks for.
  private let keys: [Int: [(secret: [UInt8], key: Key)]]

  /// Whoever calls where there are no keys: the owner, on the same machine.
  package static let owner = Key(name: "owner", models: [ModelPattern("*")], onDisconnect: .cancel, isAdmin: true)

  /// Keeps seeded hashes of the keys, not the keys.
  package init(_ configs: [KeyConfig]) {
    var keys: [Int: [(secret: [UInt8], key: Key)]] = [:]
    for config in configs where !config.secret.isEmpty {
      let key = Key(
        name: config.name, models: config.models.map { ModelPattern($0) }, onDisconnect: config.onDisconnect,
        reasoning: config.reasoning, record: config.record, isAdmin: config.isAdmin)
      let secret = Array(config.secret.exposed.utf8)
      keys[Self.hash(secret.span), default: []].append((secret, key))
    }
    self.keys = keys
  }

  private static func hash(_ secret: Span<UInt8>) -> Int {
    var hasher = Hasher()
    // The pointer stays within the closure.
    unsafe secret.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    return hasher.finalize()
  }

  /// Whether the gateway has no key.
  package var isEmpty: Bool { keys.isEmpty }

  /// The longest credential that is looked at, in bytes.
  private static let longest = 4096

  /// The key that the request brings, in any carrier. Throws `unauthenticated`.
  package func authorise(_ head: RequestHead) throws(Fault) -> Key {
    guard !keys.isEmpty else { return Self.owner }
    // The usual carrier first, so that the others are looked for only when it brings nothing known.
    if let token = Self.bearer(head), let key = key(token.span) { return key }
    var hasCredential = false
    for credential in Self.credentials(of: head) {
      hasCredential = true
      if let key = key(credential.span) { return key }
    }
    throw Fault(
      .unauthenticated,
      hasCredential
        ? "This gateway doesn't know the key."
        : "Send one of the gateway's keys as Authorization: Bearer, x-api-key, x-goog-api-key or ?key=.")
  }

  /// Whether a credential is one of the gateway's keys.
  func holds(_ credential: [UInt8]) -> Bool { key(credential.span) != nil }

  private func key(_ credential: Span<UInt8>) -> Key? {
    guard credential.count <= Self.longest else { return nil }
    return keys[Self.hash(credential)]?.first { Digest.constantTimeEqual($0.secret.span, credential) }?.key
  }

  /// Every credential in the request, in the order in which they count: Bearer, x-api-key, x-goog-api-key, `?key=`.
  package static func credentials(of head: RequestHead) -> [[UInt8]] {
    var found: [[UInt8]] = []
    if let token = bearer(head) { found.append(Array(token)) }
    if let value = head.headers.bytes("x-api-key"), !value.isEmpty { found.append(Array(value)) }
    if let value = head.headers.bytes("x-goog-api-key"), !value.isEmpty { found.append(Array(value)) }
    if let value = Query.value(of: "key", in: head.query), !value.isEmpty { found.append(value) }
    return found
  }

  private static func bearer(_ head: RequestHead) -> ArraySlice<UInt8>? {
    head.headers.bytes(.authorization).flatMap(bearer)
  }

  /// The token of an Authorization header's value; nil for another scheme.
  static func bearer(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
    var token = value
    guard token.count > 7 else { return nil }
    for letter in "bearer ".utf8 {
      guard let first = token.popFirst(), first | 32 == letter else { return nil }
    }
    while token.first == 32 { token.removeFirst() }
    return token.isEmpty ? nil : token
  }
}

/// A name of models in which `*` stands for any text.
package struct ModelPattern: Sendable {
  /// As it is written.
  let text: String
  private let parts: [Substring]
  /// `*` alone: every name.
  private let isEverything: Bool

  /// Of a name in which `*` stands for any letters.
  package init(_ text: String) {
    self.text = text
    isEverything = text == "*"
    parts = text.split(separator: "*", omittingEmptySubsequences: false)
  }

  /// Whether it means this model.
  package func matches(_ name: String) -> Bool {
    if isEverything { return true }
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

  /// All values of a name, decoded.
  static func values(of name: String, in query: String) -> [[UInt8]] {
    query.utf8.split(separator: UInt8(ascii: "&")).compactMap { part in
      let (first, value) = pair(part)
      return first == Array(name.utf8) ? value : nil
    }
  }

  /// The query without the members of a name whose decoded value `isUnwanted`; every other byte as it was.
  static func removing(_ name: String, from query: String, where isUnwanted: ([UInt8]) -> Bool) -> String {
    let parts = query.split(separator: "&", omittingEmptySubsequences: false)
    let kept = parts.filter { part in
      let (first, value) = pair(part.utf8)
      return first != Array(name.utf8) || !isUnwanted(value)
    }
    return kept.joined(separator: "&")
  }

  private static func pair(_ part: Substring.UTF8View) -> (name: [UInt8], value: [UInt8]) {
    let pair = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
    return (pair.first.map(decode) ?? [], pair.count > 1 ? decode(pair[1]) : [])
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
