internal import Synchronization

/// A figure that only grows.
package final class Counter: Metric {
  private let count = Atomic(0)

  /// `counter`.
  package static var type: String { "counter" }

  /// Adds to the figure.
  package func add(_ amount: Int = 1) { count.wrappingAdd(amount, ordering: .relaxed) }

  /// The figure now.
  package var value: Int { count.load(ordering: .relaxed) }

  /// Appends its line.
  package func render(_ name: String, _ labels: String, onto text: inout [UInt8]) {
    MetricText.append(name, labels, String(value), to: &text)
  }
}

/// A figure that goes up and down.
package final class Gauge: Metric {
  private let level = Atomic(0)

  /// `gauge`.
  package static var type: String { "gauge" }

  /// Adds to the figure; a negative amount takes away.
  package func add(_ amount: Int = 1) { level.wrappingAdd(amount, ordering: .relaxed) }

  /// Sets the figure.
  package func set(_ value: Int) { level.store(value, ordering: .relaxed) }

  /// The figure now.
  package var value: Int { level.load(ordering: .relaxed) }

  /// Appends its line.
  package func render(_ name: String, _ labels: String, onto text: inout [UInt8]) {
    MetricText.append(name, labels, String(value), to: &text)
  }
}

/// How values are spread over buckets.
package final class Histogram: Metric {
  /// Bounds for times in seconds: from a tenth of a millisecond to five minutes.
  package static let seconds: [Double] = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]

  private let bounds: [Double]
  /// Bounds in billionths of the unit, as values are counted.
  private let limits: [Int]
  /// One more than bounds; not cumulative. Objects, because an array holds no atomics.
  private let counts: [Counter]
  /// In billionths of the unit. It wraps to 0 after 18 billion units, which Prometheus takes for a restart.
  private let sum = Atomic<UInt>(0)

  init(_ bounds: [Double]) {
    self.bounds = bounds
    limits = bounds.map { Int(clampingBillionths: $0) }
    counts = (0...bounds.count).map { _ in Counter() }
  }

  /// `histogram`.
  package static var type: String { "histogram" }

  /// Counts a value, as seconds; negative ones and no numbers count as 0.
  package func observe(_ value: Double) { observe(nanoseconds: Int(clampingBillionths: value)) }

  /// Counts a time in nanoseconds.
  package func observe(nanoseconds: Int) {
    let value = max(0, nanoseconds)
    let bucket = limits.firstIndex { value <= $0 } ?? limits.count
    counts[bucket].add()
    sum.wrappingAdd(UInt(value), ordering: .relaxed)
  }

  /// Appends its lines: cumulative buckets, sum and count.
  package func render(_ name: String, _ labels: String, onto text: inout [UInt8]) {
    let prefix = labels.isEmpty ? "" : labels + ","
    var total = 0
    for (place, count) in counts.enumerated() {
      total += count.value
      let bound = place < bounds.count ? bounds[place].description : "+Inf"
      MetricText.append("\(name)_bucket", "\(prefix)le=\"\(bound)\"", String(total), to: &text)
    }
    MetricText.append("\(name)_sum", labels, (Double(sum.load(ordering: .relaxed)) / 1e9).description, to: &text)
    MetricText.append("\(name)_count", labels, String(total), to: &text)
  }
}

extension Int {
  /// Billionths of a number; 0 for negative ones and no numbers, the largest for what doesn't fit.
  fileprivate init(clampingBillionths value: Double) {
    let billionths = (value * 1e9).rounded()
    self = billionths > 0 ? Int(exactly: billionths) ?? .max : 0
  }
}
