/// A text that must not be seen: it prints as `***`, also in descriptions of what holds it.
package struct Secret: Sendable {
  /// The text itself; for the place that sends or stores it.
  package let exposed: String

  /// Hides a text.
  package init(_ text: String) {
    exposed = text
  }

  /// Whether there is no text at all.
  package var isEmpty: Bool { exposed.isEmpty }
}

extension Secret: Equatable {
  /// Whether both are the same, in a time that says nothing about where they differ.
  package static func == (left: Secret, right: Secret) -> Bool {
    Digest.constantTimeEqual(left.exposed.utf8.span, right.exposed.utf8.span)
  }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// Three stars.
  package var description: String { "***" }
  /// Three stars.
  package var debugDescription: String { "***" }
  /// Nothing to look into.
  package var customMirror: Mirror { Mirror(self, children: []) }
}
