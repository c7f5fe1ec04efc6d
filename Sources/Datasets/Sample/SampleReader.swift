import Base
import Wire

/// Reads an exchange into a sample. Source: formats/datasets.md §9.
package struct SampleReader {
  /// The conversation as far as it could be read; complete where there is no `refusal`.
  package internal(set) var sample = Sample()
  /// Why it is no training data; nil when it is.
  package private(set) var refusal: Refusal?

  /// The indexes of other choices that came.
  private(set) var otherChoices: [Int] = []

  /// Reads an exchange.
  package init(_ exchange: RecordedExchange) {
    var notes = Notes()
    read(exchange, &notes)
    sample.warnings.formUnion(notes.warnings)
    refusal = notes.refusal
  }

  /// Of what can't even be read.
  init(refusing refusal: Refusal) {
    self.refusal = refusal
  }

  private mutating func read(_ exchange: RecordedExchange, _ notes: inout Notes) {
    guard let wire = exchange.wire, wire != .completions else {
      if !(200..<400).contains(exchange.status) { notes.refuse(.upstreamError, "status \(exchange.status)") }
      return notes.refuse(.notAConversation, "not a chat")
    }
    let answer = AnswerReader(wire, choice: exchange.choice, status: exchange.status, exchange.response, &notes).answer
    otherChoices = answer.choices.filter { $0 != exchange.choice }.sorted()
    guard let body = Self.body(exchange.request, &notes), body.kind == .object else {
      return notes.refuse(.notAConversation, "the request is no JSON object")
    }
    let question = Self.question(wire, body, exchange.history, &notes)
    var builder = TurnBuilder(question.tools)
    for message in question.messages { builder.add(message, &notes) }
    builder.add(answer, isPrefilled: question.isPrefilled, &notes)
    sample.system = builder.system.joined(separator: "\n\n")
    sample.tools = question.tools
    sample.parallelCalls = question.parallelCalls
    sample.turns = builder.finished(&notes)
  }

  private static func body(_ bytes: [UInt8], _ notes: inout Notes) -> JSON? {
    if let body = try? JSON(parsing: bytes) { return body }  // nil is right: it may be no UTF-8
    let text = String(decoding: bytes, as: UTF8.self)
    // A body may be anything.
    guard String(validating: bytes, as: UTF8.self) == nil, let body = try? JSON(parsing: text) else { return nil }
    notes.warn(.invalidUnicodeReplaced)
    return body
  }

  private static func question(_ wire: ClientWire, _ body: JSON, _ history: [JSON]?, _ notes: inout Notes) -> Question {
    switch wire {
    case .chat, .completions: ChatQuestion(body, &notes).question
    case .messages: MessagesQuestion(body, &notes).question
    case .gemini: GeminiQuestion(body, &notes).question
    case .responses: ResponsesQuestion(body, history: history, &notes).question
    }
  }
}
