import Base
import Synchronization

/// Numbers that differ from each other and from run to run, without a system call each. Not for secrets.
final class RandomSource: Sendable {
  private let state: Atomic<UInt64>

  init() {
    state = Atomic(Digest.random(8).reduce(0) { $0 << 8 | UInt64($1) })
  }

  /// SplitMix64. Source: Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators (2014), §4.
  func next() -> UInt64 {
    var z = state.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}
