package import Base

/// A formula of a provider file: texts, `+`, variables and a closed list of pure functions. No scripting.
///
///     md5(header("x-timestamp") + "-" + header("x-nonce") + "-" + cred.SIGN_SECRET)
///
/// Source: recipes-and-learning §5. Names with dots are variables (`cred.NAME`, `last.parent`) or members of their values
/// (`jwt(cred.TOKEN).user.id`).
package struct Formula: Sendable {
  indirect enum Node: Sendable {
    case literal(FormulaValue)
    case name(Name)
    case joined([Node])
    case call(RecipeFunction, [Node])
    case accessor(RequestAccessor, [Node])
    case member(Node, [String])
    /// The first that has a value.
    case first([Node])
  }

  /// A variable by its parts: `cred.TOKEN` is `["cred", "TOKEN"]`.
  package struct Name: Sendable, Hashable, CustomStringConvertible {
    package let parts: [String]

    package init(_ parts: [String]) { self.parts = parts }

    /// The first part.
    package var first: String { parts.first ?? "" }
    /// What follows the first part.
    package var rest: ArraySlice<String> { parts.dropFirst() }
    package var description: String { parts.joined(separator: ".") }
  }

  /// The formula as it was written.
  package let text: String
  let node: Node

  /// Bytes of a formula's text, calls within each other, bytes of a value.
  static let mostText = 4096
  static let mostDepth = 32
  static let mostBytes = 64 << 20

  static let tooLarge = Fault(.tooLarge, "A value of the provider's recipe is larger than \(mostBytes) bytes.")

  /// Reads a formula; `invalid` with what is wrong.
  package init(_ text: String) throws(Fault) {
    guard text.utf8.count <= Self.mostText else { throw Fault(.invalid, "An expression is longer than \(Self.mostText) bytes.") }
    var parser = FormulaParser(text)
    node = try parser.parse()
    self.text = text
  }

  /// One variable.
  init(name: Name) {
    text = name.description
    node = .name(name)
  }

  /// The variables in it, in order.
  package var names: [Name] { Self.names(node) }

  /// Whether it looks at the request that is being made.
  package var looksAtRequest: Bool { Self.looksAtRequest(node) }

  /// Whether it is one variable, so that its value keeps its type.
  package var variable: Name? { if case .name(let name) = node { name } else { nil } }

  private static func names(_ node: Node) -> [Name] {
    switch node {
    case .literal: []
    case .name(let name): [name]
    case .joined(let nodes), .call(_, let nodes), .accessor(_, let nodes), .first(let nodes): nodes.flatMap(names)
    case .member(let node, _): names(node)
    }
  }

  private static func looksAtRequest(_ node: Node) -> Bool {
    switch node {
    case .literal, .name: false
    case .accessor: true
    case .joined(let nodes), .call(_, let nodes), .first(let nodes): nodes.contains(where: looksAtRequest)
    case .member(let node, _): looksAtRequest(node)
    }
  }
}

/// What expressions see of the request that is being made: the bytes that are sent.
package enum RequestAccessor: String, Sendable, CaseIterable {
  /// The body as it is sent.
  case rawbody
  /// The body as JSON.
  case body
  /// The path without the query.
  case path
  /// Path and query as they are sent.
  case uri
  /// A header field that stands before.
  case header
  /// A member of the query, decoded.
  case query
  /// The members of query and form in the order of their names.
  case sortedParams = "sorted_params"

  /// How many arguments it takes.
  var arity: ClosedRange<Int> {
    switch self {
    case .rawbody, .body, .path, .uri: 0...0
    case .header, .query: 1...1
    case .sortedParams: 0...2
    }
  }
}
