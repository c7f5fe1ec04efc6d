import Base

/// A call's arguments as the object that Messages wants. Source: wire-formats §2.11.
enum AnthropicInput {
  /// The object, and what was done to get it.
  static func object(_ text: String, _ kind: ToolCall.Kind, number: Int) -> (object: JSON, loss: Loss?) {
    guard kind == .function else { return (["input": JSON(text)], nil) }
    if let object = ArgumentText(text).object { return (object, nil) }
    return (ArgumentText.emulated(text), Loss("tool_calls[\(number)].function.arguments", .emulated))
  }
}
