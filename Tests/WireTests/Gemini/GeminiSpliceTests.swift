import Base
import Testing

@testable import Wire

private func splice(_ text: String, _ change: (inout Capabilities) -> Void = { _ in }) throws -> (text: String, losses: [String]) {
  var capabilities = Capabilities(wire: .gemini)
  change(&capabilities)
  let found = try GeminiRequest.splice(.of(text), for: TargetModel(name: "up", capabilities: capabilities))
  return (String(decoding: found.body, as: UTF8.self), found.losses.map(\.description))
}

/// `base64("apus1:anthropic:x")`, `("apus1:gemini:part:X")` and `("apus1:gemini:next:X")`.
private let foreign = "YXB1czE6YW50aHJvcGljOng="
private let own = Base64.encode(Array("apus1:gemini:part:X".utf8))
private let next = Base64.encode(Array("apus1:gemini:next:X".utf8), .urlSafe)

@Suite struct `A Gemini body for a Gemini upstream` {
  @Test(arguments: [
    #"{ "contents" : [{"role":"model","parts":[{"functionCall":{"name":"f","args":{}},"thoughtSignature":"QUJD"}]}], "new":1.50}"#,
    #"{"contents":[{"parts":[{"text":"a","thought_signature":"c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="}]}],"tools":[{"googleSearch":{}}]}"#,
    #"{"contents":[{"parts":[{"hologram":{"x":[1,2]}}]}],"cachedContent":"c"}"#,
  ])
  func `goes as it came`(text: String) throws {
    let found = try splice(text)
    #expect(found.text == text && found.losses.isEmpty)
  }

  @Test func `loses what other vendors signed, and gets back what Gemini did`() throws {
    let found = try splice(
      #"{"contents":[{"role":"model","parts":[{"text":"t","thought":true,"thoughtSignature":"\#(foreign)"},{"text":"a"}]},{"role":"model","parts":[{"text":"t","thought":true,"thought_signature":"\#(own)"},{"thought":true,"thoughtSignature":"\#(next)"},{"functionCall":{"name":"f"}}]},{"role":"model","parts":[{"thought":true,"thoughtSignature":"\#(foreign)"}]}],"x":1}"#
    )
    #expect(
      found.text
        == #"{"contents":[{"role":"model","parts":[{"text":"a"}]},{"role":"model","parts":[{"text":"t","thought":true,"thought_signature":"X"},{"functionCall":{"name":"f"},"thoughtSignature":"X"}]}],"x":1}"#
    )
    #expect(found.losses == ["contents[0].parts[0]:dropped", "contents[2].parts[0]:dropped"])
    let empty = #"{"contents":[{"parts":[{"thoughtSignature":"\#(foreign)"}]}]}"#
    #expect(fault { _ = try splice(empty) }?.code == "unsupported_content")
  }

  @Test func `loses what the model refuses`() throws {
    let body = #"{"contents":[{"role":"model","parts":[{"functionCall":{"id":"1","name":"f","args":{}}}]}]}"#
    #expect(
      try splice(body) { $0.functionIds = false }.text
        == #"{"contents":[{"role":"model","parts":[{"functionCall":{"name":"f","args":{}}}]}]}"#)
    let signed = try splice(body) { $0.thoughtSignatures = .required }
    #expect(signed.text.contains(#""thoughtSignature":"skip_thought_signature_validator""#))
    #expect(signed.losses == ["contents[0].parts[0].thoughtSignature:synthesized"])
    let tools = #"{"contents":[],"tools":[{"functionDeclarations":[{"name":"f","parameters_json_schema":{"type":"object"}}]}]}"#
    #expect(
      try splice(tools) { $0.jsonSchema = false }.text
        == #"{"contents":[],"tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT"}}]}]}"#)
  }

  @Test func `names the upstream's model where the body does`() throws {
    #expect(try splice(#"{"model":"models/m","content":{}}"#).text == #"{"model":"models/up","content":{}}"#)
    #expect(try splice(#"{"requests":[{"model":"models/m"}]}"#).text == #"{"requests":[{"model":"models/up"}]}"#)
    let counted = #"{"generateContentRequest":{"model":"models/m","contents":[]}}"#
    #expect(try splice(counted).text == #"{"generateContentRequest":{"model":"models/up","contents":[]}}"#)
  }
}
