import HTTP

extension ProxyCredential {
  /// Every credential that a request brings, in the order in which they count. `isKey` knows the gateway's own keys.
  static func carried(_ headers: Headers, query: String?, isKey: ([UInt8]) -> Bool) -> [Carried] {
    var found: [Carried] = []
    func note(_ carrier: CredentialCarrier, _ value: ArraySlice<UInt8>) {
      guard !value.isEmpty else { return }
      found.append(Carried(carrier: carrier, value: Array(value), isGatewayKey: isKey(Array(value))))
    }
    for (name, value) in headers {
      switch String(decoding: name, as: UTF8.self).lowercased() {
      case "authorization": note(.bearer, Keys.bearer(value) ?? [])
      case "x-api-key": note(.apiKey, value)
      case "x-goog-api-key": note(.googleKey, value)
      default: break
      }
    }
    for value in Query.values(of: "key", in: query ?? "") { note(.query, value[...]) }
    return found.sorted { $0.carrier.rawValue < $1.carrier.rawValue }
  }

  /// A query without the credentials that are taken out, every other byte as it was; nil when nothing is left of it.
  func query(_ query: String?) -> String? {
    guard let query else { return nil }
    let rest = Query.removing("key", from: query) { value in
      !value.isEmpty && !kept.contains { $0.carrier == .query && $0.value == value }
    }
    return rest.isEmpty && !query.isEmpty ? nil : rest
  }
}
