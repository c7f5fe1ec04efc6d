internal import Glibc
internal import Synchronization

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
