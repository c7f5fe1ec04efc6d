internal import Base
internal import CPostgreSQL

/// A result of libpq, freed with this object.
@safe
final class PostgreSQLResult {
  private let pointer: OpaquePointer?

  init(_ pointer: OpaquePointer?) {
    unsafe self.pointer = pointer
  }

  deinit {
    unsafe PQclear(pointer)
  }

  /// Whether it is none: the end of a statement's results.
  var isEnd: Bool { unsafe pointer == nil }

  /// Throws when it is a failure, or none because the connection, whose `words` are given, has broken.
  func check(_ words: String) throws(Fault) {
    switch unsafe PQresultStatus(pointer) {
    case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_PIPELINE_SYNC: return
    default: break
    }
    let state = field("C")
    guard !state.isEmpty else { throw Fault(.lost, detail: words) }
    // Class 22 quotes the value that was wrong, which may be anybody's text.
    throw Fault(Self.trouble(state), detail: "SQLSTATE \(state)\(state.hasPrefix("22") ? "" : ": " + field("M"))")
  }

  var rows: [Cells] {
    let columns = unsafe PQnfields(pointer)
    return (0..<(unsafe PQntuples(pointer))).map { row in Cells(values: (0..<columns).map { value(row, $0) }) }
  }

  private func value(_ row: Int32, _ column: Int32) -> Value {
    if unsafe PQgetisnull(pointer, row, column) == 1 { return .null }
    // The bytes belong to the result.
    let bytes = unsafe UnsafeRawBufferPointer(start: PQgetvalue(pointer, row, column), count: Int(PQgetlength(pointer, row, column)))
    switch unsafe PQftype(pointer, column) {
    case 17: return unsafe .bytes([UInt8](bytes))
    case 20, 21, 23: return unsafe .int(Self.number(bytes))
    default: return unsafe .text(String(decoding: bytes, as: UTF8.self))
    }
  }

  /// A number of 2, 4 or 8 bytes, the highest first.
  private static func number(_ bytes: UnsafeRawBufferPointer) -> Int {
    var value = unsafe bytes.first.map { Int(Int8(bitPattern: $0)) } ?? 0
    for byte in unsafe [UInt8](bytes).dropFirst() { value = value << 8 | Int(byte) }
    return value
  }

  private func field(_ name: Unicode.Scalar) -> String {
    guard let text = unsafe PQresultErrorField(pointer, Int32(name.value)) else { return "" }
    return unsafe String(cString: text)
  }

  /// Source: https://www.postgresql.org/docs/15/errcodes-appendix.html
  private static func trouble(_ state: String) -> StoreTrouble {
    switch state.prefix(2) {
    case "08": .lost
    case "40": .busy
    case "53": state == "53300" ? .busy : .full
    case "55": .busy
    case "57": state == "57014" ? .busy : .lost
    case "25": .readOnly
    case "42": state == "42501" ? .readOnly : .other
    case "XX": .damaged
    default: .other
    }
  }
}
