internal import Base
internal import CZstd

/// Compresses and expands with one context each, which saves their set-up for every small text.
///
/// A text is stored behind one byte that says how: 0 as it is, 1 as a frame of zstd. What doesn't shrink stays as it is.
@safe
final class Zstd {
  private let packing: OpaquePointer
  private let unpacking: OpaquePointer
  private var room: [UInt8] = []

  /// Shorter texts stay as they are: the frame's head would eat what is won.
  static let least = 96
  /// The longest text that is expanded, in bytes: both bodies of an exchange, and some.
  static let limit = 256 << 20

  init() {
    guard let packing = unsafe ZSTD_createCCtx(), let unpacking = unsafe ZSTD_createDCtx() else {
      preconditionFailure("No memory for zstd")
    }
    unsafe self.packing = packing
    unsafe self.unpacking = unpacking
    // Level 3 shrinks prose by 2 % more and takes half as long again: 20 µs a record of 4 KB.
    _ = unsafe ZSTD_CCtx_setParameter(packing, ZSTD_c_compressionLevel, 1)
  }

  deinit {
    _ = unsafe ZSTD_freeCCtx(packing)
    _ = unsafe ZSTD_freeDCtx(unpacking)
  }

  func pack(_ text: [UInt8]) -> [UInt8] {
    guard text.count >= Self.least else { return [0] + text }
    let bound = ZSTD_compressBound(text.count) + 1
    if room.count < bound { room = [UInt8](repeating: 0, count: bound) }
    // Both arrays live through the call, which is told their sizes.
    let size = unsafe room.withUnsafeMutableBytes { room in
      unsafe room[0] = 1
      return unsafe text.withUnsafeBytes { text in
        unsafe ZSTD_compress2(packing, room.baseAddress?.advanced(by: 1), room.count - 1, text.baseAddress, text.count)
      }
    }
    guard ZSTD_isError(size) == 0, size < text.count else { return [0] + text }
    defer { if room.count > 1 << 20 { room = [] } }
    return Array(room[...size])
  }

  /// The text of what `pack` made; nil when it is something else.
  func unpack(_ stored: [UInt8]) -> [UInt8]? {
    guard stored.first == 1 else { return stored.first == 0 ? Array(stored.dropFirst()) : nil }
    return unsafe stored.withUnsafeBytes { stored -> [UInt8]? in
      let frame = unsafe UnsafeRawBufferPointer(rebasing: stored[1...])
      let size = unsafe ZSTD_getFrameContentSize(frame.baseAddress, frame.count)
      // The two highest values mean an unknown size and an error.
      guard size <= UInt64(Self.limit) else { return nil }
      return unsafe [UInt8](unsafeUninitializedCapacity: Int(size)) { text, count in
        let got = unsafe ZSTD_decompressDCtx(unpacking, text.baseAddress, text.count, frame.baseAddress, frame.count)
        count = ZSTD_isError(got) == 0 ? got : 0
      }
    }.flatMap { $0.isEmpty ? nil : $0 }
  }
}
