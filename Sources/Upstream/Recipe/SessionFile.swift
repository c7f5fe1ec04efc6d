import Base
import Glibc
import Wire

/// The file of one session in the data folder: 0600, replaced as a whole.
final class SessionFile: Sendable {
  private let path: String
  private let folder: String

  /// Bytes of a file.
  private static let mostBytes = 4 << 20

  init(folder: String, name: String) {
    self.folder = folder
    path = folder + "/" + name + ".json"
  }

  /// What the file has; nil without one, and for one that can't be read.
  func read() -> Session.Kept? {
    let fd = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { return nil }
    defer { close(fd) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while bytes.count <= Self.mostBytes {
      let count = unsafe Glibc.read(fd, &buffer, buffer.count)
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    guard let json = try? JSON(parsing: bytes) else {  // nil is right: a damaged file counts as none
      Log.warning("session.unreadable", ["file": path])
      return nil
    }
    return Session.Kept(json)
  }

  /// Replaces the file: nobody ever sees half of it, and after a crash there is the old one or the new one.
  func write(_ kept: Session.Kept) {
    guard replace(with: Array(kept.json.bytes)) else {
      Log.error("session.unwritable", ["file": path, "errno": "\(errno)"])
      return
    }
  }

  private func replace(with bytes: [UInt8]) -> Bool {
    var parts = ""
    for part in folder.split(separator: "/", omittingEmptySubsequences: false) {
      parts += part
      // One that is there already is no failure; whether the folder can be used shows below.
      if !parts.isEmpty { _ = unsafe mkdir(parts, 0o700) }
      parts += "/"
    }
    let new = path + ".new-" + Digest.hex(Digest.random(4))
    let fd = unsafe open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard fd >= 0 else { return false }
    // Both live through the call.
    let isWritten = unsafe Glibc.write(fd, bytes, bytes.count) == bytes.count && fsync(fd) == 0
    close(fd)
    guard isWritten, unsafe rename(new, path) == 0 else {
      unsafe unlink(new)
      return false
    }
    return true
  }
}

extension Session.Kept {
  init(_ json: JSON) {
    credentials = Self.secrets(json["credentials"])
    identity = Self.secrets(json["identity"])
    for (name, value) in Self.pairs(json["cookies"]) { cookies[name] = value }
    trouble = json["trouble"]?.string.flatMap(Fault.Kind.init(rawValue:))
    restsUntil = json["rests_until_ms"]?.int
    for (name, value) in json["variables"]?.members ?? JSON.null.members { variables[name] = value }
  }

  /// With the secrets themselves: for the file alone.
  var json: JSON {
    .object([
      ("credentials", Self.json(credentials)), ("identity", Self.json(identity)),
      ("cookies", .object(cookies.all.map { ($0.name, JSON($0.value.exposed)) })),
      ("trouble", trouble.map { JSON($0.rawValue) } ?? .null), ("rests_until_ms", restsUntil.map { JSON($0) } ?? .null),
      ("variables", .object(variables.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })),
    ])
  }

  private static func pairs(_ json: JSON?) -> [(name: String, value: Secret)] {
    (json?.members ?? JSON.null.members).compactMap { name, value in value.string.map { (name, Secret($0)) } }
  }

  private static func secrets(_ json: JSON?) -> [String: Secret] {
    Dictionary(pairs(json).map { ($0.name, $0.value) }) { _, last in last }
  }

  private static func json(_ secrets: [String: Secret]) -> JSON {
    .object(secrets.sorted { $0.key < $1.key }.map { ($0.key, JSON($0.value.exposed)) })
  }
}
