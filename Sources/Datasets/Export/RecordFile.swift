import Base

/// A file of records: one JSON object a line, or one array.
final class RecordFile {
  let name: String
  private let file: OutputFile
  private let isArray: Bool
  private(set) var records = 0

  init(_ folder: String, _ name: String, isArray: Bool = false, isPacked: Bool = false) throws(Fault) {
    self.name = name
    self.isArray = isArray
    file = try OutputFile(folder + "/" + name, isPacked: isPacked)
  }

  func write(_ line: [UInt8]) throws(Fault) {
    if isArray { try file.write((records == 0 ? "[\n" : ",\n").utf8) }
    try file.write(line)
    if !isArray { try file.write(CollectionOfOne(UInt8(ascii: "\n"))) }
    records += 1
  }

  func end() throws(Fault) -> ExportedFile {
    if isArray { try file.write((records == 0 ? "[]\n" : "\n]\n").utf8) }
    let summary = try file.end()
    return ExportedFile(name: name, records: records, bytes: summary.bytes, digest: summary.digest)
  }
}

/// A file of an export as the manifest tells of it.
package struct ExportedFile: Sendable, Equatable {
  /// Its name in the export's folder.
  package var name: String
  /// How many records it holds.
  package var records: Int
  /// Its size.
  package var bytes: Int
  /// SHA-256 in hexadecimal digits.
  package var digest: String

  var json: JSON { ["name": JSON(name), "records": JSON(records), "bytes": JSON(bytes), "sha256": JSON(digest)] }

  init(name: String, records: Int, bytes: Int, digest: String) {
    (self.name, self.records, self.bytes, self.digest) = (name, records, bytes, digest)
  }

  init?(_ json: JSON) {
    guard let name = json["name"]?.string, let records = json["records"]?.int, let bytes = json["bytes"]?.int,
      let digest = json["sha256"]?.string
    else { return nil }
    self.init(name: name, records: records, bytes: bytes, digest: digest)
  }
}
