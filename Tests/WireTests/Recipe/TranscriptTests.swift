import Base
import FoundationEssentials
import Testing
@testable import Wire

/// The reply streams that lie beside the protocol documents, each with the result it must give.
enum Transcripts {
  struct Case: Sendable, CustomTestStringConvertible {
    var file: String
    var provider: String
    var variant: String
    var status: Int
    var type: String

    var testDescription: String { file }
  }

  static let folder: String = {
    if let shared = ProcessInfo.processInfo.environment["APUS_SHARED"] { return shared + "/protocols/transcripts" }
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(4)
    return parts.joined(separator: "/") + "/../shared/protocols/transcripts"
  }()

  static let platforms = ["deepseek", "kimi", "metaso", "doubao", "qwen", "zhipu", "minimax", "edgeone", "ernie"]

  /// The file that reads a dialect; none for Wenxin Yiyan's web app, which has no provider.
  static func provider(_ platform: String, _ variant: String) -> String? {
    switch variant {
    case "intl-v2": "qwen-intl"
    case "openai-like": "edgeone"
    case "qianfan-v2": "qianfan"
    case "yiyan-web": nil
    default: platform + "-web"
    }
  }

  static let all: [Case] = platforms.flatMap { platform -> [Case] in
    guard let data = FileManager.default.contents(atPath: "\(folder)/\(platform)-manifest.json"),
      let manifest = try? JSON(parsing: [UInt8](data))
    else { return [] }
    return (manifest["cases"]?.elements).map(Array.init)?.compactMap { item in
      guard let file = item["file"]?.string, let variant = item["dialect"]?.string, let provider = provider(platform, variant) else {
        return nil
      }
      return Case(
        file: file, provider: provider, variant: variant,
        status: item["http_status"]?.int ?? 200, type: item["content_type"]?.string ?? "")
    } ?? []
  }

  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try #require(FileManager.default.contents(atPath: folder + "/" + name)))
  }
}

@Suite struct `A recorded stream of a web app` {
  @Test func `lies beside this checkout`() {
    #expect(Transcripts.all.count == 104)
  }

  @Test(arguments: Transcripts.all)
  func `gives what it must, in any cut`(item: Transcripts.Case) throws {
    let expected = try JSON(
      parsing: Transcripts.bytes(item.file.split(separator: ".").dropLast().joined(separator: ".") + ".expected.json"))
    let file = try RecipeFiles.provider(item.provider, variant: item.variant)
    let bytes = try Transcripts.bytes(item.file)
    for (pieces, isWhole) in [(Cut.whole, false), (.bytes, false), (.random(7), false), (.random(31), false), (.random(5), true)] {
      let replay = RecipeReplay(file, status: item.status, contentType: item.type, isWhole: isWhole)
      let result = replay.result(bytes) { pieces.cut($0) }
      // Of a whole reply that failed nothing was sent, so that another attempt can be made.
      if !isWhole || expected["error"]?.isNull == true {
        #expect(result["content"] == expected["content"], "\(pieces)")
        #expect(result["reasoning"] == expected["reasoning"], "\(pieces)")
      }
      #expect(result["finish_reason"] == expected["finish_reason"], "\(pieces)")
      #expect(result["references"] == expected["references"], "\(pieces)")
      #expect(result["error"]?["type"] == expected["error"]?["type"], "\(pieces)")
      #expect(result["error"]?["status"] == expected["error"]?["status"], "\(pieces)")
      #expect(expected["error"]?.isNull == true || result["error"]?["message"]?.string?.isEmpty == false)
    }
  }
}

@Suite struct `A recorded answer of a web app that went well` {
  @Test(arguments: Transcripts.all)
  func `has nothing that its file does not know`(item: Transcripts.Case) throws {
    let file = try RecipeFiles.provider(item.provider, variant: item.variant)
    var drift = RecipeDrift()
    let bytes = try Transcripts.bytes(item.file)
    let result = RecipeReplay(file, status: item.status, contentType: item.type).result(bytes, drift: &drift)
    // One stream has an event of the future planted in it.
    let hasPlanted = String(decoding: bytes, as: UTF8.self).contains("zz_future_event")
    #expect(result["error"]?.isNull != true || drift.isEmpty != hasPlanted, "\(drift)")
  }
}

/// Ways to cut bytes.
enum Cut: Sendable {
  case whole, bytes
  case random(UInt64)

  func cut(_ bytes: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
    switch self {
    case .whole: return [bytes]
    case .bytes: return bytes.indices.map { bytes[$0...$0] }
    case .random(let seed):
      var state = seed
      var pieces: [ArraySlice<UInt8>] = []
      var rest = bytes
      while !rest.isEmpty {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        let count = Int(state >> 59) + 1
        pieces.append(rest.prefix(count))
        rest = rest.dropFirst(count)
      }
      return pieces
    }
  }
}

enum RecipeFiles {
  static func provider(_ name: String, variant: String? = nil) throws -> ProviderFile {
    let bytes = try #require(`The embedded provider files`.files.first { $0.name == name + ".yaml" }).bytes
    let mistakes = Mistakes()
    let setting = try #require(Setting.read(bytes, name: name + ".yaml", into: mistakes))
    let file = ProviderFile.read(setting, variant: variant, into: mistakes)
    #expect(mistakes.sorted.map(\.description) == [])
    return try #require(file)
  }
}
