import Base
import Testing
@testable import Wire

/// A reader made from a few lines of YAML.
enum RecipeReading {
  static func response(_ yaml: String) throws -> ResponseRecipe {
    let mistakes = Mistakes()
    let setting = try #require(Setting.read(Array(yaml.utf8), name: "r.yaml", into: mistakes))
    let response = ResponseRecipe(Field(setting, path: "", into: mistakes))
    #expect(mistakes.sorted.map(\.description) == [])
    return try #require(response)
  }

  static func errors(_ yaml: String) throws -> [ErrorRule] {
    let mistakes = Mistakes()
    let setting = try #require(Setting.read(Array(yaml.utf8), name: "e.yaml", into: mistakes))
    let rules = Field(setting, path: "", into: mistakes).list().compactMap { ErrorRule($0) }
    #expect(mistakes.all == [])
    return rules
  }

  struct Outcome {
    var events: [Event] = []
    var fault: Fault?
    var reader: RecipeReader

    var reply: Reply { Reply(events) }
    var parts: [Part] { reply.candidates.first?.parts ?? [] }
    var finish: FinishReason? { reply.candidates.first?.finish }
    var text: String { parts.reduce("") { if case .text(let text, _) = $1 { $0 + text } else { $0 } } }
    var reasoning: String { parts.reduce("") { if case .reasoning(let thought) = $1 { $0 + thought.text } else { $0 } } }
  }

  static func read(
    _ yaml: String, errors: String = "[]", _ bytes: [UInt8], cut: Cut = .whole, status: Int = 200, type: String? = nil,
    inputTokens: Int? = nil
  ) throws -> Outcome {
    let headers = type.map { [(name: "content-type", value: $0)] } ?? []
    var outcome = Outcome(
      reader: RecipeReader(
        try response(yaml), errors: try Self.errors(errors), status: status, headers: headers, inputTokens: inputTokens))
    do throws(Fault) {
      for piece in cut.cut(bytes[...]) { try outcome.reader.feed(piece, into: &outcome.events) }
      try outcome.reader.end(into: &outcome.events)
    } catch {
      outcome.fault = error
    }
    return outcome
  }

  static func read(_ yaml: String, errors: String = "[]", lines: String, cut: Cut = .whole) throws -> Outcome {
    try read(yaml, errors: errors, Array(lines.utf8), cut: cut)
  }
}

@Suite struct `A reader of recipes` {
  static let plain =
    "{framing: ndjson, emit: [{to: reasoning, when: {k: plan}, path: t}, {to: text, when: {k: say}, path: t}], finish: [{when: {k: bye}}]}"

  @Test func `makes parts of text and reasoning, each open while its pieces come`() throws {
    let lines =
      "{\"k\":\"plan\",\"t\":\"a\"}\n{\"k\":\"plan\",\"t\":\"b\"}\n{\"k\":\"say\",\"t\":\"c\"}\n{\"k\":\"plan\",\"t\":\"d\"}\n{\"k\":\"say\",\"t\":\"e\"}\n{\"k\":\"bye\"}\n"
    let outcome = try RecipeReading.read(Self.plain, lines: lines)
    #expect(outcome.fault == nil)
    #expect(outcome.parts == [.reasoning(Reasoning("ab")), .text("c"), .reasoning(Reasoning("d")), .text("e")])
    #expect(outcome.reply.isComplete)
    #expect(outcome.reader.drift.isEmpty)
    #expect(outcome.events.first == .start(ReplyHead()))
  }

  // MARK: No empty success

  @Test(
    arguments: [
      // The field is called otherwise: it is named.
      ("{\"k\":\"say\",\"tt\":\"x\"}\n{\"k\":\"bye\"}\n", Fault.Kind.formatChanged, "no t"),
      ("{\"k\":\"say\",\"t\":{\"v\":\"x\"}}\n{\"k\":\"bye\"}\n", .formatChanged, "no t"),
      // The frame is called otherwise, or its mark is: its members are named.
      ("{\"k\":\"speak\",\"t\":\"x\"}\n{\"k\":\"bye\"}\n", .formatChanged, "unknown {k,t}"),
      ("{\"kind\":\"say\",\"t\":\"x\"}\n{\"k\":\"bye\"}\n", .formatChanged, "unknown {kind,t}"),
      // The end is called otherwise: text was seen, but an unknown frame came and the end did not.
      ("{\"k\":\"say\",\"t\":\"x\"}\n{\"k\":\"end\"}\n", .formatChanged, "unknown {k}"),
      // Nothing strange, and no text.
      ("{\"k\":\"bye\"}\n", .broken, "empty"),
      ("{\"k\":\"say\",\"t\":\"\"}\n{\"k\":\"bye\"}\n", .broken, "empty"),
      ("{\"k\":\"plan\",\"t\":\"only thoughts\"}\n{\"k\":\"bye\"}\n", .broken, "empty"),
      ("", .broken, "broke off"),
      ("{\"k\":\"say\",\"t\":\"x\"}\n", .broken, "broke off"),
      ("{\"k\":\"say\",\"t\":\"x\"}\n{\"k\":\"b", .broken, "broke off"),
    ] as [(String, Fault.Kind, String)])
  func `fails when the answer has no text or no end, and says what it lacked`(lines: String, kind: Fault.Kind, words: String) throws {
    let outcome = try RecipeReading.read(Self.plain, lines: lines)
    #expect(outcome.fault?.kind == kind)
    #expect(outcome.fault?.message.contains(words) == true, "\(outcome.fault?.message ?? "")")
    #expect(!outcome.reply.isComplete)
  }

