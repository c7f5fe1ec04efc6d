import Archive
import Base

/// The hashes along a conversation: each of the one before and a canonical message. Source: formats/datasets.md §10.
package struct ChainHash: Sendable {
  /// Of the system text, then of each message.
  package private(set) var hashes: [[UInt8]]

  /// The hashes of a sample.
  package init(_ sample: Sample) {
    hashes = [Digest.sha256(Array(CanonicalText.of(sample.system).utf8))]
    for turn in sample.turns {
      switch turn {
      case .client(let turn): add(turn)
      case .model(let turn): add(turn)
      }
    }
  }

  /// Of the whole conversation.
  package var last: [UInt8] { hashes[hashes.count - 1] }

  private mutating func add(_ turn: ClientTurn) {
    for result in turn.results { add("tool", result.content, name: result.name) }
    for segment in turn.segments { add(segment.isSystem ? "system" : "user", segment.content) }
  }

  private mutating func add(_ role: String, _ content: Content, name: String? = nil) {
    append([
      ("role", JSON(role)), ("text", JSON(CanonicalText.of(content.text(image: "")))), ("name", name.map { JSON($0) } ?? .null),
      ("images", .array(content.images.map { JSON($0.identity) })),
    ])
  }

  private mutating func add(_ turn: ModelTurn) { append(Self.members(turn)) }

  private mutating func append(_ members: [(String, JSON)]) {
    hashes.append(Digest.sha256(last + JSON.object(members).bytes))
  }

  /// What counts of a turn of the model: neither ids nor reasoning.
  static func canonical(_ turn: ModelTurn) -> JSON { .object(members(turn)) }

  private static func members(_ turn: ModelTurn) -> [(String, JSON)] {
    [
      ("role", "assistant"), ("text", JSON(CanonicalText.of(turn.chainText))),
      ("calls", .array(turn.calls.map { [JSON($0.name), sorted($0.argumentText)] })),
    ]
  }

  private static func sorted(_ arguments: String) -> JSON {
    guard let json = try? JSON(parsing: arguments) else { return JSON(arguments) }  // nil is right: a model may write anything
    return sorted(json)
  }

  private static func sorted(_ json: JSON) -> JSON {
    switch json.kind {
    case .object:
      let members = CleanJSON.members(json).sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
      return .object(members.map { ($0.name, sorted($0.value)) })
    case .array: return .array(json.elements.map { sorted($0) })
    case .string: return JSON(json.string ?? "")
    default: return json
    }
  }
}

extension Picture {
  /// What tells it from others.
  var identity: String {
    switch source {
    case .data: file ?? ""
    case .url(let url): url
    case .kept(let id): id
    }
  }
}
