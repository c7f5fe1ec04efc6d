package import Base

/// A secret that a provider needs: its name in the file, and where its value comes from.
package struct Credential: Sendable {
  /// What kind of secret it is, for people and for the console.
  package enum Class: String, Sendable, CaseIterable {
    case bearer, cookie, jwt
  }

  /// The name that templates use: `{{cred.NAME}}`.
  package let name: String
  /// Variables of the environment; the first that has a value counts.
  package var variables: [String] = []
  /// Whether the provider is of no use without it; else the header or member that uses it is left out.
  package var isRequired = true
  /// Where people find it.
  package var place: String?
  /// Takes a pasted text apart; its named groups become credentials too.
  package var parse: Pattern?
  /// The credentials that `parse` makes.
  package var groups: [String] = []
  /// What kind of secret it is.
  package var kind: Class?

  /// A credential that is known by name only.
  package init(name: String, isRequired: Bool = true) {
    self.name = name
    self.isRequired = isRequired
  }

  /// Reads `{env, required, where, parse, class}`.
  init?(name: String, _ field: Field) {
    guard var fields = field.fields() else { return nil }
    self.init(name: name)
    guard name.utf8.allSatisfy({ $0.isNameByte }), !name.isEmpty else {
      field.mistake("the name of a credential has letters, digits and _ only")
      return nil
    }
    variables = fields["env"]?.strings() ?? []
    isRequired = fields["required"]?.bool() ?? true
    place = fields["where"]?.string()
    let expression = fields["parse"]
    parse = expression?.pattern()
    groups = parse == nil ? [] : Self.groups(in: expression?.setting.text ?? "")
    kind = fields["class"]?.choice(Class.self)
    fields.end()
  }

  /// The names of the groups in a regular expression: `(?<NAME>…)` and `(?P<NAME>…)`, but not the look-behinds `(?<=` and `(?<!`.
  private static func groups(in expression: String) -> [String] {
    expression.split(separator: "(?").dropFirst(expression.hasPrefix("(?") ? 0 : 1).compactMap { part in
      let rest = part.drop { $0 == "P" }
      guard rest.first == "<", let end = rest.firstIndex(of: ">") else { return nil }
      let name = rest[..<end].dropFirst()
      return !name.isEmpty && name.utf8.allSatisfy(\.isNameByte) ? String(name) : nil
    }
  }
}

extension UInt8 {
  /// Whether a byte may stand in the name of a credential or variable.
  var isNameByte: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
    case UInt8(ascii: "_"): true
    default: false
    }
  }
}
