import Base

/// One turn of a Messages body that goes up.
struct AnthropicTurn {
  /// Whose turn it is.
  var role: Message.Role
  /// The tools' results, which stand before anything else.
  var results: [AnthropicBlock] = []
  /// What was said.
  var blocks: [AnthropicBlock] = []
  /// Where the last message of the turn stands in the client's body.
  var path: SourcePath

  /// A turn in which nothing was said yet.
  init(_ role: Message.Role, at path: SourcePath) {
    self.role = role
    self.path = path
  }

  var isEmpty: Bool { results.isEmpty && blocks.isEmpty }

  /// Whether it holds signed reasoning.
  var hasReasoning: Bool { blocks.contains(where: \.isReasoning) }

  /// Reasoning has to come first; where it does, the order is the vendor's own and stays. Source: wire-formats §2.7.
  mutating func putReasoningFirst() {
    guard let first = blocks.first, !first.isReasoning, hasReasoning else { return }
    blocks = blocks.filter(\.isReasoning) + blocks.filter { !$0.isReasoning }
  }

  /// Writes the turn as an object.
  func write(_ writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("role", role.rawValue)
    AnthropicBlock.write(content: results + blocks, &writer)
    writer.endObject()
  }
}
