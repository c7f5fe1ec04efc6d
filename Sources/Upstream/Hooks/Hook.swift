package import Base

/// A value of a recipe that no expression can say: code of our own under a name and a version, out of a closed list.
///
/// A provider file names it as `vars.NAME: {hook: deepseek_pow@1, with: {…}}`; it brings no code itself.
package struct Hook: Sendable {
  /// What goes in by `with`, and what comes out as `{{NAME.MEMBER}}`.
  package typealias Values = [String: JSON]

  /// The name with its version, as `zhipu_stamp@1`.
  package let name: String
  /// The members that `with` must give.
  package let inputs: [String]
  /// The members of what comes out.
  package let outputs: [String]
  /// Whether it takes longer than a loop may be held, and so has a thread of its own.
  let isHeavy: Bool
  /// The work; the second argument says whether nobody waits for it any more.
  let work: @Sendable (Values, () -> Bool) throws(Fault) -> Values

  /// The hook of a name with its version; nil when there is none.
  package static func named(_ name: String) -> Hook? { all.first { $0.name == name } }

  /// All names, for messages.
  package static var names: [String] { all.map(\.name) }

  /// The values that come out. Ends when its task is cancelled.
  /// Throws `formatChanged` for an input that the site is not documented to give, `broken` for one that has no answer, `overloaded`
  /// when too many wait, `cancelled`.
  package func run(_ input: Values, on queue: HookQueue = .shared) async throws(Fault) -> Values {
    guard isHeavy else { return try work(input) { false } }
    return try await queue.run(work, input)
  }

  private static let all = [
    Hook(
      name: "deepseek_pow@1", inputs: ["challenge"], outputs: ["header", "answer"], isHeavy: true,
      work: { (input, isCancelled) throws(Fault) in try DeepSeekProof(input).solve(isCancelled) }),
    Hook(
      name: "zhipu_stamp@1", inputs: ["ms"], outputs: ["timestamp"], isHeavy: false,
      work: { (input, _) throws(Fault) in try ZhipuStamp.values(input) }),
  ]
}
