internal import Base

/// Which parts of a request's body other requests are likely to repeat: its messages one by one, its tools, its system text.
enum SharedPieces {
  /// Bytes below which a piece costs more as a reference than as itself.
  private static let least = 64

  /// The ranges in the JSON's text, ascending.
  static func ranges(in body: JSON) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    for member in body.entries {
      let value = member.value
      guard value.kind == .array, value.range.count > 2 * least else {
        add(value.range, &ranges)
        continue
      }
      for element in value.elements { add(element.range, &ranges) }
    }
    return ranges
  }

  private static func add(_ range: Range<Int>, _ ranges: inout [Range<Int>]) {
    if range.count >= least { ranges.append(range) }
  }
}
