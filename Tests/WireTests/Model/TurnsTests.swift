import Testing

@testable import Wire

private func path(_ position: Int) -> SourcePath { SourcePath("messages", position) }

private func turn(_ role: Message.Role, _ position: Int, _ parts: Part...) -> Message {
  Message(role, parts.map { Message.Content($0, at: path(position)) }, at: path(position))
}

private func call(_ id: String) -> Part { .call(ToolCall(id: id, name: "f" + id)) }
private func result(_ id: String, _ text: String = "r") -> Part { .result(ToolResult(id: id, parts: [.text(text)])) }

/// A turn in short.
private func short(_ message: Message) -> String {
  "\(message.role) "
    + message.contents.map {
      switch $0.part {
      case .text(let text, _): text
      case .call(let call): "call \(call.id)"
      case .result(let result): "result \(result.id) \(result.name ?? "-") \(result.text)"
      default: "?"
      }
    }.joined(separator: ", ")
}

@Suite struct `The turns of a conversation` {
  @Test(
    arguments: [
      // Results stand right behind their calls, before whatever the client put in between.
      (
        [turn(.assistant, 0, call("a")), turn(.system, 1, .text("s")), turn(.user, 2, .text("t"), result("a"))],
        ["assistant call a", "user result a fa r", "system s", "user t"]
      ),
      (
        [turn(.assistant, 0, call("a"), call("b")), turn(.user, 1, result("b")), turn(.user, 2, .text("t")), turn(.user, 3, result("a"))],
        ["assistant call a, call b", "user result b fb r, result a fa r", "user t"]
      ),
      // A stray result waits too.
      (
        [turn(.assistant, 0, call("a")), turn(.user, 1, result("z"))],
        ["assistant call a", "user result a fa \(Emulation.noResult)", "user [tool result z]\nr"]
      ),
      ([turn(.user, 0, .text(""), .text("t")), turn(.assistant, 1, .text(""))], ["user t"]),
      // Of two calls with one id each gets a result, as long as there are any.
      (
        [turn(.assistant, 0, call("a"), call("a")), turn(.user, 1, result("a", "1")), turn(.user, 2, result("a", "2"), result("a", "3"))],
        ["assistant call a, call a", "user result a fa 1, result a fa 2", "user [tool result a]\n3"]
      ),
    ] as [([Message], [String])])
  func `are in the order that strict wires want`(messages: [Message], expected: [String]) {
    #expect(Turns(messages).messages.map(short) == expected)
  }

  // A body of 8 MiB holds as many. Where the work grows with the square of them, a loop stands still for seconds.
  @Test func `may hold a hundred thousand calls and results`() {
    let ids = (0..<50_000).map(String.init)
    let asked = Message(.assistant, ids.map { Message.Content(call($0), at: path(0)) }, at: path(0))
    let answered = Message(.user, ids.reversed().map { Message.Content(result($0), at: path(1)) }, at: path(1))
    let turns = Turns([asked, answered])
    #expect(turns.messages.map(\.contents.count) == [ids.count, ids.count])
    #expect(turns.losses.isEmpty)
  }
}
