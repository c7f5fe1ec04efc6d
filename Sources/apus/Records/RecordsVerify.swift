import Archive
import Base
import Gateway

/// `apus records verify`: rebuilds every body and compares its digest, and follows every conversation to its beginning.
struct RecordsVerify: RecordsAction {
  let isJSON: Bool

  func run(_ places: RecordPlaces, _ leftover: Leftover) throws(Fault) -> Int32 {
    guard let archive = try places.reader() else {
      tell(0, 0)
      return 0
    }
    var verification = Verification(hash: Turn.hash)
    var findings = 0
    while !verification.isDone {
      for finding in try verification.step(archive) {
        findings += 1
        tell(finding)
      }
    }
    tell(verification.records, findings)
    return findings == 0 ? 0 : 1
  }

  private func tell(_ finding: Verification.Finding) {
    if isJSON {
      Output.print(JSON.object([("id", JSON(finding.record)), ("finding", JSON(finding.words))]).description)
    } else {
      Output.print("\(finding.record.isEmpty ? "the archive" : finding.record)\t\(finding.words)")
    }
  }

  private func tell(_ records: Int, _ findings: Int) {
    if isJSON {
      Output.print(JSON.object([("records", JSON(records)), ("findings", JSON(findings))]).description)
    } else {
      Output.print("\(records) record\(records == 1 ? "" : "s"), \(findings) finding\(findings == 1 ? "" : "s")")
    }
  }
}
