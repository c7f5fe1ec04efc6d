/// The fields of a head, in order, as bytes: `name: value` lines and where each name and value lies.
package struct Headers: Sendable {
  /// Lines as they go over the wire, each ended by CRLF.
  package private(set) var lines: [UInt8] = []
  private var fields: [Field] = []

  struct Field: Sendable {
    var start: Int32
    var nameEnd: Int32
    var valueStart: Int32
    var valueEnd: Int32
    /// After the line's CRLF.
    var end: Int32
  }

  /// None.
  package init() {}

  /// Fields that were parsed from `lines`.
  init(lines: [UInt8], fields: [Field]) {
    self.lines = lines
    self.fields = fields
  }

  /// How many fields there are, each of a name's several for itself.
  package var count: Int { fields.count }

  /// Adds a field. Bytes that could end the line (CR, LF, NUL) become spaces, so a value can't forge a field.
  package mutating func append(_ name: HeaderName, _ value: ArraySlice<UInt8>) {
    add(name, value.span)
  }

  /// Adds a field; see `append(_:_:)`.
  package mutating func append(_ name: HeaderName, _ value: String) {
    add(name, value.utf8.span)
  }

  /// Adds a field whose value is a whole number ≥ 0.
  package mutating func append(_ name: HeaderName, decimal number: Int) {
    let start = lines.count
    name.append(to: &lines)
    let nameEnd = lines.count
    lines.append(": ")
    let valueStart = lines.count
    lines.append(decimal: number)
    close(start, nameEnd, valueStart)
  }

  /// Makes room for further fields.
  package mutating func reserve(bytes: Int, fields count: Int) {
    lines.reserveCapacity(lines.count + bytes)
    fields.reserveCapacity(fields.count + count)
  }

  /// Adds a field whose name comes from outside, unchanged in its case.
  package mutating func append(name: [UInt8], _ value: [UInt8]) {
    append(name.span, value.span)
  }

  /// Adds a field from borrowed memory.
  mutating func append(_ name: borrowing Span<UInt8>, _ value: borrowing Span<UInt8>) {
    let start = lines.count
    lines.append(name)
    finish(start, value)
  }

  private mutating func add(_ name: HeaderName, _ value: borrowing Span<UInt8>) {
    let start = lines.count
    name.append(to: &lines)
    finish(start, value)
  }

  private mutating func finish(_ start: Int, _ value: borrowing Span<UInt8>) {
    let nameEnd = lines.count
    lines.append(": ")
    let valueStart = lines.count
    lines.append(value)
    for index in value.indices where Self.isHarmful(value[index]) { lines[valueStart + index] = 32 }
    close(start, nameEnd, valueStart)
  }

  private static func isHarmful(_ byte: UInt8) -> Bool { byte == 13 || byte == 10 || byte == 0 }

  private mutating func close(_ start: Int, _ nameEnd: Int, _ valueStart: Int) {
    let valueEnd = lines.count
    lines.append("\r\n")
    fields.append(
      Field(
        start: Int32(start), nameEnd: Int32(nameEnd), valueStart: Int32(valueStart), valueEnd: Int32(valueEnd),
        end: Int32(lines.count)))
  }

  /// The first field of that name, its value's bytes.
  package func bytes(_ name: HeaderName) -> ArraySlice<UInt8>? {
    for field in fields where name.equals(lines, field.start, field.nameEnd) {
      return lines[Int(field.valueStart)..<Int(field.valueEnd)]
    }
    return nil
  }

  /// The first field of that name; bytes that are no UTF-8 become U+FFFD.
  package subscript(name: HeaderName) -> String? {
    bytes(name).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The first field of that name, for names known only at run time; upper and lower case count as the same.
  package subscript(name: String) -> String? {
    let wanted = name.utf8.map { $0.lowercasedASCII }
    for (name, value) in self where name.count == wanted.count && zip(name, wanted).allSatisfy({ $0.lowercasedASCII == $1 }) {
      return String(decoding: value, as: UTF8.self)
    }
    return nil
  }

  /// How often a field occurs.
  package func count(of name: HeaderName) -> Int {
    fields.reduce(0) { $0 + (name.equals(lines, $1.start, $1.nameEnd) ? 1 : 0) }
  }

  /// The values of all fields of that name that are lists: elements cut at commas, trimmed, in lower case.
  package func elements(_ name: HeaderName) -> [String] {
    fields.filter { name.equals(lines, $0.start, $0.nameEnd) }.flatMap { field in
      lines[Int(field.valueStart)..<Int(field.valueEnd)].split(separator: UInt8(ascii: ",")).map { part in
        String(decoding: part.map { $0.lowercasedASCII }, as: UTF8.self).trimmingSpaces
      }
    }
  }

  /// Appends to `out` every field whose name is not among `names`.
  package func write(to out: inout [UInt8], without names: [HeaderName] = []) {
    var copied = 0
    for field in fields where names.contains(where: { $0.equals(lines, field.start, field.nameEnd) }) {
      out.append(contentsOf: lines[copied..<Int(field.start)])
      copied = Int(field.end)
    }
    out.append(contentsOf: lines[copied...])
  }

  /// The same fields without those of `names`.
  package func without(_ names: [HeaderName]) -> Headers {
    var kept = Headers()
    for field in fields where !names.contains(where: { $0.equals(lines, field.start, field.nameEnd) }) {
      kept.append(
        lines.span.extracting(Int(field.start)..<Int(field.nameEnd)), lines.span.extracting(Int(field.valueStart)..<Int(field.valueEnd)))
    }
    return kept
  }
}

extension Headers: Sequence {
  /// Name and value of each field, as they came.
  package func makeIterator() -> AnyIterator<(name: ArraySlice<UInt8>, value: ArraySlice<UInt8>)> {
    var rest = fields.makeIterator()
    return AnyIterator {
      rest.next().map { (lines[Int($0.start)..<Int($0.nameEnd)], lines[Int($0.valueStart)..<Int($0.valueEnd)]) }
    }
  }
}

extension UInt8 {
  /// A letter A…Z in lower case; every other byte as it is.
  var lowercasedASCII: UInt8 { self &- 65 < 26 ? self | 32 : self }
}

extension String {
  /// Without spaces and tabs at both ends.
  var trimmingSpaces: String {
    let kept = utf8.drop { $0 == 32 || $0 == 9 }
    guard let last = kept.lastIndex(where: { $0 != 32 && $0 != 9 }) else { return "" }
    return String(decoding: kept[...last], as: UTF8.self)
  }
}
