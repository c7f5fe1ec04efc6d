import CNghttp2

/// Who owns an HTTP/2 session and is told what comes in. Called within `H2Session.receive` and `output` only.
protocol H2SessionOwner: AnyObject {
  /// Fills `buffer` with the next bytes of a request's body; nil when the request was given up.
  func body(of id: Int32, into buffer: inout MutableRawSpan) -> (count: Int, isLast: Bool)?
  /// The fields behind a request's body; nil for none.
  func trailers(of id: Int32) -> Headers?
  /// A field of a reply's head or trailers; false when the head is too long.
  func received(_ name: borrowing Span<UInt8>, _ value: borrowing Span<UInt8>, of id: Int32) -> Bool
  func headEnded(of id: Int32)
  func received(_ data: borrowing Span<UInt8>, of id: Int32)
  /// The reply has come to its end.
  func ended(_ id: Int32)
  func closed(_ id: Int32, error: UInt32)
  /// The peer takes no further streams.
  func goingAway()
}

/// nghttp2's client session, and nothing else: bytes in, bytes out, callbacks to the owner.
@safe
final class H2Session {
  private let session: OpaquePointer
  private unowned let owner: any H2SessionOwner

  /// Bytes that the peer may send on the whole connection before it must wait; each stream has its own, smaller window.
  private static let connectionWindow: Int32 = 1 << 24

  /// Nil only when memory is short.
  init?(owner: any H2SessionOwner) {
    self.owner = owner
    var callbacks: OpaquePointer?
    var options: OpaquePointer?
    var session: OpaquePointer?
    guard unsafe nghttp2_session_callbacks_new(&callbacks) == 0, unsafe nghttp2_option_new(&options) == 0 else { return nil }
    defer {
      unsafe nghttp2_session_callbacks_del(callbacks)
      unsafe nghttp2_option_del(options)
    }
    unsafe nghttp2_option_set_no_auto_window_update(options, 1)
    unsafe Self.set(callbacks)
    guard unsafe nghttp2_session_client_new2(&session, callbacks, nil, options) == 0, let session = unsafe session else { return nil }
    unsafe self.session = session
    // The callbacks run within our own calls only, so that this object outlives every one of them.
    unsafe nghttp2_session_set_user_data(session, Unmanaged.passUnretained(self).toOpaque())
    begin()
  }

  deinit {
    unsafe nghttp2_session_del(session)
  }

  private func begin() {
    var settings = [
      nghttp2_settings_entry(settings_id: Int32(NGHTTP2_SETTINGS_ENABLE_PUSH.rawValue), value: 0),
      nghttp2_settings_entry(settings_id: Int32(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE.rawValue), value: UInt32(ClientStream.mostUnread)),
    ]
    unsafe nghttp2_submit_settings(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), &settings, settings.count)
    unsafe nghttp2_session_set_local_window_size(session, 0, 0, Self.connectionWindow)
  }

  /// How many streams the peer takes at once.
  var mostStreams: Int { Int(unsafe nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS)) }

  /// Whether nghttp2 neither reads nor writes any more.
  var isOver: Bool { unsafe nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0 }

  /// Hands bytes of the peer to nghttp2; false when they break the protocol.
  func receive(_ bytes: borrowing Span<UInt8>) -> Bool {
    unsafe bytes.withUnsafeBufferPointer { unsafe nghttp2_session_mem_recv(session, $0.baseAddress, $0.count) } >= 0
  }

  /// Bytes for the peer, up to about 64 KiB; empty when there is nothing to say.
  func output() -> [UInt8] {
    var out: [UInt8] = []
    while out.count < 65536 {
      var piece: UnsafePointer<UInt8>?
      let count = unsafe nghttp2_session_mem_send(session, &piece)
      guard count > 0 else { break }
      // nghttp2's buffer is valid until the next call.
      unsafe out.append(contentsOf: UnsafeBufferPointer(start: piece, count: count))
    }
    return out
  }

  /// Opens a stream; nil when the connection takes no more.
  func submit(_ request: ClientRequest, to origin: Origin) -> Int32? {
    let fields = H2Fields(request, origin)
    let id = unsafe fields.withPairs { pairs in
      var provider = unsafe nghttp2_data_provider()
      unsafe provider.read_callback = Self.readBody
      return request.body.isEmpty && request.trailers.count == 0
        ? unsafe nghttp2_submit_request(session, nil, pairs.baseAddress, pairs.count, nil, nil)
        : unsafe nghttp2_submit_request(session, nil, pairs.baseAddress, pairs.count, &provider, nil)
    }
    return id > 0 ? id : nil
  }

  /// The task took `count` bytes of a stream: its window opens again.
  func consumed(_ count: Int, of id: Int32) {
    unsafe nghttp2_session_consume_stream(session, id, count)
  }

  func reset(_ id: Int32) {
    unsafe nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), id, NGHTTP2_CANCEL.rawValue)
  }
}

