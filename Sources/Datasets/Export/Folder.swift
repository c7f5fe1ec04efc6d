import Base
import Glibc

/// Files of an export: folders, whole small files, names.
enum Folder {
  /// Makes a folder, and those above it, for its owner alone.
  static func make(_ path: String) throws(Fault) {
    if unsafe mkdir(path, 0o700) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex else { throw fault("make", path) }
    try make(String(path[..<slash]))
    guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else { throw fault("make", path) }
  }

  /// The names in a folder, ascending; none where there is no folder.
  static func names(_ path: String) -> [String] {
    guard let folder = unsafe opendir(path) else { return [] }
    defer { _ = unsafe closedir(folder) }
    var names: [String] = []
    while let entry = unsafe readdir(folder) {
      // The entry lives until the next call; its name ends with NUL.
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { name in
        unsafe name.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names.sorted()
  }

  /// A file's bytes; nil when it can't be read.
  static func read(_ path: String) -> [UInt8]? {
    let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      // It writes at most as many bytes as the piece has.
      let count = unsafe Glibc.read(file, &piece, piece.count)
      guard count > 0 else { return count == 0 ? bytes : nil }
      bytes += piece.prefix(count)
    }
  }

  /// Writes a whole file under another name and gives it its own then.
  static func write(_ bytes: [UInt8], to path: String) throws(Fault) {
    let aside = path + ".part"
    let file = try OutputFile(aside)
    try file.write(bytes)
    _ = try file.end()
    try move(aside, to: path)
  }

  static func move(_ path: String, to other: String) throws(Fault) {
    guard unsafe rename(path, other) == 0 else { throw fault("rename", path) }
  }

  static func remove(_ path: String) { _ = unsafe unlink(path) }

  /// Removes a folder with its files and folders.
  static func removeAll(_ path: String) {
    for name in names(path) {
      let inner = path + "/" + name
      if unsafe unlink(inner) != 0 { removeAll(inner) }
    }
    _ = unsafe rmdir(path)
  }

  static func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

  static func fault(_ what: String, _ path: String) -> Fault {
    let reason = unsafe String(cString: strerror(errno))
    return Fault(.internal, "Can't \(what) \(path): \(reason).", code: "export_failed")
  }
}
