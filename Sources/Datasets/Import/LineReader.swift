import Base
import CZstd
import Glibc

/// Gives the lines of a file, plain or packed with zstd.
@safe
final class LineReader {
  private let descriptor: Int32
  private let unpacker: OpaquePointer?
  private var input = [UInt8](repeating: 0, count: 1 << 17)
  private var inputEnd = 0
  private var inputPlace = 0
  private var output = [UInt8](repeating: 0, count: 1 << 17)
  private var line: [UInt8] = []
  private var pending: ArraySlice<UInt8> = []
  private var isOver = false

  /// The longest line, in bytes.
  static let limit = 64 << 20

  /// Opens a file; `.zst` at the end of its name means that it is packed.
  init(_ path: String) throws(Fault) {
    descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    unsafe unpacker = path.hasSuffix(".zst") ? ZSTD_createDCtx() : nil
    guard descriptor >= 0 else { throw Folder.fault("read", path) }
  }

  deinit {
    if descriptor >= 0 { close(descriptor) }
    _ = unsafe ZSTD_freeDCtx(unpacker)
  }

  /// The next line without its end; nil behind the last. Throws `.tooLarge` for one that is too long.
  func next() throws(Fault) -> [UInt8]? {
    while true {
      if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
        let whole = line + pending[..<end]
        pending = pending[(end + 1)...]
        line = []
        return whole
      }
      line += pending
      pending = []
      guard line.count <= Self.limit else { throw Fault(.tooLarge, "A line is longer than \(Self.limit) bytes.") }
      if isOver {
        defer { line = [] }
        return line.isEmpty ? nil : line
      }
      try fill()
    }
  }

  private func fill() throws(Fault) {
    if unsafe unpacker != nil { return try unpack() }
    try readInput()
    pending = input[..<inputEnd]
  }

  private func readInput() throws(Fault) {
    // It writes at most as many bytes as there is room.
    let count = unsafe Glibc.read(descriptor, &input, input.count)
    guard count >= 0 else { throw Folder.fault("read", "the file") }
    (inputPlace, inputEnd) = (0, count)
    if count == 0 { isOver = true }
  }

  private func unpack() throws(Fault) {
    if inputPlace == inputEnd { try readInput() }
    guard !isOver else { return }
    var written = 0
    // Both arrays live through the call, which is told their sizes and moves the positions within them.
    let left = unsafe input.withUnsafeBytes { input in
      unsafe output.withUnsafeMutableBytes { output in
        var source = unsafe ZSTD_inBuffer(src: input.baseAddress, size: inputEnd, pos: inputPlace)
        var target = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
        let left = unsafe ZSTD_decompressStream(unpacker, &target, &source)
        (inputPlace, written) = unsafe (source.pos, target.pos)
        return left
      }
    }
    guard ZSTD_isError(left) == 0 else { throw Fault(.invalid, "The file is no frame of zstd.") }
    pending = output[..<written]
  }
}
