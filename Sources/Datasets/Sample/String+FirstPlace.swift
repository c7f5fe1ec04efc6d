import Glibc

extension String {
  /// Where some letters, at least one, first stand. By bytes: the library's own search took a third of an export.
  func firstPlace(of letters: StaticString) -> Range<Index>? {
    // A literal's storage lives for ever, and the count is its own.
    let wanted = unsafe UnsafeBufferPointer(start: letters.utf8Start, count: letters.utf8CodeUnitCount)
    var text = self
    // The text lives through the call.
    let place = text.withUTF8 { bytes in unsafe Self.place(of: wanted, in: bytes) }
    return place.map { place in
      let start = utf8.index(utf8.startIndex, offsetBy: place)
      return start..<utf8.index(start, offsetBy: wanted.count)
    }
  }

  /// The text with other letters wherever those stand, whatever marks follow them: a tokenizer knows nothing of characters.
  func replacing(letters: StaticString, with other: String) -> String {
    guard firstPlace(of: letters) != nil else { return self }
    let wanted = Array(letters.description.utf8)
    var rest = Array(utf8)[...]
    var replaced: [UInt8] = []
    while let byte = rest.first {
      if byte == wanted[0], rest.starts(with: wanted) {
        replaced += other.utf8
        rest = rest.dropFirst(wanted.count)
      } else {
        replaced.append(byte)
        rest = rest.dropFirst()
      }
    }
    return String(decoding: replaced, as: UTF8.self)
  }

  private static func place(of wanted: UnsafeBufferPointer<UInt8>, in bytes: UnsafeBufferPointer<UInt8>) -> Int? {
    guard let first = unsafe wanted.first, let base = unsafe UnsafeRawPointer(bytes.baseAddress) else { return nil }
    var place = 0
    // What is looked at ends within the text: `place + wanted.count` is at most its size.
    while place + wanted.count <= bytes.count {
      guard let found = unsafe memchr(base + place, Int32(first), bytes.count - wanted.count - place + 1) else { return nil }
      place = unsafe UnsafeRawPointer(found) - base
      if unsafe bytes[place..<place + wanted.count].elementsEqual(wanted) { return place }
      place += 1
    }
    return nil
  }
}
