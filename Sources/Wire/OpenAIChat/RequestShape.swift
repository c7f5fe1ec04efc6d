import Base

/// What an object of a request must look like: the kinds of the members that are known. Other members may be anything.
struct RequestShape: Sendable {
  /// Where an object stands in the request; asked for only when something is wrong.
  typealias Path = () -> String

  let members: [String: JSONKinds]
  let required: [String]

  /// `required` members may not be null unless their kinds say so; the others always may.
  init(_ members: [String: JSONKinds], required: [String] = []) {
    self.members = members
    self.required = required
  }

  /// Checks one object; `.invalid` names the first member that is wrong.
  func check(_ object: JSON, at path: Path) throws(Fault) {
    try Self.check(object, is: .object, at: path)
    for (name, value) in object.members {
      guard let kinds = members[name] else { continue }
      if value.isNull, !required.contains(name) { continue }
      try Self.check(value, is: kinds) { Self.join(path(), name) }
    }
    for name in required where object[name] == nil { throw Self.missing(Self.join(path(), name)) }
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

  static func join(_ path: String, _ name: String) -> String { path.isEmpty ? name : path + "." + name }

  private static func named(_ place: String) -> String { place.isEmpty ? "the request body" : "'\(place)'" }
}
