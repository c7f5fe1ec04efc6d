import Base

/// Reads an expression from the left, once.
struct FormulaParser {
  private let text: String
  private var rest: Substring.UnicodeScalarView
  private var depth = 0

  init(_ text: String) {
    self.text = text
    rest = text[...].unicodeScalars
  }

  mutating func parse() throws(Fault) -> Formula.Node {
    let node = try sum()
    skipSpace()
    guard rest.isEmpty else { throw fault("has something behind its end: \(String(rest.prefix(20)))") }
    return node
  }

  private mutating func sum() throws(Fault) -> Formula.Node {
    depth += 1
    defer { depth -= 1 }
    guard depth <= Formula.mostDepth else { throw fault("is nested too deep") }
    var terms = [try term()]
    while take("+") { terms.append(try term()) }
    return terms.count == 1 ? terms[0] : .joined(terms)
  }

  private mutating func term() throws(Fault) -> Formula.Node {
    skipSpace()
    guard let first = rest.first else { throw fault("ends too early") }
    if first == "\"" || first == "'" { return .literal(FormulaValue(try literal(first))) }
    if Self.isDigit(first) || first == "-" { return .literal(.json(JSON(try number()))) }
    if take("(") {
      let inner = try sum()
      guard take(")") else { throw fault("lacks a )") }
      return member(of: inner)
    }
    return try named()
  }

  /// A variable, an accessor or a call.
  private mutating func named() throws(Fault) -> Formula.Node {
    var parts = [try word()]
    while rest.first == "." {
      rest.removeFirst()
      parts.append(try word())
    }
    let isCall = rest.first == "("
    guard isCall else {
      // `uuid` and its like need no brackets; a variable of the same name would be an odd choice.
      if parts.count == 1, let accessor = RequestAccessor(rawValue: parts[0]), accessor.arity.contains(0) { return .accessor(accessor, []) }
      return .name(Formula.Name(parts))
    }
    guard parts.count == 1 else { throw fault("calls \(parts.joined(separator: ".")), which is no function") }
    return member(of: try call(parts[0]))
  }

  private mutating func call(_ name: String) throws(Fault) -> Formula.Node {
    let arguments = try arguments()
    if let accessor = RequestAccessor(rawValue: name) {
      try check(name, arguments.count, accessor.arity)
      return .accessor(accessor, arguments)
    }
    if name == "first" {
      try check(name, arguments.count, 1...16)
      return .first(arguments)
    }
    guard let function = RecipeFunction(rawValue: name) else {
      let known = RecipeFunction.allCases.map(\.rawValue) + RequestAccessor.allCases.map(\.rawValue) + ["first"]
      throw fault("calls the unknown function \"\(name)\"\(Suggestion.hint(for: name, among: known))")
    }
    try check(name, arguments.count, function.arity)
    return .call(function, arguments)
  }

  private mutating func arguments() throws(Fault) -> [Formula.Node] {
    guard take("(") else { throw fault("lacks a (") }
    if take(")") { return [] }
    var arguments = [try sum()]
    while take(",") { arguments.append(try sum()) }
    guard take(")") else { throw fault("lacks a )") }
    return arguments
  }

  private func check(_ name: String, _ count: Int, _ arity: ClosedRange<Int>) throws(Fault) {
    guard !arity.contains(count) else { return }
    let wanted = arity.lowerBound == arity.upperBound ? "\(arity.lowerBound)" : "\(arity.lowerBound) to \(arity.upperBound)"
    throw fault("gives \(name) \(count) arguments; it takes \(wanted)")
  }

  /// Members behind a bracket: `jwt(cred.TOKEN).user.id`.
  private mutating func member(of node: Formula.Node) -> Formula.Node {
    var path: [String] = []
    while rest.first == ".", let next = rest.dropFirst().first, Self.isLetter(next) {
      rest.removeFirst()
      path.append(takeWord())
    }
    return path.isEmpty ? node : .member(node, path)
  }

  // MARK: Words

  private mutating func literal(_ quote: Unicode.Scalar) throws(Fault) -> String {
    rest.removeFirst()
    var text = String.UnicodeScalarView()
    while let next = rest.popFirst() {
      if next == quote { return String(text) }
      guard next == "\\" else {
        text.append(next)
        continue
      }
      switch rest.popFirst() {
      case "n": text.append("\n")
      case "t": text.append("\t")
      case "r": text.append("\r")
      case let other? where other == "\\" || other == "\"" || other == "'": text.append(other)
      default: throw fault("has an unknown escape in a text")
      }
    }
    throw fault("has a text without its closing quote")
  }

  private mutating func number() throws(Fault) -> Int {
    let digits = rest.prefix { Self.isDigit($0) || $0 == "-" }
    guard let number = Int(String(digits)) else { throw fault("has something that is no number") }
    rest = rest[digits.endIndex...]
    return number
  }

  private mutating func word() throws(Fault) -> String {
    let word = takeWord()
    guard !word.isEmpty else { throw fault("lacks a name at \"\(String(rest.prefix(10)))\"") }
    return word
  }

  private mutating func takeWord() -> String {
    let word = rest.prefix { Self.isLetter($0) || Self.isDigit($0) || $0 == "-" }
    rest = rest[word.endIndex...]
    return String(word)
  }

  private mutating func take(_ mark: Unicode.Scalar) -> Bool {
    skipSpace()
    guard rest.first == mark else { return false }
    rest.removeFirst()
    return true
  }

  private mutating func skipSpace() {
    rest = rest.drop { $0 == " " || $0 == "\n" || $0 == "\t" || $0 == "\r" }
  }

  private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

  private static func isLetter(_ scalar: Unicode.Scalar) -> Bool {
    ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_"
  }

  private func fault(_ what: String) -> Fault {
    Fault(.invalid, "The expression \"\(text.prefix(100))\" \(what).")
  }
}
