import Testing

@testable import Base

@Suite struct `A digest` {
  // Vectors: FIPS 180-4 examples, RFC 1321 §A.5, RFC 4231 §4.2, §4.3 and §4.7.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "d41d8cd98f00b204e9800998ecf8427e"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "900150983cd24fb0d6963f7d28e17f72"),
  ])
  func `has the value of its standard`(text: String, sha256: String, md5: String) {
    #expect(Digest.hex(Digest.sha256(Array(text.utf8))) == sha256)
    #expect(Digest.hex(Digest.md5(Array(text.utf8))) == md5)
  }

  @Test(
    arguments: [
      (Array(repeating: 0x0B, count: 20), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
      (Array("Jefe".utf8), "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
      (
        Array(repeating: 0xAA, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
      ),
    ] as [([UInt8], String, String)])
  func `with a key has the value of its standard`(key: [UInt8], text: String, code: String) {
    #expect(Digest.hex(Digest.hmacSHA256(Array(text.utf8), key: key)) == code)
  }

  @Test func `compares with another in constant time`() {
    for (left, right) in [([1, 2], [1, 2]), ([], []), ([1, 2], [1, 3]), ([1, 2], [1, 2, 3])] as [([UInt8], [UInt8])] {
      #expect(Digest.constantTimeEqual(left.span, right.span) == (left == right))
    }
  }

  @Test func `has randomness beside it`() {
    #expect(Digest.random(32).count == 32)
    #expect(Digest.random(32) != Digest.random(32))
    let text = Digest.randomText(22)
    #expect(text.count == 22)
    #expect(text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) })
    #expect(text != Digest.randomText(22))
  }
}

@Suite struct `A Base64 text` {
  // Vectors: RFC 4648 §10.
  @Test(arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
  ])
  func `goes both ways`(text: String, code: String) {
    #expect(Base64.encode(Array(text.utf8)) == code)
    #expect(Base64.decode(code) == Array(text.utf8))
    let bare = String(code.prefix { $0 != "=" })
    #expect(Base64.encode(Array(text.utf8), .urlSafe) == bare)
    #expect(Base64.decode(bare, .urlSafe) == Array(text.utf8))
  }

  @Test func `has two alphabets`() {
    #expect(Base64.encode([0xFB, 0xFF]) == "+/8=")
    #expect(Base64.encode([0xFB, 0xFF], .urlSafe) == "-_8")
    #expect(Base64.decode("-_8") == nil)
    #expect(Base64.decode("+/8", .urlSafe) == nil)
  }

  @Test(arguments: ["Z", "Zg=", "Zg===", "Z===", "Zh==", "Zm9=", "Zm 9v", "Zm9v\n", "====", "=", "Zg==Zg=="])
  func `that is wrong is refused`(code: String) {
    #expect(Base64.decode(code) == nil)
  }
}

@Suite struct `A secret` {
  @Test func `prints as stars wherever it is`() {
    struct Holder { let key = Secret("sk-123") }
    let secret = Secret("sk-123")
    var dumped = ""
    dump([Holder()], to: &dumped)
    for text in [
      "\(secret)", String(reflecting: secret), "\(Holder())", String(reflecting: [Holder()]), "\(Secret?.some(secret) as Any)", dumped,
    ] {
      #expect(text.contains("***"))
      #expect(!text.contains("sk-"))
    }
    #expect(secret.exposed == "sk-123")
  }

  @Test func `equals the same text only`() {
    #expect(Secret("a") == Secret("a"))
    #expect(Secret("a") != Secret("b"))
    #expect(Secret("").isEmpty)
  }
}