  @Test func `counts what is new and goes on where text was seen`() throws {
    let lines = "{\"k\":\"say\",\"t\":\"x\",\"new\":1}\n{\"k\":\"mood\",\"m\":1}\n{\"k\":\"mood\",\"m\":2}\n{\"k\":\"bye\"}\n"
    let outcome = try RecipeReading.read(Self.plain, lines: lines)
    #expect(outcome.fault == nil)
    #expect(outcome.text == "x")
    #expect(outcome.reader.drift.unknown == ["{k,m}": 2])
  }

  @Test func `names a bounded number of strange frames`() throws {
    let lines = (0..<500).map { "{\"m\($0)\":1}\n" }.joined() + "{\"k\":\"say\",\"t\":\"x\"}\n{\"k\":\"bye\"}\n"
    #expect(try RecipeReading.read(Self.plain, lines: lines).reader.drift.unknown.count == 16)
  }

  // MARK: Rules

  @Test(
    arguments: [
      // The first rule that names a value takes it.
      ("[{to: reasoning, when: {k: 1}, path: t}, {to: text, path: t}]", "{\"k\":1,\"t\":\"a\"}\n{\"k\":2,\"t\":\"b\"}\n", "b", "a"),
      // Of one frame each target gets one value; two targets may both get theirs.
      (
        "[{to: text, path: a}, {to: text, path: b}, {to: reasoning, path: c}]", "{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}\n{\"b\":\"4\"}\n",
        "14", "3"
      ),
      // The first place that has text counts.
      ("[{to: text, path: [a, b.c]}]", "{\"a\":\"\",\"b\":{\"c\":\"x\"}}\n{\"a\":\"y\",\"b\":{\"c\":\"z\"}}\n", "xy", ""),
      // Elements one by one, each by its own rule, in their order.
      (
        "[{to: text, each: 'p[*]', where: {y: t}, path: v}, {to: reasoning, each: 'p[*]', path: v}]",
        "{\"p\":[{\"y\":\"r\",\"v\":\"1\"},{\"y\":\"t\",\"v\":\"2\"}]}\n", "2", "1"
      ),
      // `last` follows the piece before; a rule without path only says where it goes.
      (
        "[{to: reasoning, when: {m: think}}, {to: text, when: {m: talk}}, {to: last, path: t}]",
        "{\"t\":\"a\"}\n{\"m\":\"think\"}\n{\"t\":\"b\"}\n{\"m\":\"talk\"}\n{\"t\":\"c\"}\n", "ac", "b"
      ),
      // An element without text yet opens what comes next, by the first rule that is about it.
      (
        "[{to: reasoning, each: 'b[*]', where: {p: {re: '.'}}, path: t}, {to: text, each: 'b[*]', where: {y: 1}, path: t}, {to: last, path: d}]",
        "{\"b\":[{\"y\":1,\"p\":\"x\",\"t\":\"hm\"}]}\n{\"b\":[{\"y\":1,\"p\":\"\",\"t\":\"\"}]}\n{\"d\":\"A\"}\n{\"b\":[{\"y\":1,\"p\":\"x\",\"t\":\"\"}]}\n{\"d\":\"so\"}\n{\"b\":[{\"y\":1,\"p\":\"\"}]}\n{\"d\":\"B\"}\n",
        "AB", "hmso"
      ),
      // What follows it belongs to its key.
      (
        "[{to: text, each: 'b[*]', where: {f: 1}, path: t, mode: cumulative, key: k}, {to: text, each: 'b[*]', path: t, key: k}, {to: last, path: d}]",
        "{\"b\":[{\"k\":1,\"t\":\"\"}]}\n{\"d\":\"hi\"}\n{\"b\":[{\"k\":1,\"f\":1,\"t\":\"hi!\"}]}\n", "hi!", ""
      ),
      // Snapshots without a key are told apart by their place, unless they are one.
      (
        "[{to: text, each: 'p[*].c[*]', where: {y: t}, path: t, mode: cumulative}]",
        "{\"p\":[{\"c\":[{\"y\":\"x\"},{\"y\":\"t\",\"t\":\"ab\"}]}]}\n{\"p\":[{\"c\":[{\"y\":\"t\",\"t\":\"ab\"}]},{\"c\":[{\"y\":\"t\",\"t\":\"cd\"}]}]}\n{\"p\":[{\"c\":[{\"y\":\"t\",\"t\":\"ab\"},{\"y\":\"t\",\"t\":\"cde\"}]}]}\n",
        "abcde", ""
      ),
      ("[{to: text, each: 'p[*]', path: t, mode: cumulative}]", "{\"p\":[{\"t\":\"a\"},{\"t\":\"ab\"}]}\n", "ab", ""),
      // A delta of an earlier key is not lost.
      (
        "[{to: text, path: t, key: s, join: '|'}]",
        "{\"s\":1,\"t\":\"a\"}\n{\"s\":2,\"t\":\"c\"}\n{\"s\":1,\"t\":\"b\"}\n{\"s\":1,\"t\":\"d\"}\n", "a|c|bd", ""
      ),
      // `none` takes a value away from the rules behind.
      ("[{to: none, when: {hidden: true}, path: t}, {to: text, path: t}]", "{\"t\":\"a\"}\n{\"t\":\"b\",\"hidden\":true}\n", "a", ""),
      // Snapshots: growth only, nothing for shorter ones and for those that take back, a cut character waits.
      (
        "[{to: text, path: t, mode: cumulative}]",
        "{\"t\":\"a\"}\n{\"t\":\"ab\"}\n{\"t\":\"a\"}\n{\"t\":\"ab\u{FFFD}\"}\n{\"t\":\"abé\"}\n{\"t\":\"xyz\"}\n{\"t\":\"xyz!\"}\n",
        "abé!", ""
      ),
      // Pieces of one key grow, keys are joined.
      (
        "[{to: text, each: 'p[*]', path: v, mode: cumulative, key: id, join: '|'}]",
        "{\"p\":[{\"id\":1,\"v\":\"a\"}]}\n{\"p\":[{\"id\":1,\"v\":\"ab\"},{\"id\":2,\"v\":\"\"}]}\n{\"p\":[{\"id\":1,\"v\":\"ab\"},{\"id\":2,\"v\":\"c\"}]}\n",
        "ab|c", ""
      ),
      ("[{to: text, path: 'p[*]', mode: cumulative, join: ' '}]", "{\"p\":[\"a\"]}\n{\"p\":[\"a\",\"b\"]}\n", "a b", ""),
      // `auto` learns from the second piece.
      ("[{to: text, path: t, mode: auto}]", "{\"t\":\"a\"}\n{\"t\":\"ab\"}\n{\"t\":\"abc\"}\n", "abc", ""),
      ("[{to: text, path: t, mode: auto}]", "{\"t\":\"a\"}\n{\"t\":\"b\"}\n{\"t\":\"b\"}\n", "abb", ""),
      // What is whole completes what came before.
      ("[{to: text, path: t, mode: auto, whole: {f: 1}}]", "{\"t\":\"a\"}\n{\"t\":\"b\"}\n{\"t\":\"abc\",\"f\":1}\n", "abc", ""),
      // Where one list lies in another: both are told apart by key.
      (
        "[{to: text, each: ['p[*]', 'c[*]'], path: t, mode: cumulative, key: ['@parent.id', '@index']}]",
        "{\"p\":[{\"id\":\"x\",\"c\":[{\"t\":\"1\"},{\"t\":\"2\"}]}]}\n{\"p\":[{\"id\":\"y\",\"c\":[{\"t\":\"3\"}]}]}\n", "123", ""
      ),
      // Only while the client has seen nothing.
      (
        "[{to: text, when: {alt: 1}, path: t, only_if_empty: true}, {to: text, path: t}]", "{\"t\":\"a\"}\n{\"t\":\"b\",\"alt\":1}\n", "a",
        ""
      ),
      ("[{to: text, path: t, wrap: '<{text}>'}]", "{\"t\":\"a\"}\n{\"t\":\"b\"}\n", "<a><b>", ""),
      (
        "[{to: image, each: 'i[*]', path: u}, {to: text, path: t}]",
        "{\"t\":\"a\",\"i\":[{\"u\":\"https://x/1\"},{\"u\":\"https://x/1\"},{\"u\":\"javascript:x\"}]}\n", "![image](https://x/1)a", ""
      ),
      // Positions of an array, and a short prefix before JSON.
      ("[{to: text, when: {'@0': delta}, path: '@1.t'}]", "[\"delta\",{\"t\":\"a\"}]\n[\"other\",{\"t\":\"b\"}]\n", "a", ""),
      (
        "[{to: text, when: {'@prefix': '0'}, path: '@data'}, {to: reasoning, when: {'@prefix': g}, path: '@data'}]", "0:\"a\"\ng:\"b\"\n",
        "a", "b"
      ),
    ] as [(String, String, String, String)])
  func `takes text by the rules of emit`(emit: String, lines: String, text: String, reasoning: String) throws {
    let yaml = "{framing: ndjson, emit: \(emit), finish: [{when: {bye: 1}}]}"
    let all = Array((lines + "{\"bye\":1}\n").utf8)
    for cut in [Cut.whole, .bytes, .random(3)] {
      let outcome = try RecipeReading.read(yaml, all, cut: cut)
      // Images come in the groups of their elements, before or behind the text of the frame.
      #expect(outcome.text == text || (emit.contains("image") && outcome.text == "a![image](https://x/1)"))
      #expect(outcome.reasoning == reasoning)
    }
  }

