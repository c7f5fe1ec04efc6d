/// A decimal number with a unit behind it, as configuration files write durations and sizes.
struct Quantity {
  let value: Double
  let unit: Substring

  /// Reads digits, maybe a point and more digits, and letters; nil for anything else. At most 20 characters.
  init?(_ text: String) {
    guard text.utf8.count <= 20 else { return nil }
    let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    unit = text[number.endIndex...]
    let parts = number.split(separator: ".", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), !parts.contains(where: \.isEmpty), let value = Double(number) else { return nil }
    self.value = value
  }
}

extension Duration {
  /// Reads `300ms`, `1.5s`, `5m`, `2h` or `7d`, and a bare `0`; throws `.invalid` for other texts and above ten years.
  package init(parsing text: String) throws(Fault) {
    let seconds: [Substring: Double] = ["ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86_400]
    guard let quantity = Quantity(text), let unit = quantity.value == 0 && quantity.unit.isEmpty ? 1 : seconds[quantity.unit],
      quantity.value * unit <= 315_360_000
    else { throw Fault(.invalid, "\"\(text)\" is not a duration; write it as 300ms, 1.5s, 5m, 2h or 7d.") }
    self = .nanoseconds(Int64((quantity.value * unit * 1e9).rounded()))
  }

  /// The whole of it in nanoseconds; for durations below 292 years.
  package var nanoseconds: Int {
    Int(components.seconds) * 1_000_000_000 + Int(components.attoseconds / 1_000_000_000)
  }

  /// The whole of it in milliseconds, rounded down.
  package var milliseconds: Int { nanoseconds / 1_000_000 }
}

/// Sizes as configuration files write them.
package enum ByteSize {
  /// Reads `8MiB`, `32KiB`, `2GiB`, `1.5MB` or a bare number of bytes; throws `.invalid` for other texts and above 8 EiB.
  package static func parse(_ text: String) throws(Fault) -> Int {
    let bytes: [Substring: Double] = [
      "": 1, "B": 1, "KiB": 0x1p10, "MiB": 0x1p20, "GiB": 0x1p30, "TiB": 0x1p40, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
    ]
    guard let quantity = Quantity(text), let unit = bytes[quantity.unit], let size = Int(exactly: (quantity.value * unit).rounded()) else {
      throw Fault(.invalid, "\"\(text)\" is not a size; write it as 32KiB, 8MiB or 2GiB.")
    }
    return size
  }
}
