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
  /// What is asked.
  package struct Ask {
    let chat: Chat
    let history: PromptHistory
    /// Whether the client wants the model to search the web.
    package var wantsSearch = false
    /// Whether the client wants no stream: then a site's last word counts where it takes back what it said.
    package var isWhole = false
    /// The bytes of `images`, in their order.
    package var files: [File] = []

    /// Throws `invalid` (`unsupported_content`) for what the site can't be asked, `contextOverflow` beyond the file's limit.
    package init(_ chat: Chat, of offer: Offer) throws(Fault) {
      self.chat = chat
      history = try PromptHistory(chat, offer.provider.file.recipe ?? Recipe())
      guard let most = offer.provider.file.limits.maxPromptCharacters, history.prompt.unicodeScalars.count > most else { return }
      throw Fault(.contextOverflow, "The conversation is longer than the \(most) characters that the site takes.")
    }

    /// What the site can't be told.
    package var losses: [Loss] { history.losses }

    /// The images that go up.
    package var images: [Media] { history.images }

    /// A file that goes up.
    package struct File {
      let bytes: [UInt8]
      let type: String
      let name: String

      package init(_ bytes: [UInt8], type: String, name: String) {
        self.bytes = bytes
        self.type = type
        self.name = name
      }
    }
  }

  private let provider: Provider
  private let recipe: Recipe
  private let requester: RecipeRequester
  private let files: [Ask.File]
  /// An estimate of the prompt, for sites that count nothing.
  private let inputTokens: Int
  private var answer: (any RecipeAnswer)?
  private var reader: RecipeReader?
  private let isWhole: Bool
  /// Events that were read before the client gets any.
  private var pending: [Event] = []
  /// What is wrong behind events that were read together with it.
  private var fault: Fault?
  private var tools: PromptToolReader
  /// Which finding of a session's step this run uses.
  private var used: [String: Int] = [:]
  private var redone: Set<String> = []
  /// Monotonic nanoseconds: the end of the file's patience with the whole call.
  private let deadline: Int
  private var isOver = false
  private var isCleanedUp = false
  private var resumes = 0

  /// How often a stopped answer is gone on with.
  private static let mostResumes = 8
  /// Nanoseconds for each request that cleans up.
  private static let cleanUpTime: Int64 = 10_000_000_000

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

  private var variables: RecipeVariables { requester.variables }
  private var session: Session { variables.session }
  private var loop: EventLoop { requester.client.loop }

  /// The client left: what is under way ends.
  package func cancel() { requester.cancel() }
}

// MARK: - Steps

extension RecipeRun {
  /// Runs the steps before the answer, asks for it, and reads until it says something useful. Throws what is wrong until then.
  package func begin() async throws(Fault) {
    do throws(Fault) { try await runSteps() } catch { throw session.cleared(error) }
  }

  private func runSteps() async throws(Fault) {
    var start = 0
    while true {
      var position = start
      do throws(Fault) {
        while position < recipe.steps.count {
          try await run(recipe.steps[position], at: position, again: start > 0)
          position += 1
        }
        return
      } catch {
        guard let redo = redoable(error, before: position) else { throw error }
        answer?.cancel()
        answer = nil
        try await prepareRedo(redo)
        start = redo
      }
    }
  }

  /// The step that is to run once more after a fault of a later one; nil when there is none.
  private func redoable(_ fault: Fault, before position: Int) -> Int? {
    guard !requester.isCancelled else { return nil }
    return recipe.steps.indices.prefix(position + 1).last { index in
      let step = recipe.steps[index]
      guard step.redoOn.contains(fault.kind), index < max(position, 1), !redone.contains(step.id) else { return false }
      // Once the site has begun its answer, the conversation is no longer the one that the steps between have prepared.
      guard step.scope != .message || variables.last.isEmpty else { return false }
      return (try? holds(step)) ?? false  // a condition that can't be told is none that holds
    }
  }

  private func prepareRedo(_ position: Int) async throws(Fault) {
    let step = recipe.steps[position]
    redone.insert(step.id)
    if step.scope == .session { try await renew(step) }
  }

  /// Runs one step. `again`: what was done once for this call stays.
  private func run(_ step: RecipeStep, at position: Int, again: Bool) async throws(Fault) {
    let isAnswer = step.scope == .message && step.response != nil
    switch step.scope {
    case .resume: return
    case .session:
      guard try holds(step) else { return }
      return try await ensure(step)
    case .conversation:
      if again, !redone.contains(step.id), variables.hasFound(step) { return }
    case .upload:
      guard !again else { return }
      return try await upload(position)
    case .message: break
    }
    guard try holds(step) else { return }
    if isAnswer { return try await ask(step) }
    try await prepare(step)
  }

  private func holds(_ step: RecipeStep) throws(Fault) -> Bool {
    for (subject, predicate) in step.conditions {
      variables.isTrusted = true
      let value = try subject.formula.value(in: variables.context())
      guard predicate.matches(value.map { [$0.json] } ?? []) else { return false }
    }
    return true
  }

  /// A step that only prepares: its answer is checked, and what later steps need is taken out.
  private func prepare(_ step: RecipeStep) async throws(Fault) {
    let answer = try await fetch(step)
    for (name, value) in try extract(step, answer) { variables.found[name] = value }
  }

