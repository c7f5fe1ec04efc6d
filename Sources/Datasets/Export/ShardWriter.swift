import Archive
import Base

/// Writes the files of one shard.
final class ShardWriter {
  private let plan: ExportPlan
  private let folder: String
  private let shard: Int
  private var splits: [String: RecordFile] = [:]
  private let invalid: RecordFile
  private let skipped: RecordFile
  private let findings: RecordFile
  private(set) var counts = ExportCounts()

  static let splitNames = ["train", "validation"]

  init(_ plan: ExportPlan, _ folder: String, shard: Int) throws(Fault) {
    (self.plan, self.folder, self.shard) = (plan, folder, shard)
    let number = Self.padded(shard)
    invalid = try RecordFile(folder, "invalid.\(number).part")
    skipped = try RecordFile(folder, "skipped.\(number).part")
    findings = try RecordFile(folder, "findings.\(number).part")
    for split in Self.splitNames where split == "train" || plan.validation > 0 {
      splits[split] = try RecordFile(folder, Self.name(split, shard, plan), isArray: plan.isArray, isPacked: plan.isPacked)
    }
  }

  static func padded(_ number: Int) -> String { String(repeating: "0", count: max(0, 5 - String(number).count)) + String(number) }

  static func name(_ split: String, _ shard: Int, _ plan: ExportPlan) -> String {
    let ending = (plan.isArray ? ".json" : ".jsonl") + (plan.isPacked ? ".zst" : "")
    return plan.shards == 1 ? split + ending : "\(split)-\(padded(shard))-of-\(padded(plan.shards))\(ending)"
  }

  // MARK: Records

  func write(_ written: WrittenRecord, _ record: ReadRecord) throws(Fault) {
    let split = plan.validation > 0 ? Split(plan).name(of: record.sample) : "train"
    for picture in written.images { try write(picture) }
    if !written.images.isEmpty { counts.hasImages = true }
    try splits[split]?.write(written.line)
    counts.written[split, default: 0] += 1
    for warning in record.sample.warnings.union(written.warnings) { counts.warnings[warning.rawValue, default: 0] += 1 }
  }

  /// Images have the digest of their bytes as their name, so that each is written once.
  private func write(_ picture: Picture) throws(Fault) {
    guard let file = picture.file, let bytes = picture.bytes else { return }
    let path = folder + "/" + file
    guard !Folder.exists(path) else { return }
    try Folder.make(folder + "/images")
    try Folder.write(bytes, to: path)
  }

  /// Lists a record that can't be training data.
  func refuse(_ record: ReadRecord, _ refusal: Refusal) throws(Fault) {
    counts.invalid[refusal.reason.rawValue, default: 0] += 1
    let row = record.exported.row.record
    var members: [(String, JSON)] = [
      ("id", JSON(record.id)), ("invalid_reason", JSON(refusal.reason.rawValue)), ("detail", JSON(refusal.detail)),
      ("model", JSON(row.model)),
      ("time", JSON(Timestamp(milliseconds: row.time).rfc3339)),
    ]
    if plan.hasRaw {
      members.append(("request", JSON(CleanJSON.text(EntryReader.view(row.request)))))
      members.append(("response", JSON(CleanJSON.text(EntryReader.view(row.response)))))
    }
    try invalid.write(JSON.object(members).bytesArray)
  }

  /// Lists a record that a rule of this export left out.
  func skip(_ id: String, _ reason: String) throws(Fault) {
    counts.skipped[reason, default: 0] += 1
    try skipped.write((["id": JSON(id), "reason": JSON(reason)] as JSON).bytesArray)
  }

  /// Lists what scrubbing found in a record.
  func find(_ record: ReadRecord) throws(Fault) {
    guard !record.findings.isEmpty else { return }
    let found = record.findings.sorted { $0.key.rawValue < $1.key.rawValue }
    for (kind, count) in found { counts.findings[kind.rawValue, default: 0] += count }
    let kinds: JSON = .object(found.map { ($0.key.rawValue, JSON($0.value)) })
    try findings.write((["id": JSON(record.id), "found": kinds] as JSON).bytesArray)
  }

  func count(_ selected: Int) { counts.selected += selected }

  /// Ends the files, and gives those of records.
  func end() throws(Fault) -> [ExportedFile] {
    var files: [ExportedFile] = []
    for split in Self.splitNames { if let file = splits[split] { files.append(try file.end()) } }
    for file in [invalid, skipped, findings] { _ = try file.end() }
    return files
  }
}

/// To which files a conversation goes: by the hash of how it begins, so that it never changes sides while the data grow, and all branches of one
/// conversation stay together.
struct Split {
  private let plan: ExportPlan

  init(_ plan: ExportPlan) {
    self.plan = plan
  }

  func name(of sample: Sample) -> String {
    var first = sample
    first.turns = Array(sample.turns.prefix(1))
    let digest = Digest.sha256(ChainHash(first).last + Array(plan.seed.utf8))
    let number = digest.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return Double(number) / 18_446_744_073_709_551_616 < plan.validation ? "validation" : "train"
  }
}

extension JSON {
  var bytesArray: [UInt8] { Array(bytes) }
}
