package import Wire

extension EntryReader {
  /// The wire of a record's conversation; nil for what is none.
  package static func wire(of record: Record) -> ClientWire? {
    guard record.endpoint == "proxy" else { return chats.contains(record.endpoint) ? ClientWire(rawValue: record.clientWire) : nil }
    guard let path = VendorPath(method: record.method, path: vendorPath(record.path)), path.endpoint == .chat else { return nil }
    return path.wire
  }

  /// A body without its content coding; nil when that can't be taken off.
  package static func plain(_ body: Record.Body) -> [UInt8]? { decoded(body) }
}