  /// Asks and checks: `expect`, the file's rules of errors. A step with `poll` asks until its answer is as expected.
  private func fetch(_ step: RecipeStep) async throws(Fault) -> UpstreamAnswer {
    guard let request = step.request else { throw Fault(.internal, "The step \(step.id) asks nothing.") }
    let start = Time.monotonic
    var pause = step.poll?.interval.nanoseconds ?? 0
    while true {
      guard let sent = try await requester.send(request) else { throw missing("a value of its address", step) }
      let answer = try await requester.answer(to: sent)
      // A page is what this step wants, and no check of the site's in place of an answer.
      if step.readsPage, step.expect.accepts(answer), step.extractions.allSatisfy({ $0.value(in: answer) != nil }) { return answer }
      if let fault = provider.file.errors.fault(of: answer) { throw fault }
      if step.expect.accepts(answer) { return answer }
      guard let poll = step.poll, answer.status < 300 else { throw unexpected(answer, step) }
      guard Time.monotonic - start < poll.timeout.nanoseconds else { throw Fault(.timeout, "The upstream took too long to prepare.") }
      await loop.sleep(Int64(pause))
      pause = min(Int(Double(pause) * poll.backoff), poll.interval.nanoseconds * 8)
      guard !requester.isCancelled else { throw RecipeRequester.cancelled }
    }
  }

  private func extract(_ step: RecipeStep, _ answer: UpstreamAnswer) throws(Fault) -> [String: JSON] {
    var found: [String: JSON] = [:]
    let cookies = RecipeRequester.cookies(answer)
    for extraction in step.extractions {
      guard let value = extraction.value(in: answer, cookies: cookies) else { throw missing(extraction.name, step) }
      found[extraction.name] = value
    }
    return found
  }

  private func missing(_ what: String, _ step: RecipeStep) -> Fault {
    Fault(step.missing, "The upstream's answer to the step “\(step.id)” lacks \(what).")
  }

  private func unexpected(_ answer: UpstreamAnswer, _ step: RecipeStep) -> Fault {
    if answer.status >= 300, answer.status < 400 {
      return Fault(.formatChanged, "The upstream redirects the step “\(step.id)”, which is not followed.", detail: "HTTP \(answer.status)")
    }
    if answer.status >= 400 { return UpstreamError.fault(answer) }
    if let fault = UpstreamError.fault(inside: answer) { return fault }
    return Fault(
      .formatChanged, "The upstream did not answer the step “\(step.id)” as expected.", detail: "HTTP \(answer.status), \(answer.mediaType)"
    )
  }
}

// MARK: - Session steps

extension RecipeRun {
  /// Sees to it that the session has what a step finds. One at a time: who comes late takes what the first has found.
  private func ensure(_ step: RecipeStep) async throws(Fault) {
    if take(step) { return }
    try await session.renewal.enter(on: loop)
    defer { session.renewal.leave() }
    if take(step) { return }
    try await find(step)
  }

  /// Finds it anew, unless somebody else did since this run took it.
  private func renew(_ step: RecipeStep) async throws(Fault) {
    try await session.renewal.enter(on: loop)
    defer { session.renewal.leave() }
    if let now = session.found(step.id, now: Time.monotonic), now.number != used[step.id], take(step) { return }
    session.forget(step.id)
    guard try holds(step) else { return }
    try await find(step)
  }

  private func take(_ step: RecipeStep) -> Bool {
    guard let found = session.found(step.id, now: Time.monotonic) else { return false }
    used[step.id] = found.number
    for (name, value) in found.values {
      variables.found[name] = value
      variables.secretNames.insert(name)
    }
    return true
  }

  private func find(_ step: RecipeStep) async throws(Fault) {
    let answer = try await fetch(step)
    let values = try extract(step, answer)
    var renewed: [String: Secret] = [:]
    for (credential, path) in step.store {
      guard let text = answer.json.flatMap({ path.first(in: $0) })?.string, !text.isEmpty else { throw missing(credential, step) }
      let set = CredentialSet().with(credential, Secret(text), provider.file)
      for name in [credential] + (provider.file.credential(named: credential)?.groups ?? []) { renewed[name] = set[name] }
    }
    let until = step.lifetime.map { Time.monotonic + $0 * 1_000_000_000 }
    session.keep(step.id, values, until: until, renewed: renewed)
    _ = take(step)
  }
}

// MARK: - Uploads

extension RecipeRun {
  /// Runs the steps of scope `upload` that begin at `first` for each file; only the first of them does.
  private func upload(_ first: Int) async throws(Fault) {
    guard first == 0 || recipe.steps[first - 1].scope != .upload else { return }
    let steps = recipe.steps[first...].prefix { $0.scope == .upload }
    for file in files {
      variables.file = [
        "bytes": .bytes(file.bytes), "name": FormulaValue(file.name), "type": FormulaValue(file.type),
        "size": .json(JSON(file.bytes.count)),
        "sha256": .digest(Digest.sha256(file.bytes)),
      ]
      for step in steps where try holds(step) { try await prepare(step) }
      for name in steps.flatMap({ $0.extractions.map(\.name) }) {
        if let value = variables.found.removeValue(forKey: name) { variables.uploaded[name, default: []].append(value) }
      }
    }
    variables.file = [:]
  }
}

// MARK: - The answer

extension RecipeRun {
  /// Asks for the answer and reads until something useful comes.
  private func ask(_ step: RecipeStep) async throws(Fault) {
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
    answer?.cancel()
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

extension RecipeStep {
  /// Whether it looks for something in the text of a page.
  fileprivate var readsPage: Bool {
    extractions.contains { if case .pattern = $0.source { true } else { false } }
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
