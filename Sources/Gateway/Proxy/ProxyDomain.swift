import Base
import Wire

/// A domain that requests are passed to: one entry of `proxy.allow`.
package struct ProxyDomain: Sendable {
  /// In its one spelling.
  let name: String
  /// How it wants to be told who asks; nil where the path and the domain tell.
  var auth: ProxyAuth?
  /// Whether it is spoken to over TLS.
  var usesTLS = true
  /// The owner's credential for this domain.
  var key: Secret?
  /// Where its requests go instead.
  var origin: BaseURL?

  /// Scheme, host and, for another origin, the port and the path in front of every path.
  var url: BaseURL {
    get throws(Fault) {
      if let origin { return origin }
      return try BaseURL("\(usesTLS ? "https" : "http")://\(name)")
    }
  }

  /// The domains that are there without a config, and what they want. Source: MISSION R4.
  static let builtIn: [String: ProxyAuth] = [
    "api.openai.com": .openai, "api.anthropic.com": .anthropic, "api.moonshot.cn": .openai, "api.deepseek.com": .openai,
    "api.siliconflow.cn": .openai, "dashscope.aliyuncs.com": .openai, "models.inference.ai.azure.com": .openai,
    "generativelanguage.googleapis.com": .google, "deepsearch.jina.ai": .openai, "api.jina.ai": .openai,
  ]
}
