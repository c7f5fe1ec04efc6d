internal import Synchronization

/// All figures of the program, and their text for Prometheus.
///
/// A family has a name and label names; one of its figures has the label values. Who counts often looks its figure up
/// once and keeps it: counting is then one atomic addition.
package final class Metrics: Sendable {
  private let families = Mutex<[(name: String, family: any MetricFamily)]>([])

  /// No families yet.
  package init() {}

  /// A figure that only grows; the name ends in `_total`.
  package func counter(_ name: String, _ help: String, labels: [String] = [], limit: Int = 1000) -> Family<Counter> {
    family(name) { Family(name, help, labels: labels, limit: limit) { Counter() } }
  }

  /// A figure that goes up and down.
  package func gauge(_ name: String, _ help: String, labels: [String] = [], limit: Int = 1000) -> Family<Gauge> {
    family(name) { Family(name, help, labels: labels, limit: limit) { Gauge() } }
  }

  /// How often values were at or below each of the buckets' bounds, which must ascend.
  package func histogram(
    _ name: String, _ help: String, labels: [String] = [], buckets: [Double] = Histogram.seconds, limit: Int = 1000
  ) -> Family<Histogram> {
    precondition(zip(buckets, buckets.dropFirst()).allSatisfy(<), "The bounds of buckets must ascend")
    return family(name) { Family(name, help, labels: labels, limit: limit) { Histogram(buckets) } }
  }

  /// The text of all families in the order they were made. Source: Prometheus text exposition format 0.0.4,
  /// https://prometheus.io/docs/instrumenting/exposition_formats/ (content type `Metrics.contentType`).
  package func render() -> [UInt8] {
    var text: [UInt8] = []
    for (_, family) in families.withLock({ $0 }) { family.render(onto: &text) }
    return text
  }

  /// The content type of `render()`.
  package static let contentType = "text/plain; version=0.0.4; charset=utf-8"

  private func family<Kind>(_ name: String, _ make: () -> Family<Kind>) -> Family<Kind> {
    families.withLock { families in
      guard let known = families.first(where: { $0.name == name }) else {
        let family = make()
        families.append((name, family))
        return family
      }
      guard let family = known.family as? Family<Kind> else { preconditionFailure("\(name) is already another kind of metric") }
      return family
    }
  }
}

/// A figure of a family.
package protocol Metric: AnyObject, Sendable {
  /// The word of the `# TYPE` line.
  static var type: String { get }
  /// Appends the figure's lines; `labels` are `name="value"` without braces.
  func render(_ name: String, _ labels: String, onto text: inout [UInt8])
}

/// A family of any kind.
private protocol MetricFamily: Sendable {
  func render(onto text: inout [UInt8])
}

/// The figures of one name, by their label values.
package final class Family<Kind: Metric>: Sendable, MetricFamily {
  private let name: String
  private let help: String
  private let labels: [String]
  private let limit: Int
  private let make: @Sendable () -> Kind
  private let figures = Mutex<[[String]: Kind]>([:])

  init(_ name: String, _ help: String, labels: [String], limit: Int, _ make: @escaping @Sendable () -> Kind) {
    self.name = name
    self.help = help
    self.labels = labels
    self.limit = limit
    self.make = make
  }

  /// The figure with these label values, in the order of the labels. Above the limit all new ones are `other`.
  package subscript(_ values: String...) -> Kind { figure(values) }

  /// The figure with these label values, as the subscript gives it.
  package func figure(_ values: [String]) -> Kind {
    precondition(values.count == labels.count, "\(name) has \(labels.count) labels")
    return figures.withLock { figures in
      if let known = figures[values] { return known }
      let values = figures.count < limit ? values : labels.map { _ in "other" }
      if let other = figures[values] { return other }
      let figure = make()
      figures[values] = figure
      return figure
    }
  }

  fileprivate func render(onto text: inout [UInt8]) {
    let figures = figures.withLock { $0 }.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    guard !figures.isEmpty else { return }
    text.append(contentsOf: "# HELP \(name) \(MetricText.escape(help, quotes: false))\n# TYPE \(name) \(Kind.type)\n".utf8)
    for (values, figure) in figures {
      let pairs = zip(labels, values).map { "\($0)=\"\(MetricText.escape($1, quotes: true))\"" }
      figure.render(name, pairs.joined(separator: ","), onto: &text)
    }
  }
}

/// The escapes and lines of Prometheus' text.
enum MetricText {
  static func escape(_ text: String, quotes: Bool) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\"" where quotes: result += "\\\""
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  static func append(_ name: String, _ labels: String, _ value: String, to text: inout [UInt8]) {
    text.append(contentsOf: (labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n").utf8)
  }
}
