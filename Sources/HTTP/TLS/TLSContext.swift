package import Base
import COpenSSL

/// What TLS connections of one kind share: certificates, what is verified, sessions to resume. Immutable once made.
@safe
package final class TLSContext: @unchecked Sendable {
  // Sendable because OpenSSL's contexts may be used by several threads once they are set up, which `init` has done.
  let pointer: OpaquePointer

  deinit {
    unsafe SSL_CTX_free(pointer)
  }

  private init(_ method: OpaquePointer?) throws(Fault) {
    guard let pointer = unsafe SSL_CTX_new(method) else { throw Self.fault("no TLS context") }
    unsafe self.pointer = pointer
    unsafe ossl_set_modes(pointer)
    _ = unsafe ossl_require_tls12(pointer)
  }

  /// For connections to upstreams.
  /// `authorities`: a file of trusted certificates (PEM) instead of the system's store, where SSL_CERT_FILE is honoured.
  /// `verifies`: false accepts every certificate. `allowsHTTP2`: offers `h2` before `http/1.1`.
  /// Throws `internal` when the file can't be read.
  package convenience init(authorities: String?, verifies: Bool, allowsHTTP2: Bool) throws(Fault) {
    unsafe try self.init(TLS_client_method())
    let isLoaded =
      if let authorities { unsafe SSL_CTX_load_verify_file(pointer, authorities) } else { unsafe SSL_CTX_set_default_verify_paths(pointer) }
    guard isLoaded == 1 else { throw Self.fault("can't read the certificates of \(authorities ?? "the system")") }
    unsafe SSL_CTX_set_verify(pointer, verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nil)
    _ = unsafe ossl_cache_client_sessions(pointer)
    var protocols: [UInt8] = allowsHTTP2 ? [2] + "h2".utf8 : []
    protocols += [8] + "http/1.1".utf8
    _ = unsafe SSL_CTX_set_alpn_protos(pointer, protocols, UInt32(protocols.count))
  }

  /// For our own port. `certificate` (the chain) and `key` are files (PEM). Throws `internal` when they don't fit.
  package convenience init(certificate: String, key: String) throws(Fault) {
    unsafe try self.init(TLS_server_method())
    guard unsafe ossl_chain(pointer, certificate) == 1 else { throw Self.fault("can't read the certificate \(certificate)") }
    guard unsafe ossl_key(pointer, key) == 1, unsafe SSL_CTX_check_private_key(pointer) == 1 else {
      throw Self.fault("the key \(key) does not fit the certificate")
    }
  }

  private static func fault(_ what: String) -> Fault {
    Fault(.internal, "TLS: \(what).", detail: lastError())
  }

  /// OpenSSL's own words for what failed last on this thread.
  static func lastError() -> String {
    var text = [CChar](repeating: 0, count: 256)
    unsafe ERR_error_string_n(ERR_get_error(), &text, text.count)
    ERR_clear_error()
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
