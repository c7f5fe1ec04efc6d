extension [UInt8] {
  /// Appends a piece of borrowed memory with one copy.
  mutating func append(_ piece: borrowing Span<UInt8>) {
    // The pointer stays within the closure, and `piece` outlives it.
    unsafe piece.withUnsafeBufferPointer { unsafe append(contentsOf: $0) }
  }

  /// Appends `text` without making a String of it.
  mutating func append(_ text: StaticString) {
    // A StaticString's bytes live as long as the program.
    unsafe append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Appends a whole number ≥ 0 in decimal digits.
  mutating func append(decimal number: Int) {
    if number >= 10 { append(decimal: number / 10) }
    append(UInt8(48 + number % 10))
  }

  /// Appends a whole number ≥ 0 in hexadecimal digits.
  mutating func append(hexadecimal number: Int) {
    var shift = (63 - (number | 1).leadingZeroBitCount) & ~3
    while shift >= 0 {
      let digit = UInt8(number >> shift & 15)
      append(digit < 10 ? 48 + digit : 87 + digit)
      shift -= 4
    }
  }
}
