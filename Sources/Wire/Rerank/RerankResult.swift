import Base

/// One result: which document, how well it fits, and the document where it is wanted.
struct RerankResult {
  /// The document's position in the request.
  let index: Int
  /// As the upstream wrote it.
  let score: JSON
  /// An object; nil where none is wanted.
  let document: JSON?
  /// What the upstream said.
  private let entry: JSON

  /// `passes` means that the upstream's own document stands where it gave one. Else the client's own goes back where it asked for
  /// documents, with all that it put beside the text. Some vendors give a document as a text, Jina's shape as an object.
  init(_ entry: JSON, _ request: RerankRequest, passes: Bool) throws(Fault) {
    guard let index = entry["index"]?.int, request.documents.indices.contains(index),
      let score = entry["relevance_score"] ?? entry["score"], score.kind == .number
    else { throw Self.broken("a result without index or score") }
    self.index = index
    self.score = score
    self.entry = entry
    // `Optional.none`, since a bare nil is JSON's null here.
    let own: JSON? = request.returnsDocuments == true ? request.documents[index] : Optional.none
    let theirs: JSON? = passes ? entry["document"] : Optional.none
    document = [theirs, own].lazy.compactMap(\.self).first { !$0.isNull }.map(Self.object)
  }

  private static func object(_ document: JSON) -> JSON {
    guard let text = document.string else { return document }
    return ["text": JSON(text)]
  }

  /// Whether the upstream's words are not those of the common shape.
  var isChanged: Bool { entry["relevance_score"] == nil || document != nil && document != entry["document"] }

  /// The upstream's words, mended.
  var passed: JSON {
    var edit = JSONEdit(entry)
    if entry["relevance_score"] == nil { edit.set("relevance_score", to: score, in: entry) }
    if let document, document != entry["document"] { edit.set("document", to: document, in: entry) }
    return (try? JSON(parsing: edit.bytes())) ?? entry  // nil can't be: the text was JSON before a splice of JSON
  }

  func write(_ writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("index", index)
    writer.member("relevance_score", score)
    if let document { writer.member("document", document) }
    writer.endObject()
  }

  /// The best first; equal ones stay as they came.
  static func sorted(_ results: [RerankResult]) -> [RerankResult] {
    let scores = results.map { $0.score.double ?? 0 }
    let order = results.indices.sorted { scores[$0] == scores[$1] ? $0 < $1 : scores[$0] > scores[$1] }
    return order.map { results[$0] }
  }

  static func broken(_ what: String) -> Fault {
    Fault(.broken, "The upstream's answer is broken. Try again.", detail: what)
  }
}
