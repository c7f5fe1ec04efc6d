internal import Base
internal import Glibc
internal import Synchronization

/// A file of frames: written by one loop of this run, or left by an earlier one.
package final class SpoolSegment: Sendable {
  let path: String
  /// What tells this use of the file from earlier ones.
  let stamp: UInt32
  /// Open for writing; −1 for a segment that an earlier run left.
  let fd: Int32
  /// Bytes up to the end of the last whole frame.
  private let written: Atomic<Int>
  private let closed: Atomic<Bool>
  /// Whether the disk itself has its name.
  private let isNamed = Atomic(false)
  /// Bytes that are in the archive.
  private let filed: Atomic<Int>

  /// A new segment in a file that may hold an earlier one's bytes. Nil when the disk does not take its head.
  init?(_ path: String, _ fd: Int32) {
    self.path = path
    self.fd = fd
    stamp = Digest.random(4).reduce(0) { $0 << 8 | UInt32($1) }
    written = Atomic(SegmentHead.length)
    closed = Atomic(false)
    filed = Atomic(SegmentHead.length)
    let head = SegmentHead.bytes(stamp: stamp)
    if unsafe pwrite(fd, head, head.count, 0) != head.count { return nil }
  }

  /// One that an earlier run left.
  init(left path: String, size: Int) {
    self.path = path
    fd = -1
    stamp = 0
    written = Atomic(size)
    closed = Atomic(true)
    filed = Atomic(0)
  }

  deinit {
    if fd >= 0 { close(fd) }
  }

  var name: String { path.split(separator: "/").last.map { String($0) } ?? path }
  /// Bytes up to the end of the last whole frame; of a left one the file's size.
  var end: Int { written.load(ordering: .acquiring) }
  /// Whether nothing more will be written.
  var isClosed: Bool { closed.load(ordering: .acquiring) }

  func grew(by count: Int) { written.wrappingAdd(count, ordering: .releasing) }

  func isDone() { closed.store(true, ordering: .releasing) }

  /// Notes how far the archive is; how many bytes that is more than before.
  func file(to offset: Int) -> Int {
    max(0, offset - filed.exchange(max(offset, filed.load(ordering: .relaxed)), ordering: .relaxed))
  }

  /// Waits until the disk itself has what was written, and the name under which it is found. Blocks.
  package func sync() {
    _ = fdatasync(fd)
    guard !isNamed.exchange(true, ordering: .relaxed) else { return }
    let folder = unsafe open(String(path.dropLast(name.utf8.count)), O_RDONLY | O_CLOEXEC)
    guard folder >= 0 else { return }
    _ = fsync(folder)
    close(folder)
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