  @Test func `parses texts that are JSON, as deep as it is told`() throws {
    let yaml = "{framing: sse, decode: [d, d.m.c], emit: [{to: text, path: d.m.c.t}], finish: [{when: {e: 1}}]}"
    let stream =
      #"data: {"d":"{\"m\":{\"c\":\"{\\\"t\\\":\\\"é\\\\n\\\"}\"}}"}"# + "\n\n" + #"data: {"d":"plain {"}"# + "\n\n"
      + #"data: {"d":{"m":{"c":{"t":"x"}}}}"# + "\n\ndata: {\"e\":1}\n\n"
    #expect(try RecipeReading.read(yaml, lines: stream).text == "é\nx")
  }

  @Test(arguments: [
    // A snapshot that takes back what was there counts for a client that waits for all of it.
    (
      "mode: cumulative", "{\"t\":\"draft\"}\n{\"t\":\"I can't say.\"}\n{\"t\":\"I can't say. Sorry.\"}\n", "draft Sorry.",
      "I can't say. Sorry."
    ),
    // The text of an earlier key may still grow.
    (
      "mode: cumulative, key: k, join: '|'",
      "{\"k\":1,\"t\":\"a\"}\n{\"k\":2,\"t\":\"b\"}\n{\"k\":1,\"t\":\"ax\"}\n{\"k\":2,\"t\":\"by\"}\n", "a|by", "ax|by"
    ),
    ("mode: delta", "{\"t\":\"a\"}\n{\"t\":\"[^1\"}\n{\"t\":\"^]b\"}\n", "a[1]b", "a[1]b"),
  ])
  func `gives a client that wants no stream the last word`(mode: String, lines: String, streamed: String, whole: String) throws {
    let yaml =
      "{framing: ndjson, emit: [{to: text, path: t, \(mode)}], cite: [{match: '\\[\\^(\\d+)\\^\\]', to: '[$1]'}], finish: [{when: {e: 1}}]}"
    for (isWhole, text) in [(false, streamed), (true, whole)] {
      var reader = RecipeReader(try RecipeReading.response(yaml), errors: [], isWhole: isWhole)
      var events: [Event] = []
      try reader.feed(Array(lines.utf8)[...], into: &events)
      #expect(events.isEmpty == isWhole)
      try reader.feed(Array("{\"e\":1}\n".utf8)[...], into: &events)
      #expect(Reply(events).candidates.first?.parts == [.text(text)])
      #expect(Reply(events).isComplete)
    }
  }

