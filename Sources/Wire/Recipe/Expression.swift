package import Base

/// A pure expression of a provider file: texts in quotes, numbers, variables, `+`, and functions of a closed list.
///
/// Source: recipes-and-learning.md §5.
package struct RecipeExpression: Sendable {
  /// The text as it was written.
  package let text: String
  /// What it computes.
  package let formula: Formula

  /// The variables in it, as `cred.TOKEN`.
  package var variables: [String] { formula.names.map(\.description) }

  /// Reads an expression; `.invalid` for an unknown function or a wrong form.
  package init(parsing text: String) throws(Fault) {
    formula = try Formula(text)
    self.text = text
  }
}
