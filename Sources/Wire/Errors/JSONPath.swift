package import Base

/// The place of a value in a document, as provider files write it: `a.b[0][-1][*][?k="v"].c`.
///
/// A path may begin with `@name` instead: something that is known about a frame beside its JSON, such as `@event`;
/// `@data` is the JSON itself. `[-1]` counts from the end, `[*]` stands for every element or member value,
/// `[?k="v"]` for the elements whose member `k` is `v`.
package struct JSONPath: Sendable, Equatable, CustomStringConvertible {
  enum Step: Sendable, Equatable {
    case member(String)
    case element(Int)
    case every
    case filter(name: String, value: JSON)
  }

  /// What a path may have at most: steps and bytes of text.
  static let maximum = (steps: 64, bytes: 1024)

  /// The path as it was written.
  package let description: String
  /// The name after `@`, nil for a path that begins in the JSON.
  package let variable: String?
  let steps: [Step]

  /// Reads a path; `.invalid` with the path quoted when it is none.
  package init(_ text: String) throws(Fault) {
    var reader = JSONPathReader(text)
    (variable, steps) = try reader.read()
    description = text
  }

  /// The name of the member of the root that the path begins with, if it begins so.
  package var topLevelName: String? {
    guard variable == nil, case .member(let name) = steps.first else { return nil }
    return name
  }

  /// All values at the path, in document order; `variables` tells what `@name` is.
  package func all(in root: JSON, variables: [String: JSON] = [:]) -> [JSON] {
    var found: [JSON] = []
    guard let start = start(root, variables) else { return found }
    Self.walk(start, steps[...], &found)
    return found
  }

  /// The first value at the path, nil when there is none.
  package func first(in root: JSON, variables: [String: JSON] = [:]) -> JSON? {
    all(in: root, variables: variables).first
  }

  private func start(_ root: JSON, _ variables: [String: JSON]) -> JSON? {
    guard let variable, variable != "data" else { return root }
    return variables[variable]
  }

  private static func walk(_ value: JSON, _ steps: ArraySlice<Step>, _ found: inout [JSON]) {
    guard let step = steps.first else {
      found.append(value)
      return
    }
    for next in step.values(in: value) { walk(next, steps.dropFirst(), &found) }
  }
}

extension JSONPath.Step {
  /// The values one step further on.
  func values(in value: JSON) -> [JSON] {
    switch self {
    case .member(let name):
      return value[name].map { [$0] } ?? []
    case .element(let index):
      guard value.kind == .array else { return [] }
      return value[index < 0 ? value.count + index : index].map { [$0] } ?? []
    case .every:
      return value.kind == .object ? value.members.map(\.value) : Array(value.elements)
    case .filter(let name, let wanted):
      return value.elements.filter { element in element[name].map { Predicate.same($0, wanted) } ?? false }
    }
  }
}

/// Reads the text of a path once, from the left.
private struct JSONPathReader {
  private let text: String
  private var rest: Substring.UnicodeScalarView

  init(_ text: String) {
    self.text = text
    rest = text[...].unicodeScalars
  }

  mutating func read() throws(Fault) -> (variable: String?, steps: [JSONPath.Step]) {
    guard text.utf8.count <= JSONPath.maximum.bytes else { throw fault("is too long") }
    var variable: String?
    var steps: [JSONPath.Step] = []
    if rest.first == "@" {
      rest.removeFirst()
      variable = try name()
    } else if rest.first != "[" {
      steps.append(.member(try name()))
    }
    while let next = rest.popFirst() {
      steps.append(try next == "." ? .member(name()) : bracket(after: next))
      guard steps.count <= JSONPath.maximum.steps else { throw fault("has too many steps") }
    }
    return (variable, steps)
  }

  private mutating func name() throws(Fault) -> String {
    let name = rest.prefix { $0 != "." && $0 != "[" && $0 != "]" }
    guard !name.isEmpty else { throw fault("lacks a name") }
    rest = rest[name.endIndex...]
    return String(name)
  }

  private mutating func bracket(after opening: Unicode.Scalar) throws(Fault) -> JSONPath.Step {
    guard opening == "[", let end = closing() else { throw fault("has a bracket that does not fit") }
    let inner = String(rest[..<end])
    rest = rest[rest.index(after: end)...]
    if inner == "*" { return .every }
    if let index = Int(inner) { return .element(index) }
    guard inner.hasPrefix("?"), let equals = inner.firstIndex(of: "="), inner.index(after: inner.startIndex) < equals else {
      throw fault("may hold a number, * or ?name=value in brackets")
    }
    let name = String(inner[..<equals].dropFirst())
    return .filter(name: name, value: try JSON(parsing: String(inner[inner.index(after: equals)...])))
  }

  /// The next `]` outside quotes.
  private func closing() -> Substring.UnicodeScalarView.Index? {
    var quoted = false
    var escaped = false
    for index in rest.indices {
      switch rest[index] {
      case _ where escaped: escaped = false
      case "\\" where quoted: escaped = true
      case "\"": quoted.toggle()
      case "]" where !quoted: return index
      default: break
      }
    }
    return nil
  }

  private func fault(_ what: String) -> Fault {
    Fault(.invalid, "The path \"\(text.prefix(100))\" \(what).")
  }
}
