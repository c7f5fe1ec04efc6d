import Base

/// Whether arguments fit a schema's first level: required names, types, enumerations. Source: formats/datasets.md §9.3, `tool_args_schema`.
enum ArgumentCheck {
  /// What is wrong, by name; nil when all is well.
  static func mistake(in arguments: JSON, _ schema: JSON) -> String? {
    for name in (schema["required"] ?? .null).elements.compactMap(\.string) where arguments[name] == nil {
      return "\(Shown.word(name)) is missing"
    }
    let properties = schema["properties"] ?? .null
    for (name, value) in CleanJSON.members(arguments) {
      guard let property = properties[name], property.kind == .object else { continue }
      if value.isNull, property["nullable"]?.bool == true { continue }
      if !isOfType(value, property["type"]) { return "\(Shown.word(name)) has the wrong type" }
      if let allowed = property["enum"], allowed.kind == .array, !allowed.elements.contains(where: { isSame($0, value) }) {
        return "\(Shown.word(name)) is none of the allowed values"
      }
    }
    return nil
  }

  private static func isOfType(_ value: JSON, _ type: JSON?) -> Bool {
    guard let type else { return true }
    if type.kind == .array { return type.elements.contains { isOfType(value, $0) } }
    switch type.string?.lowercased() {
    case "string": return value.kind == .string
    case "boolean": return value.kind == .bool
    case "object": return value.kind == .object
    case "array": return value.kind == .array
    case "null": return value.isNull
    case "number": return value.kind == .number
    case "integer": return value.kind == .number && isWhole(value)
    default: return true
    }
  }

  /// `1`, `1.0` and `1e3` are whole numbers. Source: JSON Schema 2020-12 §6.1.1.
  private static func isWhole(_ value: JSON) -> Bool {
    if value.int != nil || value.bytes.allSatisfy({ $0 == UInt8(ascii: "-") || (48...57).contains($0) }) { return true }
    return value.double.map { $0 == $0.rounded() } ?? false
  }

  private static func isSame(_ left: JSON, _ right: JSON) -> Bool {
    if left.kind == .number, right.kind == .number, let one = left.double, let other = right.double { return one == other }
    return left == right
  }
}
