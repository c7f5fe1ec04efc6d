internal import Glibc

/// Why a segment can't be read.
enum SegmentTrouble: Error {
  /// Nothing is in it: the file is gone, or ends before its head does.
  case empty
  /// The file is none of ours, or a later version's.
  case unknown
  /// The system does not let it be read; later it may.
  case unreadable
}

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

  /// Whether there is more that can't be read: for now, or by this version.
  private(set) var isStuck = false

  /// `written`: the file where this program writes it, which is readable even when its name is gone; −1 for one that was left.
  init(_ path: String, written: Int32 = -1, from offset: Int) throws(SegmentTrouble) {
    // Not even a pipe of that name may keep the thread waiting.
    let fd = written >= 0 ? dup(written) : unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard fd >= 0 else { throw errno == ENOENT ? .empty : .unreadable }
    do throws(SegmentTrouble) {
      stamp = try Self.stamp(fd)
    } catch {
      close(fd)
      throw error
    }
    self.fd = fd
    bufferStart = max(offset, SegmentHead.length)
  }

  private static func stamp(_ fd: Int32) throws(SegmentTrouble) -> UInt32 {
    var head = [UInt8](repeating: 0, count: SegmentHead.length)
    let count = unsafe pread(fd, &head, head.count, 0)
    guard count >= 0 else { throw errno == ESPIPE || errno == EISDIR ? .unknown : .unreadable }
    guard count == head.count else { throw .empty }
    guard let stamp = SegmentHead.stamp(in: head) else { throw .unknown }
    return stamp
  }

  deinit {
    close(fd)
  }

  /// Where the next frame begins: everything before it has been given.
  var offset: Int { bufferStart + used }

  /// The next record before `end`, an offset of the file; nil when there is none (yet).
  func next(before end: Int = .max) -> Record? {
    isStuck = false
    while true {
      switch RecordFrame.read(buffer[...], at: used, stamp: stamp) {
      case .record(let record, let next):
        used = next
        return record
      case .newer:
        isStuck = true
        return nil
      case .short:
        if fill(end) { continue }
        // A changed length may make a frame of what are several.
        let next = RecordFrame.next(buffer[...], behind: used, stamp: stamp)
        guard !isStuck, next < buffer.endIndex else { return nil }
        used = next
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
    isStuck = count < 0
    guard count > 0 else { return false }
    buffer.append(contentsOf: piece[..<count])
    return true
  }
}
