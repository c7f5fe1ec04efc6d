import Base

/// The lines of one event read so far. Offsets count from the block's first byte.
struct EventBlock: Sendable {
  /// Where the current line begins.
  var lineStart = 0
  /// Up to where line ends were looked for.
  var scanned = 0
  private(set) var name: String?
  private(set) var hasComment = false
  private var first: Range<Int>?
  private var more: [Range<Int>] = []

  var hasData: Bool { first != nil }
  var isOneLine: Bool { first != nil && more.isEmpty }

  /// Takes a line in; `moved` is how far the block's start went on since the field was read.
  mutating func add(_ field: EventField, in rest: ArraySlice<UInt8>, moved: Int) {
    switch field.name {
    case .data:
      let value = (field.value.lowerBound - moved)..<(field.value.upperBound - moved)
      if first == nil { first = value } else { more.append(value) }
    case .event: name = field.text(in: rest)
    case .comment: hasComment = true
    case .id, .other: break
    }
  }

  /// All data lines, joined by LF; a slice of `rest` when it is one line.
  func joined(in rest: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    guard let first else { return [] }
    guard !more.isEmpty else { return rest.part(first) }
    var bytes = Array(rest.part(first))
    for line in more {
      bytes.append(LineEnd.lf)
      bytes.append(contentsOf: rest.part(line))
    }
    return bytes[...]
  }

  /// The events that the data lines are: one, or one a line where only that makes sense as JSON.
  func events(in rest: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
    let whole = joined(in: rest)
    guard let first, !more.isEmpty, !Self.isJSON(whole) else { return [whole] }
    let lines = ([first] + more).map { rest.part($0) }
    let areValues = lines.allSatisfy { Self.isJSON($0) || $0.starts(with: Array("[DONE]".utf8)) }
    return areValues ? lines : [whole]
  }

  /// Whether the data so far is one line with one JSON object: a further line of data is another event then.
  func isOneObject(in rest: ArraySlice<UInt8>) -> Bool {
    guard let first, more.isEmpty else { return false }
    let data = rest.part(first)
    return data.first == UInt8(ascii: "{") && Self.isJSON(data)
  }

  static func isJSON(_ data: ArraySlice<UInt8>) -> Bool {
    (try? JSON(parsing: Array(data))) != nil  // nil is the answer
  }
}

/// One line of a block: its field and where its value is.
struct EventField {
  enum Name {
    case data, event, id, comment, other
  }

  let name: Name
  /// Counted from the block's first byte.
  let value: Range<Int>

  init(_ rest: ArraySlice<UInt8>, _ line: Range<Int>) {
    let text = rest.part(line)
    let colon = text.firstIndex(of: UInt8(ascii: ":")) ?? text.endIndex
    name = Self.name(text[..<colon])
    var start = min(colon + 1, text.endIndex)
    if start < text.endIndex, text[start] == 0x20 { start += 1 }
    value = (start - rest.startIndex)..<line.upperBound
  }

  /// The value as text, nil for an id with a NUL.
  func text(in rest: ArraySlice<UInt8>) -> String? {
    let bytes = rest.part(value)
    return name == .id && bytes.contains(0) ? nil : String(decoding: bytes, as: UTF8.self)
  }

  private static func name(_ bytes: ArraySlice<UInt8>) -> Name {
    switch bytes.count {
    case 0: .comment
    case 4 where bytes.elementsEqual("data".utf8): .data
    case 5 where bytes.elementsEqual("event".utf8): .event
    case 2 where bytes.elementsEqual("id".utf8): .id
    default: .other
    }
  }
}

extension ArraySlice<UInt8> {
  /// The part at offsets counted from the slice's start.
  func part(_ range: Range<Int>) -> ArraySlice<UInt8> {
    self[(startIndex + range.lowerBound)..<(startIndex + range.upperBound)]
  }
}
