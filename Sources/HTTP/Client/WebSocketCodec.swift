import Base
import CWslay

/// The client's side of a WebSocket: bytes in, messages out, and back. Pure; wslay does the framing.
///
/// Pings are answered and a close is acknowledged by itself: `outgoing` then has bytes to send. Source: RFC 6455.
@safe
final class WebSocketCodec {
  /// Bytes that wait to be sent.
  private(set) var outgoing: [UInt8] = []
  /// Whether the peer has closed.
  private(set) var isClosed = false
  private var incoming: ArraySlice<UInt8> = []
  private var messages: [WebSocketMessage] = []
  private var context: wslay_event_context_ptr?

  /// Bytes of one message, its fragments joined.
  static let mostBytes = 8 << 20

  init() throws(Fault) {
    var callbacks = wslay_event_callbacks()
    unsafe callbacks.recv_callback = { context, buffer, length, _, user in unsafe WebSocketCodec.read(context, buffer, length, user) }
    unsafe callbacks.send_callback = { _, bytes, length, _, user in unsafe WebSocketCodec.write(bytes, length, user) }
    unsafe callbacks.genmask_callback = { _, buffer, length, _ in unsafe WebSocketCodec.mask(buffer, length) }
    unsafe callbacks.on_msg_recv_callback = { _, message, user in unsafe WebSocketCodec.take(message, user) }
    // The context lives as long as this object, and calls back only within calls of its methods.
    let user = unsafe Unmanaged.passUnretained(self).toOpaque()
    let made = unsafe wslay_event_context_client_init(&context, &callbacks, user)
    guard made == 0, let context = unsafe context else { throw Fault(.internal, "There is no memory for a WebSocket.") }
    unsafe wslay_event_config_set_max_recv_msg_length(context, UInt64(Self.mostBytes))
  }

  deinit {
    if let context = unsafe context { unsafe wslay_event_context_free(context) }
  }

  /// The messages that end in these bytes. Throws `broken` for a peer that breaks the rules or sends too much.
  func feed(_ bytes: ArraySlice<UInt8>) throws(Fault) -> [WebSocketMessage] {
    incoming = bytes
    let result = unsafe wslay_event_recv(context)
    defer { messages = [] }
    pump()
    // wslay answers a broken rule with a close of its own and reads no further.
    let readsOn = unsafe wslay_event_want_read(context) != 0
    guard result == 0, isClosed || readsOn && incoming.isEmpty else { throw Fault(.broken, "The upstream broke the rules of WebSocket.") }
    return messages
  }

  /// Makes a message's frame; `outgoing` has it then.
  func send(_ message: WebSocketMessage) {
    let opcode = message.isText ? WSLAY_TEXT_FRAME : WSLAY_BINARY_FRAME
    unsafe message.bytes.withUnsafeBufferPointer { bytes in
      // wslay copies the bytes within the call.
      var frame = unsafe wslay_event_msg(opcode: UInt8(opcode.rawValue), msg: bytes.baseAddress, msg_length: bytes.count)
      _ = unsafe wslay_event_queue_msg(context, &frame)
    }
    pump()
  }

  /// Says that nothing more will come.
  func close() {
    _ = unsafe wslay_event_queue_close(context, UInt16(WSLAY_CODE_NORMAL_CLOSURE.rawValue), nil, 0)
    pump()
  }

  /// The bytes that wait to be sent, once.
  func takeOutgoing() -> [UInt8] {
    defer { outgoing = [] }
    return outgoing
  }

  private func pump() {
    if unsafe wslay_event_want_write(context) != 0 { _ = unsafe wslay_event_send(context) }
  }
}

/// A message of a WebSocket.
package struct WebSocketMessage: Sendable, Equatable {
  /// The whole message.
  package var bytes: [UInt8]
  /// Whether it is text; else it is binary.
  package var isText: Bool

  /// Of bytes, which a text has in UTF-8.
  package init(_ bytes: [UInt8], isText: Bool = true) {
    self.bytes = bytes
    self.isText = isText
  }
}

// MARK: - What wslay calls

extension WebSocketCodec {
  // `user` is the codec that made the context and is in one of its methods; `buffer` has room for `length` bytes.

  private static func codec(_ user: UnsafeMutableRawPointer?) -> WebSocketCodec? {
    unsafe user.map { unsafe Unmanaged<WebSocketCodec>.fromOpaque($0).takeUnretainedValue() }
  }

  private static func read(
    _ context: wslay_event_context_ptr?, _ buffer: UnsafeMutablePointer<UInt8>?, _ length: Int, _ user: UnsafeMutableRawPointer?
  ) -> Int {
    guard let codec = unsafe codec(user), let buffer = unsafe buffer, !codec.incoming.isEmpty else {
      unsafe wslay_event_set_error(context, WSLAY_ERR_WOULDBLOCK.rawValue)
      return -1
    }
    let piece = codec.incoming.prefix(length)
    for (offset, byte) in piece.enumerated() { unsafe buffer[offset] = byte }
    codec.incoming = codec.incoming.dropFirst(piece.count)
    return piece.count
  }

  private static func write(_ bytes: UnsafePointer<UInt8>?, _ length: Int, _ user: UnsafeMutableRawPointer?) -> Int {
    unsafe codec(user)?.outgoing.append(contentsOf: UnsafeBufferPointer(start: bytes, count: length))
    return length
  }

  /// Masks must be unpredictable. Source: RFC 6455 §5.3.
  private static func mask(_ buffer: UnsafeMutablePointer<UInt8>?, _ length: Int) -> Int32 {
    guard let buffer = unsafe buffer else { return -1 }
    for (offset, byte) in Digest.random(length).enumerated() { unsafe buffer[offset] = byte }
    return 0
  }

  private static func take(_ message: UnsafePointer<wslay_event_on_msg_recv_arg>?, _ user: UnsafeMutableRawPointer?) {
    guard let codec = unsafe codec(user), let message = unsafe message?.pointee else { return }
    switch unsafe UInt32(message.opcode) {
    case WSLAY_CONNECTION_CLOSE.rawValue: codec.isClosed = true
    case WSLAY_TEXT_FRAME.rawValue, WSLAY_BINARY_FRAME.rawValue:
      let bytes = unsafe Array(UnsafeBufferPointer(start: message.msg, count: message.msg_length))
      codec.messages.append(WebSocketMessage(bytes, isText: unsafe UInt32(message.opcode) == WSLAY_TEXT_FRAME.rawValue))
    default: break
    }
  }
}
