package import Base

/// The model behind an upstream as a request encoder needs to know it.
package struct TargetModel: Sendable {
  /// The upstream's name of the model.
  package var name: String
  /// How a Chat upstream differs; of no meaning on other wires.
  package var dialect: Dialect
  /// What it accepts.
  package var capabilities: Capabilities
  /// The limit that goes up where the wire insists on one and the client gave none.
  package var defaultMaxTokens: Int
  /// What the gateway fetched because the target takes no addresses: media by their URL.
  package var fetched: [String: Media.Source] = [:]

  /// A model of an upstream.
  package init(name: String, dialect: Dialect = .compatible, capabilities: Capabilities, defaultMaxTokens: Int = 8192) {
    self.name = name
    self.dialect = dialect
    self.capabilities = capabilities
    self.defaultMaxTokens = defaultMaxTokens
  }
}

/// A body that goes up, and what its reply must be read with.
package struct EncodedRequest: Sendable {
  /// The JSON text.
  package var body: [UInt8]
  /// What changed its meaning on the way, the decoder's reports included.
  package var losses: [Loss]
  /// How the reply's calls get their own names and form back.
  package var tools: ToolNames

  /// A body with what belongs to it.
  package init(body: [UInt8], losses: [Loss], tools: ToolNames) {
    self.body = body
    self.losses = losses
    self.tools = tools
  }
}

/// Reads an upstream's stream of one wire.
package protocol EventDecoder: Sendable {
  /// The events of a frame. Throws what an error in the stream means, `.broken` for data that are no JSON.
  mutating func decode(_ frame: Frame) throws(Fault) -> [Event]
  /// The last events. `.broken` when the stream ended before the answer did. Source: wire-formats §7.1.
  mutating func end() throws(Fault) -> [Event]
  /// Whether the answer's own end came.
  var isFinished: Bool { get }
}

/// Writes a stream of one client wire.
package protocol EventEncoder: Sendable {
  /// Appends the events of the stream that an event becomes; none for some.
  mutating func encode(_ event: Event, into bytes: inout [UInt8])
  /// Appends what tells the client of a failure behind the first byte; nothing that looks like an end may follow.
  mutating func fail(_ fault: Fault, into bytes: inout [UInt8])
  /// Whether something of the reply waits unsent for what comes next, so that the client hears nothing while events come in.
  var isHolding: Bool { get }
  /// What changed its meaning on the way, the upstream's side included.
  var losses: [Loss] { get }
}

/// Writes a whole reply of one client wire.
package protocol ReplyEncoder: Sendable {
  /// The body that a reply is.
  mutating func encode(_ reply: Reply) -> [UInt8]
  /// What changed its meaning on the way, the upstream's side included.
  var losses: [Loss] { get }
}

/// What an encoder of replies needs to know of the request.
package struct ReplyContext: Sendable {
  /// The name of the model that the client asked for.
  package var model: String
  /// The reply's id; nil takes a new one.
  package var id: String?
  /// Unix time in seconds.
  package var created: Int
  /// Whether the upstream's id is the client's too: on the same wire. Source: wire-formats §2.5.
  package var keepsID = false
  /// Whether the client asked for the usage of a stream (`stream_options.include_usage`).
  package var showsUsage: Bool
  /// The client's own body, of which some wires echo members.
  package var request: JSON?

  /// What is known of a request.
  package init(model: String, id: String? = nil, created: Int, showsUsage: Bool = false, request: JSON? = nil) {
    self.model = model
    self.id = id
    self.created = created
    self.showsUsage = showsUsage
    self.request = request
  }
}
