import Base

/// Ends an export: joins the lists of its shards, writes what describes it, and gives every file its name.
struct Publication {
  private let plan: ExportPlan
  private let aside: String
  private let counts: ExportCounts
  private let files: [ExportedFile]

  init(_ plan: ExportPlan, _ aside: String, _ counts: ExportCounts, _ files: [ExportedFile]) {
    (self.plan, self.aside, self.counts) = (plan, aside, counts)
    // Loaders refuse files without records; one alone stays, so that it isn't missed.
    self.files = files.filter { $0.records > 0 || plan.shards == 1 && $0.name.hasPrefix("train") }
  }

  func publish() throws(Fault) {
    var all = files
    for list in ["invalid", "skipped", "findings"] {
      if let file = try joined(list), file.records > 0 || list == "invalid" { all.append(file) }
    }
    let card = DatasetCard(plan, counts, files)
    for (name, text) in card.texts {
      let file = try OutputFile(aside + "/" + name)
      try file.write(text.utf8)
      let summary = try file.end()
      all.append(ExportedFile(name: name, records: 0, bytes: summary.bytes, digest: summary.digest))
    }
    let old = Manifest.names(in: plan.folder)
    let manifest = Manifest(plan, counts, all)
    try Folder.write(manifest.text, to: aside + "/manifest.json")
    try moveImages()
    for file in all { try Folder.move(aside + "/" + file.name, to: plan.folder + "/" + file.name) }
    for name in old where !all.contains(where: { $0.name == name }) { Folder.remove(plan.folder + "/" + name) }
    // The last: what it names is there.
    try Folder.move(aside + "/manifest.json", to: plan.folder + "/manifest.json")
    Folder.removeAll(aside)
  }

  private func joined(_ list: String) throws(Fault) -> ExportedFile? {
    let file = try OutputFile(aside + "/" + list + ".jsonl")
    var records = 0
    for shard in 0..<plan.shards {
      let bytes = Folder.read("\(aside)/\(list).\(ShardWriter.padded(shard)).part") ?? []
      records += bytes.count { $0 == UInt8(ascii: "\n") }
      try file.write(bytes)
    }
    let summary = try file.end()
    return ExportedFile(name: list + ".jsonl", records: records, bytes: summary.bytes, digest: summary.digest)
  }

  private func moveImages() throws(Fault) {
    let names = Folder.names(aside + "/images").filter { !$0.hasSuffix(".part") }
    guard !names.isEmpty else { return }
    try Folder.make(plan.folder + "/images")
    for name in names { try Folder.move("\(aside)/images/\(name)", to: "\(plan.folder)/images/\(name)") }
  }
}

/// `manifest.json`: how an export came to be. It holds no time and no path, so that the same export is the same bytes.
struct Manifest {
  let text: [UInt8]

  init(_ plan: ExportPlan, _ counts: ExportCounts, _ files: [ExportedFile]) {
    let json: JSON = [
      "apus": "export/v1", "format": JSON(plan.format.rawValue), "rules": JSON(Rules.version),
      "options": .object(plan.words.map { ($0.0, JSON($0.1)) }), "counts": counts.json,
      "files": .array(files.sorted { $0.name < $1.name }.map(\.json)),
    ]
    text = json.bytesArray + [UInt8(ascii: "\n")]
  }

  /// The files that an earlier export in a folder names.
  static func names(in folder: String) -> [String] {
    guard let bytes = Folder.read(folder + "/manifest.json"), let json = try? JSON(parsing: bytes), json["apus"]?.string == "export/v1"
    else {
      return []  // there was none
    }
    return (json["files"] ?? .null).elements.compactMap { $0["name"]?.string }.filter { !$0.contains("/") && !$0.hasPrefix(".") }
  }
}
