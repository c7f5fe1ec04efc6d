import Base
import Synchronization

/// The model names that a vendor's own list gave last.
package final class VendorModels: Sendable {
  private let state = Mutex((names: [String](), asked: Int?.none))

  /// How long a list is used, nanoseconds.
  private static let lifetime = 60_000_000_000
  /// Names that are kept.
  static let most = 5000

  package var names: [String] { state.withLock { $0.names } }

  /// Whether it is time to ask; true for one caller only.
  package func isDue(now: Int) -> Bool {
    state.withLock { state in
      if let asked = state.asked, asked + Self.lifetime > now { return false }
      state.asked = now
      return true
    }
  }

  /// Keeps the names of an answer in OpenAI's shape; an answer of another shape changes nothing.
  func take(_ answer: [UInt8]) {
    guard let json = try? JSON(parsing: answer), let data = json["data"] else { return }  // nil is right: the list is an extra
    let names = data.elements.prefix(Self.most).compactMap { $0["id"]?.string }
    state.withLock { $0.names = names }
  }
}
