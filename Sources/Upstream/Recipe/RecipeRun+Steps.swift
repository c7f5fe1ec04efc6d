package import Base
import HTTP
import Wire

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

extension RecipeStep {
  /// Whether it looks for something in the text of a page.
  fileprivate var readsPage: Bool {
    extractions.contains { if case .pattern = $0.source { true } else { false } }
  }
}
