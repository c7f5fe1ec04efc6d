package import Base

/// What a provider file asks of one value: a literal, `{in: […]}`, `{ne: x}`, `{exists: true}` or `{re: '…'}`.
///
/// Several members in one predicate must all hold. A path may name several values (`[*]`): one that fits is enough.
/// A value that is absent fits `{exists: false}` and nothing else, so that `{code: {ne: 0}}` is silent about documents without `code`.
package struct Predicate: Sendable {
  enum Test: Sendable {
    case equals(JSON)
    case oneOf([JSON])
    case differs(JSON)
    case exists(Bool)
    case fits(Pattern)
  }

  let tests: [Test]

  /// Reads a predicate; `.invalid` for an unknown form.
  package init(_ form: JSON) throws(Fault) {
    guard form.kind == .object else {
      guard form.kind != .array else { throw Fault(.invalid, "A list is no predicate; write {in: […]} for one of several values.") }
      tests = [.equals(form)]
      return
    }
    guard form.count > 0 else { throw Fault(.invalid, "An empty predicate fits nothing; expected a value or one of in, ne, exists, re.") }
    var tests: [Test] = []
    for (name, value) in form.members { tests.append(try Self.test(name, value)) }
    self.tests = tests
  }

  /// Whether one of the values at a path fits; none at all means that the path is absent.
  package func matches(_ values: [JSON]) -> Bool {
    guard !values.isEmpty else { return tests.allSatisfy(\.fitsAbsence) }
    return values.contains { value in tests.allSatisfy { $0.fits(value) } }
  }

  /// Whether a text fits, such as a header's value; nil is absence.
  package func matches(_ text: String?) -> Bool {
    matches(text.map { [JSON($0)] } ?? [])
  }

  private static func test(_ name: String, _ value: JSON) throws(Fault) -> Test {
    switch name {
    case "in":
      guard value.kind == .array else { throw Fault(.invalid, "The predicate \"in\" wants a list.") }
      return .oneOf(Array(value.elements))
    case "ne":
      return .differs(value)
    case "exists":
      guard let wanted = value.bool else { throw Fault(.invalid, "The predicate \"exists\" wants true or false.") }
      return .exists(wanted)
    case "re":
      guard let text = value.string else { throw Fault(.invalid, "The predicate \"re\" wants a text.") }
      return .fits(try Pattern(text))
    default:
      throw Fault(.invalid, "Unknown predicate \"\(name)\"; expected a value or one of in, ne, exists, re.")
    }
  }

  /// Whether two values are the same to a provider file: vendors send one code as `1302` or `"1302"`, so a number equals its text.
  static func same(_ one: JSON, _ other: JSON) -> Bool {
    if one.kind == other.kind, one.kind != .number { return one == other }
    guard let first = text(one), let second = text(other) else { return false }
    if first == second { return true }
    return one.kind == .number && other.kind == .number && one.double == other.double
  }

  /// The text of a string or number.
  static func text(_ value: JSON) -> String? {
    value.string ?? value.numberText
  }
}

extension Predicate.Test {
  fileprivate var fitsAbsence: Bool {
    if case .exists(false) = self { return true }
    return false
  }

  fileprivate func fits(_ value: JSON) -> Bool {
    switch self {
    case .equals(let wanted): Predicate.same(value, wanted)
    case .oneOf(let wanted): wanted.contains { Predicate.same(value, $0) }
    case .differs(let unwanted): !Predicate.same(value, unwanted)
    case .exists(let wanted): wanted
    case .fits(let pattern): Predicate.text(value).map(pattern.matches) ?? false
    }
  }
}
