extension YAML {
  /// The same document with `${NAME}` in its scalars replaced; `missing` is called for each name without a value,
  /// which counts as empty. A scalar that holds a variable is a text, whatever the value looks like.
  package func filling(_ value: (String) -> String?, missing: (_ name: String, _ line: Int) -> Void = { _, _ in }) -> YAML {
    switch content {
    case .scalar(let text, let quoted):
      guard text.utf8.contains(UInt8(ascii: "$")) else { return self }
      let filled = Self.fill(text) { name in
        if let value = value(name) { return value }
        missing(name, line)
        return ""
      }
      guard let filled else { return self }
      return YAML(.scalar(filled, quoted: quoted || !filled.isEmpty), line: line, column: column)
    case .sequence(let elements):
      return YAML(.sequence(elements.map { $0.filling(value, missing: missing) }), line: line, column: column)
    case .mapping(let members):
      let filled = members.map { (key: $0.key, line: $0.line, value: $0.value.filling(value, missing: missing)) }
      return YAML(.mapping(filled), line: line, column: column)
    }
  }

  /// The text with its variables replaced; nil when it has none.
  private static func fill(_ text: String, _ value: (String) -> String) -> String? {
    var parts = text.split(separator: "${", omittingEmptySubsequences: false)
    guard parts.count > 1 else { return nil }
    var filled = String(parts.removeFirst())
    for part in parts {
      guard let end = part.firstIndex(of: "}") else {
        filled += "${" + part
        continue
      }
      filled += value(String(part[..<end])) + part[part.index(after: end)...]
    }
    return filled
  }
}
