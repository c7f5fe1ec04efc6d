import Base

/// What an object of a request must look like: the kinds of the members that are known. Other members may be anything.
struct RequestShape: Sendable {
  /// Where an object stands in the request; asked for only when something is wrong.
  typealias Path = () -> String

  /// A member that is known.
  struct Member: Sendable {
    let name: String
    let length: Int
    let kinds: JSONKinds
    /// Whether it may neither be missing nor, unless its kinds say so, be null.
    var isRequired = false
    /// Whether two of the name would let the gateway and the upstream read different requests.
    var isOnce = false
  }

  private let members: [Member]
  /// The members that must be there, in the order in which they are missed.
  let required: [String]
  /// One bit for each of them.
  private let requiredBits: UInt64
  /// Positions of members by the length of their names.
  private let byLength: [[Int]]

  /// `required` members may not be null unless their kinds say so; the others always may. `once`: members that may not come twice.
  init(_ members: [String: JSONKinds], required: [String] = [], once: [String] = []) {
    precondition(members.count <= 64, "a shape has at most 64 members")
    let all = members.map { name, kinds in
      Member(
        name: name, length: name.utf8.count, kinds: kinds, isRequired: required.contains(name), isOnce: once.contains(name))
    }
    self.members = all
    self.required = required
    byLength = (0...(all.map(\.length).max() ?? 0)).map { length in all.indices.filter { all[$0].length == length } }
    requiredBits = all.enumerated().reduce(0) { $1.element.isRequired ? $0 | 1 << UInt64($1.offset) : $0 }
  }

  /// Checks one object; `.invalid` names the first member that is wrong.
  func check(_ object: JSON, at path: Path) throws(Fault) {
    try Self.check(object, is: .object, at: path)
    var seen: UInt64 = 0
    for entry in object.entries {
      guard let position = position(of: entry) else { continue }
      let member = members[position]
      let bit: UInt64 = 1 << UInt64(position)
      if member.isOnce, seen & bit != 0 { throw Self.twice(Self.join(path(), member.name)) }
      seen |= bit
      let value = entry.value
      if value.isNull, !member.isRequired { continue }
      try Self.check(value, is: member.kinds) { Self.join(path(), member.name) }
    }
    guard seen & requiredBits != requiredBits else { return }
    for name in required where object[name] == nil { throw Self.missing(Self.join(path(), name)) }
  }

  private func position(of entry: JSON.Entry) -> Int? {
    guard let length = entry.nameLength else { return members.indices.first { entry.isNamed(members[$0].name) } }
    guard length < byLength.count else { return nil }
    for position in byLength[length] where entry.isNamed(members[position].name) { return position }
    return nil
  }

  /// Checks the kind of one value.
  static func check(_ value: JSON, is wanted: JSONKinds, at path: Path) throws(Fault) {
    let kind = JSONKinds(value)
    guard !kind.fits(wanted) else { return }
    let place = path()
    throw Fault(
      .invalid, "Invalid type for \(named(place)): expected \(wanted.words), but got \(kind.words).", code: "invalid_type",
      param: place.isEmpty ? nil : place)
  }

  /// Checks that a list has elements and that all of them are of these kinds.
  static func check(elements list: JSON, are wanted: JSONKinds, at path: Path) throws(Fault) {
    var position = 0
    for element in list.elements {
      try check(element, is: wanted) { "\(path())[\(position)]" }
      position += 1
    }
    guard position > 0 else { throw empty(path()) }
  }

  static func missing(_ place: String) -> Fault {
    Fault(.invalid, "Missing required field: '\(place)'.", code: "missing_required_field", param: place)
  }

  static func empty(_ place: String) -> Fault {
    Fault(.invalid, "Invalid '\(place)': the array is empty; expected at least one element.", code: "empty_array", param: place)
  }

  private static func twice(_ place: String) -> Fault {
    Fault(.invalid, "The field '\(place)' stands in the request twice; send it once.", code: "duplicate_field", param: place)
  }

  static func join(_ path: String, _ name: String) -> String { path.isEmpty ? name : path + "." + name }

  private static func named(_ place: String) -> String { place.isEmpty ? "the request body" : "'\(place)'" }
}
