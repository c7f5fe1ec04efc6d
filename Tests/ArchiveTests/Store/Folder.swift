import Glibc

/// A folder of its own, removed at the end.
final class Folder {
  let path: String

  init() throws {
    var template = Array("/tmp/apus-store-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw Failure() }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    try? Shell.run("rm -rf '\(path)'")
  }

  struct Failure: Error {}
}

/// Runs commands, for what the tests need around them.
enum Shell {
  struct Failure: Error { let status: Int32 }

  static func run(_ command: String) throws {
    var child = pid_t()
    let words = ["sh", "-c", command]
    // The copies live as long as the tests.
    var pointers: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) } + [nil]
    let started = unsafe posix_spawn(&child, "/bin/sh", nil, nil, &pointers, environ)
    guard started == 0 else { throw Failure(status: started) }
    var status: Int32 = 0
    while unsafe waitpid(child, &status, 0) < 0, errno == EINTR {}
    guard status == 0 else { throw Failure(status: status) }
  }
}
