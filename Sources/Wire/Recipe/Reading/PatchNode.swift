import Base

/// A node of a document that patches change in place.
///
/// A text grows without being copied; `fresh` tells where the part begins that the patch numbered `stamp` added. A change stamps all
/// nodes above it too, so that a reader finds what is new without looking at the rest.
struct PatchNode {
  /// The names of an object's members, empty for arrays.
  private(set) var names: [String] = []
  /// The members' values or the elements.
  private(set) var children: [PatchNode] = []
  /// A string, in UTF-8.
  private(set) var text: [UInt8]?
  /// A number, truth value or null; nil for the others.
  private(set) var scalar: JSON?
  /// The number of the last patch that changed it or something in it.
  private(set) var stamp: Int
  /// Where in `text` the part begins that this patch added.
  private(set) var fresh = 0

  private var isObject = false

  init(_ json: JSON, stamp: Int, budget: inout Int) throws(Fault) {
    self.stamp = stamp
    budget -= 1
    guard budget >= 0 else { throw Fault(.broken, "The upstream's answer is too large.", detail: "a document of too many values") }
    switch json.kind {
    case .object:
      isObject = true
      for (name, value) in json.members {
        names.append(name)
        children.append(try PatchNode(value, stamp: stamp, budget: &budget))
      }
    case .array:
      for element in json.elements { children.append(try PatchNode(element, stamp: stamp, budget: &budget)) }
    case .string: text = Array((json.string ?? "").utf8)
    default: scalar = json
    }
  }

  /// Whether it is an array.
  private var isArray: Bool { text == nil && scalar == nil && !isObject }

  /// The values one step further on.
  func values(_ step: JSONPath.Step) -> [PatchNode] {
    switch step {
    case .member(let name): return names.lastIndex(of: name).map { [children[$0]] } ?? []
    case .element(let index):
      guard isArray, let position = position(index) else { return [] }
      return [children[position]]
    case .every: return children
    case .filter(let name, let wanted):
      return children.filter { child in child.names.lastIndex(of: name).map { Predicate.same(child.children[$0].json, wanted) } ?? false }
    }
  }

  /// The node with all it holds as JSON.
  var json: JSON {
    if let text { return JSON(String(decoding: text, as: UTF8.self)) }
    if let scalar { return scalar }
    guard isObject else { return .array(children.map(\.json)) }
    return .object(zip(names, children).map { ($0, $1.json) })
  }

  private func position(_ index: Int) -> Int? {
    let position = index < 0 ? children.count + index : index
    return children.indices.contains(position) ? position : nil
  }

  // MARK: Changes

  /// What a patch does at its place.
  enum Operation {
    case set, append, remove
  }

  /// Changes what is at a place; false when the place isn't there, or takes no such change.
  mutating func apply(
    _ operation: Operation, _ path: ArraySlice<Substring>, _ value: JSON, stamp: Int, budget: inout Int
  ) throws(Fault) -> Bool {
    guard let name = path.first else { return try change(operation, value, stamp: stamp, budget: &budget) }
    let rest = path.dropFirst()
    if isArray {
      if rest.isEmpty, name == "-", operation != .remove {
        children.append(try PatchNode(value, stamp: stamp, budget: &budget))
        self.stamp = stamp
        return true
      }
      guard let index = Int(name), let position = position(index) else { return false }
      return try child(position, operation, rest, value, stamp: stamp, budget: &budget)
    }
    guard isObject else { return false }
    if let position = names.lastIndex(where: { $0.utf8.elementsEqual(name.utf8) }) {
      return try child(position, operation, rest, value, stamp: stamp, budget: &budget)
    }
    guard operation != .remove else { return false }
    // A place that is new: its objects are made on the way, so that unknown paths are kept.
    var made = try PatchNode(rest.isEmpty ? value : [:], stamp: stamp, budget: &budget)
    if !rest.isEmpty { guard try made.apply(operation, rest, value, stamp: stamp, budget: &budget) else { return false } }
    names.append(String(name))
    children.append(made)
    self.stamp = stamp
    return true
  }

  private mutating func child(
    _ position: Int, _ operation: Operation, _ rest: ArraySlice<Substring>, _ value: JSON, stamp: Int, budget: inout Int
  ) throws(Fault) -> Bool {
    if rest.isEmpty, operation == .remove {
      children.remove(at: position)
      if isObject { names.remove(at: position) }
    } else {
      guard try children[position].apply(operation, rest, value, stamp: stamp, budget: &budget) else { return false }
    }
    self.stamp = stamp
    return true
  }

  private mutating func change(_ operation: Operation, _ value: JSON, stamp: Int, budget: inout Int) throws(Fault) -> Bool {
    switch operation {
    case .remove: return false
    case .set: try set(value, stamp: stamp, budget: &budget)
    case .append:
      if let addition = value.string, text != nil {
        grow(addition, stamp: stamp)
      } else if isArray, value.kind == .array {
        for element in value.elements { children.append(try PatchNode(element, stamp: stamp, budget: &budget)) }
      } else if scalar?.isNull == true {
        try set(value, stamp: stamp, budget: &budget)
      } else {
        return false
      }
    }
    self.stamp = stamp
    return true
  }

  private mutating func grow(_ addition: String, stamp: Int) {
    if self.stamp != stamp { fresh = text?.count ?? 0 }
    text?.append(contentsOf: addition.utf8)
  }

  /// A text that begins with what was there has grown; another one has nothing new that could still be told.
  private mutating func set(_ value: JSON, stamp: Int, budget: inout Int) throws(Fault) {
    var new = try PatchNode(value, stamp: stamp, budget: &budget)
    if let text, let other = new.text {
      new.fresh = other.starts(with: text) ? text.count : other.count
    } else {
      new.follow(self)
    }
    self = new
  }

  /// What a container had before it was replaced is not new in its texts. A text that is no continuation may be that of something else,
  /// which stands in the old one's place: all of it is new.
  private mutating func follow(_ old: PatchNode) {
    if let text, let known = old.text {
      fresh = text.starts(with: known) ? known.count : known.starts(with: text) ? text.count : 0
    } else if isObject, old.isObject {
      let places = Dictionary(old.names.enumerated().map { ($1, $0) }, uniquingKeysWith: { $1 })
      for (position, name) in names.enumerated() {
        if let other = places[name] { children[position].follow(old.children[other]) }
      }
    } else if isArray, old.isArray {
      for (position, child) in zip(children.indices, old.children) { children[position].follow(child) }
    }
  }
}
