import Glibc

/// What the commands say: results on descriptor 1, complaints on 2.
enum Output {
  static func print(_ line: String) { write(line, to: 1) }

  static func complain(_ line: String) { write(line, to: 2) }

  private static func write(_ line: String, to descriptor: Int32) {
    var rest = Array((line + "\n").utf8)[...]
    while !rest.isEmpty {
      // The bytes live through the call; a closed pipe is no reason to fail.
      let count = unsafe rest.withUnsafeBytes { bytes in unsafe Glibc.write(descriptor, bytes.baseAddress, bytes.count) }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }
}
