import Base
import Testing
@testable import Wire

/// What the protocol documents say beyond the recorded streams, one small stream for each statement.
struct Statement: Sendable, CustomTestStringConvertible {
  var name: String
  var provider: String
  var variant: String?
  /// One message each; `@NAME ` before one is the name of its event.
  var frames: [String]
  /// A whole answer in place of a stream.
  var isWhole = false
  var content = ""
  var reasoning = ""
  var finish: String?
  var error: Int?
  var references: [String] = []

  var testDescription: String { "\(provider): \(name)" }

  private var type: String {
    if isWhole || provider == "minimax-web" { return "application/json" }
    return provider == "kimi-web" ? "application/connect+json" : "text/event-stream"
  }

  private var bytes: [UInt8] {
    if isWhole { return Array(frames.joined().utf8) }
    switch provider {
    case "kimi-web": return frames.flatMap { Self.envelope($0) } + Self.envelope("{}", flags: 2)
    case "minimax-web": return Array("{\"steps\":[\(frames.map(Self.exchange).joined(separator: ","))]}".utf8)
    default: return Array(frames.map(Self.event).joined().utf8)
    }
  }

  private static func event(_ frame: String) -> String {
    guard frame.hasPrefix("@"), let blank = frame.firstIndex(of: " ") else { return "data: \(frame)\n\n" }
    return "event: \(frame[..<blank].dropFirst())\ndata: \(frame[blank...].dropFirst())\n\n"
  }

  private static func envelope(_ frame: String, flags: UInt8 = 0) -> [UInt8] {
    let count = frame.utf8.count
    return [flags, 0, 0, UInt8(count >> 8), UInt8(count & 0xFF)] + Array(frame.utf8)
  }

  /// `@PATH ` before an answer names the request; without it, it is a poll.
  private static func exchange(_ frame: String) -> String {
    let named = frame.hasPrefix("@") ? frame.firstIndex(of: " ") : nil
    let path = named.map { String(frame[..<$0].dropFirst()) } ?? "/matrix/api/v1/chat/get_chat_detail"
    let body = named.map { String(frame[$0...].dropFirst()) } ?? frame
    return "{\"request\":{\"method\":\"POST\",\"path\":\"\(path)\"},\"response\":{\"status\":200,\"body\":\(body)}}"
  }

  func check() throws {
    let file = try RecipeFiles.provider(provider, variant: variant)
    for cut in [Cut.whole, .bytes] {
      let result = RecipeReplay(file, contentType: type).result(bytes) { cut.cut($0) }
      #expect(result["content"]?.string == content)
      #expect(result["reasoning"]?.string == reasoning)
      #expect(result["finish_reason"]?.string == finish)
      #expect(result["error"]?["status"]?.int == error)
      #expect(result["references"]?.elements.compactMap { $0["url"]?.string } == references)
    }
  }
}

@Suite struct `A statement of a protocol document` {
  // MARK: DeepSeek

  private static let wip =
    #"{"v":{"response":{"message_id":2,"status":"WIP","auto_continue":false,"fragments":[{"id":2,"type":"RESPONSE","content":"a"}]}}}"#

