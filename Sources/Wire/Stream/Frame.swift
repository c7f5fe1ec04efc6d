package import Base

/// One unit of an upstream's stream: an event with data, its end mark, or a sign of life.
package struct Frame: Sendable {
  /// What a frame is.
  package enum Kind: Sendable {
    /// An event with data.
    case data
    /// The end marker `[DONE]`.
    case done
    /// Comment lines alone; `raw` may be forwarded.
    case comment
    /// An event without useful data. Not for clients: the official Chat client tries to parse it and fails.
    case heartbeat
  }

  /// What it is.
  package var kind: Kind
  /// The data without its field name; several lines are joined by LF.
  package var data: ArraySlice<UInt8>
  /// The event's name, nil when it has none.
  package var event: String?
  /// The last id seen in the stream, nil before the first.
  package var id: String?
  /// The bytes as they came, with comments, field names and the empty line; without a BOM.
  package var raw: ArraySlice<UInt8>
  /// Whether `raw` is this one event as the standard writes it, so that it may be forwarded.
  package var isStandard: Bool

  /// The data as text; malformed UTF-8 becomes U+FFFD.
  package var text: String { String(decoding: data, as: UTF8.self) }

  /// The data as JSON; malformed UTF-8 is repaired first, as the event-stream standard has it. `.broken` when it is no JSON.
  package func json() throws(Fault) -> JSON {
    do {
      return try JSON(parsing: Array(data))
    } catch {
      guard let json = try? JSON(parsing: Array(text.utf8)) else {  // nil is right: the first error says where
        throw Fault(.broken, "The upstream sent an event that is no JSON.", detail: error.message)
      }
      return json
    }
  }
}
