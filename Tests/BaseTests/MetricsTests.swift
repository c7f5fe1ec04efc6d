import Testing

@testable import Base

@Suite struct `The metrics` {
  let metrics = Metrics()

  private var text: String { String(decoding: metrics.render(), as: UTF8.self) }

  @Test func `are written for Prometheus`() {
    let requests = metrics.counter("apus_requests_total", "Requests.\nAll of them \\ \"each\".", labels: ["key", "status"])
    requests["a\"b\\c\nd", "200"].add()
    requests["a", "200"].add(2)
    metrics.gauge("apus_open", "Open connections.")[].set(7)
    metrics.gauge("apus_open", "Open connections.")[].add(-2)
    #expect(
      text == #"""
        # HELP apus_requests_total Requests.\nAll of them \\ "each".
        # TYPE apus_requests_total counter
        apus_requests_total{key="a",status="200"} 2
        apus_requests_total{key="a\"b\\c\nd",status="200"} 1
        # HELP apus_open Open connections.
        # TYPE apus_open gauge
        apus_open 5

        """#)
  }

  @Test func `count values in cumulative buckets`() {
    let times = metrics.histogram("apus_seconds", "Times.", labels: ["p"], buckets: [0.01, 0.1, 1])
    for value in [0.005, 0.01, 0.05, 2, -1, Double.nan] { times["x"].observe(value) }
    times["x"].observe(nanoseconds: 500_000_000)
    #expect(
      text == """
        # HELP apus_seconds Times.
        # TYPE apus_seconds histogram
        apus_seconds_bucket{p="x",le="0.01"} 4
        apus_seconds_bucket{p="x",le="0.1"} 5
        apus_seconds_bucket{p="x",le="1.0"} 6
        apus_seconds_bucket{p="x",le="+Inf"} 7
        apus_seconds_sum{p="x"} 2.565
        apus_seconds_count{p="x"} 7

        """)
  }

  @Test func `fold label values above the limit into other`() {
    let family = metrics.counter("apus_total", "Of all.", labels: ["model"], limit: 2)
    for model in ["a", "b", "c", "d", "a"] { family[model].add() }
    #expect(family["a"].value == 2)
    #expect(family["other"].value == 2)
    #expect(text.contains(#"apus_total{model="other"} 2"#))
    #expect(!text.contains(#"model="c""#))
  }

  @Test func `lose no count of many tasks`() async {
    let counter = metrics.counter("apus_total", "All.")[]
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 { group.addTask { for _ in 0..<1000 { counter.add() } } }
    }
    #expect(counter.value == 8000)
  }

  @Test func `without figures write nothing`() {
    _ = metrics.counter("apus_total", "All.")
    #expect(text.isEmpty)
  }
}
