package import Base

/// A text in which `{{EXPRESSION}}` stands for a value. A text that is one such place and nothing else keeps the value's type.
package struct RecipeTemplate: Sendable {
  /// A part of the text.
  package enum Piece: Sendable {
    case text(String)
    case expression(RecipeExpression)
  }

  /// The text as it was written.
  package let text: String
  /// The parts in order.
  package let pieces: [Piece]

  /// Reads a template; `.invalid` for braces without an end and for wrong expressions.
  package init(parsing text: String) throws(Fault) {
    self.text = text
    var pieces: [Piece] = []
    var rest = text[...]
    while let start = rest.range(of: "{{") {
      guard let end = rest[start.upperBound...].range(of: "}}") else { throw Fault(.invalid, "\"{{\" has no \"}}\"") }
      if start.lowerBound > rest.startIndex { pieces.append(.text(String(rest[..<start.lowerBound]))) }
      pieces.append(.expression(try RecipeExpression(parsing: String(rest[start.upperBound..<end.lowerBound]))))
      rest = rest[end.upperBound...]
    }
    if !rest.isEmpty { pieces.append(.text(String(rest))) }
    self.pieces = pieces
  }

  /// The expressions in it.
  package var expressions: [RecipeExpression] {
    pieces.compactMap { if case .expression(let expression) = $0 { expression } else { nil } }
  }
}

extension Substring {
  /// Where a short text stands first.
  fileprivate func range(of text: String) -> Range<Index>? {
    var start = startIndex
    while start < endIndex {
      if self[start...].hasPrefix(text) { return start..<index(start, offsetBy: text.count) }
      start = index(after: start)
    }
    return nil
  }
}
