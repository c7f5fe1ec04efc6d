package import Base

/// Reads a site's answer by its recipe: fed bytes in any cut, or whole messages, it gives the events of a reply. Pure, without I/O.
///
///     var reader = RecipeReader(response, errors: file.errors, status: 200, headers: head)
///     try reader.feed(bytes, into: &events)   // any number of times, until `isFinished`
///     try reader.end(into: &events)           // when the bytes end before that
///
/// For a WebSocket each message goes to `feed(message:)`, for polling each answer to `feed(answer:)`. A failure is thrown; after it
/// nothing more is read. An answer that ends without text is a failure and names what it lacked: there is no empty success.
package struct RecipeReader {
  /// What the answer is.
  private enum Form { case stream, whole }

  let recipe: ResponseRecipe
  let errors: [ErrorRule]
  private let status: Int
  private let headers: [(name: String, value: String)]
  private let inputTokens: Int?
  private let failureLimit: Int
  private let mayResume: Bool
  private var form: Form
  private var framer: RecipeFramer
  private var body: [UInt8] = []
  /// Whether the bytes had a frame; until then `body` has them.
  private var hasFrames = false
  private var failures = 0

  var document: PatchDocument?
  var writer: ReplyWriter
  var pieces: RecipePieces
  private var noted: FinishRule.Reason?
  private var usage = Usage()
  private var tells = (input: false, output: false)

  /// Whether the reply's own end came; what follows is of no interest.
  package private(set) var isFinished = false
  /// Whether the site stopped in between and a step of scope `resume` has to go on: then `resume()` and feed its answer.
  package private(set) var wantsMore = false
  /// Whether the reply is as good as over: only its own end may still come, so that waiting long for it makes no sense.
  package var isEnding: Bool { noted != nil }
  /// The last values for the next turn.
  package private(set) var captured: [String: JSON] = [:]
  /// What did not look as the recipe says.
  package private(set) var drift = RecipeDrift()

  /// The most bytes of an answer that is no stream.
  package static let wholeLimit = 1 << 20

  /// A reader of an answer with this head. `inputTokens` is an estimate of the prompt for sites that tell none; `failures` is how many
  /// polls in a row may fail; `mayResume` whether a `continue` is followed by `resume()`. `isWhole` is for clients that want no stream:
  /// then all comes at the end, and a snapshot that takes back what was there counts.
  package init(
    _ recipe: ResponseRecipe, errors: [ErrorRule], status: Int = 200, headers: [(name: String, value: String)] = [],
    inputTokens: Int? = nil, failures: Int = 3, mayResume: Bool = false, isWhole: Bool = false
  ) {
    self.recipe = recipe
    self.errors = recipe.errors + errors
    self.status = status
    self.headers = headers
    self.inputTokens = inputTokens
    failureLimit = failures
    self.mayResume = mayResume
    framer = RecipeFramer(recipe.framing)
    document = recipe.patch.map(PatchDocument.init)
    writer = ReplyWriter(cite: recipe.cite)
    pieces = RecipePieces(recipe, keepsSent: mayResume, isWhole: isWhole)
    form = Self.form(recipe.framing, UpstreamAnswer(status: status, headers: headers, body: []))
  }

  /// Reads on.
  package mutating func feed(_ bytes: ArraySlice<UInt8>, into events: inout [Event]) throws(Fault) {
    guard !isFinished else { return }
    guard form == .stream else {
      body.append(contentsOf: bytes.prefix(max(0, Self.wholeLimit - body.count)))
      return
    }
    var frames: [RecipeFrame] = []
    if !hasFrames { body.append(contentsOf: bytes.prefix(max(0, Self.wholeLimit - body.count))) }
    try framer.feed(bytes, into: &frames)
    for frame in frames { try read(frame, into: &events) }
  }

  /// Reads one message of a WebSocket.
  package mutating func feed(message: [UInt8], into events: inout [Event]) throws(Fault) {
    try read(RecipeFrame(message[...]), into: &events)
  }

  /// Reads one answer of a repeated request. Single failures are passed over; as many in a row as `failures` says are one.
  package mutating func feed(answer: UpstreamAnswer, into events: inout [Event]) throws(Fault) {
    guard !isFinished else { return }
    do throws(Fault) {
      if answer.status >= 300 || answer.json == nil { throw UpstreamError.fault(answer, rules: errors) }
      if let fault = errors.fault(of: answer) { throw fault }
    } catch {
      if error.kind == .contentFilter { return try fail(error, into: &events) }
      failures += 1
      guard [.broken, .overloaded, .timeout, .internal].contains(error.kind), failures < failureLimit else { throw error }
      return
    }
    failures = 0
    try read(RecipeFrame(answer.body[...]), into: &events)
  }

  /// The bytes ended, or the time for polling is over.
  package mutating func end(into events: inout [Event]) throws(Fault) {
    guard !isFinished else { return }
    guard form == .stream else { throw wholeFault() }
    var frames: [RecipeFrame] = []
    do throws(Fault) {
      try framer.end(into: &frames)
    } catch {
      if let fault = unframedFault() { throw fault }
      guard noted != nil else { throw error }
    }
    for frame in frames { try read(frame, into: &events) }
    guard !isFinished else { return }
    if let fault = unframedFault() { throw fault }
    writer.flush(into: &events)
    try ended(into: &events)
  }

  /// Goes on with the answer of the step of scope `resume`, which may repeat what came before.
  package mutating func resume() {
    guard wantsMore else { return }
    wantsMore = false
    isFinished = false
    noted = nil
    framer = RecipeFramer(recipe.framing)
    hasFrames = false
    document = recipe.patch.map(PatchDocument.init)
    pieces.resume()
  }

  private mutating func ended(into events: inout [Event]) throws(Fault) {
    if let noted { return try finish(noted, into: &events) }
    if recipe.framing == .poll, drift.isEmpty {
      throw Fault(.timeout, "The upstream took too long to answer. Try again.", detail: "no finish before the polling ended")
    }
    if case .finish(let reason) = recipe.eof, writer.hasText || pieces.holdsText {
      return try finish(.finish(reason), into: &events)
    }
    throw Self.fault(.broken, "the stream ended before the answer did", drift)
  }

  // MARK: Whole answers

  /// An answer that can't be a stream is a whole one: an error, or the page of a human check.
  private static func form(_ framing: ResponseRecipe.Framing, _ head: UpstreamAnswer) -> Form {
    let type = head.mediaType
    if head.status >= 300 || head.status == 202 || type == "text/html" { return .whole }
    return type == "application/json" && (framing == .sse || framing == .connect) ? .whole : .stream
  }

  private func wholeFault() -> Fault {
    let answer = UpstreamAnswer(status: status, headers: headers, body: body)
    guard status < 400 else { return UpstreamError.fault(answer, rules: errors) }
    if let fault = UpstreamError.fault(inside: answer, rules: errors) { return fault }
    let what = status >= 300 ? "a redirect" : answer.mediaType == "text/html" ? "a page" : "a whole answer"
    return Fault(.formatChanged, "The upstream sent \(what) where a stream was expected.", detail: "HTTP \(status), \(body.count) bytes")
  }

  /// What the file says of bytes in which there was no frame, such as the bare word of a limit.
  private func unframedFault() -> Fault? {
    guard !hasFrames, !body.isEmpty else { return nil }
    return UpstreamError.fault(inside: UpstreamAnswer(status: status, headers: headers, body: body), rules: errors)
  }

  // MARK: Frames

  private mutating func read(_ raw: RecipeFrame, into events: inout [Event]) throws(Fault) {
    guard !isFinished else { return }
    (hasFrames, body) = (true, [])
    var frame = raw
    if let json = frame.json { frame.json = Self.decode(json, recipe.decode) }
    let answer = answer(frame)
    let unseen = writer.hasText || writer.hasReasoning ? nil : (events: events.count, writer: writer)
    let (scope, stamp) = try scope(of: frame)
    let isText = isMark(frame) ? false : try pieces.emit(scope, stamp: stamp, &writer, &drift, into: &events)
    let isReference = refer(scope, stamp: stamp)
    let before = captured
    let isKept = keep(scope)
    let isKnown = isText || isReference || isKept || stamp != nil
    if let fault = fault(of: answer, isKnown: isKnown || ends(frame, scope)) {
      // Some sites' errors name a conversation that isn't the one.
      captured.merge(before) { _, old in old }
      // What comes with the first error must not keep the next attempt from being made.
      if let unseen {
        events.removeSubrange(unseen.events...)
        writer = unseen.writer
      }
      return try fail(fault, into: &events)
    }
    let isEnd = try finish(frame, scope, into: &events)
    guard !isKnown, !isEnd else { return }
    if !recipe.ignore.contains(where: { scope.holds($0) }) { drift.note(unknown: frame.label) }
  }

  /// What the file calls an error, else what vendors usually do.
  private func fault(of answer: UpstreamAnswer, isKnown: Bool) -> Fault? {
    if let fault = errors.fault(of: answer) { return fault }
    return isKnown && !Self.saysError(answer) ? nil : UpstreamError.fault(inside: answer)
  }

  /// Whether a frame that rules know may still be an error: a `code` with a `message` is none there, nor is an `error` that is empty.
  private static func saysError(_ answer: UpstreamAnswer) -> Bool {
    guard let json = answer.json else { return false }
    if let error = json["error"], !error.isNull { return error.string != "" && error != [:] && error != [] && error != 0 && error != false }
    return answer.event == "error" || json["type"]?.string == "error" || json["base_resp"] != nil
  }

  private func answer(_ frame: RecipeFrame) -> UpstreamAnswer {
    var answer = UpstreamAnswer(frame: frame.json ?? JSON(frame.text), event: frame.event, status: status, headers: headers)
    if frame.json == nil { answer.json = nil }
    answer.body = frame.json == nil ? Array(frame.data) : []
    if frame.json == nil { answer.isFrame = false }
    return answer
  }

  /// What rules see: the document and the patch's number for patches, the frame itself for others.
  private mutating func scope(of frame: RecipeFrame) throws(Fault) -> (scope: RecipeScope, stamp: Int?) {
    let data = RecipeValue.json(frame.json ?? JSON(frame.text))
    let variables = frame.variables
    guard let isPatch = document?.takes(frame), isPatch, let json = frame.json else {
      return (RecipeScope(root: data, data: data, variables: variables), nil)
    }
    if try document?.apply(json, size: frame.data.count) == false { drift.note(unknown: "patch \(frame.label)") }
    let root = document?.root.map(RecipeValue.node) ?? .json(.null)
    return (RecipeScope(root: root, data: data, variables: variables), document?.stamp)
  }

  /// A content filter behind the first text ends the reply; every other fault breaks it.
  private mutating func fail(_ fault: Fault, into events: inout [Event]) throws(Fault) {
    writer.flush(into: &events)
    guard fault.kind == .contentFilter, writer.hasText || pieces.holdsText else { throw fault }
    try finish(.finish(.filter), into: &events)
  }

  /// Parses texts that are JSON, the outer ones first; one that isn't stays as it is.
  private static func decode(_ json: JSON, _ paths: [JSONPath]) -> JSON {
    var json = json
    for path in paths {
      var edit = JSONEdit(json)
      for value in path.all(in: json) {
        guard let text = value.string, let first = text.utf8.first(where: { $0 > 0x20 }), first == 0x7B || first == 0x5B else { continue }
        guard let inner = try? JSON(parsing: text) else { continue }  // nil is right: a plain text
        edit.replace(value, with: inner)
      }
      if !edit.isEmpty, let edited = try? JSON(parsing: edit.bytes()) { json = edited }  // nil: too deep
    }
    return json
  }

  // MARK: Beside the text

  private mutating func refer(_ scope: RecipeScope, stamp: Int?) -> Bool {
    var isKnown = false
    for rule in recipe.references where scope.holds(rule.when) {
      for element in scope.all(rule.path) {
        if let stamp, case .node(let node) = element, node.stamp != stamp { continue }
        guard scope.holds(rule.filter, in: element) else { continue }
        isKnown = true
        guard let url = scope.first(rule.url, in: element)?.string, !url.isEmpty else { continue }
        let title = scope.first(rule.title, in: element)?.string
        let quote = scope.first(rule.snippet, in: element)?.string
        writer.reference(Citation(url: url, title: title, quote: quote), key: rule.key == .url ? url : title ?? url)
      }
    }
    return isKnown
  }

  private mutating func keep(_ scope: RecipeScope) -> Bool {
    var isKnown = false
    for (name, paths) in recipe.capture {
      guard let value = scope.first(paths) else { continue }
      captured[name] = value
      isKnown = true
    }
    if let count = scope.first(recipe.usage.input)?.int {
      (usage.input, tells.input, isKnown) = (count, true, true)
    }
    if let count = scope.first(recipe.usage.output)?.int {
      (usage.output, tells.output, isKnown) = (count, true, true)
    }
    if let count = scope.first(recipe.usage.reasoning)?.int { usage.reasoning = count }
    return isKnown
  }

  // MARK: The end

  /// Looks for an end; tells whether a rule knew the frame.
  private mutating func finish(_ frame: RecipeFrame, _ scope: RecipeScope, into events: inout [Event]) throws(Fault) -> Bool {
    for rule in recipe.finish {
      guard fits(rule, frame, scope) else { continue }
      let reason = rule.reason ?? noted
      if rule.isNoted {
        // The first one that was noted counts: "length" stands before the "done" that follows it.
        noted = noted ?? reason
        return true
      }
      if rule.flag != nil, noted == nil, Self.saysMore(frame) {
        drift.note(unknown: frame.label)
        throw Self.fault(.broken, "the stream ended with an unknown message", drift)
      }
      try finish(noted ?? reason ?? .finish(.stop), into: &events)
      return true
    }
    return false
  }

  /// Whether the last envelope has more than the `metadata` that the protocol allows. Source: https://connectrpc.com/docs/protocol
  private static func saysMore(_ frame: RecipeFrame) -> Bool {
    (frame.json ?? .null).entries.contains { !$0.isNamed("metadata") }
  }

  /// Whether a rule takes the frame for an end.
  private func ends(_ frame: RecipeFrame, _ scope: RecipeScope) -> Bool { recipe.finish.contains { fits($0, frame, scope) } }

  /// Whether all of the frame is the mark of an end, which is no text.
  private func isMark(_ frame: RecipeFrame) -> Bool { recipe.finish.contains { isMark(frame, of: $0) } }

  private func isMark(_ frame: RecipeFrame, of rule: FinishRule) -> Bool {
    guard let data = rule.data, frame.json == nil || frame.data.count < 64 else { return false }
    return frame.text.trimmed == data
  }

  private func fits(_ rule: FinishRule, _ frame: RecipeFrame, _ scope: RecipeScope) -> Bool {
    if rule.data != nil { return isMark(frame, of: rule) }
    if let flag = rule.flag { return (frame.flags ?? 0) & flag != 0 }
    return scope.holds(rule.when)
  }

  private mutating func finish(_ reason: FinishRule.Reason, into events: inout [Event]) throws(Fault) {
    drift.divergences = pieces.divergences
    if reason == .goesOn, mayResume {
      isFinished = true
      wantsMore = true
      return
    }
    flush(into: &events)
    let reason: FinishReason = if case .finish(let reason) = reason { reason } else { .length }
    try check(reason)
    isFinished = true
    let estimated = !tells.output || !tells.input
    if !tells.output { usage.output = writer.tokens }
    if !tells.input { usage.input = inputTokens ?? 0 }
    writer.finish(reason, usage, isEstimated: estimated, into: &events)
  }

  private mutating func flush(into events: inout [Event]) {
    pieces.release(&writer, into: &events)
    writer.flush(into: &events)
  }

  /// An end without text is no success.
  private func check(_ reason: FinishReason) throws(Fault) {
    guard !writer.hasText else { return }
    switch reason {
    case .filter: throw Fault(.contentFilter, "The upstream's content filter refused the request.")
    case .length, .contextWindow: if writer.hasReasoning { return }
    default: break
    }
    throw Self.fault(.broken, "the answer ended without text", drift, code: "empty_response")
  }

  private static func fault(_ kind: Fault.Kind, _ what: String, _ drift: RecipeDrift, code: String? = nil) -> Fault {
    guard let words = drift.words else {
      return Fault(
        kind, kind == .broken && code == nil ? "The upstream's stream broke off." : "The upstream's answer was empty. Try again.",
        detail: what, code: code)
    }
    return Fault(.formatChanged, "The upstream's answer no longer has the expected form: \(words).", detail: what)
  }
}

extension String {
  /// The text without blanks around it.
  fileprivate var trimmed: Substring {
    var text = self[...]
    while text.last?.isWhitespace == true { text.removeLast() }
    return text.drop { $0.isWhitespace }
  }
}
