internal import Glibc

/// Reads the records of a segment, from a place on. The file is closed with the object.
///
/// What is no frame of this segment is passed over: a torn one, and what an earlier use of the file left behind.
final class SegmentReader {
  private let fd: Int32
  private let stamp: UInt32
  /// Bytes that were read, how many of them were used, and where they stand in the file.
  private var buffer: [UInt8] = []
  private var used = 0
  private var bufferStart: Int

  private static let pieceSize = 1 << 20

  /// Nil when there is no such file, or none with a segment's head.
  init?(_ path: String, from offset: Int) {
    fd = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { return nil }
    var head = [UInt8](repeating: 0, count: SegmentHead.length)
    let count = unsafe pread(fd, &head, head.count, 0)
    guard count == head.count, let stamp = SegmentHead.stamp(in: head) else {
      close(fd)
      return nil
    }
    self.stamp = stamp
    bufferStart = max(offset, SegmentHead.length)
  }

  deinit {
    close(fd)
  }

  /// Where the next frame begins: everything before it has been given.
  var offset: Int { bufferStart + used }

  /// The next record before `end`, an offset of the file; nil when there is none (yet).
  func next(before end: Int = .max) -> Record? {
    while true {
      switch RecordFrame.read(buffer[...], at: used, stamp: stamp) {
      case .record(let record, let next):
        used = next
        return record
      case .short:
        guard fill(end) else { return nil }
      case .none(let next):
        used = next
      }
    }
  }

  private func fill(_ end: Int) -> Bool {
    bufferStart += used
    buffer.removeFirst(used)
    used = 0
    let place = bufferStart + buffer.count
    guard place < end else { return false }
    var piece = [UInt8](repeating: 0, count: min(Self.pieceSize, end - place))
    let count = unsafe pread(fd, &piece, piece.count, off_t(place))
    guard count > 0 else { return false }
    buffer.append(contentsOf: piece[..<count])
    return true
  }
}

/// The first bytes of a segment: a mark, and the stamp of this use of the file.
enum SegmentHead {
  private static let mark = Array("APUSSEG1".utf8)
  static let length = 12

  static func bytes(stamp: UInt32) -> [UInt8] { mark + (0..<4).map { UInt8(stamp >> UInt32(8 * $0) & 255) } }

  static func stamp(in head: [UInt8]) -> UInt32? {
    guard head.count == length, head.starts(with: mark) else { return nil }
    return (0..<4).reduce(0) { $0 | UInt32(head[mark.count + $1]) << UInt32(8 * $1) }
  }
}
