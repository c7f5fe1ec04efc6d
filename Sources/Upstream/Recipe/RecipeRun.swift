package import Base
package import HTTP
package import Wire

/// One call at a web app: its steps, its answer as events, its clean-up. Belongs to a task and its loop.
///
///     let run = RecipeRun(offer, pick, ask, client)
///     try await run.begin()                    // steps; waits until the answer says something useful
///     while let events = try await run.next() { … }
///     await run.cleanUp()                      // always, also after an error
package final class RecipeRun {
  let provider: Provider
  let recipe: Recipe
  let requester: RecipeRequester
  let files: [Ask.File]
  /// An estimate of the prompt, for sites that count nothing.
  private let inputTokens: Int
  var answer: (any RecipeAnswer)?
  private var reader: RecipeReader?
  private let isWhole: Bool
  /// Events that were read before the client gets any.
  private var pending: [Event] = []
  /// What is wrong behind events that were read together with it.
  private var fault: Fault?
  private var tools: PromptToolReader
  /// Which finding of a session's step this run uses.
  var used: [String: Int] = [:]
  var redone: Set<String> = []
  /// Monotonic nanoseconds: the end of the file's patience with the whole call.
  private let deadline: Int
  private var isOver = false
  private var isCleanedUp = false
  private var resumes = 0

  /// How often a stopped answer is gone on with.
  private static let mostResumes = 8
  /// Nanoseconds for each request that cleans up.
  private static let cleanUpTime: Int64 = 10_000_000_000

  /// With the account of `pick`; throws `internal` where the provider has no recipe or no such account.
  package init(_ offer: Offer, _ pick: KeyRing.Pick, _ ask: Ask, _ client: Client) throws(Fault) {
    provider = offer.provider
    guard let recipe = provider.file.recipe, provider.sessions.indices.contains(pick.index) else {
      throw Fault(.internal, "The provider \(offer.provider.name) has no recipe.")
    }
    self.recipe = recipe
    files = ask.files
    isWhole = ask.isWhole
    deadline = Time.monotonic + provider.file.timeouts.total.nanoseconds
    let variables = RecipeVariables(recipe, provider.sessions[pick.index], install: provider.store.install)
    variables.fixed = Self.fixed(ask, offer)
    variables.set = Dictionary(offer.model.set.map { ($0.name, $0.value) }) { _, last in last }
    requester = RecipeRequester(provider, variables, client)
    tools = PromptToolReader(recipe.emulatesTools && ask.chat.toolChoice != ToolChoice.none ? ask.chat.tools.map(\.name) : [])
    inputTokens = TokenEstimate(ask.chat).tokens
  }

  private static func fixed(_ ask: Ask, _ offer: Offer) -> [String: FormulaValue] {
    let system = ask.chat.messages.filter { $0.role == .system }.map { $0.text(separator: "\n") }.joined(separator: "\n")
    let effort = ask.chat.effortWord
    return [
      "prompt": FormulaValue(ask.history.prompt), "messages": .json(ask.history.messages), "model": FormulaValue(offer.model.upstream),
      "system": FormulaValue(system), "effort": FormulaValue(effort), "thinking": .json(JSON(effort != "none")),
      "search": .json(JSON(ask.wantsSearch)), "is_new": .json(true),
    ]
  }

  var variables: RecipeVariables { requester.variables }
  var session: Session { variables.session }
  var loop: EventLoop { requester.client.loop }

  /// The client left: what is under way ends.
  package func cancel() { requester.cancel() }
}

// MARK: - The answer

extension RecipeRun {
  /// Asks for the answer and reads until something useful comes.
  func ask(_ step: RecipeStep) async throws(Fault) {
    guard let response = step.response else { return }
    pending = []
    fault = nil
    isOver = false
    let answer = try await open(step)
    self.answer = answer
    reader = RecipeReader(
      response, errors: provider.file.errors, status: answer.status, headers: answer.headers, inputTokens: inputTokens,
      failures: step.poll?.failures ?? 3, mayResume: recipe.resumeStep != nil, isWhole: isWhole)
    while !isOver, !pending.contains(where: \.isUseful) { pending += try await read() }
  }

