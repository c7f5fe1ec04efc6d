package import Base

/// `record`: where exchanges are kept, and for how long.
package struct RecordConfig: Sendable {
  /// False with `record: off`: nothing is kept.
  package var isOn = true
  /// `sqlite:FILE` or `postgres://…`, which may hold a password; nil for the file `apus.db` in the data folder.
  package var archive: Secret?
  /// The spool's folder; nil for `spool` in the data folder.
  package var spool: String?
  /// Bytes that the spool may take on the disk.
  package var spoolLimit = 2 << 30
  /// What happens to requests while the spool is full.
  package var whenFull = WhenFull.drop
  /// How safe a record is before the client has the end of its answer.
  package var sync = Sync.os
  /// Seconds after which records are removed; nil to keep them.
  package var mostAge: Int?
  /// Bytes of the archive beyond which the oldest records are removed; nil for no limit.
  package var mostBytes: Int?

  /// What becomes of an exchange when the spool is full.
  package enum WhenFull: String, CaseIterable, Sendable {
    /// It is answered, not recorded, and counted.
    case drop
    /// It is refused with 503 before anybody is asked.
    case refuse
  }

  /// When a record counts as kept.
  package enum Sync: String, CaseIterable, Sendable {
    /// When the kernel has it: it outlives the process.
    case os
    /// When the disk has it: it outlives a power cut. The last byte of every reply waits for that.
    case disk
  }

  /// The defaults.
  package init() {}

  init(_ field: Field) {
    if field.isWord("off") || field.isWord("false") {
      isOn = false
      return
    }
    guard var fields = field.fields() else { return }
    archive = fields["archive"].flatMap(Self.location)
    spool = fields["spool"]?.string()
    spoolLimit = fields["spool_limit"].flatMap(Self.size) ?? spoolLimit
    whenFull = fields["when_full"]?.choice(WhenFull.self) ?? .drop
    sync = fields["sync"]?.choice(Sync.self) ?? .os
    if var keep = fields["retention"]?.fields() {
      mostAge = keep["age"].flatMap(Self.age)
      mostBytes = keep["size"].flatMap(Self.size)
      keep.end()
    }
    fields.end()
  }

  /// Whether a reload can't bring these settings about in a gateway that was started with those.
  func needsRestart(_ start: RecordConfig) -> Bool {
    guard isOn, start.isOn else { return isOn }
    return archive != start.archive || spool != start.spool || spoolLimit != start.spoolLimit || sync != start.sync
      || mostAge != start.mostAge || mostBytes != start.mostBytes
  }

  private static func size(_ field: Field) -> Int? {
    guard let size = field.byteCount() else { return nil }
    return size > 0 ? size : field.wrong("expected a size such as 50GiB")
  }

  private static func age(_ field: Field) -> Int? {
    guard let seconds = field.duration()?.components.seconds else { return nil }
    return seconds > 0 ? Int(seconds) : field.wrong("expected an age of a second or more, such as 90d")
  }

  private static func location(_ field: Field) -> Secret? {
    guard let text = field.string() else { return nil }
    let known = ["sqlite:", "postgres://", "postgresql://"]
    guard known.contains(where: text.hasPrefix) else { return field.wrong("expected sqlite:FILE or postgres://…") }
    return Secret(text)
  }
}

/// How much of a key's exchanges is recorded.
package enum RecordPolicy: Sendable, Equatable {
  case full
  /// Everything but the bodies.
  case metadata
  /// So many of a hundred exchanges in full, the others not at all.
  case sample(percent: Int)
  case none

  init?(_ field: Field) {
    let text = field.setting.text ?? ""
    switch text {
    case "full": self = .full
    case "metadata": self = .metadata
    case "none": self = .none
    default:
      var share = text.hasPrefix("sample ") ? text.dropFirst(7) : ""
      if share.last == "%" { share.removeLast() }
      while share.last == " " { share.removeLast() }
      let number = Int(share)
      guard let number, (0...100).contains(number) else {
        field.mistake("expected full, metadata, none or sample N%")
        return nil
      }
      self = .sample(percent: number)
    }
  }
}
