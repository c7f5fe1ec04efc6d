import Base

/// A schema whose objects have no members but those it names, which structured output of Messages insists on. Source: wire-formats §2.8.
enum ClosedSchema {
  /// The schema with `additionalProperties: false` in every object that says nothing of them.
  static func close(_ schema: JSON) -> JSON {
    var writer = JSONWriter(capacity: schema.bytes.count + 64)
    write(schema, &writer)
    return writer.json()
  }

  private static func write(_ schema: JSON, _ writer: inout JSONWriter) {
    guard schema.kind == .object else { return writer.value(schema) }
    writer.beginObject()
    for (name, value) in schema.members {
      writer.key(name)
      switch (name, value.kind) {
      case ("properties", .object), ("$defs", .object), ("definitions", .object), ("patternProperties", .object):
        writer.beginObject()
        for (name, inner) in value.members {
          writer.key(name)
          write(inner, &writer)
        }
        writer.endObject()
      case ("anyOf", .array), ("oneOf", .array), ("allOf", .array), ("prefixItems", .array):
        writer.beginArray()
        for inner in value.elements { write(inner, &writer) }
        writer.endArray()
      case ("items", .object), ("not", .object), ("additionalProperties", .object): write(value, &writer)
      default: writer.value(value)
      }
    }
    if isObject(schema), schema["additionalProperties"] == nil { writer.member("additionalProperties", false) }
    writer.endObject()
  }

  private static func isObject(_ schema: JSON) -> Bool {
    guard let type = schema["type"] else { return schema["properties"] != nil }
    return type.string == "object" || type.elements.contains { $0.string == "object" }
  }
}
