import Base

extension TRLMessages {
  /// The record of two answers. Source: formats/datasets.md §6.
  func record(rejecting other: TRLMessages) throws(Refusal) -> WrittenRecord {
    guard let chosen = messages.last, let rejected = other.messages.last else { throw Refusal(.roleOrder, "no turns") }
    var writer = JSONWriter(capacity: 1024)
    writer.beginObject()
    writer.member("prompt", .array(messages.dropLast()))
    writer.member("chosen", .array([chosen]))
    writer.member("rejected", .array([rejected]))
    writeRest(&writer)
    writer.endObject()
    return WrittenRecord(line: writer.bytes, images: images)
  }

  /// The record of an answer with a label. Source: formats/datasets.md §6.
  func record(isWanted: Bool) throws(Refusal) -> WrittenRecord {
    guard let answer = messages.last else { throw Refusal(.roleOrder, "no turns") }
    var writer = JSONWriter(capacity: 1024)
    writer.beginObject()
    writer.member("prompt", .array(messages.dropLast()))
    writer.member("completion", .array([answer]))
    writer.member("label", isWanted)
    writeRest(&writer)
    writer.endObject()
    return WrittenRecord(line: writer.bytes, images: images)
  }

  /// The record in which the last turn alone is trained: what came before is the prompt. Source: formats/datasets.md §6.
  func recordOfLastTurn() -> WrittenRecord {
    var writer = JSONWriter(capacity: 1024)
    writer.beginObject()
    writer.member("prompt", .array(messages.dropLast()))
    writer.member("completion", .array(Array(messages.suffix(1))))
    writeRest(&writer)
    writer.endObject()
    return WrittenRecord(line: writer.bytes, images: images)
  }
}

extension OpenAIMessages {
  /// The record of two answers, which are text alone. Source: formats/datasets.md §5, DPO.
  func record(rejecting other: OpenAIMessages) throws(Refusal) -> WrittenRecord {
    guard let chosen = messages.last, let rejected = other.messages.last else { throw Refusal(.roleOrder, "no turns") }
    guard chosen["tool_calls"] == nil, rejected["tool_calls"] == nil else { throw Refusal(.notInFormat, "an answer that calls a tool") }
    guard !messages.contains(where: { $0["content"]?.kind == .array }) else { throw Refusal(.notInFormat, "an image") }
    var writer = JSONWriter(capacity: 1024)
    writer.beginObject()
    writer.key("input")
    writer.beginObject()
    writer.member("messages", .array(messages.dropLast()))
    writeRest(&writer)
    writer.endObject()
    writer.member("preferred_output", .array([chosen]))
    writer.member("non_preferred_output", .array([rejected]))
    writer.endObject()
    return WrittenRecord(line: writer.bytes, warnings: warnings.union(other.warnings))
  }
}
