internal import CSQLite

/// A prepared statement of SQLite, ended with this object.
@safe
final class SQLiteStatement {
  private let pointer: OpaquePointer

  init(_ pointer: OpaquePointer) {
    unsafe self.pointer = pointer
  }

  deinit {
    _ = unsafe sqlite3_finalize(pointer)
  }

  func step() -> Int32 { unsafe sqlite3_step(pointer) }

  func reset() { _ = unsafe sqlite3_reset(pointer) }

  func bind(_ values: [Value]) {
    for (place, value) in values.enumerated() { bind(value, Int32(place + 1)) }
  }

  var cells: Cells {
    let count = unsafe sqlite3_column_count(pointer)
    var values: [Value] = []
    values.reserveCapacity(Int(count))
    for column in 0..<count { values.append(value(column)) }
    return Cells(values: values)
  }

  // SQLite copies texts and bytes during the call.
  private func bind(_ value: Value, _ index: Int32) {
    switch value {
    case .null: _ = unsafe sqlite3_bind_null(pointer, index)
    case .int(let value): _ = unsafe sqlite3_bind_int64(pointer, index, Int64(value))
    case .text(var value): _ = value.withUTF8 { unsafe sqlite_bind_text(pointer, index, $0.baseAddress, Int32($0.count)) }
    case .bytes(let value): _ = unsafe value.withUnsafeBytes { unsafe sqlite_bind_blob(pointer, index, $0.baseAddress, Int32($0.count)) }
    }
  }

  private func value(_ column: Int32) -> Value {
    switch unsafe sqlite3_column_type(pointer, column) {
    case SQLITE_INTEGER: unsafe .int(Int(sqlite3_column_int64(pointer, column)))
    case SQLITE_NULL: .null
    case SQLITE_BLOB: unsafe .bytes([UInt8](memory(sqlite3_column_blob(pointer, column), column)))
    default: unsafe .text(String(decoding: memory(sqlite3_column_text(pointer, column), column), as: UTF8.self))
    }
  }

  /// The bytes of a column, valid until the next step; SQLite gives a null pointer for none.
  private func memory(_ start: UnsafeRawPointer?, _ column: Int32) -> UnsafeRawBufferPointer {
    unsafe UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : Int(sqlite3_column_bytes(pointer, column)))
  }
}
