import Base
import Glibc
import Testing

@testable import Archive

@Suite struct `What lies in a spool` {
  private let folder: Folder
  private var spoolPath: String { folder.path + "/spool" }
  private var location: Secret { Secret("sqlite:" + folder.path + "/a.db") }
  private var leftover: Leftover { Leftover(spool: spoolPath, archive: location) }

  init() throws {
    folder = try Folder()
  }

  /// Appends records to a new segment, as a gateway that was killed leaves it.
  private func leave(_ ids: [String]) throws {
    let spool = Spool(try #require(try SpoolFolder.open(spoolPath, patience: 5_000_000_000)), limit: 1 << 30)
    let writer = SpoolWriter(spool, loop: 0)
    for id in ids { #expect(writer.append(Record(id: id, time: 1))) }
  }

  private func filed() throws -> Int { try Archive.open(location.exposed, mode: .read).stats().exchanges }

  @Test func `is counted, filed once, and gone`() throws {
    try leave(["1", "2", "3"])
    #expect(try leftover.count() == 3)
    try leftover.settle()
    #expect(try filed() == 3)
    #expect(try leftover.count() == 0)
    #expect(SpoolFolder.segments(spoolPath).isEmpty)
    try leftover.settle()
    try leave(["3", "4"])
    try leftover.settle()
    #expect(try filed() == 4)
  }

  @Test func `is nothing where there is no spool`() throws {
    try leftover.settle()
    #expect(try leftover.count() == 0)
    #expect(SpoolFolder.peek(spoolPath) == nil)
  }

  @Test func `is filed in a folder that is made for it`() throws {
    try leave(["1"])
    let deep = Secret("sqlite:" + folder.path + "/x/y/a.db")
    try Leftover(spool: spoolPath, archive: deep).settle()
    #expect(try Archive.open(deep.exposed, mode: .read).stats().exchanges == 1)
    try Shell.run("test $(stat -c %a '\(folder.path)/x') = 700 && test $(stat -c %a '\(folder.path)/x/y') = 700")
  }

  @Test func `stays where the archive can't take it`() throws {
    try leave(["1"])
    try Shell.run("touch '\(folder.path)/none'")
    let away = Leftover(spool: spoolPath, archive: Secret("sqlite:" + folder.path + "/none/a.db"))
    #expect(throws: Fault.self) { try away.settle() }
    #expect(try leftover.count() == 1)
    try leftover.settle()
    #expect(try filed() == 1)
  }

  @Test func `is waited for while a gateway has it`() throws {
    try leave(["1"])
    let gateway = try #require(try SpoolFolder.open(spoolPath, patience: 5_000_000_000))
    // Nobody files it: the command goes on after a while, and has taken nothing.
    let spool = Spool(gateway, limit: 1 << 30)
    let ingester = Ingester(spool, location, keep: Retention(age: nil, bytes: nil))
    ingester.start()
    try leftover.settle()
    #expect(try filed() == 1)
    ingester.end()
  }

  // What is no segment of this version is somebody's, and is not ours to remove.
  @Test(arguments: ["APUSSEG9 of a later version", "something else altogether"])
  func `is left alone where it is not known`(text: String) throws {
    try leave(["1"])
    let path = spoolPath + "/0000000000000-00-00000.spool"
    try write(Array(text.utf8), to: path)
    try leftover.settle()
    #expect(try filed() == 1)
    #expect(DataFolder.size(path) == text.utf8.count)
  }

  @Test func `is taken away where it is empty`() throws {
    try leave(["1"])
    for (index, text) in ["", "APUSS"].enumerated() { try write(Array(text.utf8), to: spoolPath + "/000000000000\(index)-00-00000.spool") }
    try leftover.settle()
    #expect(try filed() == 1)
    #expect(SpoolFolder.segments(spoolPath).isEmpty)
  }

  @Test func `behind a record of a later version waits for that version`() throws {
    try leave(["1", "2"])
    let name = try #require(SpoolFolder.segments(spoolPath).first?.name)
    var bytes = try read(spoolPath + "/" + name)
    let stamp = try #require(SegmentHead.stamp(in: Array(bytes[..<SegmentHead.length])))
    // The second frame, as if a later version had written it.
    let start = SegmentHead.length + RecordFrame.front(of: Record(id: "1", time: 1), stamp: stamp).count
    bytes.replaceSubrange(start..., with: RecordFrame.front(of: Record(id: "2", time: 1), stamp: stamp, version: RecordFrame.version + 1))
    try write(bytes, to: spoolPath + "/" + name)
    try leftover.settle()
    try leftover.settle()
    #expect(try filed() == 1)
    #expect(DataFolder.size(spoolPath + "/" + name) == bytes.count)
  }

  // Where one frame's length has changed, those behind it are read all the same.
  @Test func `is read on behind what was damaged`() throws {
    try leave(["1", "2", "3"])
    let name = try #require(SpoolFolder.segments(spoolPath).first?.name)
    var bytes = try read(spoolPath + "/" + name)
    bytes[SegmentHead.length + 6] ^= 0x40
    try write(bytes, to: spoolPath + "/" + name)
    try leftover.settle()
    #expect(try filed() == 2)
  }

  private func write(_ bytes: [UInt8], to path: String) throws {
    let fd = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    try #require(fd >= 0)
    #expect(unsafe Glibc.write(fd, bytes, bytes.count) == bytes.count)
    close(fd)
  }

  private func read(_ path: String) throws -> [UInt8] {
    let fd = unsafe open(path, O_RDONLY)
    try #require(fd >= 0)
    defer { close(fd) }
    var bytes = [UInt8](repeating: 0, count: try #require(DataFolder.size(path)))
    #expect(unsafe pread(fd, &bytes, bytes.count, 0) == bytes.count)
    return bytes
  }
}
