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
