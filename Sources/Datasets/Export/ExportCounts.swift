package import Base

/// What became of the records that were chosen.
package struct ExportCounts: Sendable, Equatable {
  /// Records that the filters chose.
  package var selected = 0
  /// Records in the files of each split.
  package var written: [String: Int] = [:]
  /// Those that can't be training data, by reason; each is listed in `invalid.jsonl`.
  package var invalid: [String: Int] = [:]
  /// Those that a rule of this export left out, by rule; each is listed in `skipped.jsonl`.
  package var skipped: [String: Int] = [:]
  /// What was changed in written records.
  package var warnings: [String: Int] = [:]
  /// Findings of scrubbing, by kind.
  package var findings: [String: Int] = [:]

  /// Whether any written record has images.
  package var hasImages = false

  /// Nothing yet.
  package init() {}

  /// Records in all files.
  package var allWritten: Int { written.values.reduce(0, +) }

  mutating func add(_ other: ExportCounts) {
    selected += other.selected
    written.merge(other.written, uniquingKeysWith: +)
    invalid.merge(other.invalid, uniquingKeysWith: +)
    skipped.merge(other.skipped, uniquingKeysWith: +)
    warnings.merge(other.warnings, uniquingKeysWith: +)
    findings.merge(other.findings, uniquingKeysWith: +)
    hasImages = hasImages || other.hasImages
  }

  /// As the manifest tells it.
  package var json: JSON {
    [
      "selected": JSON(selected), "written": Self.json(written), "invalid": Self.json(invalid), "skipped": Self.json(skipped),
      "warnings": Self.json(warnings), "findings": Self.json(findings), "images": JSON(hasImages),
    ]
  }

  init(_ json: JSON) {
    selected = json["selected"]?.int ?? 0
    written = Self.numbers(json["written"])
    invalid = Self.numbers(json["invalid"])
    skipped = Self.numbers(json["skipped"])
    warnings = Self.numbers(json["warnings"])
    findings = Self.numbers(json["findings"])
    hasImages = json["images"]?.bool ?? false
  }

  private static func json(_ counts: [String: Int]) -> JSON { .object(counts.sorted { $0.key < $1.key }.map { ($0.key, JSON($0.value)) }) }

  private static func numbers(_ json: JSON?) -> [String: Int] {
    Dictionary((json ?? .null).members.map { ($0.name, $0.value.int ?? 0) }, uniquingKeysWith: { $1 })
  }
}
