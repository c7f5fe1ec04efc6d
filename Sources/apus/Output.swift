import Glibc

/// What the commands say: results on descriptor 1, complaints on 2.
enum Output {
  static func print(_ line: String) { write(Array((line + "\n").utf8), to: 1) }

  static func complain(_ line: String) { write(Array((line + "\n").utf8), to: 2) }

  /// Words for a person at a terminal, with nothing behind them.
  static func mutter(_ text: String) { write(Array(text.utf8), to: 2) }

  /// Bytes as they are, with nothing behind them.
  static func write(_ bytes: [UInt8]) { write(bytes, to: 1) }

  private static func write(_ bytes: [UInt8], to descriptor: Int32) {
    var rest = bytes[...]
    while !rest.isEmpty {
      // The bytes live through the call; a closed pipe is no reason to fail.
      let count = unsafe rest.withUnsafeBytes { bytes in unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count) }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}