  @Test func `calls a redirect what it is`() throws {
    var reader = RecipeReader(try RecipeReading.response(Self.plain), errors: [], status: 307)
    var events: [Event] = []
    let fault = #expect(throws: Fault.self) { try reader.end(into: &events) }
    #expect(fault?.kind == .formatChanged && fault?.message == "The upstream sent a redirect where a stream was expected.")
  }

  @Test func `keeps no endless answer for a client that wants no stream`() throws {
    let yaml = "{framing: ndjson, emit: [{to: text, path: t, mode: delta}], finish: [{when: {e: 1}}]}"
    var reader = RecipeReader(try RecipeReading.response(yaml), errors: [], isWhole: true)
    let line = Array("{\"t\":\"\(String(repeating: "x", count: 1 << 20))\"}\n".utf8)
    var events: [Event] = []
    for _ in 0..<32 { try reader.feed(line[...], into: &events) }
    let fault = #expect(throws: Fault.self) { try reader.feed(line[...], into: &events) }
    #expect(fault?.message == "The upstream's answer is too large.")
  }

  // MARK: References, capture, usage

  @Test func `keeps sources, each once, and cites them in the text`() throws {
    let yaml =
      "{framing: ndjson, emit: [{to: text, path: t}], references: [{path: 'r[*]', fields: {url: [u, link], title: n, snippet: s}}], finish: [{when: {e: 1}}]}"
    let lines =
      "{\"r\":[{\"u\":\"https://a\",\"n\":\"A\",\"s\":\"q\"},{\"link\":\"https://b\"},{\"n\":\"no address\"}]}\n{\"t\":\"x\"}\n{\"r\":[{\"u\":\"https://a\"},{\"u\":\"https://c\"}]}\n{\"e\":1}\n"
    let outcome = try RecipeReading.read(yaml, lines: lines)
    let citations = [
      Citation(url: "https://a", title: "A", quote: "q"), Citation(url: "https://b"), Citation(url: "https://c"),
    ]
    #expect(outcome.parts == [.text("x", citations: citations)])
  }

