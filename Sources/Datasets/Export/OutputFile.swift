import Base
import CZstd
import Glibc

/// A file that is written from its beginning to its end, plain or as one frame of zstd.
@safe
final class OutputFile {
  /// What a file came to.
  struct Summary {
    var bytes: Int
    var digest: String
  }

  private let path: String
  private let descriptor: Int32
  private let digest = RunningDigest()
  private let packer: OpaquePointer?
  private var room: [UInt8] = []
  private var buffer: [UInt8] = []
  private var size = 0

  private static let bufferSize = 1 << 18

  /// Makes a file, for its owner's eyes only; one of that name is written anew.
  init(_ path: String, isPacked: Bool = false) throws(Fault) {
    self.path = path
    descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    unsafe packer = isPacked ? ZSTD_createCCtx() : nil
    guard descriptor >= 0 else { throw Folder.fault("write", path) }
    if unsafe packer != nil { room = [UInt8](repeating: 0, count: ZSTD_CStreamOutSize()) }
    buffer.reserveCapacity(Self.bufferSize + (1 << 14))
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    _ = unsafe ZSTD_freeCCtx(packer)
  }

  /// Adds bytes.
  func write(_ bytes: some Collection<UInt8>) throws(Fault) {
    buffer += bytes
    if buffer.count >= Self.bufferSize { try flush(isEnd: false) }
  }

  /// Writes what is left, to the disk itself.
  func end() throws(Fault) -> Summary {
    try flush(isEnd: true)
    guard fsync(descriptor) == 0 else { throw Folder.fault("write", path) }
    return Summary(bytes: size, digest: Digest.hex(digest.end()))
  }

  private func flush(isEnd: Bool) throws(Fault) {
    let bytes = buffer
    buffer.removeAll(keepingCapacity: true)
    if unsafe packer == nil { try put(bytes) } else { try pack(bytes, isEnd: isEnd) }
  }

  private func pack(_ bytes: [UInt8], isEnd: Bool) throws(Fault) {
    var taken = 0
    var isOver = false
    while !isOver {
      var written = 0
      // Both arrays live through the call, which is told their sizes and moves the positions within them.
      let left = unsafe bytes.withUnsafeBytes { input in
        unsafe room.withUnsafeMutableBytes { output in
          var source = unsafe ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: taken)
          var target = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
          let left = unsafe ZSTD_compressStream2(packer, &target, &source, isEnd ? ZSTD_e_end : ZSTD_e_continue)
          (taken, written) = unsafe (source.pos, target.pos)
          return left
        }
      }
      guard ZSTD_isError(left) == 0 else { throw Fault(.internal, "Can't compress \(path).", code: "export_failed") }
      try put(Array(room[..<written]))
      isOver = isEnd ? left == 0 : taken == bytes.count
    }
  }

  private func put(_ bytes: [UInt8]) throws(Fault) {
    var done = 0
    while done < bytes.count {
      // The bytes live through the call.
      let count = unsafe bytes.withUnsafeBytes { bytes in
        unsafe Glibc.write(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw Folder.fault("write", path) }
      done += count
    }
    digest.add(bytes)
    size += bytes.count
  }
}
