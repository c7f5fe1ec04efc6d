import Archive
import Base

/// What an export that is broken off leaves, so that the next one of the same plan goes on behind its last whole shard.
struct ResumeState {
  /// A shard that is whole.
  struct Done {
    var counts: ExportCounts
    var files: [ExportedFile]
    /// Last turns of what was written.
    var leaves: BitSet
  }

  private let aside: String
  private let fingerprint: String
  private let isPossible: Bool

  init(_ aside: String, _ plan: ExportPlan, _ selection: ExportSelection) {
    self.aside = aside
    // What duplicates are compared with isn't kept.
    isPossible = plan.duplicates == .none && plan.mostRecords == nil
    let digest = RunningDigest()
    digest.add(plan.fingerprint)
    for start in stride(from: 0, to: selection.places.count, by: 4096) {
      digest.add(Array(selection.places[start..<min(selection.places.count, start + 4096)].map(String.init).joined(separator: ",").utf8))
    }
    fingerprint = Digest.hex(digest.end())
  }

  /// Makes the folder aside, emptied where it belongs to another plan.
  func begin() throws(Fault) {
    let mark = aside + "/plan"
    if !isPossible || Folder.read(mark) != Array(fingerprint.utf8) {
      Folder.removeAll(aside)
      try Folder.make(aside)
      try Folder.write(Array(fingerprint.utf8), to: mark)
    }
  }

  func done(_ shard: Int) -> Done? {
    // Without it the shard is written anew.
    guard isPossible, let bytes = Folder.read(path(shard)), let json = try? JSON(parsing: bytes) else { return nil }
    let files = (json["files"] ?? .null).elements.compactMap { ExportedFile($0) }
    var leaves = BitSet()
    for leaf in (json["leaves"] ?? .null).elements { leaves.insert(leaf.int ?? -1) }
    return Done(counts: ExportCounts(json["counts"] ?? .null), files: files, leaves: leaves)
  }

  func end(_ shard: Int, _ counts: ExportCounts, _ files: [ExportedFile], _ leaves: BitSet) throws(Fault) {
    guard isPossible else { return }
    var writer = JSONWriter()
    writer.beginObject()
    writer.member("counts", counts.json)
    writer.member("files", .array(files.map(\.json)))
    writer.key("leaves")
    writer.beginArray()
    for leaf in leaves.members { writer.value(leaf) }
    writer.endArray()
    writer.endObject()
    try Folder.write(writer.bytes, to: path(shard))
  }

  private func path(_ shard: Int) -> String { "\(aside)/shard-\(shard).done" }
}