  @Test func `tells what the next turn needs, and tokens as told or as an estimate`() throws {
    let yaml =
      "{framing: ndjson, emit: [{to: text, path: t}], capture: {id: [a.id, id]}, usage: {prompt: u.i, completion: u.o}, finish: [{when: {e: 1}}]}"
    let told = try RecipeReading.read(yaml, lines: "{\"t\":\"x\",\"id\":1}\n{\"a\":{\"id\":\"b\"},\"u\":{\"i\":5,\"o\":7}}\n{\"e\":1}\n")
    #expect(told.reader.captured == ["id": "b"])
    #expect(told.reply.usage == Usage(input: 5, output: 7))
    #expect(told.reply.losses == [])
    let guessed = try RecipeReading.read(yaml, Array("{\"t\":\"abcdefgh\"}\n{\"e\":1}\n".utf8), inputTokens: 9)
    #expect(guessed.reply.usage == Usage(input: 9, output: 2))
    #expect(guessed.reply.losses == [Loss("usage", .estimated)])
  }

  // MARK: Ends and errors

  @Test(
    arguments: [
      ("[{when: {e: 1}, reason: length}]", "{\"e\":1}\n", FinishReason.length),
      ("[{when: {e: 1}, reason: content_filter}]", "{\"e\":1}\n", .filter),
      ("[{when: {e: 1}, reason: continue}]", "{\"e\":1}\n", .length),
      ("[{data: over}]", "over\n", .stop),
      // What is noted counts at the end, however it comes; the first note stays.
      ("[{when: {e: 1}, reason: length, hold: true}, {when: {e: 2}}]", "{\"e\":1}\n{\"e\":2}\n", .length),
      ("[{when: {e: 1}, hold: true}, {eof: truncated}]", "{\"e\":1}\n", .stop),
      ("[{eof: stop}]", "", .stop),
      ("[{eof: stop}]", "{\"z\":1}\n", .stop),
      ("[{eof: length}]", "", .length),
    ] as [(String, String, FinishReason)])
  func `ends as its rules say`(finish: String, lines: String, reason: FinishReason) throws {
    let yaml = "{framing: ndjson, emit: [{to: text, path: t}], finish: \(finish)}"
    let outcome = try RecipeReading.read(yaml, lines: "{\"t\":\"x\"}\n" + lines)
    #expect(outcome.fault == nil)
    #expect(outcome.finish == reason)
  }

  @Test func `takes a content filter for an end behind text, and for a refusal before it`() throws {
    let errors = "[{when: {bad: 1}, as: content_filter}]"
    let late = try RecipeReading.read(Self.plain, errors: errors, lines: "{\"k\":\"say\",\"t\":\"x\"}\n{\"bad\":1}\n")
    #expect(late.fault == nil)
    #expect(late.finish == .filter)
    #expect(try RecipeReading.read(Self.plain, errors: errors, lines: "{\"bad\":1}\n").fault?.kind == .contentFilter)
    let marked = "{framing: ndjson, emit: [{to: text, path: t}], finish: [{when: {e: 1}, reason: content_filter}]}"
    #expect(try RecipeReading.read(marked, lines: "{\"e\":1}\n").fault?.kind == .contentFilter)
  }

  @Test func `sends the text that comes with an error only when text came before`() throws {
    let errors = "[{when: {err: 1}, as: rate_limited}]"
    let first = try RecipeReading.read(Self.plain, errors: errors, lines: "{\"k\":\"say\",\"t\":\"x\",\"err\":1}\n")
    #expect(first.fault?.kind == .rateLimited)
    #expect(first.events == [])
    let later = try RecipeReading.read(
      Self.plain, errors: errors, lines: "{\"k\":\"say\",\"t\":\"x\"}\n{\"k\":\"say\",\"t\":\"y\",\"err\":1}\n")
    #expect(later.fault?.kind == .rateLimited)
    #expect(later.text == "xy")
  }

