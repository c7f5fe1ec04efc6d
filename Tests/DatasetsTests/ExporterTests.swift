import Archive
import Base
import Glibc
import Testing
import Wire

@testable import Datasets

/// A folder of its own, removed at the end.
private final class TestFolder {
  let path: String

  init() throws {
    var template = Array("/tmp/apus-export-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw Fault(.internal, "no folder") }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { Folder.removeAll(path) }

  func lines(_ name: String) -> [String] {
    String(decoding: Folder.read(path + "/" + name) ?? [], as: UTF8.self).split(separator: "\n").map(String.init)
  }

  var names: [String] { Folder.names(path) }
}

@Suite struct `An export` {
  private let folder: TestFolder
  private let archive: Archive

  init() throws {
    folder = try TestFolder()
    archive = try Archive.open("sqlite:\(folder.path)/a.db", mode: .write)
  }

  /// Files exchanges of one user text each; those whose text is a list of turns are longer conversations.
  private func file(_ turns: [[String]], finish: String = "stop") throws {
    let entries = turns.map { turns in
      let messages = turns.dropLast().enumerated().map {
        #"{"role":"\#($0.offset % 2 == 0 ? "user" : "assistant")","content":"\#($0.element)"}"#
      }
      let exchange = chatExchange(
        "[\(messages.joined(separator: ","))]", #"{"role":"assistant","content":"\#(turns.last ?? "")"}"#, finish: finish)
      return Self.entry(turns.joined(separator: "-"), exchange, wire: "openai-chat", "chat")
    }
    try archive.write(entries, spool: "t", positions: [:])
  }

  private func file(_ id: String, _ messages: String, _ answer: String) throws {
    try archive.write([Self.entry(id, chatExchange(messages, answer), wire: "openai-chat", "chat")], spool: "t", positions: [:])
  }

  private static func entry(_ id: String, _ exchange: RecordedExchange, wire: String, _ endpoint: String) -> Entry {
    var record = Record(id: id, time: 1000)
    (record.endpoint, record.clientWire, record.status, record.isComplete) = (endpoint, wire, exchange.status, true)
    record.request = Record.Body(exchange.request)
    record.response = Record.Body(exchange.response)
    return EntryReader(record).entry()
  }

  private func plan(_ name: String, _ format: DatasetFormat = .sharegpt) -> ExportPlan {
    ExportPlan(format, folder: folder.path + "/" + name)
  }

  private func lines(_ name: String) -> [String] { folder.lines(name) }

  @Test func `writes whole conversations, lists what is invalid, and counts all`() throws {
    try file([["a", "b"], ["a", "b", "c", "d"], ["x", ""]])
    try file([["cut", "sho"]], finish: "length")
    let counts = try Exporter(archive, plan("out")).run()
    #expect(counts.selected == 4)
    #expect(counts.written == ["train": 1])
    #expect(counts.invalid == ["no_assistant_output": 1, "truncated_length": 1])
    #expect(counts.skipped == ["prefix_of_longer": 1])
    #expect(lines("out/train.jsonl").count == 1)
    #expect(lines("out/invalid.jsonl").allSatisfy { $0.contains(#""invalid_reason""#) && $0.contains(#""id""#) })
    #expect(lines("out/skipped.jsonl").count == 1)
    #expect(folder.names.contains("out"))
    #expect(!Folder.names(folder.path + "/out").contains(".export"))
  }

  @Test func `is the same bytes when it is done again, and leaves no file of an earlier one`() throws {
    try file((0..<40).map { ["q\($0)", "a\($0)"] })
    var plan = plan("one")
    plan.shards = 3
    plan.validation = 0.3
    _ = try Exporter(archive, plan).run()
    let first = Folder.names(plan.folder).map { Folder.read(plan.folder + "/" + $0) }
    _ = try Exporter(archive, plan).run()
    #expect(Folder.names(plan.folder).map { Folder.read(plan.folder + "/" + $0) } == first)
    plan.shards = 1
    _ = try Exporter(archive, plan).run()
    #expect(!Folder.names(plan.folder).contains { $0.contains("-of-") })
  }

  @Test func `keeps a conversation in its split while the data grow`() throws {
    func validation() throws -> Set<String> {
      var plan = plan("split")
      plan.validation = 0.4
      _ = try Exporter(archive, plan).run()
      return Set(lines("split/validation.jsonl"))
    }
    try file((0..<30).map { ["q\($0)", "a\($0)"] })
    let before = try validation()
    try file((30..<60).map { ["q\($0)", "a\($0)"] })
    let after = try validation()
    #expect(!before.isEmpty && before.count < 30)
    #expect(after.isSuperset(of: before))
  }

  @Test func `goes on behind its last whole shard`() throws {
    try file((0..<20).map { ["q\($0)", "a\($0)"] })
    var plan = plan("whole")
    plan.shards = 4
    _ = try Exporter(archive, plan).run()
    let whole = (0..<4).map { Folder.read(plan.folder + "/" + ShardWriter.name("train", $0, plan)) }
    // What an export leaves that was killed in its third shard.
    plan.folder = folder.path + "/resumed"
    let aside = plan.folder + "/.export"
    let selection = try ExportSelection(archive, plan)
    let state = ResumeState(aside, plan, selection)
    try state.begin()
    for shard in 0..<2 {
      let name = ShardWriter.name("train", shard, plan)
      try Folder.write(whole[shard] ?? [], to: aside + "/" + name)
      var counts = ExportCounts()
      (counts.selected, counts.written) = (5, ["train": 5])
      let file = ExportedFile(
        name: name, records: 5, bytes: whole[shard]?.count ?? 0, digest: Digest.hex(Digest.sha256(whole[shard] ?? [])))
      try state.end(shard, counts, [file], BitSet())
    }
    try Folder.write(Array("half a line".utf8), to: aside + "/" + ShardWriter.name("train", 2, plan))
    var read = 0
    let exporter = Exporter(archive, plan)
    exporter.progress = { done, _ in read = read == 0 ? done : read }
    #expect(try exporter.run().written == ["train": 20])
    #expect(read == 15)
    #expect((0..<4).map { Folder.read(plan.folder + "/" + ShardWriter.name("train", $0, plan)) } == whole)
  }

  @Test func `writes pairs of what was preferred to what was not`() throws {
    try file([["q", "good"], ["q", "bad"], ["q", "other"], ["alone", "a"]])
    _ = try archive.review(.state(.confirmed), ids: ["q-good"], Filter(), who: "t")
    _ = try archive.review(.state(.rejected), ids: ["q-bad"], Filter(), who: "t")
    _ = try archive.review(.score(2), ids: ["alone-a"], Filter(), who: "t")
    let counts = try Exporter(archive, plan("dpo", .sharegptDPO)).run()
    #expect(counts.written == ["train": 2])
    let pair = try JSON(parsing: try #require(lines("dpo/train.jsonl").first))
    #expect(pair.at("chosen.value")?.string == "good")
    #expect(pair.at("rejected.value")?.string == "bad")
    #expect(pair["conversations"]?.count == 1)
    let labelled = try Exporter(archive, plan("kto", .trlKTO)).run()
    #expect(labelled.written == ["train": 3])
    #expect(labelled.skipped == ["no_label": 1])
  }

  @Test func `makes pairs of what nobody judged only where it is asked to`() throws {
    // Of two answers the conversation went on with the first; of three others it went on with none.
    try file([["q", "kept"], ["q", "regenerated"], ["q", "kept", "more", "end"], ["p", "one"], ["p", "two"], ["p", "three"]])
    var plan = plan("undecided", .trlDPO)
    #expect(try Exporter(archive, plan).run().written == [:])
    plan.pairsUndecided = true
    let counts = try Exporter(archive, plan).run()
    let pairs = try lines("undecided/train.jsonl").map { try JSON(parsing: $0) }.map { pair in
      [pair["chosen"], pair["rejected"]].map { $0?.elements.first { _ in true }?["content"]?.string }
    }
    #expect(pairs == [["kept", "regenerated"], ["three", "one"], ["three", "two"]])
    #expect(counts.skipped == ["no_preference": 1])
    // A decision comes before what the client did.
    _ = try archive.review(.state(.rejected), ids: ["q-kept"], Filter(), who: "t")
    _ = try Exporter(archive, plan).run()
    #expect(lines("undecided/train.jsonl")[0].contains(#""chosen":[{"role":"assistant","content":"regenerated"}]"#))
  }

  @Test(
    arguments: [
      // What was decided on a record of three choices, of which the last was cut, and its pairs.
      (nil, []), (.state(.confirmed), [["first", "second"]]), (.score(5), [["first", "second"]]), (.score(1), [["second", "first"]]),
      (.score(3), []), (.state(.rejected), [["second", "first"]]),
    ] as [(Review.Change?, [[String]])])
  func `makes pairs of the choices of one request where the first was judged`(decision: Review.Change?, wanted: [[String]]) throws {
    func choice(_ index: Int, _ text: String, _ finish: String = "stop") -> String {
      #"{"index":\#(index),"message":{"role":"assistant","content":"\#(text)"},"finish_reason":"\#(finish)"}"#
    }
    var exchange = chatExchange("[\(Self.ask)]", "{}")
    exchange.response = Array(#"{"choices":[\#(choice(1, "second")),\#(choice(0, "first")),\#(choice(2, "cu", "length"))]}"#.utf8)
    try archive.write([Self.entry("n", exchange, wire: "openai-chat", "chat")], spool: "t", positions: [:])
    if let decision { _ = try archive.review(decision, ids: ["n"], Filter(), who: "t") }
    var plan = plan("choices", .sharegptDPO)
    plan.pairsUndecided = true
    let counts = try Exporter(archive, plan).run()
    let pairs = try lines("choices/train.jsonl").map { try JSON(parsing: $0) }.map {
      [$0.at("chosen.value")?.string, $0.at("rejected.value")?.string]
    }
    #expect(pairs == wanted)
    #expect(counts.invalid == [:])
    #expect(counts.skipped == (wanted.isEmpty ? ["no_preference": 1] : [:]))
  }

  // MARK: Responses that the vendor keeps

  /// Files a call that goes on from another, and whose reply has an id.
  private func respond(_ id: String, after previous: String?, _ text: String, _ answer: String, stream: Bool = false) throws {
    let link = previous.map { #","previous_response_id":"\#($0)""# } ?? ""
    let request = #"{"model":"m","instructions":"s \#(id)","input":"\#(text)"\#(link)}"#
    let reply =
      #"{"id":"\#(id)","object":"response","status":"completed","output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"\#(answer)"}]}]}"#
    let response = stream ? "event: response.completed\ndata: {\"type\":\"response.completed\",\"response\":\(reply)}\n\n" : reply
    let exchange = RecordedExchange(wire: .responses, request: Array(request.utf8), status: 200, response: Array(response.utf8))
    try archive.write([Self.entry(id, exchange, wire: "openai-responses", "responses")], spool: "t", positions: [:])
  }

  @Test func `has the history that a response's id stands for`() throws {
    try respond("r1", after: nil, "q1", "a1", stream: true)
    try respond("r2", after: "r1", "go on", "a2")
    try respond("r3", after: "r2", "go on", "a3")
    // Another conversation whose last call says the same, a branch, and one whose beginning is not here.
    try respond("x1", after: nil, "other", "a1")
    try respond("x2", after: "x1", "go on", "a2")
    try respond("r4", after: "r1", "else", "a4")
    try respond("u", after: "r0", "go on", "a2")
    // It goes on from itself.
    try respond("loop", after: "loop", "go on", "a2")
    let counts = try Exporter(archive, plan("responses")).run()
    #expect(counts.invalid == ["missing_history": 2])
    #expect(counts.skipped == ["prefix_of_longer": 3])
    let talks = try lines("responses/train.jsonl").map { line in
      let record = try JSON(parsing: line)
      return (record["conversations"] ?? .null).elements.map { $0["value"]?.string ?? "" } + [record["system"]?.string ?? ""]
    }
    #expect(
      talks == [
        ["q1", "a1", "go on", "a2", "go on", "a3", "s r3"], ["other", "a1", "go on", "a2", "s x2"], ["q1", "a1", "else", "a4", "s r4"],
      ])
  }

  @Test func `follows responses only so far`() throws {
    let links = (0...3).map { n in
      ResponseLink(
        request: Array(#"{"input":"q"\#(n == 0 ? "" : #","previous_response_id":"\#(n - 1)""#)}"#.utf8),
        response: Array(#"{"id":"\#(n)","output":[]}"#.utf8))
    }
    let known = Dictionary(links.map { ($0.id ?? "", $0) }, uniquingKeysWith: { $1 })
    #expect(try ResponseLink.history("3", limit: 4) { known[$0] }?.count == 4)
    #expect(try ResponseLink.history("3", limit: 3) { known[$0] } == nil)
  }

  // MARK: Thoughts that a client stripped

  private static let ask = #"{"role":"user","content":"q"}"#
  private static let called = #"{"id":"7","type":"function","function":{"name":"w","arguments":"{\"n\":1}"}}"#

  @Test(
    arguments: [
      // What the first call answered, how the client repeats it, and the thought that is written.
      (#"{"content":"a","reasoning_content":"t <x>"}"#, #"{"role":"assistant","content":"a \n"}"#, "t <x>"),
      (
        #"{"content":null,"reasoning":"t","tool_calls":[\#(called)]}"#,
        #"{"role":"assistant","tool_calls":[\#(called)]},{"role":"tool","tool_call_id":"7","content":"r"}"#, "t"
      ),
      // What the client kept stays; what the first call did not think isn't invented; another answer's thought is not taken.
      (#"{"content":"a","reasoning_content":"t"}"#, #"{"role":"assistant","content":"a","reasoning_content":"own"}"#, "own"),
      (#"{"content":"a"}"#, #"{"role":"assistant","content":"a"}"#, nil),
      (#"{"content":"b","reasoning_content":"t"}"#, #"{"role":"assistant","content":"a"}"#, nil),
    ] as [(String, String, String?)])
  func `copies a thought back from the call that had it`(first: String, repeated: String, thought: String?) throws {
    try file("first", "[\(Self.ask)]", first)
    try file("last", "[\(Self.ask),\(repeated),\(Self.ask)]", #"{"content":"end","reasoning_content":"last"}"#)
    // Only the last one is confirmed.
    _ = try archive.review(.state(.confirmed), ids: ["last"], Filter(), who: "t")
    var plan = plan("thoughts", .trl)
    plan.filter.state = .confirmed
    #expect(try Exporter(archive, plan).run().written == ["train": 1])
    let messages = try JSON(parsing: try #require(lines("thoughts/train.jsonl").first))["messages"] ?? .null
    let answers = messages.elements.filter { $0["role"]?.string == "assistant" }
    #expect(answers.map { $0["reasoning_content"]?.string } == [thought, "last"])
    plan.options.reasoning = .drop
    _ = try Exporter(archive, plan).run()
    #expect(!lines("thoughts/train.jsonl")[0].contains("reasoning"))
    plan.format = .openai
    plan.options.reasoning = .keep
    #expect(try Exporter(archive, plan).run().warnings["reasoning_dropped_in_openai"] == 1)
  }

  @Test(arguments: [DuplicateRule.exact, .near]) func `leaves duplicates out`(rule: DuplicateRule) throws {
    let long = (0..<60).map { "word\($0)" }.joined(separator: " ")
    try file([["Hello there", long], ["hello  there!", long], ["hello there", long + " more"], ["hello there", "else"]])
    var plan = plan("dedup")
    plan.duplicates = rule
    #expect(try Exporter(archive, plan).run().written == ["train": rule == .exact ? 3 : 2])
  }

  @Test func `leaves nothing that looks whole when a file can't be written`() throws {
    try file([["a", "b"]])
    var plan = plan("full")
    _ = try Exporter(archive, plan).run()
    let before = Folder.names(plan.folder)
    plan.folder = "/proc/nowhere"
    #expect(throws: Fault.self) { try Exporter(archive, plan).run() }
    #expect(before == ["README.md", "dataset_info.json", "invalid.jsonl", "manifest.json", "train.jsonl"])
  }

  @Test(arguments: DatasetFormat.allCases.filter { $0.unit == .conversation })
  func `comes back byte by byte through an import`(format: DatasetFormat) throws {
    try file([["a", "b"], ["<image> q", "<think>\\nr\\n</think>\\n\\na"], ["q", "b", "c", " d\\n"]])
    var plan = plan("there", format)
    plan.tools = .no
    _ = try Exporter(archive, plan).run()
    let other = try Archive.open("sqlite:\(folder.path)/b.db", mode: .write)
    let importer = Importer(other, state: .confirmed, who: "t")
    try importer.read(plan.folder + "/train.jsonl")
    let outcome = try importer.end()
    #expect(outcome.filed == 3)
    #expect(outcome.mistakes == [])
    let first = Folder.read(plan.folder + "/train.jsonl")
    plan.folder = folder.path + "/back"
    _ = try Exporter(other, plan).run()
    #expect(Folder.read(plan.folder + "/train.jsonl") == first)
    #expect(first?.isEmpty == false)
  }
}