  static let deepseek: [Statement] = [
    Statement(
      name: "auto_continue goes on where no status comes", provider: "deepseek-web",
      frames: [
        wip, #"{"p":"response","o":"BATCH","v":[{"p":"auto_continue","v":true},{"p":"quasi_status","v":"INCOMPLETE"}]}"#, "@close {}",
      ], content: "a", finish: "length"),
    Statement(
      name: "auto_continue goes on when finished", provider: "deepseek-web",
      frames: [wip, #"{"p":"response","o":"BATCH","v":[{"p":"auto_continue","v":true},{"p":"status","v":"FINISHED"}]}"#],
      content: "a", finish: "length"),
    Statement(
      name: "a filter counts before auto_continue", provider: "deepseek-web",
      frames: [
        wip, #"{"p":"response","o":"BATCH","v":[{"p":"auto_continue","v":true},{"p":"quasi_status","v":"FINISHED"}]}"#,
        #"{"p":"response/status","o":"SET","v":"CONTENT_FILTER"}"#,
      ], content: "a", finish: "content_filter"),
  ]

  // MARK: Doubao

  private static func block(_ text: String, _ more: String) -> String {
    #"@STREAM_MSG_NOTIFY {"content":{"content_block":[{"block_type":10000,"block_id":"b1",\#(more)"content":{"text_block":{"text":"\#(text)"}}}]}}"#
  }

  private static func search(_ more: String) -> String {
    #"@STREAM_MSG_NOTIFY {"content":{"content_block":[{"block_type":10025,"block_id":"s1",\#(more)"content":{"search_query_result_block":"#
      + #"{"results":[{"text_card":{"title":"A","url":"http://a"}}]}}}]}}"#
  }

  private static func internalError(_ code: String) -> String { #"{"code":"Internal","message":"ErrorX:code=\#(code) message=[x]"}"# }

  private static let replyEnd = #"@SSE_REPLY_END {"end_type":3}"#
  private static let limit = #"{"decision":"{\"code\":\"1\",\"type\":\"limit\"}"}"#
  private static let limitText = #""{\"decision\":\"{\\\"code\\\":\\\"1\\\",\\\"type\\\":\\\"limit\\\"}\"}""#
  private static let verify = #"{"decision":"{\"code\":\"1\",\"type\":\"verify\"}"}"#
  private static let samantha =
    #"{"event_type":2001,"event_data":"{\"message\":{\"content_type\":10000,\"content\":\"{\\\"text\\\":\\\"a\\\"}\"}}"}"#

  static let doubao: [Statement] =
    [
      Statement(
        name: "patch_type 2 replaces", provider: "doubao-web", frames: [block("ab", ""), block("abc", #""patch_type":2,"#), replyEnd],
        content: "abc", finish: "stop"),
      Statement(
        name: "parent 0 is none", provider: "doubao-web",
        frames: [block("a", #""parent_id":0,"#), block("b", #""parent_id":"0","#), replyEnd], content: "ab", finish: "stop"),
      Statement(
        name: "a parent makes reasoning", provider: "doubao-web",
        frames: [block("h", #""parent_id":"70","#), block("a", #""parent_id":"","#), replyEnd], content: "a", reasoning: "h",
        finish: "stop"),
      Statement(
        name: "an invisible block has no references", provider: "doubao-web",
        frames: [search(#""control_info":{"is_visible":false},"#), block("a", ""), replyEnd], content: "a", finish: "stop"),
      Statement(
        name: "a visible block has references", provider: "doubao-web",
        frames: [search(#""control_info":{"is_visible":true},"#), block("a", ""), replyEnd], content: "a", finish: "stop",
        references: ["http://a"]),
      Statement(
        name: "the policy's code in a message", provider: "doubao-web", frames: [internalError("710082022")], isWhole: true, error: 400),
      Statement(name: "429 in a message", provider: "doubao-web", frames: [internalError("429")], isWhole: true, error: 429),
      Statement(name: "a longer code in a message", provider: "doubao-web", frames: [internalError("4290")], isWhole: true, error: 502),
      Statement(
        name: "a limit is no human check, in a body", provider: "doubao-web", frames: [#"{"code":710022004,"msg":"x","extra":\#(limit)}"#],
        isWhole: true, error: 429),
      Statement(
        name: "a limit is no human check, in a text", provider: "doubao-web",
        frames: [#"@STREAM_ERROR {"error_code":710022004,"error_msg":"x","extra":\#(limitText)}"#], error: 429),
      Statement(
        name: "a human check, in a body", provider: "doubao-web", frames: [#"{"code":710022004,"msg":"x","extra":\#(verify)}"#],
        isWhole: true, error: 403),
      Statement(
        name: "no decision is a human check", provider: "doubao-web", frames: [#"{"code":710022004,"msg":"x"}"#], isWhole: true,
        error: 403),
    ]
    + [#"{\"message\":\"m\"}"#, #"{\"code\":0,\"message\":\"m\"}"#, "oops"].map { data in
      Statement(
        name: "2005 is an error with \(data)", provider: "doubao-web", variant: "samantha",
        frames: [samantha, #"{"event_type":2005,"event_data":"\#(data)"}"#, #"{"event_type":2003,"event_data":"{}"}"#],
        content: "a", error: 502)
    }

  // MARK: Kimi

  private static func block(_ id: String, _ op: String, _ mask: String, _ text: String) -> String {
    #"{\#(op)\#(mask)"block":{"id":"\#(id)","text":{\#(text)}}}"#
  }

  private static let set = #""op":"set","#
  private static let append = #""op":"append","#
  private static let text = #""mask":"block.text","#
  private static let content = #""mask":"block.text.content","#
  private static let think = #"{"op":"append","mask":"block.think.content","block":{"id":"9","think":{"content":"h"}}}"#

  static let kimi: [Statement] = [
    Statement(
      name: "a flag switches", provider: "kimi-web",
      frames: [
        block("1", set, text, #""content":"h","flags":"thinking""#), block("1", append, content, #""content":"m""#),
        block("2", set, text, #""content":"A","flags":"answer""#), block("2", append, content, #""content":"B""#),
      ], content: "AB", reasoning: "hm", finish: "stop"),
    Statement(
      name: "a second set is a snapshot", provider: "kimi-web",
      frames: [block("1", set, content, #""content":"ab""#), block("1", set, content, #""content":"abc""#)], content: "abc",
      finish: "stop"),
    Statement(
      name: "keys are optional", provider: "kimi-web",
      frames: [block("1", append, "", #""content":"a""#), block("1", "", "", #""content":"b""#)], content: "ab", finish: "stop"),
    Statement(
      name: "thoughts between don't take text", provider: "kimi-web",
      frames: [think, block("2", set, text, #""content":"""#), think, block("2", append, content, #""content":"a""#)], content: "a",
      reasoning: "hh", finish: "stop"),
  ]

  // MARK: MiniMax

  private static func poll(_ status: Int, _ messages: String...) -> String {
    #"{"chat":{"chat_id":3,"chat_status":\#(status)},"messages":[\#(messages.joined(separator: ","))],"base_resp":{"status_code":0}}"#
  }

  private static let question = #"{"msg_id":"1","msg_type":1,"msg_content":"q"}"#
  private static let answer =
    #"{"msg_id":"2","msg_type":2,"msg_content":"a","extra_info":{"thinking_content":"h"},"tool_call":{"tool_call_name":""}}"#
  private static let tool =
    #"{"msg_id":"3","msg_type":2,"msg_content":"calling","extra_info":{"thinking_content":"TH"},"tool_call":{"tool_call_name":"search"}}"#

  private static func registration(_ code: Int, _ message: String) -> Statement {
    Statement(
      name: "statusInfo \(code) \(message)", provider: "minimax-web",
      frames: [#"@/v1/api/user/device/register {"statusInfo":{"code":\#(code),"message":"\#(message)"}}"#])
  }

  static let minimax: [Statement] =
    [
      Statement(
        name: "done when there is a message", provider: "minimax-web", frames: [poll(2, question), poll(2, question, answer)], content: "a",
        reasoning: "h", finish: "stop"),
      Statement(
        name: "done, and the message has no text", provider: "minimax-web",
        frames: [poll(2, question, #"{"msg_id":"2","msg_type":2,"content":"a"}"#), poll(2, question, answer)], error: 502),
      Statement(
        name: "tools are left out", provider: "minimax-web", frames: [poll(1, question, tool), poll(2, question, tool, answer)],
        content: "a", reasoning: "h", finish: "stop"),
    ]
    + [(1004, "x", 401), (1002, "x", 429), (30100, "x", 429), (1200, "credit used up", 429), (1200, "x", 502)].map {
      code, message, status in
      var statement = registration(code, message)
      statement.error = status
      return statement
    }

  // MARK: Qwen

  private static func message(_ mime: String, _ status: String = "processing") -> String {
    #"@message {"error_code":0,"data":{"status":"processing","messages":[{\#(mime)"content":"a","status":"\#(status)"}]}}"#
  }

  private static let late = #"@message {"error_code":5,"error_msg":"late"}"#

  private static func dialog(_ members: String, _ more: String = "") -> String {
    #"{"contents":[{"contentType":"text","role":"assistant","content":"a"}],\#(members)"canShare":true,"errorCode":""\#(more)}"#
  }

  private static let answerPhase = #"{"choices":[{"delta":{"content":"a","phase":"answer","status":"typing"}}],"response_id":"r1"}"#

  static let qwen: [Statement] = [
    Statement(
      name: "no type is null, too", provider: "qwen-web", frames: [message(#""mime_type":null,"#), "@complete {}"], content: "a",
      finish: "stop"),
    Statement(
      name: "a complete plain text is the end", provider: "qwen-web", frames: [message(#""mime_type":"text/plain","#, "complete"), late],
      content: "a", finish: "stop"),
    Statement(
      name: "a complete message without type is the end", provider: "qwen-web", frames: [message("", "complete"), late], content: "a",
      finish: "stop"),
    Statement(
      name: "an address of a human check", provider: "qwen-web", frames: [#"{"url":"https://x/_____tmd_____/punish?x5"}"#], isWhole: true,
      error: 403),
    Statement(
      name: "finished without contentType", provider: "qwen-web", variant: "dialog", frames: [dialog(#""msgStatus":"finished","#)],
      content: "a", finish: "stop"),
    Statement(
      name: "thinking finished is not the end", provider: "qwen-web", variant: "dialog",
      frames: [
        #"{"contents":[{"contentType":"think","content":"{\"content\":\"h\"}"}],"msgStatus":"finished"}"#,
        dialog(#""msgStatus":"finished","#),
      ], content: "a", reasoning: "h", finish: "stop"),
    Statement(name: "[DONE] may end it", provider: "qwen-intl", frames: [answerPhase, "[DONE]"], content: "a", finish: "stop"),
    Statement(name: "an error is a text", provider: "qwen-intl", frames: [#"{"error":"boom","response_id":"r1"}"#], error: 502),
    Statement(
      name: "an error without code", provider: "qwen-intl",
      frames: [answerPhase, #"{"error":{"details":"boom"},"response_id":"r1"}"#, "[DONE]"], content: "a", error: 502),
    Statement(
      name: "null is no error", provider: "qwen-intl", frames: [#"{"error":null,"response_id":"r1"}"#, answerPhase, "[DONE]"],
      content: "a", finish: "stop"),
  ]

  // MARK: Zhipu

  private static func part(_ status: String, _ item: String, top: String = "init") -> String {
    #"{"id":"m","conversation_id":"c","parts":[{"id":"m","logic_id":"l","status":"\#(status)","content":[\#(item)]}],"status":"\#(top)"}"#
  }

  private static func image(_ url: String, _ status: String) -> String {
    #"{"type":"image","status":"\#(status)","image":[{"image_url":"\#(url)"}]}"#
  }

  private static let end = #"{"id":"m","conversation_id":"c","parts":[],"status":"finish"}"#

  static let zhipu: [Statement] = [
    Statement(
      name: "an image when finished", provider: "zhipu-web",
      frames: [part("init", image("http://tmp", "init")), part("init", image("http://i1", "finish")), end], content: "![image](http://i1)",
      finish: "stop"),
    Statement(
      name: "an image of a finished part", provider: "zhipu-web", frames: [part("finish", image("http://i1", "init")), end],
      content: "![image](http://i1)", finish: "stop"),
    Statement(
      name: "code and output of a finished part", provider: "zhipu-web",
      frames: [
        part(
          "finish",
          #"{"type":"code","code":"print(1)","status":"init"},{"type":"execution_output","content":"1","status":"init"}"#),
        end,
      ], content: "```python\nprint(1)\n```\n1", finish: "stop"),
  ]

  // MARK: Metaso

  static let metaso: [Statement] =
    [
      Statement(
        name: "errCode 429", provider: "metaso-web", frames: [#"{"errCode":429,"errMsg":"x"}"#], isWhole: true, error: 429),
      Statement(
        name: "a limit in words", provider: "metaso-web", frames: [#"{"errCode":1,"errMsg":"TOO_MANY_REQUESTS"}"#], isWhole: true,
        error: 429),
    ]
    + ["内容由AI搜集并生成，仅供参考", "Generated by AI", "AI 生成"].map { label in
      Statement(
        name: "the label \(label)", provider: "metaso-web",
        frames: [#"{"type":"append-text","text":"a<span>\#(label)</span>"}"#, "[DONE]"],
        content: "a", finish: "stop")
    }

  @Test(arguments: deepseek + doubao + kimi + minimax + qwen + zhipu + metaso)
  func `is kept`(statement: Statement) throws {
    try statement.check()
  }
}
