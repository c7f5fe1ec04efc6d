import Base
import Testing
@testable import Wire

@Suite struct `A Gemini client that keeps each piece of a stream as a content` {
  private static var model: TargetModel {
    var capabilities = Capabilities(wire: .gemini)
    capabilities.thoughtSignatures = .required
    return TargetModel(name: "up", capabilities: capabilities)
  }

  private static func call(_ id: String, _ more: String = "") -> String {
    #"{"role":"model","parts":[{"functionCall":{"id":"\#(id)","name":"f","args":{}}\#(more)}]}"#
  }
  private static let signed = #","thoughtSignature":"c2ln""#
  private static let sentinel = #","thoughtSignature":"skip_thought_signature_validator""#
  private static let result = #"{"role":"user","parts":[{"functionResponse":{"id":"1","name":"f","response":{"output":""}}}]}"#

  // Only the first call of a turn is ever signed, wherever the turn is cut.
  @Test(
    arguments: [
      ([call("1", signed), call("2")], [call("1", signed), call("2")]),
      ([call("1"), call("2")], [call("1", sentinel), call("2")]),
      ([call("1", signed), result, call("2")], [call("1", signed), result, call("2", sentinel)]),
    ] as [([String], [String])])
  func `has only the first call of a turn signed`(contents: [String], expected: [String]) throws {
    let body = try JSON(parsing: Array(#"{"contents":[\#(contents.joined(separator: ","))]}"#.utf8))
    let spliced = try GeminiRequest.splice(body, for: Self.model)
    #expect(String(decoding: spliced.body, as: UTF8.self) == #"{"contents":[\#(expected.joined(separator: ","))]}"#)
  }
}