// MARK: - Callbacks

extension H2Session {
  private static func owner(_ user: UnsafeMutableRawPointer?) -> (any H2SessionOwner)? {
    guard let user = unsafe user else { return nil }
    return unsafe Unmanaged<H2Session>.fromOpaque(user).takeUnretainedValue().owner
  }

  private static func set(_ callbacks: OpaquePointer?) {
    unsafe nghttp2_session_callbacks_set_on_header_callback(callbacks) { _, frame, name, nameCount, value, valueCount, _, user in
      guard let frame = unsafe frame, let owner = unsafe H2Session.owner(user) else { return 0 }
      // nghttp2 lends both strings for the length of the call.
      let name = unsafe UnsafeBufferPointer(start: name, count: nameCount)
      let value = unsafe UnsafeBufferPointer(start: value, count: valueCount)
      let isFine = unsafe owner.received(name.span, value.span, of: frame.pointee.hd.stream_id)
      return isFine ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
    }
    unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) { session, _, id, bytes, count, user in
      let data = unsafe UnsafeBufferPointer(start: bytes, count: count)
      unsafe nghttp2_session_consume_connection(session, count)
      unsafe H2Session.owner(user)?.received(data.span, of: id)
      return 0
    }
    unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, user in
      guard let frame = unsafe frame, let owner = unsafe H2Session.owner(user) else { return 0 }
      switch unsafe UInt32(frame.pointee.hd.type) {
      case NGHTTP2_HEADERS.rawValue: unsafe owner.headEnded(of: frame.pointee.hd.stream_id)
      case NGHTTP2_GOAWAY.rawValue: owner.goingAway()
      default: break
      }
      let carriesEnd = unsafe frame.pointee.hd.type <= NGHTTP2_HEADERS.rawValue  // DATA or HEADERS
      if unsafe carriesEnd && UInt32(frame.pointee.hd.flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0 {
        unsafe owner.ended(frame.pointee.hd.stream_id)
      }
      return 0
    }
    unsafe nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, id, error, user in
      unsafe H2Session.owner(user)?.closed(id, error: error)
      return 0
    }
  }

  private static let readBody: nghttp2_data_source_read_callback = { session, id, buffer, length, flags, _, user in
    guard let buffer = unsafe buffer, let owner = unsafe H2Session.owner(user) else { return 0 }
    // nghttp2 lends `length` bytes at `buffer` for the length of the call.
    var span = unsafe MutableRawSpan(_unsafeStart: buffer, byteCount: length)
    guard let (count, isLast) = owner.body(of: id, into: &span) else { return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue) }
    guard isLast else { return count }
    unsafe flags?.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
    guard let trailers = owner.trailers(of: id) else { return count }
    // The trailers end the stream instead; nghttp2 allows this call from here.
    unsafe flags?.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
    let isSubmitted = unsafe H2Fields(trailers: trailers).withPairs {
      unsafe nghttp2_submit_trailer(session, id, $0.baseAddress, $0.count)
    }
    return isSubmitted == 0 ? count : Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
  }
}
