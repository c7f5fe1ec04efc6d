import Base
import COpenSSL

/// TLS on one descriptor. The descriptor belongs to the socket.
@safe
final class TLSSession {
  enum Step { case done, wantsRead, wantsWrite }
  enum Outcome { case bytes(Int), wantsRead, wantsWrite, end, failed }

  private let ssl: OpaquePointer

  /// The client's side: checks that the certificate is for `host`, a name or an address, when the context verifies.
  init(connecting fd: Int32, host: String, isAddress: Bool, _ context: TLSContext, resuming: TLSResumption?) throws(Fault) {
    guard let ssl = unsafe SSL_new(context.pointer) else { throw Fault(.internal, "TLS could not start.") }
    unsafe self.ssl = ssl
    _ = unsafe SSL_set_fd(ssl, fd)
    unsafe SSL_set_connect_state(ssl)
    if isAddress {
      _ = unsafe X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host)
    } else {
      _ = unsafe SSL_set1_host(ssl, host)
      _ = unsafe ossl_set_server_name(ssl, host)
    }
    if let session = unsafe resuming?.session { _ = unsafe SSL_set_session(ssl, session) }
  }

  /// The server's side.
  init(accepting fd: Int32, _ context: TLSContext) throws(Fault) {
    guard let ssl = unsafe SSL_new(context.pointer) else { throw Fault(.internal, "TLS could not start.") }
    unsafe self.ssl = ssl
    _ = unsafe SSL_set_fd(ssl, fd)
    unsafe SSL_set_accept_state(ssl)
  }

  deinit {
    unsafe SSL_free(ssl)
  }

  /// Goes on with the handshake. Throws `broken` with OpenSSL's reason in the detail.
  func handshake() throws(Fault) -> Step {
    ERR_clear_error()
    let result = unsafe SSL_do_handshake(ssl)
    guard result != 1 else { return .done }
    switch unsafe SSL_get_error(ssl, result) {
    case SSL_ERROR_WANT_READ: return .wantsRead
    case SSL_ERROR_WANT_WRITE: return .wantsWrite
    default:
      let reason = unsafe X509_verify_cert_error_string(SSL_get_verify_result(ssl)).map { unsafe String(cString: $0) } ?? ""
      throw Fault(.broken, "The upstream's TLS handshake failed.", detail: "\(TLSContext.lastError()); certificate: \(reason)")
    }
  }

  /// Whether the handshake agreed on HTTP/2.
  var isHTTP2: Bool {
    var name: UnsafePointer<UInt8>?
    var length: UInt32 = 0
    unsafe SSL_get0_alpn_selected(ssl, &name, &length)
    // ALPN names are `length` bytes at `name`, owned by the session.
    return unsafe length == 2 && name.map { unsafe $0[0] == UInt8(ascii: "h") && $0[1] == UInt8(ascii: "2") } == true
  }

  /// The session for the next connection to the same origin. Only after some bytes were read: TLS 1.3 sends it late.
  func resumption() -> TLSResumption? {
    unsafe SSL_get1_session(ssl).flatMap { unsafe TLSResumption($0) }
  }

  func read(into buffer: inout [UInt8]) -> Outcome {
    ERR_clear_error()
    let result = unsafe buffer.withUnsafeMutableBytes { unsafe SSL_read(ssl, $0.baseAddress, Int32($0.count)) }
    return outcome(result)
  }

  func write(_ bytes: ArraySlice<UInt8>) -> Outcome {
    ERR_clear_error()
    let result = unsafe bytes.withUnsafeBytes { unsafe SSL_write(ssl, $0.baseAddress, Int32(clamping: $0.count)) }
    return outcome(result)
  }

  /// Tells the peer that nothing more comes.
  func shutdown() {
    ERR_clear_error()
    _ = unsafe SSL_shutdown(ssl)
  }

  private func outcome(_ result: Int32) -> Outcome {
    guard result <= 0 else { return .bytes(Int(result)) }
    switch unsafe SSL_get_error(ssl, result) {
    case SSL_ERROR_WANT_READ: return .wantsRead
    case SSL_ERROR_WANT_WRITE: return .wantsWrite
    case SSL_ERROR_ZERO_RETURN: return .end
    default: return .failed
    }
  }
}

/// A TLS session that a later connection may resume.
@safe
final class TLSResumption {
  fileprivate let session: OpaquePointer

  /// Takes over one reference of `session`; nil when it can't be resumed.
  fileprivate init?(_ session: OpaquePointer) {
    unsafe self.session = session
    guard unsafe SSL_SESSION_is_resumable(session) == 1 else { return nil }
  }

  deinit {
    unsafe SSL_SESSION_free(session)
  }
}
