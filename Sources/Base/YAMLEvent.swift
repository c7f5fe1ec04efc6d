import CYAML

/// One step through a document, as libyaml sees it.
struct YAMLEvent {
  enum Kind {
    case scalar(String, quoted: Bool)
    case sequenceStart, mappingStart, end, document, other
    case alias
  }

  let kind: Kind
  let isAnchored: Bool
  let isTagged: Bool
  /// From 1.
  let line: Int
  /// From 1.
  let column: Int
}

extension YAMLEvent {
  /// Calls `body` with each event of the text up to its end.
  static func forEach(in bytes: [UInt8], name: String, _ body: (YAMLEvent) throws(Fault) -> Void) throws(Fault) {
    // The parser lives in this frame, is initialised before use and deleted on every way out; the span outlives it.
    var parser = unsafe yaml_parser_t()
    guard unsafe yaml_parser_initialize(&parser) == 1 else { throw Fault(.internal, "There is no memory for a YAML parser.") }
    defer { unsafe yaml_parser_delete(&parser) }
    let outcome: Result<Void, Fault> = unsafe bytes.withUnsafeBufferPointer { text in
      unsafe yaml_parser_set_input_string(&parser, text.baseAddress, text.count)
      return Result { () throws(Fault) in try unsafe run(&parser, name: name, body) }
    }
    try outcome.get()
  }

  private static func run(_ parser: inout yaml_parser_t, name: String, _ body: (YAMLEvent) throws(Fault) -> Void) throws(Fault) {
    while true {
      var event = unsafe yaml_event_t()
      guard unsafe yaml_parser_parse(&parser, &event) == 1 else { throw unsafe mistake(of: parser, name: name) }
      defer { unsafe yaml_event_delete(&event) }
      if unsafe event.type == YAML_STREAM_END_EVENT { return }
      try body(unsafe YAMLEvent(event))
    }
  }

  private static func mistake(of parser: yaml_parser_t, name: String) -> Fault {
    let problem = unsafe parser.problem.map { unsafe String(cString: $0) } ?? "not YAML"
    // Mistakes in the encoding have an offset instead of a mark.
    let mark = unsafe parser.problem_mark
    return Fault(.invalid, "\(name):\(mark.line + 1):\(mark.column + 1): \(problem)")
  }

  private init(_ event: yaml_event_t) {
    // The event's members are those of its type, and it is deleted only after this copy of them.
    line = unsafe Int(event.start_mark.line) + 1
    column = unsafe Int(event.start_mark.column) + 1
    var anchor: UnsafeMutablePointer<yaml_char_t>?
    var tag: UnsafeMutablePointer<yaml_char_t>?
    switch unsafe event.type {
    case YAML_SCALAR_EVENT:
      let scalar = unsafe event.data.scalar
      unsafe (anchor, tag) = unsafe (scalar.anchor, scalar.tag)
      let text = unsafe String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      kind = .scalar(text, quoted: unsafe scalar.style != YAML_PLAIN_SCALAR_STYLE)
    case YAML_SEQUENCE_START_EVENT:
      unsafe (anchor, tag) = unsafe (event.data.sequence_start.anchor, event.data.sequence_start.tag)
      kind = .sequenceStart
    case YAML_MAPPING_START_EVENT:
      unsafe (anchor, tag) = unsafe (event.data.mapping_start.anchor, event.data.mapping_start.tag)
      kind = .mappingStart
    case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT: kind = .end
    case YAML_DOCUMENT_START_EVENT: kind = .document
    case YAML_ALIAS_EVENT: kind = .alias
    default: kind = .other
    }
    isAnchored = unsafe anchor != nil
    isTagged = unsafe tag != nil
  }
}