  private func open(_ step: RecipeStep) async throws(Fault) -> any RecipeAnswer {
    if let rule = step.webSocket { return try await SocketAnswer.open(rule, requester) }
    guard let request = step.request else { throw Fault(.internal, "The step \(step.id) asks nothing.") }
    if let poll = step.poll { return PolledAnswer(request, poll, requester, until: deadline) }
    return try await StreamedAnswer.open(request, requester)
  }

  /// The next events, at least one; nil behind the last. Throws what is wrong with the answer.
  package func next() async throws(Fault) -> [Event]? {
    var events = pending
    pending = []
    do throws(Fault) {
      while events.isEmpty, !isOver { events = try await read() }
    } catch {
      throw session.cleared(error)
    }
    return events.isEmpty ? nil : events
  }

  /// Whether nothing more will come.
  package var isFinished: Bool { isOver && pending.isEmpty }

  /// What of the answer did not look as the recipe says.
  package var drift: RecipeDrift? { reader?.drift }

  /// Reads what comes next of the answer; may give nothing.
  private func read() async throws(Fault) -> [Event] {
    if let fault { throw fault }
    guard let answer else { return [] }
    let piece = try await answer.next()
    var events: [Event] = []
    do throws(Fault) {
      defer { note() }
      try feed(piece, into: &events)
    } catch {
      // What came before it was said, and is not taken back.
      guard events.contains(where: \.isUseful) else { throw error }
      fault = error
      return tools.rewrite(events)
    }
    do throws(Fault) {
      if reader?.isFinished == true { try await end(answer) }
    } catch {
      guard !events.isEmpty else { throw error }
      fault = error
    }
    return tools.rewrite(events)
  }

  private func feed(_ piece: RecipePiece?, into events: inout [Event]) throws(Fault) {
    switch piece {
    case .bytes(let bytes): try reader?.feed(bytes[...], into: &events)
    case .message(let bytes): try reader?.feed(message: bytes, into: &events)
    case .answer(let whole): try reader?.feed(answer: whole, into: &events)
    case nil: try reader?.end(into: &events)
    }
  }

  /// The answer has come to its end, or has to be gone on with.
  private func end(_ answer: any RecipeAnswer) async throws(Fault) {
    answer.finish()
    guard reader?.wantsMore == true, let step = recipe.resumeStep, resumes < Self.mostResumes else { return isOver = true }
    resumes += 1
    let more = try await open(step)
    self.answer = more
    try await more.checkStream(provider.file.errors)
    reader?.resume()
  }

  /// What the answer says for the next request.
  private func note() {
    for (name, value) in reader?.captured ?? [:] { variables.last[name] = value }
  }
}

// MARK: - The end

extension RecipeRun {
  /// Tidies up on the site: what this call has made, nothing else. Never fails; also for a call that failed or was cancelled.
  package func cleanUp() async {
    guard !isCleanedUp else { return }
    isCleanedUp = true
    let isBroken = !isOver
    note()
    if isBroken { answer?.cancel() } else { await answer?.end() }
    for rule in recipe.cleanup where rule.moment == .afterMessage || isBroken { await send(rule) }
  }

  private func send(_ rule: CleanupRule) async {
    do throws(Fault) {
      variables.isTrusted = true
      guard try isComplete(rule.request) else { return }
      var timeouts = provider.timeouts
      timeouts.total = Self.cleanUpTime
      guard let sent = try await requester.send(rule.request, isCleanup: true, timeouts: timeouts) else { return }
      let answer = try await requester.answer(to: sent)
      if !rule.expect.accepts(answer) { throw Fault(.broken, "Status \(answer.status).") }
    } catch {
      Log.write(rule.isOptional ? .debug : .warning, "recipe.cleanup") { line in
        line.field("provider", provider.name)
        line.field("why", session.cleared(error).description)
      }
    }
  }

  /// Whether all values are there that say what is to be tidied up.
  private func isComplete(_ request: StepRequest) throws(Fault) -> Bool {
    let body = request.body?.expressions ?? []
    for expression in request.url.expressions + request.query.flatMap(\.value.expressions) + body {
      for name in expression.formula.names where name.first != "cred" && name.first != "cookie" && name.first != "identity" {
        if try Formula(name.description).value(in: variables.context()) == nil { return false }
      }
    }
    return true
  }
}

extension Event {
  /// Whether a client can use it: until then another session or target may be tried.
  var isUseful: Bool {
    switch self {
    case .open, .delta, .finish: true
    default: false
    }
  }
}
