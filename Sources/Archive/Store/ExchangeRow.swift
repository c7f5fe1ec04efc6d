/// How a `Row` stands in the table `exchange`.
enum ExchangeRow {
  /// In the order of `row`.
  static let columns = """
    seq, id, time, key, endpoint, client_wire, method, path, provider, model, model_served, status, finish, stream, complete, tokens_in, \
    tokens_out, tokens_cached, tokens_reasoning, estimated, latency, first_byte, tries, error, error_message, losses, keeps, has_calls, \
    has_tools, understood
    """

  static let insert = "INSERT INTO exchange (\(columns), era, leaf, said) VALUES (\((1...33).map { "$\($0)" }.joined(separator: ", ")))"

  /// The longest name that is kept, in bytes; an index of PostgreSQL takes 2,700.
  static let nameLimit = 256

  static func values(_ row: Row, seq: Int, era: Int, leaf: Int?, said: Int) -> [Value] {
    let record = row.record
    let tokens = record.tokens
    func name(_ text: String) -> Value { .text(text.clipped(to: nameLimit)) }
    return [
      .int(seq), name(record.id), .int(record.time), name(record.key), name(record.endpoint), name(record.clientWire), name(record.method),
      .text(record.path.clipped(to: 4096)), name(record.provider), name(record.model), name(record.modelServed), .int(record.status),
      name(record.finish), Value(record.isStream), Value(record.isComplete), Value(tokens?.input), Value(tokens?.output),
      Value(tokens?.cached),
      Value(tokens?.reasoning), Value(tokens?.isEstimated ?? false), .int(record.latency), Value(record.firstByte), .int(record.tries),
      name(record.error), .text(record.errorMessage.clipped(to: 4096)), .text(record.losses.joined(separator: "\n").clipped(to: 16384)),
      .int(Int(record.keeps.rawValue)), Value(row.hasCalls), Value(row.hasTools), Value(row.isUnderstood), .int(era), Value(leaf),
      .int(said),
    ]
  }

  static func row(_ cells: Cells) -> Row {
    var record = Record(id: cells.text(1), time: cells.int(2))
    (record.key, record.endpoint, record.clientWire) = (cells.text(3), cells.text(4), cells.text(5))
    (record.method, record.path, record.provider) = (cells.text(6), cells.text(7), cells.text(8))
    (record.model, record.modelServed) = (cells.text(9), cells.text(10))
    (record.status, record.finish) = (cells.int(11), cells.text(12))
    (record.isStream, record.isComplete) = (cells.bool(13), cells.bool(14))
    record.tokens = tokens(cells)
    (record.latency, record.firstByte, record.tries) = (cells.int(20), cells.optionalInt(21), cells.int(22))
    (record.error, record.errorMessage) = (cells.text(23), cells.text(24))
    record.losses = cells.text(25).split(separator: "\n").map(String.init)
    record.keeps = Record.Keeps(rawValue: UInt8(clamping: cells.int(26))) ?? .full
    var row = Row(record)
    (row.hasCalls, row.hasTools, row.isUnderstood) = (cells.bool(27), cells.bool(28), cells.bool(29))
    return row
  }

  private static func tokens(_ cells: Cells) -> Record.Tokens? {
    guard let input = cells.optionalInt(15) else { return nil }
    var tokens = Record.Tokens()
    (tokens.input, tokens.output, tokens.cached, tokens.reasoning) = (input, cells.int(16), cells.int(17), cells.int(18))
    tokens.isEstimated = cells.bool(19)
    return tokens
  }
}

extension String {
  /// At most so many bytes, no half characters, and no NUL, which PostgreSQL's texts can't hold.
  func clipped(to limit: Int) -> String {
    let text = utf8.contains(0) ? String(map { $0 == "\0" ? "\u{FFFD}" : $0 }) : self
    guard text.utf8.count > limit else { return text }
    var end = text.utf8.index(text.startIndex, offsetBy: limit)
    while text.utf8[end] & 0xC0 == 0x80 { end = text.utf8.index(before: end) }
    return String(text[..<end])
  }
}
