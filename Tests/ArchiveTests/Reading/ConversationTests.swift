import Base
import FoundationEssentials
import Testing
import Wire

@testable import Archive

/// The turns of a request in some wire, which names no model, and of a reply where one is given.
private func conversation(_ wire: ClientWire, _ request: String, _ reply: String? = nil) throws -> Conversation {
  let named = wire == .gemini ? request : #"{"model":"m","# + request.dropFirst()
  let chat = try #require(RecordedRequest(wire, Array(named.utf8), model: "m").chat)
  return Conversation(chat, reply.map { RecordedReply(wire, Array($0.utf8)).reply })
}

extension Conversation {
  fileprivate var texts: [String] { turns.map { String(decoding: $0.canonical, as: UTF8.self) } }
  fileprivate var hashes: [[UInt8]] { turns.map(\.hash) }
}

private let paris = #"{"role":"assistant","text":"","calls":[{"name":"w","arguments":{"a":1,"city":"Paris"}}]}"#

@Suite struct `The turns of a conversation` {
  @Test(
    arguments: [
      // The texts before the first turn are one, and so are the pieces of a content.
      (
        .chat, #"{"messages":[{"role":"system","content":"A"},{"role":"developer","content":"B"},{"role":"user","content":"Hi"}]}"#, nil,
        [#"{"role":"system","text":"A\n\nB"}"#, #"{"role":"user","text":"Hi"}"#], 0
      ),
      (
        .messages,
        #"{"max_tokens":9,"system":[{"type":"text","text":"S","cache_control":{"type":"ephemeral"}}],"messages":[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]}]}"#,
        #"{"type":"message","role":"assistant","content":[{"type":"text","text":"Hel"},{"type":"text","text":"lo"}],"stop_reason":"end_turn"}"#,
        [#"{"role":"system","text":"S"}"#, #"{"role":"user","text":"a\nb"}"#, #"{"role":"assistant","text":"Hello"}"#], 0
      ),
      // White space at the end, line ends and the spelling of letters don't count; white space at the beginning does.
      (
        .chat, #"{"messages":[{"role":"user","content":" a\r\nb\rcafe\u0301 \t\n"}]}"#, nil, [#"{"role":"user","text":" a\nb\ncafé"}"#], 0
      ),
      // Calls have neither ids nor an order of members; what is no object stays a text.
      (
        .chat,
        #"{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":null,"tool_calls":[{"id":"x","type":"function","function":{"name":"w","arguments":"{\"city\": \"Paris\", \"a\": 1}"}}]}]}"#,
        nil, [#"{"role":"user","text":"q"}"#, paris], 0
      ),
      (
        .chat, #"{"messages":[{"role":"user","content":"q"}]}"#,
        #"{"choices":[{"index":0,"message":{"role":"assistant","tool_calls":[{"id":"x","type":"function","function":{"name":"w","arguments":"{oops"}}]},"finish_reason":"tool_calls"}]}"#,
        [#"{"role":"user","text":"q"}"#, #"{"role":"assistant","text":"","calls":[{"name":"w","text":"{oops"}]}"#], 0
      ),
      // Results stand in the order of the calls, with the tool's name, whether a message holds one or all of them.
      (
        .chat,
        #"{"messages":[{"role":"user","content":"q"},{"role":"assistant","tool_calls":[{"id":"1","type":"function","function":{"name":"a","arguments":"{}"}},{"id":"2","type":"function","function":{"name":"b","arguments":"{}"}}]},{"role":"tool","tool_call_id":"2","content":"two"},{"role":"tool","tool_call_id":"1","content":"one"}]}"#,
        nil,
        [
          #"{"role":"user","text":"q"}"#,
          #"{"role":"assistant","text":"","calls":[{"name":"a","arguments":{}},{"name":"b","arguments":{}}]}"#,
          #"{"role":"tool","tool":"a","text":"one"}"#, #"{"role":"tool","tool":"b","text":"two"}"#,
        ], 2
      ),
      (
        .messages,
        #"{"max_tokens":9,"messages":[{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"tool_use","id":"1","name":"a","input":{}},{"type":"tool_use","id":"2","name":"b","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"2","content":"two"},{"type":"text","text":"and?"},{"type":"tool_result","tool_use_id":"1","content":[{"type":"text","text":"one"}]}]}]}"#,
        nil,
        [
          #"{"role":"user","text":"q"}"#,
          #"{"role":"assistant","text":"","calls":[{"name":"a","arguments":{}},{"name":"b","arguments":{}}]}"#,
          #"{"role":"tool","tool":"a","text":"one"}"#, #"{"role":"tool","tool":"b","text":"two"}"#, #"{"role":"user","text":"and?"}"#,
        ], 2
      ),
      // The model's turn is one, in however many items or messages it is sent back; reasoning is none of it.
      (
        .responses,
        #"{"input":[{"role":"user","content":"q"},{"type":"reasoning","id":"r","summary":[{"type":"summary_text","text":"hm"}]},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Let me see."}]},{"type":"function_call","call_id":"1","name":"w","arguments":"{\"city\":\"Paris\",\"a\":1}"},{"type":"function_call_output","call_id":"1","output":"21"}],"instructions":"S"}"#,
        nil,
        [
          #"{"role":"system","text":"S"}"#, #"{"role":"user","text":"q"}"#,
          #"{"role":"assistant","text":"Let me see.","calls":[{"name":"w","arguments":{"a":1,"city":"Paris"}}]}"#,
          #"{"role":"tool","tool":"w","text":"21"}"#,
        ], 3
      ),
      (
        .chat,
        #"{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"Once "},{"role":"assistant","content":"upon"}]}"#,
        #"{"choices":[{"index":0,"message":{"role":"assistant","content":" a time"},"finish_reason":"stop"}]}"#,
        [#"{"role":"user","text":"q"}"#, #"{"role":"assistant","text":"Once upon a time"}"#], 0
      ),
      (
        .gemini,
        #"{"systemInstruction":{"parts":[{"text":"S"}]},"contents":[{"role":"user","parts":[{"text":"q"}]},{"role":"model","parts":[{"text":"hm","thought":true},{"functionCall":{"name":"w","args":{"city":"Paris","a":1}}}]},{"role":"user","parts":[{"functionResponse":{"name":"w","response":{"result":"21"}}}]}]}"#,
        nil,
        [
          #"{"role":"system","text":"S"}"#, #"{"role":"user","text":"q"}"#, paris,
          #"{"role":"tool","tool":"w","text":"{\"result\":\"21\"}"}"#,
        ], 3
      ),
      // A turn that says nothing is none.
      (
        .chat, #"{"messages":[{"role":"user","content":""},{"role":"assistant","content":""},{"role":"user","content":"q"}]}"#, nil,
        [#"{"role":"user","text":"q"}"#], 0
      ),
    ] as [(ClientWire, String, String?, [String], Int)])
  func `are what was said, whatever way it was written`(wire: ClientWire, request: String, reply: String?, turns: [String], own: Int) throws
  {
    let conversation = try conversation(wire, request, reply)
    #expect(conversation.texts == turns)
    #expect(conversation.firstOwn == own)
  }

  @Test func `are the same in every wire`() throws {
    let chat = try conversation(
      .chat, #"{"messages":[{"role":"system","content":"S"},{"role":"user","content":"q"}]}"#,
      #"{"choices":[{"index":0,"message":{"role":"assistant","content":"a","reasoning_content":"hm"},"finish_reason":"stop"}]}"#)
    let others = [
      try conversation(
        .messages, #"{"max_tokens":9,"system":"S","messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}"#),
      try conversation(.responses, #"{"instructions":"S","input":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}"#),
      try conversation(
        .gemini,
        #"{"systemInstruction":{"parts":[{"text":"S"}]},"contents":[{"parts":[{"text":"q"}]},{"role":"model","parts":[{"text":"a"}]}]}"#),
    ]
    for other in others { #expect(other.hashes == chat.hashes) }
  }

  @Test func `differ where anything before them does`() throws {
    let first = try conversation(
      .chat, #"{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}]}"#)
    let other = try conversation(
      .chat, #"{"messages":[{"role":"user","content":"A"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}]}"#)
    #expect(first.texts.dropFirst() == other.texts.dropFirst())
    #expect(zip(first.hashes, other.hashes).allSatisfy { $0 != $1 })
  }

  @Test func `tell images apart, and keep none of them`() throws {
    func image(_ data: String) throws -> Conversation {
      try conversation(
        .chat,
        #"{"messages":[{"role":"user","content":[{"type":"text","text":"look"},{"type":"image_url","image_url":{"url":"data:image/png;base64,"#
          + data + #""}}]}]}"#)
    }
    let (one, same, two) = (try image("QUJDREVG"), try image("QUJDREVG"), try image("QUJDREVH"))
    #expect(one.hashes == same.hashes)
    #expect(one.hashes != two.hashes)
    #expect(!(one.texts.first ?? "").contains("QUJDREVG"))
  }

  @Test func `are found by their words, their reasoning and their calls`() throws {
    let conversation = try conversation(
      .chat, #"{"messages":[{"role":"user","content":"q"}]}"#,
      #"{"choices":[{"index":0,"message":{"role":"assistant","content":"said","reasoning_content":"thought","tool_calls":[{"id":"1","type":"function","function":{"name":"tool","arguments":"{\"a\":\"argument\"}"}}]},"finish_reason":"tool_calls"}]}"#
    )
    let words = try #require(conversation.turns.last?.words)
    for word in ["said", "thought", "tool", "argument"] { #expect(words.contains(word)) }
  }

  // A body of 8 MiB holds as many. Where the work grows with the square of them, this takes minutes.
  @Test func `may be a hundred thousand`() throws {
    let count = 50_000
    let calls = (0..<count).map { #"{"id":"\#($0)","type":"function","function":{"name":"a","arguments":"{}"}}"# }.joined(separator: ",")
    let results = (0..<count).reversed().map { #"{"role":"tool","tool_call_id":"\#($0)","content":"\#($0)"}"# }.joined(separator: ",")
    let tools = try conversation(.chat, #"{"messages":[{"role":"assistant","tool_calls":[\#(calls)]},\#(results)]}"#)
    #expect(tools.turns.count == count + 1)
    let pieces = Array(repeating: #"{"role":"assistant","content":"forty letters of a turn in many pieces."}"#, count: 2 * count)
    let one = try conversation(.chat, #"{"messages":[\#(pieces.joined(separator: ","))]}"#)
    #expect(one.turns.count == 1)
    #expect(one.texts[0].utf8.count > 2 * count * 30)
  }
}

@Suite struct `Recorded chains` {
  private struct Link {
    let id: String
    let hashes: [[UInt8]]
  }

  /// Source: formats/datasets.md §10.
  @Test(arguments: [
    "53-chain-simple", "54-chain-branch", "55-chain-exact-retry", "56-chain-block-shape", "57-chain-tool-loop", "58-chain-other-system",
  ])
  func `are joined by what they share`(name: String) throws {
    guard let data = FileManager.default.contents(atPath: Self.cases + name + ".json") else { return }
    let file = try JSON(parsing: [UInt8](data))
    let links = try #require(file["recorded_sequence"]).elements.map(link)
    #expect(!links.isEmpty)
    var drop: [String: String] = [:]
    for (index, link) in links.enumerated() {
      let leaf = try #require(link.hashes.last)
      if let first = links[..<index].first(where: { $0.hashes.last == leaf }) {
        drop[link.id] = "duplicate_of:\(first.id)"
      } else if let longer = links.filter({ $0.hashes.dropLast().contains(leaf) }).max(by: { $0.hashes.count < $1.hashes.count }) {
        drop[link.id] = "prefix_of:\(longer.id)"
      }
    }
    let dropped = try #require(file["expected"]?["drop"])
    let expected = Dictionary(dropped.members.map { ($0.name, $0.value.string ?? "") }, uniquingKeysWith: { $1 })
    #expect(drop == expected)
  }

  private func link(_ record: JSON) throws -> Link {
    let wire: ClientWire = record["client_format"]?.string == "anthropic_messages" ? .messages : .chat
    let body = try #require(record["response"]?["body"])
    let request = try #require(record["request"])
    let rest = JSON.object(request.members.filter { $0.name != "model" }.map { ($0.name, $0.value) })
    let conversation = try conversation(wire, rest.description, body.description)
    return Link(id: record["id"]?.string ?? "", hashes: conversation.hashes)
  }

  private static var cases: String {
    let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(5).joined(separator: "/") + "/shared"
    return (ProcessInfo.processInfo.environment["APUS_SHARED"] ?? root) + "/formats/dataset-cases/"
  }
}
