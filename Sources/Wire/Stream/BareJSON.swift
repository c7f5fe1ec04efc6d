/// Finds the JSON objects in lines that are no event stream: NDJSON, an error body behind a stream, or one array sent in pieces.
///
/// Only objects count; what stands between them (commas, white space, other values) is skipped.
struct BareJSON: Sendable {
  private var isInArray = false
  private var isInString = false
  private var isEscaped = false
  private var depth = 0
  private var start = 0

  /// Whether a value or the array around the values has begun and not ended.
  var isOpen: Bool { isInArray || depth > 0 }
  /// Whether a value has begun and not ended.
  var isInValue: Bool { depth > 0 }

  /// Reads one line of a block; gives the ranges of the values that end in it, counted from the block's first byte.
  mutating func read(_ rest: ArraySlice<UInt8>, _ line: Range<Int>) -> [Range<Int>] {
    var found: [Range<Int>] = []
    for offset in line where read(rest[rest.startIndex + offset], at: offset) { found.append(start..<(offset + 1)) }
    isEscaped = false
    return found
  }

  /// Reads one byte; true when it ends a value.
  private mutating func read(_ byte: UInt8, at offset: Int) -> Bool {
    if isInString {
      readString(byte)
      return false
    }
    switch byte {
    case UInt8(ascii: "\""):
      isInString = depth > 0
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      return open(byte, at: offset)
    case UInt8(ascii: "}"), UInt8(ascii: "]"):
      guard depth > 0 else {
        isInArray = false
        return false
      }
      depth -= 1
      return depth == 0
    default:
      break
    }
    return false
  }

  private mutating func readString(_ byte: UInt8) {
    if isEscaped {
      isEscaped = false
    } else if byte == UInt8(ascii: "\\") {
      isEscaped = true
    } else if byte == UInt8(ascii: "\"") {
      isInString = false
    }
  }

  private mutating func open(_ byte: UInt8, at offset: Int) -> Bool {
    if depth == 0 {
      guard byte == UInt8(ascii: "{") || isInArray else {
        isInArray = true
        return false
      }
      start = offset
    }
    depth += 1
    return false
  }
}
