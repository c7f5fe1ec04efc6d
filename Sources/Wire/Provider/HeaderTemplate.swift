package import Base

/// The value of a fixed header, in which `{{cred.NAME}}` stands for a credential.
package struct HeaderTemplate: Sendable, Equatable {
  /// A part of the value.
  package enum Piece: Sendable, Equatable {
    case text(String)
    case credential(String)
  }

  /// The parts in order.
  package let pieces: [Piece]

  /// Reads a template; `.invalid` for other variables than credentials and for braces without an end.
  package init(_ text: String) throws(Fault) {
    var pieces: [Piece] = []
    var rest = text[...]
    while let start = rest.firstPair("{") {
      guard let end = rest[start...].firstPair("}") else { throw Fault(.invalid, "\"{{\" has no \"}}\"") }
      let name = rest[start...].dropFirst(2).prefix(upTo: end).filter { $0 != " " }
      guard name.hasPrefix("cred."), name.count > 5 else {
        throw Fault(.invalid, "only {{cred.NAME}} can stand in a header, not {{\(name)}}")
      }
      if start > rest.startIndex { pieces.append(.text(String(rest[..<start]))) }
      pieces.append(.credential(String(name.dropFirst(5))))
      rest = rest[end...].dropFirst(2)
    }
    if !rest.isEmpty { pieces.append(.text(String(rest))) }
    self.pieces = pieces
  }

  /// A text that is always the same.
  init(fixed text: String) {
    pieces = [.text(text)]
  }

  /// The names of the credentials in it.
  package var credentials: [String] {
    pieces.compactMap { if case .credential(let name) = $0 { name } else { nil } }
  }

  /// The value, nil when one of its credentials has none: the header is then left out.
  package func render(_ value: (_ credential: String) -> String?) -> String? {
    var result = ""
    for piece in pieces {
      switch piece {
      case .text(let text): result += text
      case .credential(let name):
        guard let secret = value(name) else { return nil }
        result += secret
      }
    }
    return result
  }
}

extension Substring {
  /// Where the same character stands twice.
  fileprivate func firstPair(_ character: Character) -> Index? {
    indices.first { index in
      let next = self.index(after: index)
      return self[index] == character && next < endIndex && self[next] == character
    }
  }
}
