package import Base

/// A recorded reply, read again: the bytes that a client of some wire got, whole or as a stream, to the end or not.
///
/// Its first bytes tell what it is: an object is a whole reply (or an error), everything else a stream of events, of lines of JSON, or
/// Gemini's array. The content type would add nothing: some upstreams name the wrong one.
package struct RecordedReply: Sendable {
  /// What came, as far as it came. `isComplete` only when its own end did. Source: datasets §11.
  package private(set) var reply = Reply()
  /// What it says of a failure, or that it broke off; nil when it is complete.
  package private(set) var fault: Fault?

  /// Reads a body without its content coding. `status` is that of its head; from 400 on the body is an error.
  package init(_ wire: ClientWire, status: Int = 200, _ bytes: [UInt8]) {
    guard status < 400 else {
      fault = UpstreamError.fault(UpstreamAnswer(status: status, headers: [], body: bytes))
      return
    }
    let text = Self.text(bytes)
    if text.first == UInt8(ascii: "{"), let body = try? JSON(parsing: Array(text)) {  // nil is right: then it is cut, or a line of several
      read(wire, whole: body)
    } else {
      read(wire, stream: bytes[...])
    }
  }

  /// The bytes behind a byte order mark and white space.
  private static func text(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    return bytes.dropFirst(bytes.starts(with: mark) ? mark.count : 0).drop { [0x20, 0x09, 0x0A, 0x0D].contains($0) }
  }

  private mutating func read(_ wire: ClientWire, whole body: JSON) {
    do throws(Fault) {
      reply = Reply(try wire.events(body))
    } catch {
      fault = error
    }
  }

  private mutating func read(_ wire: ClientWire, stream bytes: ArraySlice<UInt8>) {
    let (frames, cut) = Self.frames(bytes)
    var decoder = wire.streamDecoder
    var hasEndMark = false
    for frame in frames {
      guard fault == nil else { break }
      hasEndMark = hasEndMark || wire.isEndMark(frame)
      do throws(Fault) {
        for event in try decoder.decode(frame) { reply.fold(event) }
      } catch {
        fault = error
      }
    }
    let isFinished = decoder.isFinished || hasEndMark || wire.isFinishedByFirst && reply.candidates.first?.finish != nil
    flush(&decoder)
    reply.isComplete = fault == nil && isFinished
    if !reply.isComplete, fault == nil { fault = cut ?? Fault(.broken, "The reply broke off.", detail: "the stream ended without its end") }
  }

  /// The frames of a stream, and what its end lacks.
  private static func frames(_ bytes: ArraySlice<UInt8>) -> (frames: [Frame], cut: Fault?) {
    // One event may hold all that a body may.
    var stream = EventStream(.upstream, cap: JSON.Limits.standard.bytes)
    var frames: [Frame] = []
    do throws(Fault) {
      try stream.feed(bytes, into: &frames)
      try stream.end(into: &frames)
    } catch {
      return (frames, error)
    }
    return (frames, nil)
  }

  /// Takes in what the decoder held back; reasons that it makes up are none.
  private mutating func flush(_ decoder: inout any EventDecoder) {
    let isTold = decoder.isFinished
    let told = Set(reply.candidates.filter { $0.finish != nil }.map(\.index))
    let rest = (try? decoder.end()) ?? []  // nil is right: there was nothing to show
    for event in rest { reply.fold(event) }
    if let responses = decoder as? ResponsesStreamDecoder, !isTold { reply = Reply(responses.soFar) }
    guard !isTold else { return }
    for position in reply.candidates.indices where !told.contains(reply.candidates[position].index) {
      reply.candidates[position].finish = nil
    }
  }
}

extension ClientWire {
  /// The events of a whole reply of this wire. Legacy completions are what Chat's decoder reads too: choices with a `text`.
  fileprivate func events(_ body: JSON) throws(Fault) -> [Event] {
    switch self {
    case .chat, .completions: try ChatReplyDecoder().events(body)
    case .responses: try ResponsesReplyDecoder().events(body)
    case .messages: try AnthropicReplyDecoder().events(body)
    case .gemini: try GeminiReplyDecoder().events(body)
    }
  }

  /// Reads a stream of this wire, which gives what it has when it breaks off.
  fileprivate var streamDecoder: any EventDecoder {
    switch self {
    case .chat, .completions: ChatStreamDecoder(endMeansStop: true)
    case .responses: ResponsesStreamDecoder()
    case .messages: AnthropicStreamDecoder(endMeansStop: true)
    case .gemini: GeminiStreamDecoder(endMeansStop: true)
    }
  }

  /// Whether the first choice's finish is the end of all, as it is the one that counts. Source: datasets §11.
  fileprivate var isFinishedByFirst: Bool { self == .chat || self == .completions }

  /// Whether a frame is the end of a stream though no reason was told. Source: datasets §11.
  fileprivate func isEndMark(_ frame: Frame) -> Bool {
    switch self {
    case .chat, .completions: return frame.kind == .done
    case .messages:
      guard frame.event == nil, frame.kind == .data, frame.data.count < 256 else { return frame.event == "message_stop" }
      return (try? frame.json())?["type"] == "message_stop"  // nil is right: the decoder tells what is wrong
    case .responses, .gemini: return false
    }
  }
}
