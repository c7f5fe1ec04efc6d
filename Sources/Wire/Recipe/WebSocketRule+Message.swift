package import Base

extension WebSocketRule {
  /// Whether a message is what a line of the script waits for. Throws what it means when it is an error.
  package static func fits(
    _ message: [UInt8], _ conditions: [(path: JSONPath, predicate: Predicate)], rules: [ErrorRule]
  ) throws(Fault) -> Bool {
    let frame = RecipeFrame(message[...])
    guard let json = frame.json else { return false }
    if let fault = rules.fault(of: UpstreamAnswer(frame: json)) { throw fault }
    return conditions.allSatisfy { $0.predicate.matches($0.path.all(in: json, variables: frame.variables)) }
  }
}
