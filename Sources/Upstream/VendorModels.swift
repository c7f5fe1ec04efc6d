import Base
import Synchronization

/// The model names that a vendor's own list gave last.
package final class VendorModels: Sendable {
  private let state = Mutex((names: [String](), asked: Int?.none))

  /// How long a list is used, nanoseconds.
  private static let lifetime = 60_000_000_000
  /// Names that are kept.
  static let most = 5000

  /// Those that the vendor listed last; none before it was asked.
  package var names: [String] { state.withLock { $0.names } }

  /// Whether it is time to ask; true for one caller only.
  package func isDue(now: Int) -> Bool {
    state.withLock { state in
      if let asked = state.asked, asked + Self.lifetime > now { return false }
      state.asked = now
      return true
    }
  }

  /// Keeps the names of an answer in the shape of OpenAI, Anthropic or Gemini; an answer of another shape changes nothing.
  func take(_ answer: [UInt8]) {
    // nil is right: the list is an extra
    guard let json = try? JSON(parsing: answer), let list = json["data"] ?? json["models"] else { return }
    let names = list.elements.prefix(Self.most).compactMap { Self.name($0) }
    state.withLock { $0.names = names }
  }

  /// `id`, or Gemini's `name` without `models/`.
  private static func name(_ model: JSON) -> String? {
    if let id = model["id"]?.string { return id }
    return model["name"]?.string.map { $0.hasPrefix("models/") ? String($0.dropFirst(7)) : $0 }
  }
}
