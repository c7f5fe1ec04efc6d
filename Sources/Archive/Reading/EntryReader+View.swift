package import Base

extension EntryReader {
  /// A body as JSON: itself where it is JSON, a string where it is text, else `{"base64": …}`. Content codings are taken off.
  package static func view(_ body: Record.Body) -> JSON {
    let bytes = decoded(body) ?? body.bytes
    guard !bytes.isEmpty else { return .null }
    if let json = try? JSON(parsing: bytes) { return json }  // nil is right: a body may be anything
    if let text = String(validating: bytes, as: UTF8.self) { return JSON(text) }
    return ["base64": JSON(Base64.encode(bytes))]
  }

  /// A turn as its canonical message.
  package static func json(of turn: Turn) -> JSON {
    // nil can't be: the archive wrote it.
    (try? JSON(parsing: turn.canonical)) ?? .null
  }
}
