package import Base
import HTTP
import Synchronization
import Upstream
import Wire

/// The figures of `/metrics`. Names after the OpenTelemetry GenAI conventions where they have one.
/// Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-metrics/ (read 2026-11).
package final class GatewayMetrics: Sendable {
  private let all = Metrics()
  private let requests: Family<Counter>
  private let duration: Family<Histogram>
  private let firstByte: Family<Histogram>
  private let overhead: Histogram
  private let tokens: Family<Counter>
  private let failures: Family<Counter>
  private let losses: Family<Counter>
  /// By rule.
  let probes: Family<Counter>
  private let drift: Family<Counter>
  private let sessions: Family<Gauge>
  /// Tries that hold a place at a provider, those that tidy up behind their reply among them.
  let stays: Gauge
  /// Clients that are connected.
  package let connections: Gauge
  /// Reloads of the config, by how they ended.
  package let reloads: Family<Counter>
  /// The record's figures, set when they are asked for.
  let spoolBytes: Gauge
  let recorded: Gauge
  let dropped: Gauge
  let archiveIsDown: Gauge

  /// What tells exchanges apart in the figures; all three come from bounded sets.
  private struct Kind: Hashable {
    let endpoint: String
    let provider: String
    let status: Int
  }
  private struct Row {
    let requests: Counter
    let duration: Histogram
    let firstByte: Histogram
    let input: Counter
    let output: Counter
  }
  private let rows = Mutex<[Kind: Row]>([:])

  /// All at zero.
  package init() {
    requests = all.counter("apus_requests_total", "Requests by endpoint, provider and status.", labels: ["endpoint", "provider", "status"])
    duration = all.histogram(
      "gen_ai_server_request_duration_seconds", "From a request's head to the end of its reply.",
      labels: ["gen_ai_operation_name", "gen_ai_provider_name"])
    firstByte = all.histogram(
      "gen_ai_server_time_to_first_token_seconds", "From a request's head to the head of its reply.", labels: ["gen_ai_provider_name"])
    overhead = all.histogram("apus_overhead_seconds", "Time inside the gateway until a reply's head, without waiting.")[]
    tokens = all.counter(
      "gen_ai_client_token_usage_total", "Tokens that upstreams counted.", labels: ["gen_ai_provider_name", "gen_ai_token_type"])
    failures = all.counter("apus_upstream_failures_total", "Tries that failed, by provider and kind.", labels: ["provider", "kind"])
    losses = all.counter("apus_losses_total", "Changes of meaning on the way up, by action.", labels: ["action"])
    probes = all.counter("apus_probes_total", "Requests that were taken for a scanner's, by rule.", labels: ["rule"])
    drift = all.counter(
      "apus_recipe_drift_total", "Frames and fields of web apps that did not look as their recipe says.", labels: ["provider", "what"])
    sessions = all.gauge("apus_provider_sessions", "Accounts of web apps by their state.", labels: ["provider", "state"])
    stays = all.gauge("apus_provider_stays", "Tries that hold a place at a provider, clean-up included.")[]
    connections = all.gauge("apus_connections", "Open connections of clients.")[]
    spoolBytes = all.gauge("apus_spool_bytes", "Bytes in the spool.")[]
    recorded = all.gauge("apus_spool_records", "Records that were put into the spool since the start.")[]
    dropped = all.gauge("apus_records_dropped", "Records that could not be kept, since they were last forgotten.")[]
    archiveIsDown = all.gauge("apus_archive_down", "1 while the archive takes no records.")[]
    reloads = all.counter("apus_reloads_total", "Reloads of the config, by result.", labels: ["result"])
  }

  func response() -> Response {
    var headers = Headers()
    headers.append(.contentType, Metrics.contentType)
    return Response(status: 200, headers: headers, body: all.render())
  }

  func ended(_ trace: Trace, duration nanoseconds: Int) {
    let row = row(Kind(endpoint: trace.endpoint, provider: trace.provider, status: trace.status))
    row.requests.add()
    guard !trace.provider.isEmpty else { return }
    row.duration.observe(nanoseconds: nanoseconds)
    if trace.replied > 0 {
      row.firstByte.observe(nanoseconds: trace.replied - trace.started)
      overhead.observe(nanoseconds: max(0, trace.replied - trace.started - trace.waited))
    }
    for loss in trace.losses { losses[loss.action.rawValue].add() }
    guard let usage = trace.usage else { return }
    row.input.add(usage.input)
    row.output.add(usage.output)
  }

  /// The figures of one kind of exchange, looked up together.
  private func row(_ kind: Kind) -> Row {
    rows.withLock { rows in
      if let row = rows[kind] { return row }
      let row = Row(
        requests: requests[kind.endpoint, kind.provider, String(kind.status)],
        duration: duration[kind.endpoint, kind.provider], firstByte: firstByte[kind.provider],
        input: tokens[kind.provider, "input"], output: tokens[kind.provider, "output"])
      rows[kind] = row
      return row
    }
  }

  /// What of a web app's answer did not look as its recipe says.
  func drifted(_ provider: Provider, _ drift: RecipeDrift?) {
    guard let drift, !drift.isEmpty else { return }
    let counts = [
      ("unknown", drift.unknown.values.reduce(0, +)), ("vanished", drift.vanished.values.reduce(0, +)), ("divergence", drift.divergences),
    ]
    for (what, count) in counts where count > 0 { self.drift[provider.name, what].add(count) }
    Log.write(.warning, "recipe.drift") { line in
      line.field("provider", provider.name)
      line.field("unknown", drift.unknown.keys.sorted().joined(separator: ","))
      line.field("vanished", drift.vanished.keys.sorted().joined(separator: ","))
    }
  }

  /// Counts the accounts of web apps by their state.
  func measure(_ providers: [Provider]) {
    for provider in providers where provider.isWeb {
      var counts = Dictionary(uniqueKeysWithValues: KeyRing.states.map { ($0, 0) })
      for report in provider.keys.reports(now: Time.monotonic) { counts[report.state, default: 0] += 1 }
      for (state, count) in counts { sessions[provider.name, state].set(count) }
    }
  }

  func failed(_ target: Router.Target, _ fault: Fault) {
    if case .provider(let offer) = target { failed(offer.provider.name, fault) }
  }

  /// `provider`: a provider's name or an allowed domain.
  func failed(_ provider: String, _ fault: Fault) {
    failures[provider, fault.kind.rawValue].add()
  }
}
