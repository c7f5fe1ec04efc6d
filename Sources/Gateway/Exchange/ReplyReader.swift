import Base
import Upstream
import Wire

/// How one upstream's reply becomes the client's: as it is on the same wire, through events on another.
///
/// An object, because it is held while the reply is waited for.
final class ReplyReader {
  let call: Call
  let offer: Offer
  private let tools: ToolNames
  private let isSame: Bool
  private let reasoning: ReasoningOutput
  private let model: String

  init(_ call: Call, _ offer: Offer, _ tools: ToolNames, isSame: Bool, _ reasoning: ReasoningOutput, model: String) {
    self.call = call
    self.offer = offer
    self.tools = tools
    self.isSame = isSame
    self.reasoning = reasoning
    self.model = model
  }

  /// Whether the reply is a chat's, which may be a stream.
  var isChat: Bool { call.endpoint == .chat || call.endpoint == .completions && !isSame }

  private var provider: Provider { offer.provider }

  /// Whether bytes pass: the same wire, and nothing that only events can say.
  var passes: Bool {
    guard isSame else { return false }
    guard call.endpoint == .chat else { return true }
    return reasoning == .field && tools.isPlain && (call.wire != .chat || offer.model.dialect.tags == nil)
  }

  var rules: ReplyRules { offer.replyRules }

  /// What the encoder of the reply needs to know.
  var context: ReplyContext {
    var context = ReplyContext(model: model, created: Time.now.seconds, showsUsage: call.wantsUsage, request: call.body)
    context.keepsID = isSame
    return context
  }

  /// Hands a stream on.
  func relay() -> any StreamRelay {
    guard passes else { return translation() }
    switch call.wire {
    case .messages:
      return AnthropicRelay(
        model: model, finishWords: provider.file.response.finish, rules: provider.file.errors,
        endMeansStop: provider.file.response.eof == .stop)
    case .gemini:
      return GeminiRelay(
        model: model, form: call.form, finishWords: provider.file.response.finish, rules: provider.file.errors,
        endMeansStop: provider.file.response.eof == .stop)
    case .chat, .completions, .responses:
      return ChatRelay(
        model: model, showsUsage: call.wantsUsage, finishWords: provider.file.response.finish, rules: provider.file.errors,
        endMeansStop: provider.file.response.eof == .stop)
    }
  }

  /// Hands a stream on through events.
  func translation() -> TranslatingRelay {
    TranslatingRelay(
      from: provider.file.wire.streamDecoder(rules), to: call.wire.streamEncoder(context, form: call.form), tools: tools,
      reasoning: reasoning)
  }

  /// The events of a whole body, as the client knows its tools and wants its reasoning.
  func events(_ body: [UInt8]) throws(Fault) -> [Event] {
    rewrite(try provider.file.wire.events(try Self.json(body), rules))
  }

  private static func json(_ body: [UInt8]) throws(Fault) -> JSON {
    do throws(Fault) {
      return try JSON(parsing: body)
    } catch {
      throw Fault(.broken, "The upstream's answer is broken. Try again.", detail: error.message)
    }
  }

  /// Events as the client knows its tools and wants its reasoning.
  func rewrite(_ events: [Event]) -> [Event] {
    var tools = ToolRestorer(tools)
    var reasoning = ReasoningRewriter(reasoning)
    return reasoning.rewrite(tools.restore(events))
  }

  /// A whole reply as the client gets it.
  struct Whole {
    var bytes: [UInt8]
    var usage: Usage?
    var finish: FinishReason?
    var losses: [Loss] = []
    /// Whether the bytes are the upstream's own, but for splices.
    var passes = false
  }

  /// A whole body: as it is on the same wire, through events on another.
  func whole(_ body: [UInt8]) throws(Fault) -> Whole {
    switch call.endpoint {
    case .rerank: return try rerank(body)
    case .embeddings: return try embeddings(body)
    case .countTokens, .models: return Whole(bytes: body)
    case .chat, .completions: break
    }
    guard passes else { return whole(Reply(try events(body))) }
    switch call.wire {
    case .messages:
      let whole = try AnthropicRelay.whole(body, model: model, finishWords: provider.file.response.finish, rules: provider.file.errors)
      return Whole(bytes: whole.bytes, usage: whole.usage, finish: whole.finishes[0], passes: true)
    case .gemini:
      let whole = try GeminiRelay.whole(body, model: model, finishWords: provider.file.response.finish, rules: provider.file.errors)
      return Whole(bytes: whole.bytes, usage: whole.usage, finish: whole.finish, passes: true)
    case .chat, .completions, .responses:
      let whole = try ChatRelay.whole(body, model: model, finishWords: provider.file.response.finish, rules: provider.file.errors)
      return Whole(bytes: whole.bytes, usage: whole.usage, finish: whole.finish, passes: true)
    }
  }

  /// A reply that came in another way than as a body.
  func whole(_ reply: Reply) -> Whole {
    var encoder = call.wire.replyEncoder(context)
    let bytes = encoder.encode(reply)
    return Whole(bytes: bytes, usage: reply.usage, finish: reply.candidates.first?.finish, losses: encoder.losses)
  }

  private func rerank(_ body: [UInt8]) throws(Fault) -> Whole {
    let request = RerankRequest(checked: call.body)
    let shape = provider.file.endpoints[.rerank]?.shape ?? .jina
    let reply = try RerankReply(body, to: request, model: model, shape: shape, rules: provider.file.errors)
    return Whole(bytes: reply.body, usage: reply.usage, losses: reply.losses)
  }

  private func embeddings(_ body: [UInt8]) throws(Fault) -> Whole {
    switch (call.wire, provider.file.wire) {
    case (.gemini, .gemini): return Whole(bytes: body)
    case (.gemini, _):
      let usage = try ChatRelay.whole(body, model: model, rules: provider.file.errors).usage
      let count = call.isSingle ? 1 : call.body["requests"]?.count ?? 0
      let bytes = try GeminiEmbeddings.geminiReply(try Self.json(body), isBatch: !call.isSingle, count: count)
      return Whole(bytes: bytes, usage: usage)
    case (_, .gemini):
      let reply = try GeminiEmbeddings.reply(try Self.json(body), to: call.body, model: model)
      return Whole(bytes: reply.body, losses: reply.losses)
    default:
      let whole = try ChatRelay.whole(body, model: model, rules: provider.file.errors)
      return Whole(bytes: whole.bytes, usage: whole.usage)
    }
  }
}

extension Call {
  /// Whether the client asked for the usage of a stream.
  var wantsUsage: Bool { body["stream_options"]?["include_usage"]?.bool ?? false }
}
