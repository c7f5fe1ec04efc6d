package import Base

/// A text of a provider file in which `{{…}}` stands for values.
package struct Template: Sendable {
  enum Piece: Sendable {
    case text(String)
    case value(Expression)
  }

  let pieces: [Piece]

  /// Bytes of a template's text.
  static let mostText = 64 << 10

  /// Reads a template; `invalid` for braces without an end and for what is no expression.
  package init(_ text: String) throws(Fault) {
    guard text.utf8.count <= Self.mostText else { throw Fault(.invalid, "A template is longer than \(Self.mostText) bytes.") }
    var pieces: [Piece] = []
    var rest = text[...]
    while let start = rest.firstRange(of: "{{") {
      guard let end = rest[start.upperBound...].firstRange(of: "}}") else { throw Fault(.invalid, "\"{{\" has no \"}}\"") }
      if start.lowerBound > rest.startIndex { pieces.append(.text(String(rest[..<start.lowerBound]))) }
      pieces.append(.value(try Expression(String(rest[start.upperBound..<end.lowerBound]))))
      rest = rest[end.upperBound...]
    }
    if !rest.isEmpty || pieces.isEmpty { pieces.append(.text(String(rest))) }
    self.pieces = pieces
  }

  /// The expressions in it.
  package var expressions: [Expression] {
    pieces.compactMap { if case .value(let expression) = $0 { expression } else { nil } }
  }

  /// Whether nothing in it changes.
  package var isFixed: Bool { expressions.isEmpty }

  /// The one expression that it is, so that its value keeps its type; nil when there is more.
  var only: Expression? {
    guard pieces.count == 1, case .value(let expression) = pieces[0] else { return nil }
    return expression
  }

  /// The value: of the expression if the template is one, else the text. Nil when a variable has none.
  package func value(in context: RecipeContext) throws(Fault) -> RecipeValue? {
    if let only { return try only.value(in: context) }
    return try text(in: context).map { RecipeValue($0) }
  }

  /// The text; `encoded` writes each value into its place. Nil when a variable has none.
  package func text(in context: RecipeContext, encoded: (RecipeValue) -> String = { $0.text }) throws(Fault) -> String? {
    var text = ""
    for piece in pieces {
      switch piece {
      case .text(let fixed): text += fixed
      case .value(let expression):
        guard let value = try expression.value(in: context) else { return nil }
        text += encoded(value)
        guard text.utf8.count <= Expression.mostBytes else { throw Expression.tooLarge }
      }
    }
    return text
  }

  /// The address that a template of a URL gives: values in it are percent-encoded, but the origin and a whole address.
  package func url(in context: RecipeContext) throws(Fault) -> String? {
    var text = ""
    for piece in pieces {
      switch piece {
      case .text(let fixed): text += fixed
      case .value(let expression):
        guard let value = try expression.value(in: context) else { return nil }
        text += text.isEmpty ? value.text : URLEncoding.strict(value.bytes)
      }
    }
    return text
  }
}

/// A JSON body of a provider file whose texts are templates. `{$json: …}` stands for the value as a JSON text.
package struct JSONTemplate: Sendable {
  indirect enum Node: Sendable {
    case fixed(JSON)
    case template(Template)
    case object([(name: String, value: Node)])
    case array([Node])
    case encoded(Node)
  }

  let root: Node

  /// Values within each other.
  static let mostDepth = 64

  /// Reads a body; `invalid` with what is wrong, where.
  package init(_ json: JSON) throws(Fault) {
    root = try Self.node(json, depth: 0)
  }

  private static func node(_ json: JSON, depth: Int) throws(Fault) -> Node {
    guard depth < mostDepth else { throw Fault(.invalid, "A body is nested more than \(mostDepth) deep.") }
    switch json.kind {
    case .string:
      let template = try Template(json.string ?? "")
      return template.isFixed ? .fixed(json) : .template(template)
    case .array:
      var nodes: [Node] = []
      for element in json.elements { nodes.append(try node(element, depth: depth + 1)) }
      return .array(nodes)
    case .object:
      if json.count == 1, let inner = json["$json"] { return .encoded(try node(inner, depth: depth + 1)) }
      var members: [(name: String, value: Node)] = []
      for (name, value) in json.members { members.append((name, try node(value, depth: depth + 1))) }
      return .object(members)
    default: return .fixed(json)
    }
  }

  /// The expressions in it.
  package var expressions: [Expression] { Self.expressions(root) }

  private static func expressions(_ node: Node) -> [Expression] {
    switch node {
    case .fixed: []
    case .template(let template): template.expressions
    case .object(let members): members.flatMap { expressions($0.value) }
    case .array(let nodes): nodes.flatMap(expressions)
    case .encoded(let node): expressions(node)
    }
  }

  /// The body; members and elements whose variables have no value are left out. Nil when the whole has none.
  package func value(in context: RecipeContext) throws(Fault) -> JSON? {
    try Self.value(root, context)
  }

  private static func value(_ node: Node, _ context: RecipeContext) throws(Fault) -> JSON? {
    switch node {
    case .fixed(let json): return json
    case .template(let template): return try template.value(in: context)?.json
    case .encoded(let node): return try value(node, context).map { JSON(String(decoding: $0.bytes, as: UTF8.self)) }
    case .array(let nodes):
      var elements: [JSON] = []
      for node in nodes {
        if let element = try value(node, context) { elements.append(element) }
      }
      return .array(elements)
    case .object(let members):
      var kept: [(String, JSON)] = []
      for (name, node) in members {
        if let value = try value(node, context) { kept.append((name, value)) }
      }
      return .object(kept)
    }
  }
}
