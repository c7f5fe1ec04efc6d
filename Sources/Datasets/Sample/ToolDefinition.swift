package import Base

/// A tool that the model may call. Source: formats/datasets.md §9.1.8.
package struct ToolDefinition: Sendable {
  /// Its name.
  package let name: String
  /// Its arguments' schema, with `type` and `properties`.
  package let parameters: JSON
  /// `{"type":"function","function":{…}}`, compact.
  package let json: JSON

  /// A tool; what its schema lacks is added.
  package init(name: String, description: String, parameters: JSON?) {
    self.name = name
    self.parameters = Self.completed(parameters)
    json = [
      "type": "function",
      "function": ["name": JSON(name), "description": JSON(description), "parameters": self.parameters],
    ]
  }

  private static func completed(_ schema: JSON?) -> JSON {
    guard let schema, schema.kind == .object else { return ["type": "object", "properties": [:]] }
    var writer = JSONWriter(capacity: schema.bytes.count + 40)
    writer.beginObject()
    if schema["type"]?.present == nil { writer.member("type", "object") }
    for (name, value) in CleanJSON.members(schema) where !(value.isNull && (name == "type" || name == "properties")) {
      writer.key(name)
      CleanJSON.write(value, &writer)
    }
    if schema["properties"]?.present == nil { writer.member("properties", [:] as JSON) }
    writer.endObject()
    return writer.json()
  }

  /// A schema of Gemini's own form with its types in small letters; names of properties and values stay.
  static func lowered(_ schema: JSON) -> JSON {
    guard schema.kind == .object else { return schema }
    return .object(
      CleanJSON.members(schema).map { name, value in
        switch name {
        case "type": (name, value.string.map { JSON($0.lowercased()) } ?? value)
        case "properties", "$defs", "defs": (name, .object(CleanJSON.members(value).map { ($0.name, lowered($0.value)) }))
        case "items", "additionalProperties": (name, lowered(value))
        case "anyOf", "oneOf", "allOf", "prefixItems": (name, .array(value.elements.map(lowered)))
        default: (name, value)
        }
      })
  }
}

extension ToolDefinition {
  /// The tool with its descriptions changed, its own and those in its schema.
  func mapDescriptions(_ change: (String) -> String) -> ToolDefinition {
    let description = json.at("function.description")?.string ?? ""
    return ToolDefinition(name: name, description: change(description), parameters: Self.changed(parameters, change))
  }

  private static func changed(_ json: JSON, _ change: (String) -> String) -> JSON {
    switch json.kind {
    case .object: .object(CleanJSON.members(json).map { ($0.name, changed($0.value, change)) })
    case .array: .array(json.elements.map { changed($0, change) })
    case .string: JSON(change(json.string ?? ""))
    default: json
    }
  }
}
