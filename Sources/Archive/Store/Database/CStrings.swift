/// Texts and bytes for libpq: one after the other, each with a NUL behind it.
struct CStrings {
  private var bytes: [UInt8] = []
  private var starts: [Int?] = []
  private(set) var lengths: [Int32] = []
  /// 1 for bytes, 0 for what is a text, as numbers are here.
  private(set) var formats: [Int32] = []

  init(_ texts: [String]) {
    for text in texts { append(text.utf8, format: 0) }
    // The end of a list.
    starts.append(nil)
  }

  init(_ values: [Value]) {
    for value in values {
      switch value {
      case .null:
        starts.append(nil)
        lengths.append(0)
        formats.append(0)
      case .int(let value): append("\(value)".utf8, format: 0)
      case .text(let value): append(value.utf8, format: 0)
      case .bytes(let value): append(value, format: 1)
      }
    }
  }

  var count: Int { bytes.count }

  /// Gives a pointer to each, valid within `body`.
  func withPointers<Result>(_ body: ([UnsafePointer<CChar>?]) -> Result) -> Result {
    unsafe bytes.withUnsafeBytes { all in
      let base = unsafe all.bindMemory(to: CChar.self).baseAddress
      return unsafe body(starts.map { start in unsafe start.flatMap { unsafe base?.advanced(by: $0) } })
    }
  }

  private mutating func append(_ text: some Collection<UInt8>, format: Int32) {
    starts.append(bytes.count)
    lengths.append(Int32(text.count))
    formats.append(format)
    bytes += text
    bytes.append(0)
  }
}
