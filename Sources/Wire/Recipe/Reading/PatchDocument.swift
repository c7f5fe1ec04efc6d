import Base

/// The document that a stream of patches makes. Source: deepseek.md §5.2; RFC 6902 for the words `add`, `replace` and `remove`.
///
/// A present place or operation replaces the current one, an absent one takes it over. Within a BATCH a fresh pair goes from item to
/// item, and the outer pair stays as it is. An operation BATCH that is taken over by a value which is no list is a SET.
struct PatchDocument {
  /// What the patches made so far, nil before the first.
  private(set) var root: PatchNode?
  /// The number of the last patch.
  private(set) var stamp = 0

  private let rule: PatchRule
  private var path = ""
  private var operation = "SET"
  private var budget = Self.valueLimit
  private var bytes = 0

  /// The most values over a document's life.
  static let valueLimit = 200_000
  /// The most bytes of all patches.
  static let byteLimit = 32 << 20

  init(_ rule: PatchRule) { self.rule = rule }

  /// Whether a frame is a patch.
  func takes(_ frame: RecipeFrame) -> Bool {
    guard frame.event == nil || frame.event == "message", let json = frame.json else { return false }
    if json.kind == .array { return json[0]?[rule.operation] != nil }
    return json[rule.value] != nil || (json[rule.path] != nil && json[rule.operation] != nil)
  }

  /// Applies a frame; false when some of it has no place in the document.
  mutating func apply(_ json: JSON, size: Int) throws(Fault) -> Bool {
    bytes += size
    guard bytes <= Self.byteLimit else { throw Fault(.broken, "The upstream's answer is too large.", detail: "patches beyond the limit") }
    stamp += 1
    guard json.kind != .array else { return try list(json) }
    let newPath = json[rule.path]?.string
    let newOperation = json[rule.operation]?.string
    path = newPath ?? (rule.isSticky ? path : "")
    operation = newOperation ?? (rule.isSticky ? operation : "SET")
    let value = json[rule.value] ?? .null
    if operation.uppercased() == "BATCH" {
      if value.kind == .array { return try batch(value, base: path) }
      operation = "SET"
    }
    return try apply(operation, path, value)
  }

  private mutating func batch(_ items: JSON, base: String) throws(Fault) -> Bool {
    var (path, operation, isWhole) = ("", "SET", true)
    for item in items.elements {
      path = item[rule.path]?.string ?? path
      operation = item[rule.operation]?.string ?? operation
      let place = base.isEmpty || path.isEmpty ? base + path : base + "/" + path
      let value = item[rule.value] ?? .null
      if operation.uppercased() == "BATCH", value.kind == .array {
        isWhole = try batch(value, base: place) && isWhole
      } else {
        isWhole = try apply(operation, place, value) && isWhole
      }
    }
    return isWhole
  }

  /// A list of operations that stand for themselves, as in RFC 6902.
  private mutating func list(_ items: JSON) throws(Fault) -> Bool {
    var isWhole = true
    for item in items.elements {
      let isDone = try apply(item[rule.operation]?.string ?? "SET", item[rule.path]?.string ?? "", item[rule.value] ?? .null)
      isWhole = isDone && isWhole
    }
    return isWhole
  }

  private mutating func apply(_ word: String, _ place: String, _ value: JSON) throws(Fault) -> Bool {
    let operation: PatchNode.Operation
    switch word.uppercased() {
    case "SET", "REPLACE", "ADD", "BATCH": operation = .set
    case "APPEND": operation = .append
    case "REMOVE": operation = .remove
    default: return false
    }
    let steps = place.split(separator: "/")
    guard root != nil else {
      guard operation != .remove else { return false }
      guard !steps.isEmpty else {
        guard value.kind == .object || value.kind == .array else { return false }
        root = try PatchNode(value, stamp: stamp, budget: &budget)
        return true
      }
      root = try PatchNode([:], stamp: stamp, budget: &budget)
      return try root?.apply(operation, steps[...], value, stamp: stamp, budget: &budget) ?? false
    }
    // The whole document never becomes a plain value: such a patch lost its place.
    if steps.isEmpty, operation == .set, value.kind != .object, value.kind != .array { return false }
    return try root?.apply(operation, steps[...], value, stamp: stamp, budget: &budget) ?? false
  }
}