  @Test func `knows a vendor's usual error without a rule`() throws {
    let outcome = try RecipeReading.read(Self.plain, lines: "{\"error\":{\"code\":\"rate_limit_exceeded\",\"message\":\"slow down\"}}\n")
    #expect(outcome.fault?.kind == .rateLimited)
  }

  @Test(arguments: [
    #"{"cid":1,"error":{"message":"boom"}}"#, #"{"k":"bye","error":{"message":"boom"}}"#, #"{"k":"say","t":"y","error":"boom"}"#,
    #"{"cid":1,"base_resp":{"status_code":7}}"#, #"{"cid":1,"type":"error"}"#,
  ])
  func `reads an error also in a frame that rules know`(frame: String) throws {
    let yaml = Self.plain.replacing("emit:", with: "capture: {c: cid}, emit:")
    let lines = "{\"k\":\"say\",\"t\":\"x\",\"cid\":0}\n" + frame + "\n{\"k\":\"bye\"}\n"
    let outcome = try RecipeReading.read(yaml, lines: lines)
    #expect(outcome.fault?.kind == .internal || outcome.fault?.kind == .broken)
    #expect(outcome.reader.captured == ["c": 0])
  }

  @Test(arguments: ["null", "false", "\"\"", "{}", "[]", "0"])
  func `takes an empty error member of a known frame for none`(nothing: String) throws {
    let lines = "{\"k\":\"say\",\"t\":\"x\",\"error\":\(nothing),\"code\":1,\"message\":\"fine\"}\n{\"k\":\"bye\",\"error\":\(nothing)}\n"
    let outcome = try RecipeReading.read(Self.plain, lines: lines)
    #expect(outcome.fault == nil)
    #expect(outcome.text == "x")
  }

  @Test(
    arguments: [
      (401, "application/json", "{}", Fault.Kind.authExpired),
      (200, "application/json", "{\"code\":7}", .rateLimited),
      (200, "application/json; charset=utf-8", "{\"fine\":true}", .formatChanged),
      (200, "text/html", "<html>", .verificationRequired),
      (202, "", "", .formatChanged),
      (503, "text/plain", "no", .overloaded),
    ] as [(Int, String, String, Fault.Kind)])
  func `reads an answer that is no stream as an error`(status: Int, type: String, body: String, kind: Fault.Kind) throws {
    let yaml = "{framing: sse, emit: [{to: text, path: t}], finish: [{eof: stop}]}"
    let errors = "[{when: {code: 7}, as: rate_limited}, {content_type: [text/html], as: verification_required}]"
    let outcome = try RecipeReading.read(yaml, errors: errors, Array(body.utf8), cut: .bytes, status: status, type: type)
    #expect(outcome.fault?.kind == kind)
  }

  @Test func `goes on with a resumed answer and leaves out what it repeats`() throws {
    let yaml =
      "{framing: ndjson, emit: [{to: text, path: t, mode: cumulative}], finish: [{when: {e: 1}, reason: continue}, {when: {e: 2}}]}"
    for second in ["{\"t\":\"abcd\"}\n{\"t\":\"abcdef\"}\n{\"e\":2}\n", "{\"t\":\"ef\"}\n{\"e\":2}\n"] {
      var reader = RecipeReader(try RecipeReading.response(yaml), errors: [], mayResume: true)
      var events: [Event] = []
      try reader.feed(Array("{\"t\":\"ab\"}\n{\"t\":\"abcd\"}\n{\"e\":1}\n".utf8)[...], into: &events)
      #expect(reader.isFinished && reader.wantsMore)
      reader.resume()
      try reader.feed(Array(second.utf8)[...], into: &events)
      #expect(reader.isFinished && !reader.wantsMore)
      let reply = Reply(events)
      #expect(reply.candidates.first?.parts == [.text("abcdef")])
      #expect(reply.isComplete)
    }
  }

  // MARK: Framings

  static let connect =
    "{framing: connect, emit: [{to: text, path: t}], finish: [{when: {done: {exists: true}}, hold: true}, {frame_flag: 2}, {eof: stop}]}"

  static func envelope(_ text: String, _ flags: UInt8 = 0) -> [UInt8] {
    let count = text.utf8.count
    return [flags, UInt8(count >> 24 & 255), UInt8(count >> 16 & 255), UInt8(count >> 8 & 255), UInt8(count & 255)] + Array(text.utf8)
  }

  @Test func `reads Connect's envelopes in any cut`() throws {
    let bytes = Self.envelope("{\"t\":\"你\"}") + Self.envelope("") + Self.envelope("{\"t\":\"好😀\"}") + Self.envelope("{}", 2)
    for cut in [Cut.whole, .bytes, .random(5)] {
      let outcome = try RecipeReading.read(Self.connect, bytes, cut: cut)
      #expect(outcome.fault == nil)
      #expect(outcome.text == "你好😀")
    }
  }

