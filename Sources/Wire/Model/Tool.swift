package import Base

/// Something that the model may call.
package struct Tool: Sendable {
  /// What it takes.
  package enum Kind: Sendable {
    /// A JSON object; the schema is in the words of JSON Schema, nil when there is none.
    case function(parameters: JSON?, strict: Bool?)
    /// Free text, in the form that `format` (Chat's member of that name) tells.
    case freeform(format: JSON?)
  }

  /// Its name, as the client wrote it.
  package var name: String
  /// What it is for.
  package var description: String?
  /// What it takes.
  package var kind: Kind
  /// Where it stands in the client's body.
  package var path: SourcePath

  /// A tool.
  package init(_ name: String, description: String? = nil, _ kind: Kind, at path: SourcePath) {
    self.name = name
    self.description = description
    self.kind = kind
    self.path = path
  }

  /// The schema of its arguments; a freeform tool takes one required string `input`. Source: wire-formats §4, `custom_tools`.
  package var parameters: JSON? {
    switch kind {
    case .function(let parameters, _): parameters
    case .freeform: Self.inputSchema
    }
  }

  private static let inputSchema: JSON = ["type": "object", "properties": ["input": ["type": "string"]], "required": ["input"]]

  /// Whether it takes free text.
  package var isFreeform: Bool { if case .freeform = kind { true } else { false } }
}
