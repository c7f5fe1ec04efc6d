package import Base

/// Translates schemas between JSON Schema and the OpenAPI form of Gemini. Source: wire-formats §2.8.
package enum SchemaConversion {
  /// A schema of Gemini's OpenAPI form in the words of JSON Schema.
  ///
  /// `path` is where the schema stands in the client's body; what has no counterpart is reported below it. A schema that already is
  /// JSON Schema comes out as it went in.
  package static func jsonSchema(fromOpenAPI schema: JSON, at path: String, _ losses: inout [Loss]) -> JSON {
    var reader = OpenAPISchema()
    let result = reader.read(schema, path)
    losses += reader.losses
    return result
  }

  /// A JSON Schema in Gemini's OpenAPI form, and whether anything but the spelling changed.
  package static func openAPI(_ schema: JSON) -> (schema: JSON, isChanged: Bool) {
    var writer = OpenAPIWriter(root: schema)
    let result = writer.convert(schema)
    return (result, writer.isChanged)
  }

  /// The schema with `additionalProperties: false` in every object that says nothing of them, which structured output of Messages
  /// insists on.
  package static func closed(_ schema: JSON) -> JSON {
    guard schema.kind == .object else { return schema }
    var members = schema.members.map { (name: $0.name, value: nested($0.name, $0.value)) }
    if isObject(schema), schema["additionalProperties"] == nil { members.append(("additionalProperties", false)) }
    return .object(members.map { ($0.name, $0.value) })
  }

  private static func nested(_ name: String, _ value: JSON) -> JSON {
    switch (name, value.kind) {
    case ("properties", .object), ("$defs", .object), ("definitions", .object), ("patternProperties", .object):
      return .object(value.members.map { ($0.name, closed($0.value)) })
    case ("anyOf", .array), ("oneOf", .array), ("allOf", .array), ("prefixItems", .array):
      return .array(value.elements.map(closed))
    case ("items", .object), ("not", .object), ("additionalProperties", .object): return closed(value)
    default: return value
    }
  }

  private static func isObject(_ schema: JSON) -> Bool {
    guard let type = schema["type"] else { return schema["properties"] != nil }
    return type.string == "object" || type.elements.contains { $0.string == "object" }
  }
}

/// Reads the OpenAPI form: types in capitals, `nullable`, counts that may be texts, names in either spelling.
private struct OpenAPISchema {
  var losses: [Loss] = []

  mutating func read(_ schema: JSON, _ path: String) -> JSON {
    guard schema.kind == .object else { return schema }
    let isNullable = schema["nullable"]?.bool == true
    var members: [(String, JSON)] = []
    for (written, value) in schema.members where !value.isNull || written == "default" {
      let name = GeminiName.camel(written)
      switch name {
      case "nullable", "example": break
      case "propertyOrdering": losses.append(Loss("\(path).\(written)", .dropped))
      case "type": if let type = Self.type(value, isNullable: isNullable) { members.append((name, type)) }
      case "properties", "defs", "$defs", "definitions":
        members.append((name == "defs" ? "$defs" : name, named(value, "\(path).\(written)")))
      case "items", "additionalProperties": members.append((name, read(value, "\(path).\(written)")))
      case "anyOf", "prefixItems", "oneOf", "allOf": members.append((name, list(value, "\(path).\(written)")))
      default: members.append((name, Self.counts.contains(name) ? Self.number(value) : value))
      }
    }
    guard isNullable, !members.contains(where: { $0.0 == "type" }) else { return .object(members) }
    if let position = members.firstIndex(where: { $0.0 == "anyOf" }) {
      members[position].1 = .array(Array(members[position].1.elements) + [["type": "null"]])
    }
    return .object(members)
  }

  private mutating func named(_ value: JSON, _ path: String) -> JSON {
    guard value.kind == .object else { return value }
    var members: [(String, JSON)] = []
    for (name, inner) in value.members { members.append((name, read(inner, "\(path).\(name)"))) }
    return .object(members)
  }

  private mutating func list(_ value: JSON, _ path: String) -> JSON {
    guard value.kind == .array else { return value }
    var elements: [JSON] = []
    for (position, inner) in value.elements.enumerated() { elements.append(read(inner, "\(path)[\(position)]")) }
    return .array(elements)
  }

  /// The type in lower case, with `null` beside it where that is allowed; nil for no type at all.
  private static func type(_ value: JSON, isNullable: Bool) -> JSON? {
    guard let word = value.string?.lowercased() else { return value }
    guard word != "type_unspecified" else { return nil }
    return isNullable && word != "null" ? [JSON(word), "null"] : JSON(word)
  }

  /// Google writes numbers of 64 bits as texts.
  private static let counts: Set<String> = ["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"]

  private static func number(_ value: JSON) -> JSON {
    value.string.flatMap { Int($0) }.map { JSON($0) } ?? value
  }
}
