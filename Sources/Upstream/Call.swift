package import Base
package import HTTP
package import Wire

/// What a client asks of a model, before it is known who answers.
package struct Call: Sendable {
  package let endpoint: EndpointName
  /// The client's body, checked.
  package let body: JSON
  /// Whether the client wants a stream.
  package let isStream: Bool

  package init(endpoint: EndpointName, body: JSON) {
    self.endpoint = endpoint
    self.body = body
    isStream = body["stream"]?.bool ?? false
  }
}

extension Provider {
  /// A call as it goes up to this provider.
  package struct Prepared {
    package let request: ClientRequest
    package let origin: Origin
    /// Whether the upstream is asked for a stream.
    package let isStream: Bool
    package let losses: [Loss]
  }

  /// Makes the request for a model with a key: splices, address, credential. `own`: the client's credential, instead.
  /// Throws `invalid` for what the provider refuses, or when it has no such endpoint.
  @inline(never)  // its locals would lie in the frame of every waiting request
  package func prepare(_ call: Call, _ offer: Offer, _ pick: KeyRing.Pick, own: CredentialSet?) throws(Fault) -> Prepared {
    let isStream = call.isStream || call.endpoint == .chat && file.request.alwaysStreams
    let head = own == nil ? try self.head(call.endpoint, pick, stream: isStream) : try self.head(call.endpoint, own, stream: isStream)
    var losses: [Loss] = []
    let body = try body(of: call, offer, isStream: isStream, &losses)
    let request = ClientRequest(method: "POST", target: head.path, headers: head.headers, body: body, timeouts: timeouts)
    return Prepared(request: request, origin: head.origin, isStream: isStream, losses: losses)
  }

  private func body(of call: Call, _ offer: Offer, isStream: Bool, _ losses: inout [Loss]) throws(Fault) -> [UInt8] {
    var edit = JSONEdit(call.body)
    if call.endpoint == .chat {
      try file.request.apply(
        to: call.body, dialect: offer.model.dialect, stream: isStream, set: offer.model.set, edit: &edit, losses: &losses)
    } else {
      for (name, value) in offer.model.set where call.body[name] == nil { edit.set(name, to: value, in: call.body) }
    }
    if let asked = call.body["model"], asked.string != offer.model.upstream { edit.replace(asked, with: JSON(offer.model.upstream)) }
    return edit.isEmpty ? call.body.source : edit.bytes()
  }
}
