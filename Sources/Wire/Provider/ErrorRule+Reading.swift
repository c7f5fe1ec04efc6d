import Base

extension ErrorRule {
  /// The kinds that a provider file may name. Source: provider-files §5.
  static let kinds: [Fault.Kind] = [
    .invalid, .contextOverflow, .contentFilter, .notFound, .tooLarge, .authExpired, .forbidden, .banned, .clientTooOld, .funds,
    .rateLimited, .muted, .dailyLimit, .overloaded, .timeout, .broken, .verificationRequired, .formatChanged,
  ]

  /// Reads `{status, header, content_type, when, text, as, code, message, carry, hold_s}`.
  init?(_ field: Field) {
    guard var fields = field.fields() else { return nil }
    let word = fields.required("as")
    let kind = word?.string().flatMap { word?.choice($0, among: Self.kinds.map(\.rawValue)) }.flatMap(Fault.Kind.init(rawValue:))
    self.init(as: kind ?? .broken)
    readConditions(&fields, field)
    code = fields["code"]?.string()
    message = fields["message"]?.jsonPath()
    for (member, value) in fields["carry"]?.entries() ?? [] {
      if let path = value.jsonPath() { carry.append((member, path)) }
    }
    hold = fields["hold_s"]?.int(0...31_536_000)
    fields.end()
    if kind == nil { return nil }
  }

  private mutating func readConditions(_ fields: inout Fields, _ field: Field) {
    status = fields["status"].map { Set($0.oneOrList().compactMap { $0.int(100...599) }) }
    contentTypes = fields["content_type"]?.strings().map { $0.lowercased() } ?? []
    for (name, value) in fields["header"]?.entries() ?? [] {
      if let predicate = value.predicate() { headers.append((name, predicate)) }
    }
    for (name, value) in fields["when"]?.entries() ?? [] {
      if let path = value.jsonPath(name), let predicate = value.predicate() { when.append((path, predicate)) }
    }
    text = fields["text"]?.pattern()
    let conditions = ["status", "header", "content_type", "when", "text"]
    if !conditions.contains(where: fields.has) { field.mistake("needs a condition: one of \(conditions.joined(separator: ", "))") }
  }
}

extension Field {
  /// A value, or one of `{in: […]}`, `{ne: x}`, `{exists: true}`, `{re: '…'}`.
  func predicate() -> Predicate? {
    do throws(Fault) {
      return try Predicate(setting.json)
    } catch {
      return wrong(error.message)
    }
  }
}
