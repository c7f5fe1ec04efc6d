/// Changes to the text of one chunk, as splices.
struct RelayEdits {
  private var splices: [(range: Range<Int>, text: [UInt8])] = []

  var isEmpty: Bool { splices.isEmpty }

  /// Puts a text in the place of a part.
  mutating func replace(_ range: Range<Int>, with text: [UInt8]) {
    splices.append((range, text))
  }

  /// Takes a member out, from its name's quote to its value's end; the comma goes with it when the text is put together.
  mutating func remove(_ member: Range<Int>) {
    splices.append((member, []))
  }

  /// The data with the changes as one event of one line.
  func event(_ data: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(data.count + 64)
    bytes += Self.opening
    append(data, to: &bytes)
    // Line ends can only stand between the tokens of JSON, where a space is as good.
    var position = Self.opening.count
    while let index = LineEnd.first(in: bytes[...], from: position) {
      bytes[index] = 0x20
      position = index + 1
    }
    bytes += Self.closing
    return bytes[...]
  }

  /// Appends the data with the changes.
  func append(_ data: ArraySlice<UInt8>, to bytes: inout [UInt8]) {
    let start = bytes.count
    bytes.reserveCapacity(start + splices.reduce(data.count) { $0 + $1.text.count })
    var position = 0
    for (range, text) in splices.count < 2 ? splices : splices.sorted(by: { $0.range.lowerBound < $1.range.lowerBound }) {
      bytes += data.part(position..<range.lowerBound)
      bytes += text
      position = range.upperBound
      if text.isEmpty { position = Self.dropComma(data, behind: position, &bytes, start) }
    }
    bytes += data.part(position..<data.count)
  }

  /// Drops the comma before a member that was taken out, or that behind it when it was the first; gives where to go on.
  private static func dropComma(_ data: ArraySlice<UInt8>, behind end: Int, _ bytes: inout [UInt8], _ start: Int) -> Int {
    var length = bytes.count
    while length > start, bytes[length - 1] <= 0x20 { length -= 1 }
    if length > start, bytes[length - 1] == UInt8(ascii: ",") {
      bytes.removeLast(bytes.count - length + 1)
      return end
    }
    var next = end
    while next < data.count, data[data.startIndex + next] <= 0x20 { next += 1 }
    return next < data.count && data[data.startIndex + next] == UInt8(ascii: ",") ? next + 1 : end
  }

  private static let opening = Array("data: ".utf8)
  private static let closing = Array("\n\n".utf8)
}
