internal import COpenSSL

/// Digests and codes over bytes, by OpenSSL.
package enum Digest {
  /// The 32 bytes of SHA-256. Source: FIPS 180-4.
  package static func sha256(_ bytes: [UInt8]) -> [UInt8] {
    unsafe digest(bytes, EVP_sha256(), length: 32)
  }

  /// The 16 bytes of MD5, which protects nothing: some sites sign with it. Source: RFC 1321.
  package static func md5(_ bytes: [UInt8]) -> [UInt8] {
    unsafe digest(bytes, EVP_md5(), length: 16)
  }

  /// The 20 bytes of SHA-1, which protects little: some sites sign with it. Source: FIPS 180-4.
  package static func sha1(_ bytes: [UInt8]) -> [UInt8] {
    unsafe digest(bytes, EVP_sha1(), length: 20)
  }

  /// The 32 bytes of HMAC-SHA-256. Source: RFC 2104.
  package static func hmacSHA256(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] {
    unsafe hmac(bytes, key, EVP_sha256(), length: 32)
  }

  /// The 20 bytes of HMAC-SHA-1. Source: RFC 2104.
  package static func hmacSHA1(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] {
    unsafe hmac(bytes, key, EVP_sha1(), length: 20)
  }

  /// The 16 bytes of HMAC-MD5. Source: RFC 2104.
  package static func hmacMD5(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] {
    unsafe hmac(bytes, key, EVP_md5(), length: 16)
  }

  private static func hmac(_ bytes: [UInt8], _ key: [UInt8], _ kind: OpaquePointer, length: Int) -> [UInt8] {
    var code = [UInt8](repeating: 0, count: length)
    // Both inputs and the output live through the call, which writes `length` bytes; OpenSSL owns the kind for ever.
    let done = unsafe HMAC(kind, key, Int32(key.count), bytes, bytes.count, &code, nil)
    unsafe precondition(done != nil, "OpenSSL lacks a code")
    return code
  }

  /// Whether two codes are the same, in a time that says nothing about where they differ.
  package static func constantTimeEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
    guard left.count == right.count else { return false }
    // The counts are equal, so the comparison stays within both, and the pointers within the closures.
    return unsafe left.withUnsafeBytes { left in
      unsafe right.withUnsafeBytes { unsafe CRYPTO_memcmp(left.baseAddress, $0.baseAddress, $0.count) == 0 }
    }
  }

  private static func digest(_ bytes: [UInt8], _ kind: OpaquePointer, length: Int) -> [UInt8] {
    var digest = [UInt8](repeating: 0, count: length)
    // The kind's digests are `length` bytes long; OpenSSL owns the kind for ever.
    let done = unsafe EVP_Digest(bytes, bytes.count, &digest, nil, kind, nil)
    precondition(done == 1, "OpenSSL lacks a digest")
    return digest
  }
}

extension Digest {
  /// The bytes in lower-case hexadecimal digits.
  package static func hex(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// So many bytes that nobody can guess.
  package static func random(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    // It fills exactly `count` bytes of the array.
    let done = unsafe RAND_bytes(&bytes, Int32(count))
    precondition(done == 1, "The system has no randomness")
    return bytes
  }

  /// So many letters and digits that nobody can guess; 22 of them hold 131 bits.
  package static func randomText(_ count: Int) -> String {
    let letters = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)
    var text: [UInt8] = []
    while text.count < count {
      // Bytes from 248 on would make the first eight letters likelier.
      for byte in random(count - text.count + 8) where byte < 248 && text.count < count { text.append(letters[Int(byte) % 62]) }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
