import Base

extension ShareGPT {
  /// The record of two answers: what came before, and each answer apart. Source: formats/datasets.md §2, DPO.
  func record(rejecting other: ShareGPT) throws(Refusal) -> WrittenRecord {
    guard let chosen = turns.last, let rejected = other.turns.last else { throw Refusal(.roleOrder, "no turns") }
    var writer = JSONWriter(capacity: 1024)
    writer.beginObject()
    writer.key("conversations")
    Self.write(turns.dropLast(), &writer)
    writer.key("chosen")
    Self.write(chosen, &writer)
    writer.key("rejected")
    Self.write(rejected, &writer)
    writeRest(&writer)
    writer.endObject()
    return WrittenRecord(line: writer.bytes, warnings: warnings.union(other.warnings), images: images)
  }

  /// The record of an answer with a label. Source: formats/datasets.md §2, KTO.
  func record(isWanted: Bool) -> WrittenRecord {
    var writer = JSONWriter(capacity: 1024)
    writer.beginObject()
    writer.key("conversations")
    Self.write(turns[...], &writer)
    writer.member("kto_tag", isWanted)
    writeRest(&writer)
    writer.endObject()
    return WrittenRecord(line: writer.bytes, warnings: warnings, images: images)
  }

  /// The record of FastChat, which knows neither tools nor images and skips a system turn. Source: formats/datasets.md §3.
  var fastChatRecord: WrittenRecord {
    get throws(Refusal) {
      guard tools.isEmpty, images.isEmpty, turns.allSatisfy({ $0.from == "human" || $0.from == "gpt" }) else {
        throw Refusal(.notInFormat, "tools or images")
      }
      var writer = JSONWriter(capacity: 1024)
      writer.beginObject()
      writer.key("conversations")
      Self.write((system.isEmpty ? [] : [Turn(from: "system", value: system)]) + turns[...], &writer)
      writer.endObject()
      return WrittenRecord(line: writer.bytes, warnings: warnings)
    }
  }
}
