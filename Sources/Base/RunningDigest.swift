internal import COpenSSL

/// SHA-256 of bytes that come in pieces. Source: FIPS 180-4.
@safe
package final class RunningDigest {
  private let context: OpaquePointer

  /// The digest of nothing yet.
  package init() {
    guard let context = unsafe EVP_MD_CTX_new(), unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1 else {
      preconditionFailure("OpenSSL lacks a digest")
    }
    unsafe self.context = context
  }

  deinit {
    unsafe EVP_MD_CTX_free(context)
  }

  /// Takes a piece in.
  package func add(_ bytes: [UInt8]) {
    // The bytes live through the call.
    let done = unsafe EVP_DigestUpdate(context, bytes, bytes.count)
    precondition(done == 1, "OpenSSL's digest failed")
  }

  /// The 32 bytes; nothing may be added after it.
  package func end() -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: 32)
    // It writes the 32 bytes of SHA-256.
    let done = unsafe EVP_DigestFinal_ex(context, &digest, nil)
    precondition(done == 1, "OpenSSL's digest failed")
    return digest
  }
}
