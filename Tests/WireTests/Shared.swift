import Base
import FoundationEssentials

/// The facts that the project's tests share, where they lie beside the package: `../shared`, or where `APUS_SHARED` says.
enum Shared {
  static var root: String {
    if let named = ProcessInfo.processInfo.environment["APUS_SHARED"] { return named }
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(4)
    return parts.joined(separator: "/") + "/shared"
  }

  /// The JSON of a file there, nil when it is not there.
  static func json(_ path: String) throws -> JSON? {
    guard let data = FileManager.default.contents(atPath: root + "/" + path) else { return nil }
    return try JSON(parsing: [UInt8](data))
  }

  /// The conformance cases whose names begin so.
  static func cases(_ prefix: String) throws -> [JSON] {
    try files("formats/cases", suffix: "").filter { $0.hasPrefix(prefix) }.compactMap { try json("formats/cases/" + $0) }
  }

  /// The names of the files in a folder there that end so, sorted; none when it is not there.
  static func files(_ folder: String, suffix: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: root + "/" + folder)) ?? []
    return names.filter { $0.hasSuffix(suffix) }.sorted()
  }

  static func bytes(base64 text: String) -> [UInt8] {
    [UInt8](Data(base64Encoded: text) ?? Data())
  }

  /// Whether a value is what a case expects; `<<any>>`, `<<contains:…>>` and the like stand for texts, null for absence.
  static func fits(_ value: JSON?, _ expected: JSON?) -> Bool {
    guard let expected, !expected.isNull else { return value == nil || value?.isNull == true }
    guard let value else { return false }
    switch expected.kind {
    case .object:
      let names = Set(value.members.map(\.name)).union(expected.members.map(\.name))
      return names.allSatisfy { fits(value[$0], expected[$0]) }
    case .array:
      return value.count == expected.count && zip(value.elements, expected.elements).allSatisfy { fits($0, $1) }
    case .number:
      return value.double == expected.double
    case .string:
      let text = expected.string ?? ""
      if text == "<<any>>" || text.hasPrefix("<<id:") { return value.string?.isEmpty == false }
      guard text.hasPrefix("<<contains:") else { return value == expected }
      return value.string?.lowercased().contains(text.dropFirst(11).dropLast(2).lowercased()) == true
    default: return value == expected
    }
  }
}
