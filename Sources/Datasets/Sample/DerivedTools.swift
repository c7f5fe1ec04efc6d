import Base

/// Definitions of tools as their calls tell them: the names and types of the arguments that came.
enum DerivedTools {
  /// Definitions for tools that are called and not declared, in the order of their first call.
  static func missing(in sample: Sample) -> [ToolDefinition] {
    let declared = Set(sample.tools.map(\.name))
    var order: [String] = []
    var seen: [String: [JSON]] = [:]
    for call in sample.calls where !declared.contains(call.name) {
      guard let arguments = try? JSON(parsing: call.arguments) else { continue }  // nil can't be: they are JSON objects
      if seen[call.name] == nil { order.append(call.name) }
      seen[call.name, default: []].append(arguments)
    }
    return order.map { ToolDefinition(name: $0, description: "", parameters: schema(of: seen[$0] ?? [])) }
  }

  /// What all arguments fit; required is what all of them have.
  private static func schema(of arguments: [JSON]) -> JSON {
    var order: [String] = []
    var types: [String: [String]] = [:]
    var counts: [String: Int] = [:]
    for object in arguments {
      for (name, value) in CleanJSON.members(object) {
        if types[name] == nil { order.append(name) }
        let type = self.type(of: value)
        if types[name]?.contains(type) != true { types[name, default: []].append(type) }
        counts[name, default: 0] += 1
      }
    }
    let properties: [(String, JSON)] = order.map { name in
      let found = types[name] ?? []
      return (name, ["type": found.count == 1 ? JSON(found[0]) : .array(found.map { JSON($0) })])
    }
    let required = order.filter { counts[$0] == arguments.count }
    return ["type": "object", "properties": .object(properties), "required": .array(required.map { JSON($0) })]
  }

  private static func type(of value: JSON) -> String {
    switch value.kind {
    case .null: "null"
    case .bool: "boolean"
    case .number: value.int == nil ? "number" : "integer"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }
}
