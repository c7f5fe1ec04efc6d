import Base
import Testing

@testable import Gateway

@Suite struct `A conformance case` {
  @Test func `shows what came before a cut event, as the server does`() throws {
    let chunk = #"{"choices":[{"index":0,"delta":{"content":"whole"},"finish_reason":null}]}"#
    let json: JSON = [
      "direction": "stream", "from": "openai-chat", "to": "openai-chat", "options": ["client_model": "m"],
      "input_sse": JSON("data: \(chunk)\n\ndata: {\"choi"),
    ]
    let shown = try ConformanceCase(json).run()["sse"]?.string ?? ""
    #expect(shown.contains("whole") && shown.contains(#"{"error":"#))
  }
}
