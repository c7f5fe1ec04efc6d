/// Writes the fields of a record.
struct FieldWriter {
  private(set) var out: [UInt8]

  init(_ record: Record, _ version: UInt8) {
    out = []
    out.reserveCapacity(512)
    out.append(contentsOf: repeatElement(0, count: RecordFrame.headLength))
    out.append(version)
    text(record.id)
    number(record.time)
    for field in [record.key, record.endpoint, record.clientWire, record.method, record.path] { text(field) }
    for field in [record.provider, record.model, record.modelServed, record.finish, record.error, record.errorMessage] { text(field) }
    for field in [record.status, record.latency, (record.firstByte ?? -1) + 1, record.tries] { number(field) }
    out.append((record.isStream ? 1 : 0) | (record.isComplete ? 2 : 0) | (record.tokens == nil ? 0 : 4))
    out.append(record.keeps.rawValue)
    tokens(record.tokens ?? Record.Tokens())
    number(record.losses.count)
    for loss in record.losses { text(loss) }
    body(record.request)
    body(record.response)
  }

  private mutating func tokens(_ tokens: Record.Tokens) {
    for field in [tokens.input, tokens.output, tokens.cached, tokens.reasoning] { number(field) }
    out.append(tokens.isEstimated ? 1 : 0)
  }

  private mutating func body(_ body: Record.Body) {
    number(body.bytes.count)
    text(body.type)
    text(body.coding)
    out.append(body.isCut ? 1 : 0)
  }

  private mutating func text(_ text: String) {
    var text = text
    text.withUTF8 { bytes in
      number(bytes.count)
      // The bytes are borrowed from the text for this call.
      unsafe out.append(contentsOf: bytes)
    }
  }

  /// A number ≥ 0; a negative one counts as 0.
  private mutating func number(_ value: Int) {
    var rest = UInt(max(0, value))
    while rest > 127 {
      out.append(UInt8(rest & 127) | 128)
      rest >>= 7
    }
    out.append(UInt8(rest))
  }

  mutating func patch(_ value: UInt32, at place: Int) {
    for offset in 0..<4 { out[place + offset] = UInt8(value >> UInt32(8 * offset) & 255) }
  }
}

/// Reads the fields of a record.
struct FieldReader {
  private var rest: ArraySlice<UInt8>
  private var isBroken = false

  init(_ payload: ArraySlice<UInt8>) {
    rest = payload
  }

  /// Nil for fields that end too early, and for another version's.
  mutating func record() -> Record? {
    guard byte() == RecordFrame.version else { return nil }
    var record = Record(id: text(), time: number())
    (record.key, record.endpoint, record.clientWire, record.method, record.path) = (text(), text(), text(), text(), text())
    (record.provider, record.model, record.modelServed) = (text(), text(), text())
    (record.finish, record.error, record.errorMessage) = (text(), text(), text())
    (record.status, record.latency) = (number(), number())
    let firstByte = number()
    record.firstByte = firstByte > 0 ? firstByte - 1 : nil
    record.tries = number()
    let flags = byte()
    record.isStream = flags & 1 != 0
    record.isComplete = flags & 2 != 0
    record.keeps = Record.Keeps(rawValue: byte()) ?? .full
    let tokens = self.tokens()
    if flags & 4 != 0 { record.tokens = tokens }
    let losses = number()
    guard losses <= rest.count else { return nil }
    record.losses = (0..<losses).map { _ in text() }
    let request = body()
    let response = body()
    record.request = request.body
    record.response = response.body
    record.request.bytes = take(request.count)
    record.response.bytes = take(response.count)
    return isBroken || !rest.isEmpty ? nil : record
  }

  private mutating func tokens() -> Record.Tokens {
    var tokens = Record.Tokens()
    (tokens.input, tokens.output, tokens.cached, tokens.reasoning) = (number(), number(), number(), number())
    tokens.isEstimated = byte() != 0
    return tokens
  }

  private mutating func body() -> (count: Int, body: Record.Body) {
    let count = number()
    var body = Record.Body(type: text(), coding: text())
    body.isCut = byte() != 0
    return (count, body)
  }

  private mutating func byte() -> UInt8 {
    guard let byte = rest.popFirst() else {
      isBroken = true
      return 0
    }
    return byte
  }

  private mutating func number() -> Int {
    var value: UInt = 0
    var shift: UInt = 0
    while shift < 63 {
      let byte = byte()
      value |= UInt(byte & 127) << shift
      if byte < 128 { return Int(clamping: value) }
      shift += 7
    }
    isBroken = true
    return 0
  }

  private mutating func text() -> String { String(decoding: take(number()), as: UTF8.self) }

  private mutating func take(_ count: Int) -> [UInt8] {
    guard count <= rest.count else {
      isBroken = true
      return []
    }
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }
}
