import Base
import Testing

@testable import Archive

/// The bytes of hexadecimal digits.
private func bytes(_ hex: String) -> [UInt8] {
  var digits = hex.utf8.map { UInt8($0 < 97 ? $0 - 48 : $0 - 87) }[...]
  var bytes: [UInt8] = []
  while let high = digits.popFirst(), let low = digits.popFirst() { bytes.append(high << 4 | low) }
  return bytes
}

private let text = Array("Apus keeps what was said. Apus keeps what was said. Apus keeps what was said. ".utf8)
// Made of that text with Python's gzip and zlib, zstd 1.5, and Node's brotli.
private let gzip = "1f8b0800000000000203732c282d56c84e4d2d285628cf482c51284f2c56284ecc4cd153702443060004a7c73d4e000000"
private let zlib = "78da732c282d56c84e4d2d285628cf482c51284f2c56284ecc4cd153702443060048381b5e"
private let deflate = "732c282d56c84e4d2d285628cf482c51284f2c56284ecc4cd1537024430600"
private let zstd = "28b52ffd00680d0100d041707573206b6565707320776861742077617320736169642e200100a6cf3906"
private let brotli = "1b4d00f81d09362ef2b98f64a30c02a9abb5bb0e2b839b939ae8e24ca650d04cd547ab4f9e4237"

// 16 MiB of zeros each, with Python's gzip (twice) and Node's brotli.
private let gzipBomb =
  "1f8b0800000000000203eddaad0dc2601486d1fe201a04e011740c0c82902050986ac21038441324861548a866059882b00341a009a51f43209a73d4abaf7c7247fb2c0a9"
  + "2f4718de3669487cff9997523000000a0e5cafb2e0d3120caebdb7c59000000006db7eef73abf28f05e0da7ce01000000ad574dc67968018357bd99251e25000000e00f2e"
  + "c5e2b83d3523fe020e73c8b6c83f0000"
private let brotliBomb = "cbffff3ff82700e2b14020f7fe2ffffffff04f00c4611180eefd1f"
/// 128 KiB of zeros as a frame of one block, RFC 8878 §3.1.1.
private let zstdZeros = "28b52ffd005803001000"

@Suite struct `A content coding` {
  private static let coded = [
    ("gzip", gzip), ("x-gzip", gzip), ("GZip", gzip), ("deflate", zlib), ("deflate", deflate), ("br", brotli), ("zstd", zstd),
    // Several texts behind each other are one.
    ("gzip", gzip + gzip), ("zstd", zstd + zstd),
    // What stands behind the end is ignored.
    ("gzip", gzip + "0000"), ("deflate", zlib + "00"), ("br", brotli + "00"),
  ]

  @Test(arguments: coded)
  func `comes off`(coding: String, hex: String) {
    let times = hex == gzip + gzip || hex == zstd + zstd ? 2 : 1
    let whole = Array([[UInt8]](repeating: text, count: times).joined())
    #expect(ContentCoding.decode(bytes(hex), coding: coding) == ContentCoding.Decoded(bytes: whole))
  }

  @Test(arguments: coded)
  func `of a body that was cut off gives what came`(coding: String, hex: String) throws {
    let all = bytes(hex)
    var longest = 0
    for count in 1..<all.count {
      let decoded = try #require(ContentCoding.decode(Array(all.prefix(count)), coding: coding))
      #expect((text + text).starts(with: decoded.bytes) && decoded.bytes.count >= longest)
      // Only behind the end of one text may a cut not be seen.
      #expect(decoded.isCut || decoded.bytes == text)
      longest = decoded.bytes.count
    }
    #expect(coding == "zstd" || longest > 20)
  }

  @Test(arguments: [
    ("", ""), ("identity", ""), ("br", "br"), ("gzip, gzip", "gzip gzip"), (" GZIP ,identity,, gzip", "gzip gzip"),
    ("gzip,gzip,gzip,gzip", "gzip gzip gzip gzip"),
  ])
  func `of a list comes off from the last to the first`(coding: String, layers: String) throws {
    let layers = layers.split(separator: " ").count
    var body = text
    if coding == "br" { body = bytes(brotli) } else { for _ in 0..<layers { body = stored(body) } }
    #expect(ContentCoding.decode(body, coding: coding) == ContentCoding.Decoded(bytes: text))
  }

  /// A gzip file that holds the bytes as they are. The sum at its end is wrong for any other text: so it is left out where it is tested.
  private func stored(_ content: [UInt8]) -> [UInt8] {
    let count = UInt16(content.count)
    let length = [UInt8(count & 255), UInt8(count >> 8)]
    let head = bytes("1f8b0800000000000003") + [1] + length + length.map { ~$0 }
    let sum = crc(content)
    return head + content + (0..<4).map { UInt8(sum >> ($0 * 8) & 255) } + length + [0, 0]
  }

  /// Source: RFC 1952 §8.
  private func crc(_ content: [UInt8]) -> UInt32 {
    ~content.reduce(~0 as UInt32) { sum, byte in
      (0..<8).reduce(sum ^ UInt32(byte)) { sum, _ in sum & 1 == 1 ? 0xEDB8_8320 ^ (sum >> 1) : sum >> 1 }
    }
  }

  @Test(arguments: ["compress", "gzip, sdch", "aes128gcm", "gzip gzip", "gzip,gzip,gzip,gzip,gzip"])
  func `that is not known gives nothing`(coding: String) {
    #expect(ContentCoding.decode(text, coding: coding) == nil)
  }

  @Test(arguments: [
    ("gzip, gzip", gzipBomb, 1 << 20), ("br", brotliBomb, 1 << 20), ("zstd", String(repeating: zstdZeros, count: 100), 1 << 20),
    ("gzip", gzip, text.count - 1), ("zstd", zstd, 0),
  ])
  func `makes no more than the limit`(coding: String, hex: String, limit: Int) throws {
    let decoded = try #require(ContentCoding.decode(bytes(hex), coding: coding, limit: limit))
    #expect(decoded.bytes.count == limit && decoded.isCut)
  }

  @Test(arguments: [("gzip", gzip), ("deflate", zlib), ("deflate", deflate), ("br", brotli), ("zstd", zstd)])
  func `makes what is just the limit`(coding: String, hex: String) {
    #expect(ContentCoding.decode(bytes(hex), coding: coding, limit: text.count) == ContentCoding.Decoded(bytes: text))
  }

  // A window of 16 MiB; bytes that are none of that coding; nothing at all.
  @Test(arguments: [
    ("zstd", "28b52ffd007003001000", true), ("gzip", "00112233", true), ("br", "ffffffffff", true), ("zstd", "0011223344", true),
    ("deflate", "ffff", true), ("gzip", "", false), ("br", "", false),
  ])
  func `that is broken gives nothing but that`(coding: String, hex: String, isCut: Bool) {
    #expect(ContentCoding.decode(bytes(hex), coding: coding) == ContentCoding.Decoded(bytes: [], isCut: isCut))
  }

  @Test(arguments: [("gzip", gzip), ("deflate", zlib), ("deflate", deflate), ("br", brotli), ("zstd", zstd), ("br", brotliBomb)])
  func `that is damaged stays within the limit`(coding: String, hex: String) throws {
    let whole = bytes(hex)
    for position in whole.indices {
      for bit in 0..<8 {
        var damaged = whole
        damaged[position] ^= 1 << bit
        let decoded = try #require(ContentCoding.decode(damaged, coding: coding, limit: 200_000))
        #expect(decoded.bytes.count <= 200_000)
      }
    }
  }
}
