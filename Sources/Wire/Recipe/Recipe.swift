import Base

/// How a provider without a standard wire is asked and how its answers are read: the `steps` of a provider file.
///
/// A value without I/O: Upstream runs it, `RecipeReader` reads with it. Source: provider-files.md §6, recipes-and-learning.md §5.
package struct Recipe: Sendable {
  /// The cookies that a session needs and those that it may have.
  package var requiredCookies: [String] = []
  /// Cookies that go up when the session has them.
  package var optionalCookies: [String] = []
  /// Private values that are no secrets and stay the same for a session.
  package var identity: [IdentityValue] = []
  /// Values made for requests.
  package var variables: [RecipeVariable] = []
  /// The native hooks it needs.
  package var hooks: [HookName] = []
  /// How the client's messages become what the site takes.
  package var history = HistoryRule()
  /// What is asked, in order.
  package var steps: [RecipeStep] = []
  /// The header fields that all requests have.
  var commonHeaders: [(name: String, value: RecipeTemplate)] = []
  /// The members of the query that all requests have.
  var commonQuery: [(name: String, value: RecipeTemplate)] = []
  /// What is asked when a message is done.
  package var cleanup: [CleanupRule] = []
  /// Whether tools are put into words of the prompt; else a call with tools is refused.
  package var emulatesTools = false
  /// Recorded events and what they must give, as a learned file has them.
  package var fixture: RecipeFixture?

  /// Nothing yet.
  package init() {}

  /// The step that asks for the answer.
  package var answerStep: RecipeStep? { steps.first { $0.scope == .message && $0.response != nil } }

  /// The step that goes on when a finish says `continue`.
  package var resumeStep: RecipeStep? { steps.first { $0.scope == .resume } }

  /// Whether images can go up.
  package var takesImages: Bool { steps.contains { $0.scope == .upload } }
}

/// A native hook and its version: `deepseek_pow@1`.
package struct HookName: Sendable, Hashable, CustomStringConvertible {
  /// Its name.
  package let name: String
  /// Its version, from 1.
  package let version: Int

  /// Reads `NAME@VERSION`; nil for another form.
  package init?(_ text: String) {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, parts[0].utf8.allSatisfy(\.isNameByte), let version = Int(parts[1]), version > 0 else {
      return nil
    }
    name = String(parts[0])
    self.version = version
  }

  /// `NAME@VERSION`.
  package var description: String { "\(name)@\(version)" }

  /// The hooks that this version has; a file that needs another one is refused.
  package static let known = ["deepseek_pow@1", "zhipu_stamp@1"]
}

/// The hashes of recorded events and of the answer they must give.
package struct RecipeFixture: Sendable, Equatable {
  /// The file of the events beside the provider file, nil for the usual one.
  package var events: String?
  /// SHA-256 of the events in hex.
  package var eventsHash: String?
  /// SHA-256 of the answer's text in hex.
  package var answerHash: String?

  init?(_ field: Field) {
    guard var fields = field.fields() else { return nil }
    events = fields["events"]?.string()
    eventsHash = fields["events_sha256"]?.string()
    answerHash = fields["answer_sha256"]?.string()
    fields.end()
  }
}
