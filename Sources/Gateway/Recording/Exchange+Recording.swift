import Archive
import Base
import HTTP
import Wire

/// The end of a reply, held until its record is kept.
enum LastBytes {
  /// Nothing: the reply is out, or was never begun.
  case none
  case whole(Response)
  /// The last piece of a stream, and its end.
  case end([UInt8], trailers: Headers? = nil)
  /// A stream that is cut for the client too.
  case cut
}

extension Exchange {
  /// Begins to record. Throws `overloaded` where the spool is full and unrecorded exchanges are not wanted.
  @inline(never)
  func record(_ key: Keys.Key) throws(Fault) {
    guard setup.config.record.isOn, let recorder, let recording = recorder.recording(key.record) else { return }
    guard setup.config.record.whenFull == .drop || recorder.hasRoom else {
      throw Fault(
        .overloaded, "The gateway can record nothing more, and is told to refuse what it can't record. Try again later.",
        code: "record_full", retryAfter: 5)
    }
    self.recording = recording
  }

  /// Whether all is well, and if not, why.
  var health: [UInt8] {
    let troubles = recorder?.troubles ?? []
    guard !troubles.isEmpty else { return Array(#"{"status":"ok"}"#.utf8) }
    return Array(JSON.object([("status", "degraded"), ("reasons", .array(troubles.map { JSON($0) }))]).bytes)
  }

  /// Keeps the record, then lets the last byte go.
  func settle() async {
    if let recording, let recorder, keep(recording, recorder), setup.config.record.sync == .disk {
      await recorder.sync(on: request.loop)
    }
    send()
  }

  private func send() {
    switch last {
    case .none: break
    case .whole(let response): request.respond(response)
    case .end(let bytes, let trailers): request.finish(bytes, trailers: trailers)
    case .cut: request.abort()
    }
    last = .none
  }

  @inline(never)
  private func keep(_ recording: Recording, _ recorder: Recorder) -> Bool {
    switch last {
    case .whole(let response): recording.answered(response.head.headers, response.body)
    case .end(let bytes, _): recording.add(bytes)
    case .cut, .none: break
    }
    self.recording = nil
    return recorder.keep(record(of: recording), isPromised: setup.config.record.whenFull == .refuse)
  }

  private func record(of recording: Recording) -> Record {
    let latency = (Time.monotonic - trace.started) / 1000
    var record = Record(id: trace.id, time: Time.now.milliseconds - latency / 1000)
    record.key = trace.key
    record.endpoint = trace.endpoint
    record.clientWire = trace.clientWire ?? wire.rawValue
    record.method = request.head.method
    record.path = request.head.path
    record.provider = trace.provider
    record.model = trace.asked
    record.modelServed = trace.model
    record.status = trace.status
    record.finish = trace.finish?.rawValue ?? ""
    record.isStream = trace.isStream
    record.isComplete = trace.isComplete
    record.latency = latency
    record.firstByte = trace.replied > 0 ? (trace.replied - trace.started) / 1000 : nil
    record.tries = trace.tries
    record.losses = trace.losses.map(\.description)
    record.keeps = recording.keeps
    record.request = recording.request
    record.response = recording.response
    tell(&record)
    return record
  }

  /// The tokens, and what went wrong.
  private func tell(_ record: inout Record) {
    if let usage = trace.usage {
      var tokens = Record.Tokens()
      (tokens.input, tokens.output, tokens.cached, tokens.reasoning) = (usage.input, usage.output, usage.cacheRead, usage.reasoning)
      tokens.isEstimated = trace.losses.contains(Loss("usage", .estimated))
      record.tokens = tokens
    }
    let hasLeft = request.isAbandoned
    if hasLeft, !request.hasReplied { record.status = Fault.Kind.cancelled.status }
    if hasLeft { record.isComplete = false }
    if let fault = trace.fault, fault.kind != .cancelled {
      record.error = fault.kind.rawValue
      record.errorMessage = fault.message
    } else if hasLeft {
      record.error = Fault.Kind.cancelled.rawValue
      record.errorMessage = isCut ? Self.wasCut.message : "The client left."
    }
  }
}
