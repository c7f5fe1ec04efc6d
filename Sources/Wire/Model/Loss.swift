/// A change of meaning on the way from one wire to another, reported as `path:action`. Source: wire-formats §2.3.
package struct Loss: Sendable, Hashable, CustomStringConvertible {
  /// What was done.
  package enum Action: String, Sendable, CaseIterable {
    case dropped, clamped, truncated, emulated, downgraded, renamed, synthesized, fetched, estimated
  }

  /// The place in the source, as `messages[1].content[0]`.
  package var path: String
  /// What was done there.
  package var action: Action

  /// A report of what was done at a place.
  package init(_ path: String, _ action: Action) {
    self.path = path
    self.action = action
  }

  /// `path:action`, as in the header `x-apus-losses`.
  package var description: String { "\(path):\(action.rawValue)" }
}