  @Test(
    arguments: [
      // Compressed without being asked to.
      (envelope("{\"t\":\"a\"}", 1), Fault.Kind.broken),
      // Longer than any message may be.
      ([0, 0x7F, 0xFF, 0xFF, 0xFF], .broken),
      // Cut off, no JSON, no text, or a last word that nobody knows.
      (Array(envelope("{\"t\":\"a\"}").dropLast()), .broken),
      (envelope("hello"), .broken),
      (envelope("{}", 2), .broken),
      (envelope("{\"t\":\"a\"}") + envelope("{\"fault\":{\"code\":\"unavailable\"}}", 2), .formatChanged),
    ] as [([UInt8], Fault.Kind)])
  func `refuses broken envelopes`(bytes: [UInt8], kind: Fault.Kind) throws {
    #expect(try RecipeReading.read(Self.connect, bytes).fault?.kind == kind)
  }

  @Test func `takes a last envelope for an end only when it says nothing else, also by a rule with a reason`() throws {
    let yaml = "{framing: connect, emit: [{to: text, path: t}], finish: [{frame_flag: 2, reason: stop}, {eof: truncated}]}"
    let text = Self.envelope("{\"t\":\"a\"}")
    let failed = Self.envelope("{\"error\":{\"code\":\"internal\",\"message\":\"m\"}}", 2)
    #expect(try RecipeReading.read(yaml, text + failed).fault?.kind == .broken)
    #expect(try RecipeReading.read(yaml, text + Self.envelope("{\"odd\":1}", 2)).fault?.kind == .formatChanged)
    #expect(try RecipeReading.read(yaml, text + Self.envelope("{\"metadata\":{}}", 2)).finish == .stop)
  }

  @Test func `refuses a line beyond the limit`() throws {
    var framer = RecipeFramer(.ndjson, cap: 100)
    var frames: [RecipeFrame] = []
    #expect(throws: Fault.self) { try framer.feed([UInt8](repeating: 0x20, count: 101)[...], into: &frames) }
    var events = RecipeFramer(.sse, cap: 100)
    #expect(throws: Fault.self) { try events.feed([UInt8](repeating: 0x20, count: 101)[...], into: &frames) }
  }

  @Test func `reads a whole JSON body`() throws {
    let yaml = "{framing: json, emit: [{to: text, path: a.t}], finish: [{eof: stop}]}"
    #expect(try RecipeReading.read(yaml, Array("{\"a\":{\"t\":\"x\"}}".utf8), cut: .bytes, type: "application/json").text == "x")
    #expect(try RecipeReading.read(yaml, Array("{\"a\":".utf8)).fault?.kind == .broken)
    #expect(try RecipeReading.read(yaml, Array("{\"b\":{\"t\":\"x\"}}".utf8)).fault?.kind == .formatChanged)
  }

  @Test func `reads a WebSocket's messages one by one`() throws {
    let yaml =
      "{framing: websocket, emit: [{to: text, when: {'@prefix': '42', '@0': delta}, path: '@1.t'}], finish: [{when: {'@0': end}}], ignore: [{'@prefix': {in: ['0', '40']}}, {'@data': {in: [2, 3]}}]}"
    var reader = RecipeReader(try RecipeReading.response(yaml), errors: [])
    var events: [Event] = []
    for message in [
      "0{\"sid\":\"s\"}", "40{}", "2", "42[\"delta\",{\"t\":\"a\"}]", "42[\"delta\",{\"t\":\"b\"}]", "42[\"end\"]",
      "42[\"delta\",{\"t\":\"c\"}]",
    ] {
      try reader.feed(message: Array(message.utf8), into: &events)
    }
    #expect(Reply(events).candidates.first?.parts == [.text("ab")])
    #expect(reader.isFinished)
    #expect(reader.drift.isEmpty)
  }

  static let poll = "{framing: poll, emit: [{to: text, path: t, mode: cumulative}], finish: [{when: {s: done}}], ignore: [{s: {ne: done}}]}"

  static func answer(_ body: String, _ status: Int = 200) -> UpstreamAnswer {
    UpstreamAnswer(status: status, headers: [], body: Array(body.utf8))
  }

