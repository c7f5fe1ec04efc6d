import Base

/// How the answer of a step becomes a reply. Source: recipes-and-learning.md §5.
///
/// For every frame, in this order: `emit`, `references`, `capture`, `usage`, `error`, `finish`. A frame that no rule fits and that is not
/// named in `ignore` is counted as unknown.
package struct ResponseRecipe: Sendable {
  /// How the bytes are cut into frames.
  package enum Framing: String, Sendable, CaseIterable {
    case sse, ndjson, json, connect, websocket, poll
  }

  /// How the bytes are cut.
  package var framing: Framing
  /// Places of texts that are JSON and are read as such, the outer ones first.
  package var decode: [JSONPath] = []
  /// How frames change one document, nil when each stands for itself.
  package var patch: PatchRule?
  /// What becomes text; the order matters.
  package var emit: [EmitRule] = []
  /// Where sources are.
  package var references: [ReferenceRule] = []
  /// Marks in the text that are replaced.
  package var cite: [CiteRule] = []
  /// What the next turn needs: `{{last.NAME}}`; the last value counts.
  package var capture: [(name: String, paths: [JSONPath])] = []
  /// Where the site tells tokens.
  package var usage = UsageRule()
  /// What ends the reply.
  package var finish: [FinishRule] = []
  /// What the end of the bytes means without a finish.
  package var eof = EndOfStream.truncated
  /// What is an error in this answer, before the file's own `errors`.
  package var errors: [ErrorRule] = []
  /// Frames that are known to say nothing: any of these.
  package var ignore: [[(path: JSONPath, predicate: Predicate)]] = []

  /// What the bare end of an answer is.
  package enum EndOfStream: Sendable, Equatable {
    /// A broken stream.
    case truncated
    /// A finish, if there is text.
    case finish(FinishReason)
  }

  /// Reads a step's `response`.
  init?(_ field: Field) {
    guard var fields = field.fields() else { return nil }
    framing = fields.required("framing")?.choice(Framing.self) ?? .sse
    decode = fields["decode"]?.jsonPaths() ?? []
    if let assemble = fields["assemble"], var parts = assemble.fields() {
      patch = parts.required("patch").flatMap { PatchRule($0) }
      parts.end()
    }
    emit = fields.required("emit")?.list().compactMap { EmitRule($0) } ?? []
    references = fields["references"]?.list().compactMap { ReferenceRule($0) } ?? []
    cite = fields["cite"]?.list().compactMap { CiteRule($0) } ?? []
    capture = fields["capture"]?.entries().map { ($0.name, $0.field.jsonPaths()) } ?? []
    usage = fields["usage"].flatMap { UsageRule($0) } ?? UsageRule()
    readFinish(&fields)
    errors = fields["error"]?.list().compactMap { ErrorRule($0) } ?? []
    ignore = fields["ignore"]?.list().map { $0.conditions() } ?? []
    fields.end()
  }

  private mutating func readFinish(_ fields: inout Fields) {
    for field in fields.required("finish")?.list() ?? [] {
      if let rule = FinishRule(field, eof: &eof) { finish.append(rule) }
    }
    if framing != .connect, finish.contains(where: { $0.flag != nil }) { fields.mistake("frame_flag is of the framing connect only") }
  }
}

/// How frames change a document.
package struct PatchRule: Sendable, Equatable {
  /// The member of a frame that names the place, with `/` between its steps.
  package var path = "p"
  /// The member that names the operation: SET, APPEND, BATCH, or `add`, `replace`, `remove` as in RFC 6902.
  package var operation = "o"
  /// The member that has the value; a frame without it is no patch.
  package var value = "v"
  /// Whether a frame without place or operation takes those of the frame before.
  package var isSticky = true

  /// The usual names.
  init() {}

  /// Reads `{path, op, value, sticky}`.
  init?(_ field: Field) {
    guard var fields = field.fields() else { return nil }
    path = fields["path"]?.string() ?? "p"
    operation = fields["op"]?.string() ?? "o"
    value = fields["value"]?.string() ?? "v"
    isSticky = fields["sticky"]?.bool() ?? true
    fields.end()
  }
}

/// Where a site tells how many tokens a reply took; the last numbers count.
package struct UsageRule: Sendable {
  /// Tokens of the input.
  package var input: [JSONPath] = []
  /// Tokens of the output.
  package var output: [JSONPath] = []
  /// Of the output: reasoning.
  package var reasoning: [JSONPath] = []

  /// Nowhere.
  init() {}

  /// Reads `{prompt, completion, reasoning}`.
  init?(_ field: Field) {
    guard var fields = field.fields() else { return nil }
    input = fields["prompt"]?.jsonPaths() ?? []
    output = fields["completion"]?.jsonPaths() ?? []
    reasoning = fields["reasoning"]?.jsonPaths() ?? []
    fields.end()
  }
}
