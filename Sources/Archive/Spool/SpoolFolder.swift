package import Base
internal import CSystem
internal import Glibc

/// The folder of a spool: its segments, its lock, its name, and how many records were dropped.
///
/// A segment is a file of frames that one loop of one run appends to, called `TIME-LOOP-NUMBER.spool`. Nothing is ever written into a
/// segment of an earlier run. Whoever holds the lock may ingest and remove segments: the running gateway, or a command beside none.
package final class SpoolFolder: Sendable {
  /// The folder, without a slash at the end.
  package let path: String
  /// Who writes here, for the archive: the positions of several spools may stand in one archive.
  package let name: String
  private let lock: Int32
  private let dropped: Int32

  /// Opens the folder, making it where it is missing, and takes its lock. Nil when another process has it, and still has it after
  /// `patience` nanoseconds. Throws `internal` when the folder can't be used.
  package static func open(_ path: String, patience: Int64 = 0) throws(Fault) -> SpoolFolder? {
    try DataFolder.make(path)
    let lock = try open(path + "/lock", path)
    let deadline = sys_now() + patience
    while flock(lock, LOCK_EX | LOCK_NB) != 0 {
      guard sys_now() < deadline else {
        close(lock)
        return nil
      }
      sys_sleep(10_000_000)
    }
    return try SpoolFolder(path, lock)
  }

  private init(_ path: String, _ lock: Int32) throws(Fault) {
    self.path = path
    self.lock = lock
    dropped = try Self.open(path + "/dropped", path)
    var name = Self.text(of: lock)
    if name.isEmpty {
      name = Digest.randomText(16)
      Self.overwrite(lock, name)
    }
    self.name = name
  }

  deinit {
    close(dropped)
    close(lock)
  }

  private static func open(_ file: String, _ path: String) throws(Fault) -> Int32 {
    let fd = unsafe Glibc.open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard fd >= 0 else { throw Fault(.internal, "The spool \(path) can't be used.", detail: "errno \(errno)") }
    return fd
  }

  private static func text(of fd: Int32) -> String {
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = unsafe pread(fd, &bytes, bytes.count, 0)
    return String(decoding: bytes.prefix(max(0, count)).prefix { $0 > 32 }, as: UTF8.self)
  }

  private static func overwrite(_ fd: Int32, _ text: String) {
    // Always as many bytes, so that a full disk has room for a new number in the place of the old one.
    let bytes = Array((text + String(repeating: " ", count: max(0, 31 - text.utf8.count)) + "\n").utf8)
    _ = unsafe pwrite(fd, bytes, bytes.count, 0)
  }

  /// How many records this spool has dropped since it was made, also in earlier runs.
  package var droppedCount: Int {
    get { Int(Self.text(of: dropped)) ?? 0 }
    set { Self.overwrite(dropped, String(newValue)) }
  }

  /// Begins the count of dropped records anew.
  package static func forgetDropped(_ path: String) {
    let fd = unsafe Glibc.open(path + "/dropped", O_WRONLY | O_CLOEXEC)
    guard fd >= 0 else { return }
    overwrite(fd, "0")
    close(fd)
  }

  /// What a spool's folder tells without its lock: its name and its dropped records. Nil where there is none.
  package static func peek(_ path: String) -> (name: String, dropped: Int)? {
    let lock = unsafe Glibc.open(path + "/lock", O_RDONLY | O_CLOEXEC)
    guard lock >= 0 else { return nil }
    defer { close(lock) }
    let dropped = unsafe Glibc.open(path + "/dropped", O_RDONLY | O_CLOEXEC)
    defer { if dropped >= 0 { close(dropped) } }
    return (text(of: lock), dropped >= 0 ? Int(text(of: dropped)) ?? 0 : 0)
  }
}

extension SpoolFolder {
  /// The segments that are there, the oldest first, with their sizes in bytes.
  package static func segments(_ path: String) -> [(name: String, size: Int)] {
    DataFolder.names(path).filter { $0.hasSuffix(".spool") }.sorted().compactMap { name in
      DataFolder.size(path + "/" + name).map { (name, $0) }
    }
  }

  /// A new segment's name for a loop.
  static func segmentName(loop: Int, number: Int) -> String {
    func padded(_ value: Int, _ count: Int) -> String {
      let text = String(value)
      return String(repeating: "0", count: max(0, count - text.count)) + text
    }
    return "\(padded(Time.now.milliseconds, 13))-\(padded(loop, 2))-\(padded(number, 5)).spool"
  }
}
