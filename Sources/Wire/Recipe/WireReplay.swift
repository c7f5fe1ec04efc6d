import Base

/// Reads recorded bytes of an upstream with a standard wire as its provider file says.
struct WireReplay {
  private let file: ProviderFile
  private let status: Int
  private let headers: [(name: String, value: String)]

  init(_ file: ProviderFile, _ status: Int, _ headers: [(name: String, value: String)]) {
    self.file = file
    self.status = status
    self.headers = headers
  }

  /// What came, with the fault that ended it and the sources that the file's `response.references` name.
  func read(
    _ bytes: [UInt8], cut: (ArraySlice<UInt8>) -> [ArraySlice<UInt8>]
  ) -> (reply: Reply, fault: Fault?, references: [Citation]) {
    let answer = UpstreamAnswer(status: status, headers: headers, body: bytes)
    if status >= 400 { return (Reply(), UpstreamError.fault(answer, rules: file.errors), []) }
    if answer.json == nil || answer.mediaType == "text/event-stream" { return stream(cut(bytes[...])) }
    if let fault = UpstreamError.fault(inside: answer, rules: file.errors) { return (Reply(), fault, []) }
    do throws(Fault) {
      return (Reply(try file.wire.events(answer.json ?? .null, rules)), nil, references([answer.json ?? .null]))
    } catch {
      return (Reply(), error, [])
    }
  }

  private var rules: ReplyRules {
    var rules = ReplyRules(dialect: file.dialect)
    rules.finishWords = file.response.finish
    rules.errors = file.errors
    rules.endMeansStop = file.response.eof == .stop
    return rules
  }

  private func stream(_ pieces: [ArraySlice<UInt8>]) -> (reply: Reply, fault: Fault?, references: [Citation]) {
    var stream = EventStream()
    var decoder = file.wire.streamDecoder(rules)
    var reply = Reply()
    var seen: [JSON] = []
    do throws(Fault) {
      for piece in pieces {
        var frames: [Frame] = []
        try stream.feed(piece, into: &frames)
        try fold(frames, &decoder, &reply, &seen)
      }
      var frames: [Frame] = []
      try stream.end(into: &frames)
      try fold(frames, &decoder, &reply, &seen)
      for event in try decoder.end() { reply.fold(event) }
    } catch {
      return (reply, error, references(seen))
    }
    return (reply, nil, references(seen))
  }

  private func fold(_ frames: [Frame], _ decoder: inout any EventDecoder, _ reply: inout Reply, _ seen: inout [JSON]) throws(Fault) {
    for frame in frames {
      for event in try decoder.decode(frame) { reply.fold(event) }
      if frame.kind == .data, !file.response.references.isEmpty { seen.append(try frame.json()) }
    }
  }

  private func references(_ frames: [JSON]) -> [Citation] {
    var found: [Citation] = []
    for rule in file.response.references {
      for element in frames.flatMap({ rule.path.all(in: $0) }) {
        let fields = Dictionary(
          rule.fields.compactMap { field in field.path.first(in: element)?.string.map { (field.name, $0) } },
          uniquingKeysWith: { first, _ in first })
        guard let url = fields["url"], !found.contains(where: { $0.url == url }) else { continue }
        found.append(Citation(url: url, title: fields["title"], quote: fields["snippet"]))
      }
    }
    return found
  }
}
