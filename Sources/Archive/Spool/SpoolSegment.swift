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

/// Files that are ready to be written: their pages are in memory already, so that an append costs the loop a copy and not the making of
/// pages, which took four times as long.
final class SpareFiles: Sendable {
  private struct File {
    let path: String
    let fd: Int32
  }

  private let folder: String
  private let files = Mutex<(ready: [File], number: Int)>(([], 0))

  init(_ folder: String) {
    self.folder = folder
    for name in DataFolder.names(folder) where name.hasPrefix(Self.prefix) { _ = unsafe unlink(folder + "/" + name) }
  }

  private static let prefix = "spare-"

  /// A file under a new name, open for writing; nil when none is ready.
  func take(as path: String) -> Int32? {
    guard let file = files.withLock({ $0.ready.popLast() }) else { return nil }
    guard unsafe rename(file.path, path) == 0 else {
      close(file.fd)
      return nil
    }
    return file.fd
  }

  /// Keeps an ingested segment's file for another use; false when there are enough.
  func add(_ segment: SpoolSegment, most: Int) -> Bool {
    guard segment.fd >= 0, let path = newPath(most), unsafe rename(segment.path, path) == 0 else { return false }
    let fd = dup(segment.fd)
    guard fd >= 0 else {
      _ = unsafe unlink(path)
      return true
    }
    files.withLock { $0.ready.append(File(path: path, fd: fd)) }
    return true
  }

  /// Makes a file of `size` bytes ready; false when there are enough, or the disk has no room.
  func make(size: Int, most: Int) -> Bool {
    guard let path = newPath(most) else { return false }
    let fd = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard fd >= 0 else { return false }
    let zeros = [UInt8](repeating: 0, count: 1 << 18)
    for start in stride(from: 0, to: size, by: zeros.count) {
      guard unsafe pwrite(fd, zeros, min(zeros.count, size - start), off_t(start)) > 0 else {
        close(fd)
        _ = unsafe unlink(path)
        return false
      }
    }
    files.withLock { $0.ready.append(File(path: path, fd: fd)) }
    return true
  }

  private func newPath(_ most: Int) -> String? {
    files.withLock { files in
      guard files.ready.count < most else { return nil }
      files.number += 1
      return folder + "/" + Self.prefix + String(files.number)
    }
  }

  /// Removes them all, where they would only take room.
  func removeAll() {
    for file in files.withLock({ files in
      defer { files.ready = [] }
      return files.ready
    }) {
      close(file.fd)
      _ = unsafe unlink(file.path)
    }
  }
}
