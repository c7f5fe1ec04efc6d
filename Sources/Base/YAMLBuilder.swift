/// Builds the tree out of a document's events, and refuses what files of ours don't need.
struct YAMLBuilder {
  private(set) var root: YAML?
  private let name: String
  private var open: [Container] = []
  private var nodes = 0
  private var documents = 0

  /// A list or mapping whose end is still to come.
  private struct Container {
    let line: Int
    let column: Int
    let isMapping: Bool
    var elements: [YAML] = []
    var members: [(key: String, line: Int, value: YAML)] = []
    var names: Set<String> = []
    /// A key that waits for its value.
    var key: (name: String, line: Int)?
  }

  init(name: String) {
    self.name = name
  }

  mutating func take(_ event: YAMLEvent) throws(Fault) {
    if event.isAnchored { throw mistake("anchors are not supported", event) }
    if event.isTagged { throw mistake("tags are not supported", event) }
    switch event.kind {
    case .alias: throw mistake("aliases are not supported", event)
    case .document:
      documents += 1
      if documents > 1 { throw mistake("a file holds one document only", event) }
    case .scalar(let text, let quoted):
      try count(event)
      if try takeKey(text, event) { return }
      place(YAML(.scalar(text, quoted: quoted), line: event.line, column: event.column))
    case .sequenceStart, .mappingStart: try begin(event)
    case .end: end()
    case .other: return
    }
  }

  private mutating func begin(_ event: YAMLEvent) throws(Fault) {
    try count(event)
    if let last = open.last, last.isMapping, last.key == nil { throw mistake("a key must be a text", event) }
    guard open.count < YAML.depthLimit else { throw mistake("the values are nested more than \(YAML.depthLimit) deep", event) }
    var isMapping = false
    if case .mappingStart = event.kind { isMapping = true }
    open.append(Container(line: event.line, column: event.column, isMapping: isMapping))
  }

  private mutating func end() {
    guard let container = open.popLast() else { return }
    let content = container.isMapping ? YAML.Content.mapping(container.members) : .sequence(container.elements)
    place(YAML(content, line: container.line, column: container.column))
  }

  /// Takes a scalar as the key of the innermost mapping, when it waits for one.
  private mutating func takeKey(_ text: String, _ event: YAMLEvent) throws(Fault) -> Bool {
    guard let last = open.indices.last, open[last].isMapping, open[last].key == nil else { return false }
    guard open[last].names.insert(text).inserted else { throw mistake("duplicate key \"\(text)\"", event) }
    open[last].key = (text, event.line)
    return true
  }

  /// Puts a finished value where it belongs.
  private mutating func place(_ value: YAML) {
    guard let last = open.indices.last else {
      root = value
      return
    }
    if let key = open[last].key {
      open[last].members.append((key.name, key.line, value))
      open[last].key = nil
    } else {
      open[last].elements.append(value)
    }
  }

  private mutating func count(_ event: YAMLEvent) throws(Fault) {
    nodes += 1
    if nodes > YAML.nodeLimit { throw mistake("the file has more than \(YAML.nodeLimit) values", event) }
  }

  private func mistake(_ text: String, _ event: YAMLEvent) -> Fault {
    Fault(.invalid, "\(name):\(event.line):\(event.column): \(text)")
  }
}
