import Glibc
import Testing

@testable import Archive

@Suite struct `A spool` {
  private func record(_ number: Int, size: Int = 100) -> Record {
    var record = Record(id: String(number), time: number)
    record.request.bytes = [UInt8](repeating: UInt8(number & 255), count: size)
    return record
  }

  // A child that another test is starting may hold a copy of an earlier lock for a moment.
  private func spool(_ folder: Folder, limit: Int = 1 << 20) throws -> Spool {
    Spool(try #require(try SpoolFolder.open(folder.path, patience: 5_000_000_000)), limit: limit)
  }

  /// Ids of the records in all segments.
  private func ids(_ spool: Spool) -> [String] {
    spool.segments.flatMap { segment in
      // nil is right: of a segment without a head there are none.
      guard let reader = try? SegmentReader(segment.path, written: segment.fd, from: 0) else { return [String]() }
      var ids: [String] = []
      while let record = reader.next(before: segment.end) { ids.append(record.id) }
      return ids
    }
  }

  @Test func `gives back what was appended, in order`() throws {
    let folder = try Folder()
    let spool = try spool(folder)
    let writer = SpoolWriter(spool, loop: 0)
    for number in 0..<50 { #expect(writer.append(record(number))) }
    #expect(ids(spool) == (0..<50).map(String.init))
  }

  @Test func `that a killed process left is read up to the torn frame`() throws {
    let folder = try Folder()
    let segment = try leaveTorn(folder)
    let spool = try spool(folder)
    #expect(spool.segments.map(\.name) == [segment])
    #expect(ids(spool) == ["0", "1"])
  }

  /// Two whole frames and half a third, as a process that was killed leaves them.
  private func leaveTorn(_ folder: Folder) throws -> String {
    let spool = try spool(folder)
    let writer = SpoolWriter(spool, loop: 0)
    for number in 0..<3 { #expect(writer.append(record(number))) }
    let segment = try #require(writer.segment)
    try #require(unsafe truncate(segment.path, off_t(segment.end - 30)) == 0)
    return segment.name
  }

  @Test func `reads nothing that an earlier use of a file left in it`() throws {
    let folder = try Folder()
    let spool = try spool(folder)
    let writer = SpoolWriter(spool, loop: 0)
    for number in 0..<3 { #expect(writer.append(record(number))) }
    writer.end()
    spool.remove(try #require(spool.segments.first))
    #expect(SpoolFolder.segments(folder.path).isEmpty)
    #expect(writer.append(record(9)))
    let segment = try #require(writer.segment)
    #expect(try #require(DataFolder.size(segment.path)) > segment.end, "the file was not used again")
    #expect(ids(spool) == ["9"])
    let reader = try SegmentReader(segment.path, from: 0)
    #expect(reader.next()?.id == "9")
    #expect(reader.next() == nil)
  }

  @Test func `that is full drops and counts, also beyond a restart`() throws {
    let folder = try Folder()
    do {
      let spool = try spool(folder, limit: 4096)
      let writer = SpoolWriter(spool, loop: 0)
      var kept = 0
      while writer.append(record(kept)) { kept += 1 }
      #expect(kept > 0)
      #expect(!writer.append(record(kept)))
      #expect(spool.droppedCount == 2)
      #expect(writer.append(record(kept), isPromised: true), "a promised record was dropped")
    }
    #expect(try spool(folder).droppedCount == 2)
  }

  @Test func `keeps in memory what the disk does not take, and no more than its limit`() throws {
    let folder = try Folder()
    let spool = try spool(folder, limit: 1 << 30)
    let writer = SpoolWriter(spool, loop: 0)
    let away = folder.path + "-away"
    try #require(unsafe rename(folder.path, away) == 0)
    var kept = 0
    while writer.append(record(kept, size: 1 << 20)) { kept += 1 }
    #expect(kept == 15)
    #expect(writer.isWaiting)
    #expect(writer.append(record(15, size: 1 << 20), isPromised: true), "a promised record was dropped")
    try #require(unsafe rename(away, folder.path) == 0)
    #expect(writer.flush())
    #expect(ids(spool) == (0...15).map(String.init))
    #expect(spool.droppedCount == 1)
  }

  @Test func `whose folder is taken away keeps what is written in it`() throws {
    let folder = try Folder()
    let spool = try spool(folder)
    let writer = SpoolWriter(spool, loop: 0)
    #expect(writer.append(record(1)))
    try Shell.run("rm -rf '\(folder.path)'")
    #expect(writer.append(record(2)))
    var batch = BatchReader(spool, from: [:]).next()
    batch.sort()
    #expect(batch.entries.map(\.row.record.id) == ["1", "2"])
  }

  @Test func `whose segment can't be opened waits for the day that it can`() throws {
    let folder = try Folder()
    #expect(SpoolWriter(try spool(folder), loop: 0).append(record(1)))
    let spool = try spool(folder)
    let reader = BatchReader(spool, from: [:])
    // No file may be opened any more.
    var limit = rlimit()
    try #require(unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
    let old = limit.rlim_cur
    limit.rlim_cur = 0
    try #require(unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
    let none = reader.next()
    limit.rlim_cur = old
    try #require(unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
    #expect(none.isEmpty)
    #expect(reader.next().entries.map(\.row.record.id) == ["1"])
  }

  // Packed, a thousandth as much may have come: what counts is what it takes in memory.
  @Test func `is read in batches that fit into memory`() throws {
    let folder = try Folder()
    let spool = try spool(folder, limit: 1 << 30)
    let writer = SpoolWriter(spool, loop: 0)
    let packed = folder.path + "/packed"
    let text = #"{"model":"m","messages":[{"role":"user","content":"'; head -c 9000000 /dev/zero | tr '\0' x; printf '"}]}"#
    try Shell.run("(printf '\(text)') | gzip > '\(packed)'")
    let fd = unsafe open(packed, O_RDONLY)
    try #require(fd >= 0)
    defer { close(fd) }
    var body = [UInt8](repeating: 0, count: try #require(DataFolder.size(packed)))
    #expect(unsafe pread(fd, &body, body.count, 0) == body.count)
    #expect(body.count < 20_000)
    for number in 0..<8 {
      var record = record(number)
      (record.endpoint, record.clientWire) = ("chat", "openai-chat")
      record.request = Record.Body(body, coding: "gzip")
      #expect(writer.append(record))
    }
    #expect(BatchReader(spool, from: [:]).next().entries.count == 2)
  }

  @Test func `that another is about to let go is waited for`() throws {
    let folder = try Folder()
    var first = try SpoolFolder.open(folder.path, patience: 5_000_000_000)
    #expect(first != nil)
    #expect(try SpoolFolder.open(folder.path, patience: 20_000_000) == nil)
    first = nil
    #expect(try SpoolFolder.open(folder.path, patience: 5_000_000_000) != nil)
  }

  @Test func `belongs to one process at a time`() throws {
    let folder = try Folder()
    let first = try #require(try SpoolFolder.open(folder.path, patience: 5_000_000_000))
    #expect(try SpoolFolder.open(folder.path) == nil)
    #expect(SpoolFolder.peek(folder.path)?.name == first.name)
    #expect(!first.name.isEmpty)
  }

  @Test func `has files that only their owner reads`() throws {
    let folder = try Folder()
    let writer = SpoolWriter(try spool(folder), loop: 0)
    #expect(writer.append(record(1)))
    for name in DataFolder.names(folder.path) where !name.hasPrefix(".") {
      var about = stat()
      try #require(unsafe stat(folder.path + "/" + name, &about) == 0)
      #expect(about.st_mode & 0o777 == 0o600, "\(name)")
    }
  }
}
