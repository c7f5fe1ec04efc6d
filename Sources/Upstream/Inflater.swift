import Base
import CZlib
import HTTP

/// Takes gzip or deflate off a body, piece by piece. Source: RFC 9110 §8.4.1, RFC 1950, RFC 1952.
@safe
final class Inflater {
  private var stream: z_stream
  private var isDone = false

  /// A piece may not grow to more: a bomb.
  private static let mostOutput = 64 << 20

  /// What takes the coding of an answer off; nil where there is none. Throws `broken` for one that was not asked for.
  convenience init?(_ head: ResponseHead) throws(Fault) {
    switch head.headers[.contentEncoding]?.lowercased() ?? "identity" {
    case "identity", "": return nil
    case "gzip", "x-gzip", "deflate": try self.init()
    case let other: throw Fault(.broken, "The upstream's answer has a coding that nobody asked for.", detail: String(other.prefix(40)))
    }
  }

  init() throws(Fault) {
    unsafe stream = z_stream()
    // 15 bits of window, and 32 to tell gzip from zlib by its head. Source: zlib.h, inflateInit2.
    let result = unsafe inflateInit2_(&stream, 15 + 32, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard result == Z_OK else { throw Fault(.internal, "There is no memory for zlib.") }
  }

  deinit {
    unsafe inflateEnd(&stream)
  }

  /// What these bytes are. Throws `broken` for bytes that are no gzip, and beyond the limit.
  func feed(_ bytes: [UInt8], limit: Int = Inflater.mostOutput) throws(Fault) -> [UInt8] {
    guard !isDone, !bytes.isEmpty else { return [] }
    var out: [UInt8] = []
    var input = bytes
    var piece = [UInt8](repeating: 0, count: 65536)
    var taken = 0
    while true {
      let (count, result) = step(&input, &taken, &piece)
      out += piece[..<count]
      guard out.count <= limit else { throw Fault(.broken, "The upstream's answer is longer than \(limit) bytes.") }
      if result == Z_STREAM_END {
        isDone = true
        break
      }
      guard result == Z_OK || result == Z_BUF_ERROR else { throw Fault(.broken, "The upstream's compressed answer is damaged.") }
      // A full piece may have left something behind.
      if taken == input.count, count < piece.count { break }
    }
    return out
  }

  /// Inflates once: how many bytes came out, and zlib's word.
  private func step(_ input: inout [UInt8], _ taken: inout Int, _ piece: inout [UInt8]) -> (Int, Int32) {
    // Both buffers live through the call, which stays within the counts it is given.
    unsafe input.withUnsafeMutableBufferPointer { source in
      unsafe piece.withUnsafeMutableBufferPointer { target in
        unsafe stream.next_in = source.baseAddress.map { unsafe $0 + taken }
        unsafe stream.avail_in = UInt32(source.count - taken)
        unsafe stream.next_out = target.baseAddress
        unsafe stream.avail_out = UInt32(target.count)
        let result = unsafe inflate(&stream, Z_SYNC_FLUSH)
        taken = unsafe source.count - Int(stream.avail_in)
        return unsafe (target.count - Int(stream.avail_out), result)
      }
    }
  }

  /// A body that is whole. Throws `broken` for one that is cut.
  func whole(_ bytes: [UInt8], limit: Int) throws(Fault) -> [UInt8] {
    let out = try feed(bytes, limit: limit)
    guard isDone || bytes.isEmpty else { throw Fault(.broken, "The upstream's compressed answer is cut.") }
    return out
  }
}
