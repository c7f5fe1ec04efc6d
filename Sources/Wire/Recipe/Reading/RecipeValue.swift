import Base

/// A value that rules are about: of a frame's JSON, or of the document that patches made.
enum RecipeValue {
  case json(JSON)
  case node(PatchNode)

  /// The values one step further on.
  func next(_ step: JSONPath.Step) -> [RecipeValue] {
    switch self {
    case .json(let json): step.values(in: json).map(RecipeValue.json)
    case .node(let node): node.values(step).map(RecipeValue.node)
    }
  }

  /// The value as JSON.
  var json: JSON {
    switch self {
    case .json(let json): json
    case .node(let node): node.json
    }
  }

  /// The value as JSON where that is cheap: containers of a document count as an empty object, which fits no literal.
  var shallow: JSON {
    guard case .node(let node) = self, !node.children.isEmpty else { return json }
    return [:]
  }
}

/// What a path is evaluated in.
struct RecipeScope {
  /// The frame, or the document.
  let root: RecipeValue
  /// The frame's own JSON.
  let data: RecipeValue
  /// What `@name` is.
  let variables: [String: JSON]
  /// The element of the outer list.
  var parent: RecipeValue?
  /// The element's position in its list.
  var index = 0

  func all(_ path: JSONPath, in element: RecipeValue? = nil) -> [RecipeValue] {
    guard var values = start(path, element ?? root).map({ [$0] }) else { return [] }
    for step in path.steps {
      values = values.flatMap { $0.next(step) }
      if values.isEmpty { break }
    }
    return values
  }

  private func start(_ path: JSONPath, _ element: RecipeValue) -> RecipeValue? {
    guard let name = path.variable else { return element }
    switch name {
    case "data": return data
    case "parent": return parent
    case "index": return .json(JSON(index))
    default:
      if let position = Int(name) { return root.next(.element(position)).first }
      return variables[name].map { .json($0) }
    }
  }

  /// Whether all conditions hold.
  func holds(_ conditions: [(path: JSONPath, predicate: Predicate)], in element: RecipeValue? = nil) -> Bool {
    conditions.allSatisfy { $0.predicate.matches(all($0.path, in: element).map(\.shallow)) }
  }

  /// The first value of the first path that has one which is not null.
  func first(_ paths: [JSONPath], in element: RecipeValue? = nil) -> JSON? {
    for path in paths {
      if let found = all(path, in: element).lazy.compactMap({ $0.json.present }).first { return found }
    }
    return nil
  }
}
