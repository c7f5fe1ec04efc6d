package import Base

/// Hands a Gemini stream on to a Gemini client, chunk by chunk: most bytes go through as they came.
///
/// Changed are the model's name, and what is no plain event: the official client takes nothing but `data: ` and JSON, no comments, no names,
/// no end marker. On the side it reads usage and finish reasons. Source: wire-formats §2.1, §3.4, §7; sse.md C.
package struct GeminiRelay: Sendable {
  private let model: JSON
  private let form: GeminiStreamForm
  private let rules: [ErrorRule]
  private let endMeansStop: Bool
  private var frames: GeminiFrames
  private var sniffer: GeminiSniffer

  /// Whether an end marker came; this wire has none.
  package private(set) var isDone = false
  /// Whether anything came that a client can use: content of any kind, or a finish reason. Until then another upstream may be tried.
  package var isUseful: Bool { sniffer.isUseful }
  /// Why each candidate ended.
  package var finishes: [Int: FinishReason] { sniffer.finishes }
  /// The last total of tokens that the upstream told, nil when it told none.
  package var usage: Usage? { sniffer.usage }

  /// A relay to a client that asked for `model`, in the form it asked for; the upstream may send either form.
  ///
  /// `finishWords`: the provider file's `response.finish`. `endMeansStop`: its `response.eof` is `stop`.
  package init(
    model: String, form: GeminiStreamForm = .events, finishWords: [String: FinishReason] = [:], rules: [ErrorRule] = [],
    endMeansStop: Bool = false
  ) {
    self.model = JSON(model)
    self.form = form
    self.rules = rules
    self.endMeansStop = endMeansStop
    frames = GeminiFrames(model: model, id: nil, form: form)
    sniffer = GeminiSniffer(finishWords)
  }

  /// Takes a frame in; gives the bytes for the client, which may be none. Throws what an error in the stream means, `.broken` for no JSON.
  package mutating func relay(_ frame: Frame) throws(Fault) -> ArraySlice<UInt8> {
    guard frame.kind == .data, frame.event != "ping" else {
      if frame.kind == .done { isDone = true }
      return []
    }
    let json = try frame.json()
    if let fault = UpstreamError.fault(inside: UpstreamAnswer(frame: json, event: frame.event), rules: rules) { throw fault }
    guard json.kind == .object else { return [] }
    try sniffer.read(json)
    let name = json["modelVersion"]
    let isSame = name == nil || name?.bytes == model.bytes
    if isSame, form == .events, Self.isPlain(frame) { return frame.raw }
    var bytes: [UInt8] = []
    frames.object(Self.oneLine(Self.renamed(json, model)), into: &bytes)
    return bytes[...]
  }

  /// Ends the stream; gives the last bytes for the client. `.broken` when the upstream's answer is not complete.
  package mutating func end() throws(Fault) -> [UInt8] {
    guard sniffer.isComplete || (endMeansStop && sniffer.hasContent) else {
      throw Fault(.broken, "The upstream's stream broke off.", detail: "the stream ended without a finish reason")
    }
    var bytes: [UInt8] = []
    let open = sniffer.finishAll()
    if !open.isEmpty { frames.chunk(open.map { ["index": JSON($0), "finishReason": "STOP"] }, usage: nil, into: &bytes) }
    frames.end(into: &bytes)
    return bytes
  }

  /// Ends a stream that broke with an error; `error` is the whole object of this wire's errors.
  package mutating func fail(_ error: [UInt8], into bytes: inout [UInt8]) {
    frames.object(error, into: &bytes)
    frames.end(into: &bytes)
  }

  /// Whether the bytes are `data: `, the JSON and two line feeds, and nothing else.
  private static func isPlain(_ frame: Frame) -> Bool {
    guard frame.isStandard, frame.event == nil, frame.raw.starts(with: opening) else { return false }
    return frame.raw.dropFirst(opening.count + frame.data.count).elementsEqual(closing)
  }

  private static let opening = Array("data: ".utf8)
  private static let closing = Array("\n\n".utf8)

  /// The text with the client's name of the model.
  static func renamed(_ json: JSON, _ model: JSON) -> [UInt8] {
    guard let name = json["modelVersion"] else { return Array(json.bytes) }
    var edit = JSONEdit(json)
    edit.replace(name, with: model)
    return edit.bytes()
  }

  /// Line ends can only stand between the tokens of JSON, where a space is as good.
  private static func oneLine(_ bytes: [UInt8]) -> [UInt8] {
    guard bytes.contains(where: { $0 == LineEnd.lf || $0 == LineEnd.cr }) else { return bytes }
    return bytes.map { $0 == LineEnd.lf || $0 == LineEnd.cr ? 0x20 : $0 }
  }
}

extension GeminiRelay {
  /// A whole reply on its way to the client.
  package typealias Whole = ChatRelay.Whole

  /// Hands a whole body of generateContent, countTokens or an embedding on: only the model's name changes.
  ///
  /// Throws what an error in a body with status 200 means, `.broken` for a body that is no reply.
  package static func whole(
    _ body: [UInt8], model: String, finishWords: [String: FinishReason] = [:], rules: [ErrorRule] = []
  ) throws(Fault) -> Whole {
    let answer = UpstreamAnswer(status: 200, headers: [], body: body)
    if let fault = UpstreamError.fault(inside: answer, rules: rules) { throw fault }
    guard let json = answer.json, json.kind == .object else {
      throw Fault(.broken, "The upstream's answer is broken. Try again.", detail: "\(body.count) bytes that are no JSON object")
    }
    var sniffer = GeminiSniffer(finishWords)
    try sniffer.read(json)
    let isOther = ["embedding", "embeddings", "totalTokens"].contains { json[$0] != nil }
    guard isOther || sniffer.hasStarted || !sniffer.finishes.isEmpty else {
      throw Fault(.broken, "The upstream's answer is broken. Try again.", detail: "a body without candidates")
    }
    _ = sniffer.finishAll()
    return Whole(bytes: renamed(json, JSON(model)), usage: sniffer.usage, finish: sniffer.finishes[0])
  }
}
