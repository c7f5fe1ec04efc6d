import CSystem

/// The machine's clocks.
package enum Time {
  /// Nanoseconds of a clock that only goes forward; its beginning means nothing.
  package static var monotonic: Int { Int(sys_now()) }

  /// The time of day.
  package static var now: Timestamp { Timestamp(milliseconds: microseconds / 1000) }

  /// The time of day in microseconds since 1970.
  package static var microseconds: Int { Int(sys_wall_microseconds()) }
}
