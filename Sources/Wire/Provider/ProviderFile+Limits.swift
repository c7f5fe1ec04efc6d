import Base

extension ProviderFile {
  /// Reads limits, time limits and how the connection is made.
  mutating func readLimits(_ fields: inout Fields) {
    readTimeouts(&fields)
    if fields.has("steps") { limits = .ofWebApps }
    if var parts = fields["limits"]?.fields() {
      limits.concurrency = parts["concurrency"]?.int(1...Int.max) ?? limits.concurrency
      if let interval = parts["min_interval_ms"]?.int(0...86_400_000) { limits.minInterval = .milliseconds(interval) }
      limits.maxPromptCharacters = parts["max_prompt_chars"]?.int(1...Int.max)
      if let total = parts["timeout_s"]?.int(1...86_400) { timeouts.total = .seconds(total) }
      parts.end()
    }
    limits.concurrency = fields["concurrency"]?.int(1...Int.max) ?? limits.concurrency
    limits.minInterval = fields["min_interval"]?.duration() ?? limits.minInterval
    retries = max(1, fields["retries"]?.int(0...100) ?? retries)
    rateWait = fields["rate_wait"]?.duration() ?? rateWait
    keepAlive = fields["keep_alive"]?.duration() ?? keepAlive
    readConnection(&fields)
  }

  private mutating func readTimeouts(_ fields: inout Fields) {
    guard var parts = fields["timeouts"]?.fields() else { return }
    timeouts.connect = parts["connect"]?.duration() ?? timeouts.connect
    timeouts.firstByte = parts["first_byte"]?.duration() ?? timeouts.firstByte
    timeouts.idle = parts["idle"]?.duration() ?? timeouts.idle
    timeouts.total = parts["total"]?.duration() ?? timeouts.total
    parts.end()
  }

  private mutating func readConnection(_ fields: inout Fields) {
    if let field = fields["outbound_proxy"], let text = field.string() {
      let isProxy = ["http://", "socks5://"].contains { text.hasPrefix($0) && text.count > $0.count }
      if !isProxy { field.mistake("expected http://HOST:PORT or socks5://HOST:PORT") }
      outboundProxy = text
    }
    guard var parts = fields["tls"]?.fields() else { return }
    tls.ca = parts["ca"]?.string()
    tls.verify = parts["verify"]?.bool() ?? true
    parts.end()
  }
}
