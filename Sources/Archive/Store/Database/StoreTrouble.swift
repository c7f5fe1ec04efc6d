package import Base

/// Why an archive can't do its work; the raw value is the fault's `code`.
package enum StoreTrouble: String, Sendable, CaseIterable {
  /// Another program holds the lock.
  case busy = "archive_busy"
  /// The file or the database may not be written.
  case readOnly = "archive_read_only"
  /// The disk is full.
  case full = "archive_full"
  /// The connection broke, or the disk failed.
  case lost = "archive_lost"
  /// There is no such file or folder.
  case missing = "archive_missing"
  /// The location can't be read.
  case location = "archive_location"
  /// The archive was written by a newer program.
  case newer = "archive_newer"
  /// The archive was written by an older program, and only a writer may change it.
  case older = "archive_older"
  /// The file isn't what was written.
  case damaged = "archive_damaged"
  /// Anything else: a mistake of ours.
  case other = "archive_failed"

  var message: String {
    switch self {
    case .busy: "The archive is locked by another program; try again."
    case .readOnly: "The archive can't be written; check the permissions of its file and folder."
    case .full: "There is no room left for the archive; free some or set a smaller retention."
    case .lost: "The archive can't be reached."
    case .missing: "There is no archive there; the gateway makes it when it first records, in a folder that exists."
    case .location: "The archive's location must be sqlite:PATH or postgres://USER@HOST/DATABASE."
    case .newer: "The archive was written by a newer Apus; use that version."
    case .older: "The archive was written by an older Apus; start the gateway once to bring it up to date."
    case .damaged: "The archive is damaged; restore a copy, or move it away to begin anew."
    case .other: "The archive failed."
    }
  }
}

extension Fault {
  /// A fault of the archive: `.internal`, with the trouble as its code.
  init(_ trouble: StoreTrouble, detail: String = "") {
    self.init(.internal, trouble.message, detail: detail, code: trouble.rawValue)
  }

  /// The archive's trouble; nil for other faults.
  package var storeTrouble: StoreTrouble? { code.flatMap(StoreTrouble.init(rawValue:)) }
}
