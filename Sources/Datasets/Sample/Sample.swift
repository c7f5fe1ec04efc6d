import Base

/// One conversation as training data, in no format's words. Source: formats/datasets.md §9.1.
///
/// Turns alternate: what the client's side says, then the model. The last one is the model's.
package struct Sample: Sendable {
  /// The leading system texts; empty without one.
  package var system = ""
  /// What the model may call, in the order of the request.
  package var tools: [ToolDefinition] = []
  /// The turns in order.
  package var turns: [SampleTurn] = []
  /// Whether several calls may come in one turn; nil when the request did not say.
  package var parallelCalls: Bool?
  /// What was changed on the way, without what single formats change.
  package var warnings: Set<Warning> = []

  /// A conversation without turns.
  package init() {}
}

/// Whose turn it is.
package enum SampleTurn: Sendable {
  case client(ClientTurn)
  case model(ModelTurn)
}

/// What stands between two turns of the model: results of tools first, then texts.
package struct ClientTurn: Sendable {
  /// The results, in the order of the calls.
  package var results: [ResultTurn] = []
  /// What the user says, and system texts between.
  package var segments: [Segment] = []

  /// A run of the user's pieces, or a system text.
  package struct Segment: Sendable {
    /// Whether it is a system text.
    package var isSystem = false
    /// Its pieces.
    package var content = Content()

    /// A segment.
    package init(isSystem: Bool = false, content: Content = Content()) {
      self.isSystem = isSystem
      self.content = content
    }
  }

  /// An empty turn.
  package init() {}
}

/// Text with images where they stood.
package struct Content: Sendable {
  /// What it is made of, each with what stands before it where it is not the first.
  package private(set) var pieces: [(separator: String, piece: Piece)] = []

  /// A text or an image.
  package enum Piece: Sendable {
    case text(String)
    case image(Picture)
  }

  /// No content.
  package init() {}

  /// One text; none when it is empty.
  package init(_ text: String) { append(.text(text)) }

  /// Whether there is nothing.
  package var isEmpty: Bool { pieces.isEmpty }

  /// The images in order.
  package var images: [Picture] {
    pieces.compactMap { if case .image(let picture) = $0.piece { picture } else { nil } }
  }

  /// Adds a piece behind a separator; an empty text adds nothing.
  package mutating func append(_ piece: Piece, separator: String = "\n") {
    if case .text(let text) = piece, text.isEmpty { return }
    pieces.append((separator, piece))
  }

  /// Adds another content behind a separator.
  package mutating func append(_ other: Content, separator: String) {
    for (offset, piece) in other.pieces.enumerated() {
      pieces.append((offset == 0 ? separator : piece.separator, piece.piece))
    }
  }

  /// All in one text, `image` in the place of each image; texts go through `change`.
  package func text(image: String, _ change: (String) -> String = { $0 }) -> String {
    var text = ""
    for (offset, piece) in pieces.enumerated() {
      if offset > 0 { text += piece.separator }
      switch piece.piece {
      case .text(let words): text += change(words)
      case .image: text += image
      }
    }
    return text
  }

  /// Texts that stand together as one, and images.
  package var parts: [Piece] {
    var parts: [Piece] = []
    for piece in pieces {
      if case .text(let text) = piece.piece, case .text(let before)? = parts.last {
        parts[parts.count - 1] = .text(before + piece.separator + text)
      } else {
        parts.append(piece.piece)
      }
    }
    return parts
  }

  /// The content with each text changed.
  package func mapTexts(_ change: (String) -> String) -> Content {
    var content = Content()
    for piece in pieces {
      if case .text(let text) = piece.piece {
        content.pieces.append((piece.separator, .text(change(text))))
      } else {
        content.pieces.append(piece)
      }
    }
    return content
  }
}

/// An image.
package struct Picture: Sendable, Equatable {
  /// Where it is.
  package enum Source: Sendable, Equatable {
    /// Its bytes as base64, with the type that was told.
    case data(base64: String, type: String)
    /// An address.
    case url(String)
    /// A file that the vendor keeps.
    case kept(String)
  }

  /// Where it is.
  package var source: Source
  /// `images/DIGEST.EXTENSION` of one whose bytes are here; nil for others.
  package var file: String?

  /// An image; nil when its bytes are none of a kind that trainers read.
  package init?(base64: String, type: String) {
    guard let bytes = Base64.decode(base64), !bytes.isEmpty, let ending = Self.ending(bytes, type) else { return nil }
    source = .data(base64: base64, type: type)
    file = "images/\(Digest.hex(Digest.sha256(bytes))).\(ending)"
  }

  /// An image that is elsewhere.
  package init(_ source: Source) {
    self.source = source
  }

  /// The bytes; nil where they aren't here.
  package var bytes: [UInt8]? {
    guard case .data(let base64, _) = source else { return nil }
    return Base64.decode(base64)
  }
}

/// One result of a tool.
package struct ResultTurn: Sendable {
  /// The call's id.
  package var id: String
  /// The tool's name.
  package var name: String
  /// What it said.
  package var content: Content
  /// Which call of the turn before it answers, from 0.
  package var call: Int

  /// A result.
  package init(id: String, name: String, content: Content, call: Int) {
    self.id = id
    self.name = name
    self.content = content
    self.call = call
  }
}

/// One turn of the model.
package struct ModelTurn: Sendable {
  /// What it thought; empty when that is not known.
  package var reasoning = ""
  /// What it said.
  package var text = ""
  /// What it called.
  package var calls: [CallTurn] = []
  /// Its text by the rules for replies, by which chains are found.
  var chainText = ""

  /// An empty turn.
  package init() {}
}

/// One call of a tool.
package struct CallTurn: Sendable {
  /// Its id; empty where the wire told none.
  package var id: String
  /// The tool's name.
  package var name: String
  /// The arguments' JSON text.
  package var arguments: String

  /// A call.
  package init(id: String, name: String, arguments: String) {
    self.id = id
    self.name = name
    self.arguments = arguments
  }
}
