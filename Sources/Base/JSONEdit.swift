/// Changes a JSON text by splices: every byte that isn't edited stays as it is.
///
/// Values to edit are those of the document as it was parsed; the last word on a member counts. Editing a value
/// and another one inside it is our own mistake and stops the program.
package struct JSONEdit: Sendable {
  private let root: JSON
  /// New texts of names and values, by their node.
  private var replaced: [Int: [UInt8]] = [:]
  /// Edits of members, by the object's node.
  private var objects: [Int: Changes] = [:]

  /// The members an object loses and gets.
  struct Changes: Sendable {
    /// Nodes of the names of the members to leave out.
    var removed: Set<Int> = []
    /// New names of members, by the node of the old one.
    var renamed: [Int: String] = [:]
    /// New members at the end.
    var appended: [(name: String, value: JSON)] = []
  }

  /// No edits yet. `bytes()` gives the text of this value only, when it is a part of a larger one.
  package init(_ root: JSON) {
    self.root = root
  }

  /// Whether nothing was edited.
  package var isEmpty: Bool { replaced.isEmpty && objects.isEmpty }

  /// Replaces a value anywhere inside the root.
  package mutating func replace(_ value: JSON, with new: JSON) {
    check(value)
    replaced[value.index] = Array(new.bytes)
  }

  /// Replaces the member (of duplicates the last), or appends one at the end.
  package mutating func set(_ name: String, to value: JSON, in object: JSON) {
    let keys = keys(of: name, in: object)
    if let key = keys.last {
      replaced[key + 1] = Array(value.bytes)
    } else {
      var changes = objects[object.index] ?? Changes()
      changes.appended.removeAll { $0.name == name }
      changes.appended.append((name, value))
      objects[object.index] = changes
    }
  }

  /// Removes the member, all its duplicates, and their commas; nothing when there is none.
  package mutating func remove(_ name: String, from object: JSON) {
    let keys = keys(of: name, in: object)
    var changes = objects[object.index] ?? Changes()
    changes.appended.removeAll { $0.name == name }
    changes.removed.formUnion(keys)
    for key in keys {
      replaced[key] = nil
      replaced[key + 1] = nil
    }
    objects[object.index] = keys.isEmpty && objects[object.index] == nil ? nil : changes
  }

  /// Gives the member and its duplicates another name; nothing when there is none.
  package mutating func rename(_ name: String, to new: String, in object: JSON) {
    var changes = objects[object.index] ?? Changes()
    let keys = keys(of: name, in: object)
    for key in keys {
      changes.renamed[key] = new
      replaced[key] = Array(JSON(new).bytes)
    }
    for position in changes.appended.indices where changes.appended[position].name == name { changes.appended[position].name = new }
    objects[object.index] = keys.isEmpty && objects[object.index] == nil ? nil : changes
  }

  /// The text with the edits.
  package consuming func bytes() -> [UInt8] {
    let source = root.document.bytes
    guard !isEmpty else { return Array(root.bytes) }
    var result: [UInt8] = []
    result.reserveCapacity(root.range.count + 64)
    var position = root.range.lowerBound
    for splice in splices {
      precondition(splice.range.lowerBound >= position, "An edit lies within another one")
      result.append(contentsOf: source[position..<splice.range.lowerBound])
      result.append(contentsOf: splice.text)
      position = splice.range.upperBound
    }
    result.append(contentsOf: source[position..<root.range.upperBound])
    return result
  }

  /// The nodes of the names that are this one after the edits so far.
  private func keys(of name: String, in object: JSON) -> [Int] {
    check(object)
    precondition(object.kind == .object, "Only objects have members")
    let changes = objects[object.index]
    return object.document.keys(of: object.index).filter { key in
      if let new = changes?.renamed[key] { return new == name && changes?.removed.contains(key) != true }
      return changes?.removed.contains(key) != true && object.document.text(of: key, equals: name.utf8.span)
    }
  }

  private func check(_ value: JSON) {
    precondition(value.document === root.document && value.range.clamped(to: root.range) == value.range, "The value is not in the root")
  }
}

extension JSONEdit {
  /// A part of the source and the text that stands there instead.
  private struct Splice {
    let range: Range<Int>
    let text: [UInt8]
  }

  /// All edits in the order of the source; where two meet, what removes stands before what inserts.
  private var splices: [Splice] {
    let document = root.document
    var all = replaced.map { Splice(range: document.nodes[$0].range, text: $1) }
    for (object, changes) in objects { all += splices(of: changes, in: object, document) }
    return all.sorted { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
  }

  private func splices(of changes: Changes, in object: Int, _ document: JSONDocument) -> [Splice] {
    let keys = document.keys(of: object)
    let nodes = document.nodes
    var splices: [Splice] = []
    var survives = false
    for (place, key) in keys.enumerated() {
      guard changes.removed.contains(key) else {
        survives = true
        continue
      }
      // The comma before a member goes with it; a member that becomes the first takes the one behind it.
      let start = survives ? Int(nodes[keys[place - 1] + 1].end) : Int(nodes[key].start)
      let end = survives || place + 1 == keys.count ? Int(nodes[key + 1].end) : Int(nodes[keys[place + 1]].start)
      splices.append(Splice(range: start..<end, text: []))
    }
    guard !changes.appended.isEmpty else { return splices }
    let end = keys.last.map { Int(nodes[$0 + 1].end) } ?? Int(nodes[object].start) + 1
    splices.append(Splice(range: end..<end, text: Self.text(of: changes.appended, afterOthers: survives)))
    return splices
  }

  private static func text(of members: [(name: String, value: JSON)], afterOthers: Bool) -> [UInt8] {
    var text: [UInt8] = []
    for (place, member) in members.enumerated() {
      if afterOthers || place > 0 { text.append(UInt8(ascii: ",")) }
      JSONWriter.escape(member.name, into: &text)
      text.append(UInt8(ascii: ":"))
      text.append(contentsOf: member.value.bytes)
    }
    return text
  }
}

extension JSONDocument {
  /// The nodes of an object's names, in order.
  fileprivate func keys(of object: Int) -> [Int] {
    var keys: [Int] = []
    var key = object + 1
    while key < Int(nodes[object].next) {
      keys.append(key)
      key = Int(nodes[key + 1].next)
    }
    return keys
  }
}
