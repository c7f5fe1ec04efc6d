import Base
import Testing

@testable import Wire

@Suite struct `A Responses request with members of its own` {
  @Test(
    arguments: [
      (#""text":{"format":{"type":"json_schema","schema":[]}}"#, "text.format.schema"),
      (#""text":{"format":{"type":"json_schema","strict":1}}"#, "text.format.strict"), (#""text":{"verbosity":1}"#, "text.verbosity"),
      (#""reasoning":{"effort":1}"#, "reasoning.effort"), (#""reasoning":{"summary":{}}"#, "reasoning.summary"),
      (#""include":[1]"#, "include[0]"), (#""tool_choice":{"type":"function","name":1}"#, "tool_choice.name"),
      (#""input":[{"type":7}]"#, "input[0].type"), (#""input":[{"type":"reasoning","summary":[1]}]"#, "input[0].summary[0]"),
    ] as [(String, String)])
  func `is refused with the member's path`(members: String, param: String) throws {
    let input = members.hasPrefix(#""input""#) ? "" : #""input":"x","#
    let body = try JSON(parsing: #"{"model":"m",\#(input)\#(members)}"#)
    let found = fault { try ResponsesRequestCheck.check(body) }
    #expect(found?.code == "invalid_type" && found?.param == param, "\(String(describing: found))")
  }

  @Test func `must name the tool that it chooses`() throws {
    let body = try JSON(parsing: #"{"model":"m","input":"x","tool_choice":{"type":"function"}}"#)
    let found = fault { try ResponsesRequestCheck.check(body) }
    #expect(found?.code == "missing_required_field" && found?.param == "tool_choice.name")
  }

  @Test func `may leave the parameters of a tool out by null`() throws {
    let body = try JSON(parsing: #"{"model":"m","input":"x","tools":[{"type":"function","name":"f","parameters":null}]}"#)
    #expect(try ResponsesRequest.decode(body).tools.first?.parameters == nil)
  }
}
