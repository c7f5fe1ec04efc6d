package import Base
internal import Glibc

/// Folders of Apus's own files: 0700, their files 0600.
package enum DataFolder {
  /// Makes a folder and those above it where they are missing. Throws `internal`.
  package static func make(_ path: String) throws(Fault) {
    var parts = ""
    for part in path.split(separator: "/", omittingEmptySubsequences: false) {
      parts += part
      // One that is there already is no failure; whether the last can be used shows in the end.
      if !parts.isEmpty { _ = unsafe mkdir(parts, 0o700) }
      parts += "/"
    }
    guard unsafe access(path, R_OK | X_OK) == 0 else {
      throw Fault(.internal, "The folder \(path) can't be used.", detail: "errno \(errno)")
    }
  }

  /// The names in a folder; none where it can't be read.
  static func names(_ path: String) -> [String] {
    // The stream is closed below; an entry is valid until the next is read.
    guard let stream = unsafe opendir(path) else { return [] }
    defer { unsafe closedir(stream) }
    var names: [String] = []
    while let entry = unsafe readdir(stream) {
      names.append(unsafe withUnsafeBytes(of: entry.pointee.d_name) { unsafe String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
    }
    return names
  }

  /// Bytes of a file; nil where there is none.
  static func size(_ path: String) -> Int? {
    var about = stat()
    return unsafe stat(path, &about) == 0 ? Int(about.st_size) : nil
  }
}
