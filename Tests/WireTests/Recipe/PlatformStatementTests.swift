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

  @Test(arguments: deepseek)
  func `is kept`(statement: Statement) throws {
    try statement.check()
  }
}
