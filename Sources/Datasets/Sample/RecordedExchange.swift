package import Base
package import Wire

/// One exchange as it was recorded: what training data is made of.
package struct RecordedExchange: Sendable {
  /// The wire of both bodies; nil where it was no conversation.
  package var wire: ClientWire?
  /// What the client sent, without its content coding.
  package var request: [UInt8]
  /// What the client got: its status and body, without its content coding.
  package var status: Int
  /// The body that came, whole JSON or a stream.
  package var response: [UInt8]
  /// The items that `previous_response_id` stands for; nil where they aren't known.
  package var history: [JSON]?
  /// The index of the choice that is read as the answer.
  package var choice = 0

  /// An exchange.
  package init(wire: ClientWire?, request: [UInt8], status: Int, response: [UInt8], history: [JSON]? = nil) {
    self.wire = wire
    self.request = request
    self.status = status
    self.response = response
    self.history = history
  }
}
