package import Base

/// One piece of a message's content.
package enum Part: Sendable, Equatable {
  /// Text to read, and what it cites.
  case text(String, citations: [Citation] = [])
  /// The model's reasoning.
  case reasoning(Reasoning)
  /// The model's words why it does not answer.
  case refusal(String)
  /// A call of a tool.
  case call(ToolCall)
  /// What a tool said; only in requests.
  case result(ToolResult)
  /// An image, sound, film or document.
  case media(Media)
  /// Something that only one vendor knows, verbatim.
  case opaque(vendor: Vendor, JSON)

  /// The wire whose vendor a verbatim value comes from.
  package enum Vendor: String, Sendable {
    case openAI = "openai"
    case anthropic
    case gemini
  }
}

/// What a text refers to.
package struct Citation: Sendable, Equatable {
  /// The page's address.
  package var url: String
  /// The page's title, nil when it has none.
  package var title: String?
  /// Where the reference stands, in code points of the candidate's joined text, end exclusive; nil when that is not told.
  package var range: Range<Int>?
  /// The words that are cited, nil when they are not told.
  package var quote: String?

  /// A reference to a page.
  package init(url: String, title: String? = nil, range: Range<Int>? = nil, quote: String? = nil) {
    self.url = url
    self.title = title
    self.range = range
    self.quote = quote
  }
}

/// What the model thought before it spoke or acted.
package struct Reasoning: Sendable, Equatable {
  /// The thought, or its summary; empty when it is hidden.
  package var text: String
  /// What proves to the vendor that the thought is its own, nil when it gives no proof.
  package var signature: Signature?

  /// A thought with or without a signature.
  package init(_ text: String = "", signature: Signature? = nil) {
    self.text = text
    self.signature = signature
  }
}

/// A call of a tool by the model.
package struct ToolCall: Sendable, Equatable {
  /// What the tool takes.
  package enum Kind: Sendable {
    /// Arguments as a JSON object.
    case function
    /// Free text.
    case freeform
  }

  /// The call's id, by which its result is told.
  package var id: String
  /// The tool's name.
  package var name: String
  /// The raw text: of the arguments' JSON, or free text.
  package var arguments: String
  /// What the tool takes.
  package var kind: Kind
  /// The vendor's signature on the call, nil when it has none.
  package var signature: Signature?

  /// A call; `arguments` may grow by deltas.
  package init(id: String, name: String, arguments: String = "", kind: Kind = .function, signature: Signature? = nil) {
    self.id = id
    self.name = name
    self.arguments = arguments
    self.kind = kind
    self.signature = signature
  }
}

/// An image, sound, film or document.
package struct Media: Sendable, Equatable {
  /// What it is.
  package enum Kind: String, Sendable {
    case image, audio, video, document
  }

  /// Where its bytes are.
  package enum Source: Sendable, Equatable {
    /// Base64 text of the bytes, standard alphabet.
    case data(String, mediaType: String)
    /// An address to fetch it from; the media type where it is told.
    case url(String, mediaType: String? = nil)
    /// A file that the vendor keeps.
    case file(id: String, vendor: Part.Vendor)
  }

  /// What it is.
  package var kind: Kind
  /// Where its bytes are.
  package var source: Source
  /// Its title or file name, nil when it has none.
  package var title: String?
  /// How closely an image is to be looked at, in the client's word.
  package var detail: String?

  /// A medium with its source.
  package init(_ kind: Kind, _ source: Source, title: String? = nil, detail: String? = nil) {
    self.kind = kind
    self.source = source
    self.title = title
    self.detail = detail
  }
}
