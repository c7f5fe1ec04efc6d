import Base

/// Writes a JSON Schema in Gemini's OpenAPI form. Source: wire-formats §2.8.
///
/// References are replaced by what they mean; one that leads back to itself, and what would make the schema larger than any model reads,
/// becomes an object of any kind. `isChanged` tells whether the result says less, or says it by other means.
struct OpenAPIWriter {
  private let root: JSON
  /// The references that are being replaced.
  private var open: [String] = []
  private var nodes = 0
  private(set) var isChanged = false

  /// References within references can multiply: a schema of more nodes than this is cut.
  private static let mostNodes = 10_000
  private static let mostDepth = 64
  private var depth = 0

  init(root: JSON) {
    self.root = root
  }

  mutating func convert(_ schema: JSON) -> JSON {
    nodes += 1
    depth += 1
    defer { depth -= 1 }
    guard nodes <= Self.mostNodes, depth <= Self.mostDepth else { return cut() }
    guard schema.kind == .object else {
      isChanged = true  // true and false: anything, nothing
      return [:]
    }
    guard let reference = schema["$ref"]?.string else { return write(merged(schema)) }
    return resolve(reference, beside: schema)
  }

  private mutating func cut() -> JSON {
    isChanged = true
    return ["type": "OBJECT"]
  }

  // MARK: References and lists of schemas

  private mutating func resolve(_ reference: String, beside schema: JSON) -> JSON {
    isChanged = true
    guard !open.contains(reference), let target = target(reference), target.kind == .object else { return cut() }
    open.append(reference)
    defer { open.removeLast() }
    // What stands beside the reference says more than what it leads to.
    var members = Dictionary(target.members.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
    var order = target.members.map(\.name)
    for (name, value) in schema.members where name != "$ref" {
      if members.updateValue(value, forKey: name) == nil { order.append(name) }
    }
    var seen: Set<String> = []
    return convert(.object(order.filter { seen.insert($0).inserted }.compactMap { name in members[name].map { (name, $0) } }))
  }

  /// What a pointer within the schema leads to. Source: RFC 6901.
  private func target(_ reference: String) -> JSON? {
    guard reference.hasPrefix("#") else { return nil }
    var value = root
    for step in reference.dropFirst().split(separator: "/") {
      let name = String(step.replacing("~1", with: "/").replacing("~0", with: "~"))
      guard let next = value[name] ?? Int(name).flatMap({ value[$0] }) else { return nil }
      value = next
    }
    return value
  }

  /// The schema with the members of its `allOf` taken in; what it says itself goes first.
  private mutating func merged(_ schema: JSON) -> [(name: String, value: JSON)] {
    var all = schema.members.map { (name: $0.name, value: $0.value) }
    guard let parts = schema["allOf"], parts.kind == .array else { return all }
    isChanged = true
    all.removeAll { $0.name == "allOf" }
    for part in parts.elements {
      for (name, value) in resolved(part) { Self.add(name, value, to: &all) }
    }
    return all
  }

  /// The members of one element of `allOf`.
  private mutating func resolved(_ part: JSON) -> [(name: String, value: JSON)] {
    nodes += 1
    depth += 1
    defer { depth -= 1 }
    guard nodes <= Self.mostNodes, depth <= Self.mostDepth else { return [] }
    guard let reference = part["$ref"]?.string else { return merged(part) }
    guard !open.contains(reference), let target = target(reference) else { return [] }
    open.append(reference)
    defer { open.removeLast() }
    return merged(target)
  }

  private static func add(_ name: String, _ value: JSON, to all: inout [(name: String, value: JSON)]) {
    guard let known = all.firstIndex(where: { $0.name == name }) else { return all.append((name, value)) }
    switch name {
    case "properties":
      let own = Set(all[known].value.members.map(\.name))
      let more = value.members.filter { !own.contains($0.name) }
      all[known].value = .object((Array(all[known].value.members) + more).map { ($0.name, $0.value) })
    case "required":
      let own = Set(all[known].value.elements.compactMap(\.string))
      all[known].value = .array(Array(all[known].value.elements) + value.elements.filter { !own.contains($0.string ?? "") })
    default: break
    }
  }

  // MARK: Members

  private mutating func write(_ members: [(name: String, value: JSON)]) -> JSON {
    var schema = OpenAPIMembers()
    for (name, value) in members { read(name, value, &schema) }
    schema.finish(&isChanged)
    guard let single = schema.only else { return .object(schema.list) }
    return .object(schema.list(with: convert(single)))
  }

  private mutating func read(_ name: String, _ value: JSON, _ schema: inout OpenAPIMembers) {
    switch name {
    case "type": schema.readType(value, &isChanged)
    case "enum": schema.values = Array(value.elements)
    case "const":
      isChanged = true
      schema.values = [JSON(value.string ?? value.description)]
      schema.types = ["STRING"]
    case "properties" where value.kind == .object:
      var properties: [(String, JSON)] = []
      for (name, inner) in value.members { properties.append((name, convert(inner))) }
      schema.list.append((name, .object(properties)))
      schema.hasProperties = true
    case "items" where value.kind == .object:
      schema.list.append((name, convert(value)))
      schema.hasItems = true
    case "anyOf" where value.kind == .array: choices(value, &schema)
    case "oneOf" where value.kind == .array:
      isChanged = true
      choices(value, &schema)
    case "nullable": schema.isNullable = schema.isNullable || value.bool == true
    case "format" where Self.formats.contains(value.string ?? ""): schema.list.append((name, value))
    case _ where Self.kept.contains(name): schema.list.append((name, value))
    case "$defs", "definitions", "$schema", "$id", "$comment": break  // say nothing of what is valid
    default: isChanged = true
    }
  }

  private mutating func choices(_ list: JSON, _ schema: inout OpenAPIMembers) {
    guard schema.choices.isEmpty, schema.only == nil else {
      isChanged = true  // there is room for one list
      return
    }
    let all = Array(list.elements)
    let others = all.filter { $0["type"]?.string != "null" }
    if others.count < all.count {
      schema.isNullable = true
      isChanged = true
    }
    if others.count == 1 {
      schema.only = others[0]
    } else {
      for choice in others { schema.choices.append(convert(choice)) }
    }
  }

  private static let kept: Set<String> = [
    "description", "required", "minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties", "minimum", "maximum",
    "pattern", "title", "default",
  ]
  private static let formats: Set<String> = ["date-time", "date", "enum", "int32", "int64", "float", "double"]
}

/// The members of one schema in the OpenAPI form while they are gathered.
struct OpenAPIMembers {
  var list: [(String, JSON)] = []
  var types: [String] = []
  var values: [JSON] = []
  var choices: [JSON] = []
  /// The one schema of a list that had only this and null.
  var only: JSON?
  var isNullable = false
  var hasProperties = false
  var hasItems = false

