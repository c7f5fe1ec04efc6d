/// The exact words that stand for what a wire can't say. Source: wire-formats §2.9.
package enum Emulation {
  /// A system turn that can't be sent as one.
  package static func system(_ text: String) -> String { "<system>\n\(text)\n</system>" }
  /// A result of a tool that failed, where there is no flag for it.
  package static func error(_ text: String) -> String { "Error: " + text }
  /// A text document, where there are no documents.
  package static func document(_ text: String, title: String?) -> String {
    "<document\(title.map { " title=\"\($0)\"" } ?? "")>\n\(text)\n</document>"
  }
  /// The text of a result that has only images, where results can't have any.
  package static let imageBelow = "[image attached below]"
  /// What stands before an image that came in a result.
  package static func image(of id: String) -> String { "[image from tool result \(id)]" }
  /// The result of a call that nobody answered.
  package static let noResult = "No result was provided for this tool call."
  /// A result that answers no call.
  package static func strayResult(_ id: String, _ text: String) -> String { "[tool result \(id)]\n\(text)" }
  /// The wish for JSON, where there is no mode for it.
  package static let json = "Respond with a single valid JSON object and nothing else."
}
