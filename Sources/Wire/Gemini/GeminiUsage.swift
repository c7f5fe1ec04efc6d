import Base

extension Usage {
  /// Reads `usageMetadata`; nil when it is none. Source: wire-formats §8.
  init?(gemini json: JSON?) {
    guard let json, json.kind == .object, json.count > 0 else { return nil }
    self.init()
    for (name, value) in json.members {
      let count = max(0, value.int ?? 0)
      switch name {
      case "promptTokenCount", "toolUsePromptTokenCount": input = Self.sum(input, count)
      case "candidatesTokenCount": output = Self.sum(output, count)
      case "thoughtsTokenCount":
        output = Self.sum(output, count)
        reasoning = count
      case "cachedContentTokenCount": cacheRead = count
      case "promptTokensDetails": (inputAudio, inputImage) = Self.details(value)
      case "candidatesTokensDetails": (outputAudio, outputImage) = Self.details(value)
      default: break
      }
    }
  }

  private static func sum(_ left: Int, _ right: Int) -> Int {
    let (sum, isTooLarge) = left.addingReportingOverflow(right)
    return isTooLarge ? .max : sum
  }

  private static func details(_ list: JSON) -> (audio: Int, image: Int) {
    var counts = (audio: 0, image: 0)
    for detail in list.elements {
      let count = max(0, detail["tokenCount"]?.int ?? 0)
      switch detail["modality"]?.string {
      case "AUDIO": counts.audio = count
      case "IMAGE": counts.image = count
      default: break
      }
    }
    return counts
  }

  /// Writes `usageMetadata`; counters of details that are 0 are left out.
  func writeGemini(_ writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("promptTokenCount", input)
    writer.member("candidatesTokenCount", max(0, output - reasoning))
    writer.member("totalTokenCount", total)
    if reasoning > 0 { writer.member("thoughtsTokenCount", reasoning) }
    if cacheRead > 0 { writer.member("cachedContentTokenCount", cacheRead) }
    writer.endObject()
  }
}
