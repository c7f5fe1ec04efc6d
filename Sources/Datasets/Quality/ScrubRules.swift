/// What is done with secrets and personal data.
package struct ScrubRules: Sendable {
  /// What is done with a finding.
  package enum Mode: String, Sendable, CaseIterable {
    case none
    /// It is counted, and listed by record and kind in `findings.jsonl`.
    case flag
    /// It is replaced by a word such as `<EMAIL_1>`, the same for the same value within a conversation.
    case mask
    /// The record is left out.
    case drop
  }

  /// What is done with a finding.
  package var mode = Mode.none
  /// Keys that are known, which are found wherever they stand.
  package var known: [String] = []

  /// Nothing is done.
  package init() {}
}

/// What a finding is; the raw value is the placeholder's word.
package enum FindingKind: String, Sendable, CaseIterable {
  case secret = "SECRET"
  case credentials = "CREDENTIALS"
  case email = "EMAIL"
  case phone = "PHONE"
  case residentID = "RESIDENT_ID"
  case card = "CARD"
  case iban = "IBAN"
  case socialSecurity = "SSN"
  case address = "IP"
}

/// Replaces secrets and personal data in one conversation.
struct Scrubber {
  private let finder: Finder
  /// How many findings of each kind there were.
  private(set) var counts: [FindingKind: Int] = [:]
  private var names: [String: String] = [:]
  private var numbers: [FindingKind: Int] = [:]

  init(_ finder: Finder) {
    self.finder = finder
  }

  /// The sample with a placeholder for each finding.
  mutating func masked(_ sample: Sample) -> Sample {
    var scrubber = self
    var masked = sample.mapTexts { scrubber.masked($0) }
    masked.tools = sample.tools.map { tool in tool.mapDescriptions { scrubber.masked($0) } }
    self = scrubber
    return masked
  }

  private mutating func masked(_ text: String) -> String {
    let bytes = Array(text.utf8)
    let findings = finder.findings(in: bytes)
    guard !findings.isEmpty else { return text }
    var masked: [UInt8] = []
    var place = 0
    for finding in findings {
      masked += bytes[place..<finding.range.lowerBound]
      masked += name(String(decoding: bytes[finding.range], as: UTF8.self), finding.kind).utf8
      place = finding.range.upperBound
      counts[finding.kind, default: 0] += 1
    }
    return String(decoding: masked + bytes[place...], as: UTF8.self)
  }

  private mutating func name(_ value: String, _ kind: FindingKind) -> String {
    if let name = names[value] { return name }
    let number = numbers[kind, default: 0] + 1
    numbers[kind] = number
    let name = "<\(kind.rawValue)_\(number)>"
    names[value] = name
    return name
  }
}