  @Test(
    arguments: [
      ([answer("{\"s\":1}"), answer("{\"s\":1,\"t\":\"a\"}"), answer("{\"s\":\"done\",\"t\":\"ab\"}")], nil),
      // Single failures are passed over, three in a row are not.
      (
        [answer("no", 502), answer("no", 502), answer("{\"s\":1,\"t\":\"a\"}"), answer("{", 200), answer("{\"s\":\"done\",\"t\":\"ab\"}")],
        nil
      ),
      ([answer("{\"s\":1,\"t\":\"a\"}"), answer("no", 502), answer("no", 503), answer("no", 502)], Fault.Kind.broken),
      // What waiting doesn't mend is told at once.
      ([answer("{}", 401)], .authExpired),
      ([answer("{}", 429)], .rateLimited),
      ([answer("{\"s\":1}"), answer("{\"s\":1}")], .timeout),
      ([answer("{\"state\":1}")], .formatChanged),
    ] as [([UpstreamAnswer], Fault.Kind?)])
  func `reads polls until one says that it is done`(answers: [UpstreamAnswer], kind: Fault.Kind?) throws {
    var reader = RecipeReader(try RecipeReading.response(Self.poll), errors: [])
    var events: [Event] = []
    var fault: Fault?
    do throws(Fault) {
      for answer in answers { try reader.feed(answer: answer, into: &events) }
      try reader.end(into: &events)
    } catch {
      fault = error
    }
    #expect(fault?.kind == kind)
    if kind == nil { #expect(Reply(events).candidates.first?.parts == [.text("ab")]) }
  }

  @Test func `ends polls with a content filter behind text`() throws {
    let errors = try RecipeReading.errors("[{when: {bad: 1}, as: content_filter}]")
    var reader = RecipeReader(try RecipeReading.response(Self.poll), errors: errors)
    var events: [Event] = []
    try reader.feed(answer: Self.answer("{\"s\":1,\"t\":\"a\"}"), into: &events)
    try reader.feed(answer: Self.answer("{\"bad\":1}"), into: &events)
    try reader.end(into: &events)
    #expect(Reply(events).candidates.first?.parts == [.text("a")])
    #expect(Reply(events).candidates.first?.finish == .filter)
    var empty = RecipeReader(try RecipeReading.response(Self.poll), errors: errors)
    #expect(throws: Fault.self) { try empty.feed(answer: Self.answer("{\"bad\":1}"), into: &events) }
  }

  @Test(arguments: [("sse", "text/event-stream"), ("sse", "text/plain"), ("json", "text/plain")])
  func `reads bytes without a frame as an error that the file names`(framing: String, type: String) throws {
    let yaml = "{framing: \(framing), emit: [{to: text, path: t}], finish: [{eof: stop}]}"
    let errors = "[{text: TOO_MANY, as: rate_limited}]"
    for cut in [Cut.whole, .bytes] {
      let outcome = try RecipeReading.read(yaml, errors: errors, Array("TOO_MANY_REQUESTS".utf8), cut: cut, type: type)
      #expect(outcome.fault?.kind == .rateLimited)
      #expect(try RecipeReading.read(yaml, errors: errors, Array("TOO_FEW".utf8), cut: cut, type: type).fault?.kind == .broken)
    }
  }

  @Test func `takes data that are no JSON as a text`() throws {
    let yaml = "{framing: sse, emit: [{to: text, path: '@data'}], finish: [{data: '[DONE]'}]}"
    let outcome = try RecipeReading.read(yaml, lines: "data: hello\n\ndata: \"wo\"\n\ndata: [DONE]\n\n")
    #expect(outcome.fault == nil)
    #expect(outcome.text == "hellowo")
  }

  @Test func `counts data that are no JSON and that nobody knows`() throws {
    let yaml = "{framing: sse, emit: [{to: text, path: t}], finish: [{data: '[DONE]'}]}"
    let stream = "data: {\"t\":\"a\"}\n\ndata: Service overloaded\n\ndata: [DONE]\n\n"
    #expect(try RecipeReading.read(yaml, lines: stream).reader.drift.unknown == ["text": 1])
  }

  // MARK: Long streams

  @Test func `reads a long stream of patches and marks without reading it again and again`() throws {
    let yaml =
      "{framing: ndjson, assemble: {patch: {}}, emit: [{to: text, path: r.c}], cite: [{match: '\\[(\\d+)\\]', to: ''}], finish: [{when: {r.s: end}}]}"
    var bytes = Array("{\"v\":{\"r\":{\"c\":\"\",\"s\":\"\"}}}\n{\"p\":\"r/c\",\"o\":\"APPEND\",\"v\":\"\"}\n".utf8)
    let line = Array("{\"v\":\"twelve [1] [x\"}\n".utf8)
    for _ in 0..<20_000 { bytes += line }
    bytes += Array("{\"p\":\"r/s\",\"o\":\"SET\",\"v\":\"end\"}\n".utf8)
    let outcome = try RecipeReading.read(yaml, bytes, cut: .random(9))
    #expect(outcome.fault == nil)
    #expect(outcome.text.utf8.count == 20_000 * 10)
  }
}
