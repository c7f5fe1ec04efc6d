internal import CSystem

/// A record in the spool: 12 bytes of head, the fields, the request's bytes, the response's.
///
///     0  the segment's stamp, 32 bits, little end first: nobody who sends bodies knows it, so that none holds what looks like a frame
///     4  how many bytes follow the head, 32 bits, little end first
///     8  CRC-32C of the stamp and those bytes
///    12  version 1; then the fields in a fixed order: numbers as varints (LEB128), texts with their length before them
enum RecordFrame {
  static let headLength = 12
  static let version: UInt8 = 1
  /// The longest frame, in bytes: both bodies at their limit, and room for the fields.
  static let longest = 2 * Record.mostBody + (1 << 20)

  /// Everything before the two bodies: the head and the fields.
  static func front(of record: Record, stamp: UInt32, version: UInt8 = version) -> [UInt8] {
    var bytes = FieldWriter(record, version)
    let length = bytes.out.count - headLength + record.request.bytes.count + record.response.bytes.count
    bytes.patch(stamp, at: 0)
    bytes.patch(UInt32(length), at: 4)
    bytes.patch(checksum(bytes.out, record, stamp), at: 8)
    return bytes.out
  }

  private static func checksum(_ front: [UInt8], _ record: Record, _ stamp: UInt32) -> UInt32 {
    // Each pointer is used within its call alone; the front is longer than the head.
    let fields = unsafe front.withUnsafeBytes { unsafe sys_crc32c(stamp, $0.baseAddress?.advanced(by: headLength), $0.count - headLength) }
    let request = unsafe sys_crc32c(fields, record.request.bytes, record.request.bytes.count)
    return unsafe sys_crc32c(request, record.response.bytes, record.response.bytes.count)
  }

  /// What stands at a place of a segment.
  enum Found {
    case record(Record, next: Int)
    /// The frame's end isn't there: it is being written, or was torn.
    case short
    /// A whole frame in a form that a later version writes.
    case newer
    /// No frame of this segment, or one whose bytes have changed; the next one may begin at `next`.
    case none(next: Int)
  }

  /// Reads the frame at `start` of `bytes`, of a segment with that stamp.
  static func read(_ bytes: ArraySlice<UInt8>, at start: Int, stamp: UInt32) -> Found {
    guard isBegun(bytes, at: start, stamp) else { return .none(next: next(bytes, behind: start, stamp: stamp)) }
    guard bytes.endIndex - start >= headLength else { return .short }
    let length = Int(number(bytes, at: start + 4))
    guard length <= longest else { return .none(next: next(bytes, behind: start, stamp: stamp)) }
    let body = start + headLength
    guard bytes.endIndex - body >= length else { return .short }
    let payload = bytes[body..<body + length]
    // The slice lives through the call.
    let checksum = unsafe payload.withUnsafeBytes { unsafe sys_crc32c(stamp, $0.baseAddress, $0.count) }
    guard checksum == number(bytes, at: start + 8) else { return .none(next: next(bytes, behind: start, stamp: stamp)) }
    if let written = payload.first, written > version { return .newer }
    var fields = FieldReader(payload)
    guard let record = fields.record() else { return .none(next: next(bytes, behind: start, stamp: stamp)) }
    return .record(record, next: body + length)
  }

  private static func number(_ bytes: ArraySlice<UInt8>, at place: Int) -> UInt32 {
    (0..<4).reduce(0) { $0 | UInt32(bytes[place + $1]) << UInt32(8 * $1) }
  }

  /// Where the next frame may begin; the end of the bytes when nowhere.
  static func next(_ bytes: ArraySlice<UInt8>, behind start: Int, stamp: UInt32) -> Int {
    var place = start + 1
    while place < bytes.endIndex, !isBegun(bytes, at: place, stamp) { place += 1 }
    return min(place, bytes.endIndex)
  }

  /// Whether the stamp stands there, or its beginning where the bytes end.
  private static func isBegun(_ bytes: ArraySlice<UInt8>, at place: Int, _ stamp: UInt32) -> Bool {
    for offset in 0..<min(4, bytes.endIndex - place) where bytes[place + offset] != UInt8(stamp >> UInt32(8 * offset) & 255) {
      return false
    }
    return true
  }
}

extension Record {
  /// Bytes of one body that are kept; what is longer is cut, and says so.
  package static let mostBody = 64 << 20
  /// Bytes that are kept of a reply that passes in pieces, and is nowhere in memory but for the record.
  package static let mostStreamed = 8 << 20
}

/// Writes the fields of a record.
private struct FieldWriter {
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
private struct FieldReader {
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
