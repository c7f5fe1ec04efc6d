import Base

/// The members of a request that want something which only a store could give. Source: wire-formats §2.4, §3.2.
enum ResponsesState {
  /// Refuses them with `unsupported_parameter`; such as say nothing pass.
  static func refuse(_ body: JSON) throws(Fault) {
    for (name, value) in body.members where asks(name, value) {
      throw Fault(
        .invalid, "This gateway keeps no state: '\(name)' is not supported. Send the whole conversation in 'input'.",
        code: "unsupported_parameter", param: name)
    }
  }

  private static func asks(_ name: String, _ value: JSON) -> Bool {
    switch name {
    case "previous_response_id", "conversation", "prompt": !value.isNull
    case "background": value.bool == true
    case "context_management": value.count > 0
    default: false
    }
  }
}
