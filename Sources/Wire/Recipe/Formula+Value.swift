package import Base

/// What expressions and templates are evaluated in.
package struct RecipeContext {
  /// Clock and chance.
  package var source: RecipeSource
  /// The value of a variable; nil for one that has none, so that what uses it is left out.
  package var variable: (Formula.Name) throws(Fault) -> FormulaValue?
  /// What is seen of the request that is being made; nil where there is none.
  package var request: RequestView?

  package init(
    source: RecipeSource = RecipeSource(), request: RequestView? = nil,
    variable: @escaping (Formula.Name) throws(Fault) -> FormulaValue?
  ) {
    self.source = source
    self.request = request
    self.variable = variable
  }
}

/// A request as far as it is made: what is here is what is sent.
package struct RequestView: Sendable {
  /// Path and query as they are sent.
  package var uri = ""
  /// The members of the query, not encoded.
  package var query: [(name: String, value: String)] = []
  package var headers: [(name: String, value: String)] = []
  package var body: [UInt8] = []
  /// The members of a form.
  package var form: [(name: String, value: String)] = []

  package init() {}

  var path: String { String(uri.prefix { $0 != "?" }) }
}

extension Formula {
  /// The value; nil when a variable of it has none. Throws `invalid` where a function can't be, `internal` beyond the limits.
  package func value(in context: RecipeContext) throws(Fault) -> FormulaValue? {
    try Self.value(node, context)
  }

  private static func value(_ node: Node, _ context: RecipeContext) throws(Fault) -> FormulaValue? {
    switch node {
    case .literal(let value): return value
    case .name(let name): return try context.variable(name)
    case .joined(let nodes):
      guard let values = try values(nodes, context), var whole = values.first else { return nil }
      for value in values.dropFirst() { whole = try whole.joined(value) }
      return whole
    case .call(let function, let nodes):
      guard let values = try values(nodes, context) else { return nil }
      return try function.value(values, context.source)
    case .first(let nodes):
      for node in nodes {
        if let value = try value(node, context), !value.isNothing { return value }
      }
      return nil
    case .accessor(let accessor, let nodes):
      guard let values = try values(nodes, context), let request = context.request else { return nil }
      return accessor.value(values.map(\.text), request)
    case .member(let node, let path): return member(path[...], of: try value(node, context)?.json).map { .json($0) }
    }
  }

  private static func values(_ nodes: [Node], _ context: RecipeContext) throws(Fault) -> [FormulaValue]? {
    var values: [FormulaValue] = []
    for node in nodes {
      guard let value = try value(node, context) else { return nil }
      values.append(value)
    }
    return values
  }

  /// The value of members within each other.
  package static func member(_ path: ArraySlice<String>, of json: JSON?) -> JSON? {
    var json = json
    for name in path { json = json?[name] }
    return json
  }
}

extension RequestAccessor {
  func value(_ arguments: [String], _ request: RequestView) -> FormulaValue? {
    switch self {
    case .rawbody: .bytes(request.body)
    case .body: (try? JSON(parsing: request.body)).map { .json($0) }  // nil is right: a body of another kind is no JSON
    case .path: FormulaValue(request.path)
    case .uri: FormulaValue(request.uri)
    case .header: request.headers.first { $0.name.lowercased() == arguments[0].lowercased() }.map { FormulaValue($0.value) }
    case .query: request.query.first { $0.name == arguments[0] }.map { FormulaValue($0.value) }
    case .sortedParams: FormulaValue(Self.sorted(request, arguments))
    }
  }

  private static func sorted(_ request: RequestView, _ arguments: [String]) -> String {
    let separator = arguments.first ?? "&"
    let equals = arguments.count > 1 ? arguments[1] : "="
    let members = (request.query + request.form).sorted { Array($0.name.utf8).lexicographicallyPrecedes(Array($1.name.utf8)) }
    return members.map { $0.name + equals + $0.value }.joined(separator: separator)
  }
}
