package import Base
package import Wire

extension Reply {
  /// The reply of the first candidate in plain words, whatever wire it came in: `content`, `reasoning`, `tool_calls`, `finish_reason` …
  package var json: JSON {
    let first = candidates.first
    var (content, reasoning, refusal) = ("", "", "")
    var calls: [JSON] = []
    for part in first?.parts ?? [] {
      switch part {
      case .text(let text, _): content += text
      case .reasoning(let thought): reasoning += thought.text
      case .refusal(let text): refusal += text
      case .call(let call): calls.append(["id": JSON(call.id), "name": JSON(call.name), "arguments": JSON(call.arguments)])
      case .media, .opaque, .result: break
      }
    }
    var members: [(String, JSON)] = [("content", JSON(content))]
    if !reasoning.isEmpty { members.append(("reasoning", JSON(reasoning))) }
    if !refusal.isEmpty { members.append(("refusal", JSON(refusal))) }
    if !calls.isEmpty { members.append(("tool_calls", .array(calls))) }
    members.append(("finish_reason", first?.finish.map { JSON($0.rawValue) } ?? .null))
    if let model = head.model { members.append(("model", JSON(model))) }
    if let usage { members.append(("usage", ["input": JSON(usage.input), "output": JSON(usage.output)])) }
    members.append(("complete", JSON(isComplete)))
    return .object(members)
  }
}