  mutating func readType(_ value: JSON, _ isChanged: inout Bool) {
    guard types.isEmpty else { return }  // that of a constant
    let words = value.string.map { [$0] } ?? value.elements.compactMap(\.string)
    types = words.filter { $0.lowercased() != "null" }.map { $0.uppercased() }
    guard types.count < words.count else { return }
    if types.isEmpty { types = ["NULL"] } else { isNullable = true }
    isChanged = true
  }

  /// Puts type, values and choices together.
  mutating func finish(_ isChanged: inout Bool) {
    if !values.isEmpty { readValues(&isChanged) }
    if types.isEmpty, only == nil, choices.isEmpty {
      if hasProperties { types = ["OBJECT"] } else if hasItems { types = ["ARRAY"] }
    }
    if types.count > 1 {
      isChanged = true
      if choices.isEmpty { choices = types.map { ["type": JSON($0)] } }
    } else if let type = types.first {
      list.insert(("type", JSON(type)), at: 0)
    }
    if !choices.isEmpty { list.append(("anyOf", .array(choices))) }
    if isNullable { list.append(("nullable", true)) }
  }

  /// Only texts may be listed.
  private mutating func readValues(_ isChanged: inout Bool) {
    let known = values.filter { !$0.isNull }
    if known.count < values.count {
      isNullable = true
      isChanged = true
    }
    guard known.allSatisfy({ $0.kind == .string }), types.isEmpty || types == ["STRING"] else {
      isChanged = true
      if types.isEmpty, let first = known.first { types = [Self.type(first)] }
      return
    }
    types = ["STRING"]
    list.append(("enum", .array(known)))
  }

  private static func type(_ value: JSON) -> String {
    switch value.kind {
    case .bool: "BOOLEAN"
    case .number: value.int == nil ? "NUMBER" : "INTEGER"
    case .array: "ARRAY"
    case .object: "OBJECT"
    case .string, .null: "STRING"
    }
  }

  /// The members together with those of a schema that stands for a list of one.
  func list(with schema: JSON) -> [(String, JSON)] {
    var all = list
    for (name, value) in schema.members where !all.contains(where: { $0.0 == name }) { all.append((name, value)) }
    return all
  }
}
