internal import CBrotli
internal import CZlib
internal import CZstd

/// Takes the content coding off a body. Source: RFC 9110 §8.4.1, RFC 7932, RFC 8878.
package enum ContentCoding {
  /// A body without its codings.
  package struct Decoded: Sendable, Equatable {
    /// As much as could be decoded.
    package var bytes: [UInt8]
    /// Whether there may be more: the body ended early, is broken, or is longer than the limit.
    package var isCut = false
  }

  /// More codings than any server puts on one body.
  private static let mostCodings = 4

  /// Decodes a body; `coding` is its `content-encoding`, a list with the last one outside. Nil for a coding that isn't known.
  ///
  /// No step makes more than `limit` bytes, so that a bomb ends there.
  package static func decode(_ bytes: [UInt8], coding: String, limit: Int = 64 << 20) -> Decoded? {
    var codings: [Coding] = []
    for name in coding.split(separator: ",") {
      let name = name.filter { $0 != " " && $0 != "\t" }.lowercased()
      guard name != "identity", !name.isEmpty else { continue }
      guard let coding = Coding(rawValue: name), codings.count < mostCodings else { return nil }
      codings.append(coding)
    }
    var decoded = Decoded(bytes: bytes)
    for coding in codings.reversed() {
      let inner = coding.decode(decoded.bytes, limit: limit)
      decoded = Decoded(bytes: inner.bytes, isCut: decoded.isCut || inner.isCut)
    }
    return decoded
  }
}

/// One coding, by its name in HTTP.
private enum Coding: String {
  case gzip
  case oldGzip = "x-gzip"
  case deflate
  case brotli = "br"
  case zstd

  func decode(_ bytes: [UInt8], limit: Int) -> ContentCoding.Decoded {
    var inflation = Inflation(bytes, limit: limit)
    switch self {
    case .gzip, .oldGzip: inflation.runZlib(windowBits: 16 + MAX_WBITS, hasMembers: true)
    case .deflate: inflation.runZlib(windowBits: Self.isZlib(bytes) ? MAX_WBITS : -MAX_WBITS, hasMembers: false)
    case .brotli: inflation.runBrotli()
    case .zstd: inflation.runZstd()
    }
    return inflation.decoded
  }

  /// Whether the two bytes of zlib's head are there; some servers leave them out. Source: RFC 1950 §2.2, RFC 9110 §8.4.1.2.
  private static func isZlib(_ bytes: [UInt8]) -> Bool {
    bytes.count >= 2 && bytes[0] & 0x0F == 8 && (Int(bytes[0]) << 8 | Int(bytes[1])) % 31 == 0
  }
}

/// A body while a library decodes it, piece by piece.
private struct Inflation {
  /// What one call of a library did.
  struct Step {
    var read: Int
    var written: Int
    var state: State
  }

  enum State {
    /// It goes on, if there is more to read or to write.
    case running
    /// The coded text is over.
    case ended
    case failed
  }

  private let input: [UInt8]
  private let limit: Int
  private var position = 0
  private(set) var decoded: ContentCoding.Decoded

  init(_ input: [UInt8], limit: Int) {
    self.input = input
    self.limit = limit
    decoded = ContentCoding.Decoded(bytes: [], isCut: !input.isEmpty)
  }

  private static let pieceSize = 64 << 10
  /// A window of 8 MiB, the largest that a body may ask for. Source: RFC 9659 §3.
  private static let zstdWindowBits: Int32 = 23

  /// Calls a library until it has ended, failed, made more than the limit, or can't go on. A step may read its first buffer and write its
  /// second, and keeps neither. `goesOn` tells whether another coded text begins with the rest.
  private mutating func run(
    _ step: (UnsafeBufferPointer<UInt8>, UnsafeMutableBufferPointer<UInt8>) -> Step, goesOn: (ArraySlice<UInt8>) -> Bool
  ) {
    var piece = [UInt8](repeating: 0, count: Self.pieceSize)
    while true {
      let rest = input[position...]
      // Both buffers live through the call.
      let done = unsafe rest.withUnsafeBufferPointer { rest in
        unsafe piece.withUnsafeMutableBufferPointer { unsafe step(rest, $0) }
      }
      position += done.read
      let room = limit - decoded.bytes.count
      decoded.bytes += piece.prefix(min(done.written, room))
      guard done.written <= room else { return }
      switch done.state {
      case .running: guard done.read > 0 || done.written > 0 else { return }
      case .failed: return
      case .ended:
        guard position < input.count, goesOn(input[position...]) else {
          decoded.isCut = false
          return
        }
      }
    }
  }
}

// What the libraries need lives until `defer` gives it back; the pointers of a step are within its buffers, whose lengths go with them.
extension Inflation {
  /// Window bits as `inflateInit2` takes them. A gzip file may be several behind each other. Source: RFC 1952 §2.2.
  mutating func runZlib(windowBits: Int32, hasMembers: Bool) {
    // zlib remembers the address of its state, so that this one may not move.
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    unsafe stream.initialize(to: z_stream())
    defer { unsafe stream.deallocate() }
    guard unsafe inflateInit2_(stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return }
    defer { unsafe inflateEnd(stream) }
    unsafe run { input, output in
      let given = UInt32(clamping: input.count)
      unsafe stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
      unsafe stream.pointee.avail_in = given
      unsafe stream.pointee.next_out = output.baseAddress
      unsafe stream.pointee.avail_out = UInt32(output.count)
      let code = unsafe inflate(stream, Z_NO_FLUSH)
      let state: State = code == Z_STREAM_END ? .ended : code == Z_OK || code == Z_BUF_ERROR ? .running : .failed
      return unsafe Step(
        read: Int(given - stream.pointee.avail_in), written: output.count - Int(stream.pointee.avail_out), state: state)
    } goesOn: {
      unsafe hasMembers && $0.first == 0x1F && inflateReset(stream) == Z_OK
    }
  }

  mutating func runBrotli() {
    guard let decoder = unsafe BrotliDecoderCreateInstance(nil, nil, nil) else { return }
    defer { unsafe BrotliDecoderDestroyInstance(decoder) }
    unsafe run { input, output in
      var (unread, free) = (input.count, output.count)
      var from = input.baseAddress
      var to = output.baseAddress
      let result = unsafe BrotliDecoderDecompressStream(decoder, &unread, &from, &free, &to, nil)
      let state: State = result == BROTLI_DECODER_RESULT_SUCCESS ? .ended : result == BROTLI_DECODER_RESULT_ERROR ? .failed : .running
      return Step(read: input.count - unread, written: output.count - free, state: state)
    } goesOn: { _ in
      false
    }
  }

  mutating func runZstd() {
    guard let decoder = unsafe ZSTD_createDStream() else { return }
    defer { unsafe ZSTD_freeDStream(decoder) }
    _ = unsafe ZSTD_DCtx_setParameter(decoder, ZSTD_d_windowLogMax, Self.zstdWindowBits)
    unsafe run { input, output in
      var from = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
      var to = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
      let code = unsafe ZSTD_decompressStream(decoder, &to, &from)
      let state: State = ZSTD_isError(code) != 0 ? .failed : code == 0 ? .ended : .running
      return unsafe Step(read: from.pos, written: to.pos, state: state)
    } goesOn: { _ in
      true  // several frames behind each other are one body
    }
  }
}
