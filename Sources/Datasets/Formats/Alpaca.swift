import Base

/// Alpaca with a history: questions and answers in text alone. Source: formats/datasets.md §8.
struct Alpaca {
  private let shareGPT: ShareGPT

  init(_ sample: Sample, _ options: FormatOptions) throws(Refusal) {
    shareGPT = try ShareGPT(sample, options)
    guard !sample.hasMidSystem else { throw Refusal(.notInFormat, "a system text within the conversation") }
    guard shareGPT.tools.isEmpty, shareGPT.images.isEmpty, shareGPT.turns.allSatisfy({ $0.from == "human" || $0.from == "gpt" }) else {
      throw Refusal(.notInFormat, "tools or images")
    }
  }

  var record: WrittenRecord {
    let values = shareGPT.turns.map(\.value)
    let history = stride(from: 0, to: values.count - 2, by: 2).map { [JSON(values[$0]), JSON(values[$0 + 1])] as JSON }
    var writer = JSONWriter(capacity: 1024)
    writer.beginObject()
    writer.member("instruction", values[values.count - 2])
    writer.member("input", "")
    writer.member("output", values[values.count - 1])
    writer.member("system", shareGPT.system)
    writer.member("history", .array(history))
    writer.endObject()
    return WrittenRecord(line: writer.bytes, warnings: shareGPT.warnings)
  }
}

extension Sample {
  /// Whether the system spoke again after the beginning.
  fileprivate var hasMidSystem: Bool {
    turns.contains { if case .client(let turn) = $0 { turn.segments.contains(where: \.isSystem) } else { false } }
  }
}
