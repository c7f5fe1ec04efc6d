import Base
import Testing

@testable import Wire

/// A moment and bytes that are always the same.
private let fixed = RecipeSource(
  now: { Timestamp(milliseconds: 1_771_229_508_176) }, random: { count in (0..<count).map { UInt8(truncatingIfNeeded: $0 + 1) } })

@Suite struct `An expression of a provider file` {
  /// What it comes to with these variables; nil without a value.
  private func value(_ text: String, _ variables: [String: JSON] = [:], request: RequestView? = nil) throws -> String? {
    let context = RecipeContext(source: fixed, request: request) { (name) throws(Fault) in variables[name.description].map { .json($0) } }
    return try RecipeExpression(parsing: text).formula.value(in: context)?.text
  }

  @Test(arguments: [
    // Texts and sums: every value counts as its text.
    (#""a" + 'b'"#, "ab"), (#"'it\'s' + "\n""#, "it's\n"), (#"n + "-" + t"#, "7-true"), ("(n + n) + n", "777"), ("-1", "-1"),
    // Functions. Source: RFC 1321 §A.5, FIPS 180-4, RFC 2202, RFC 4231 §4.3, RFC 4648 §10.
    (#"md5("abc")"#, "900150983cd24fb0d6963f7d28e17f72"), (#"sha1("abc")"#, "a9993e364706816aba3e25717850c26c9cd0d89d"),
    (#"sha256("abc")"#, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (#"hmac_md5("what do ya want for nothing?", "Jefe")"#, "750c783e6ab0b503eaa86e310a5db738"),
    (#"hmac_sha1("what do ya want for nothing?", "Jefe")"#, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
    (#"hmac_sha256("what do ya want for nothing?", "Jefe")"#, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
    (#"base64("foob")"#, "Zm9vYg=="), (#"base64url("foob?>")"#, "Zm9vYj8-"), (#"hex("AB")"#, "4142"),
    // A digest is its digits in a text, and its bytes to base64 and as a key.
    (#"md5(md5("a"))"#, "d7afde3e7059cd0a0fe09eec4b0008cd"), (#"base64(md5("abc"))"#, "kAFQmDzST7DWlj99KOF/cg=="),
    (#"urlencode("/x?a=1&b=é !*'()")"#, "%2Fx%3Fa%3D1%26b%3D%C3%A9%20!*'()"), (#"urldecode("a%2Bb+c")"#, "a+b+c"),
    (#"lower("AbC") + upper("é")"#, "abcÉ"), (#"substr("héllo", 1, 3)"#, "éll"), (#"substr("hello", -2)"#, "lo"),
    (#"json(o)"#, #"{"a":[1,"ü"]}"#), (#"jwt(token).user.id"#, "450000000000000001"), (#"first(none, empty, n)"#, "7"),
    ("now_ms()", "1771229508176"), ("now_s()", "1771229508"), ("now_iso()", "2026-02-16T08:11:48.176Z"),
    ("uuid()", "01020304-0506-4708-890a-0b0c0d0e0f10"), ("o.a", #"[1,"ü"]"#),
  ])
  func `comes to a text`(expression: String, wanted: String) throws {
    let token =
      "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJleHAiOjE4OTM0NTYwMDAsInVzZXIiOnsiaWQiOiI0NTAwMDAwMDAwMDAwMDAwMDEifX0.c2ln"
    let variables: [String: JSON] = ["n": 7, "t": true, "o": ["a": [1, "ü"]], "o.a": [1, "ü"], "token": JSON(token), "empty": ""]
    #expect(try value(expression, variables) == wanted)
  }

  /// Source: minimax.md §4 (x-signature A and yy), zhipu.md §3.
  @Test func `signs the bytes that are sent as the sites want it`() throws {
    var request = RequestView()
    request.uri = "/x?unix=1700000000000&a=b"
    request.query = [("unix", "1700000000000"), ("a", "b")]
    request.body = Array("{}".utf8)
    let yy = #"md5(urlencode(uri) + "_" + rawbody + md5(query("unix")) + "ooui")"#
    #expect(try value(yy, request: request) == "75c1501169e82d591daf6bc0f814683f")
    request.body = Array(
      #"{"msg_type":1,"text":"user:你好\n","chat_type":1,"attachments":[],"selected_mcp_tools":[],"backend_config":{},"sub_agent_ids":[]}"#
        .utf8)
    request.headers = [("X-Timestamp", "1771229508")]
    let signature = #"md5(header("x-timestamp") + "I*7Cf%WZ#S&%1RlZJ&C2" + rawbody)"#
    #expect(try value(signature, request: request) == "d7b09aed6a7f7c6ca8e452bfe7e34b1b")
    let zhipu = #"md5(stamp + "-" + nonce + "-" + "8a1317a7468aa3ad86e997d08f3f31cb")"#
    let names: [String: JSON] = ["stamp": "1771229508196", "nonce": "0123456789abcdef0123456789abcdef"]
    #expect(try value(zhipu, names) == "ebbd46ad7a98f0356aeeb5bce39d8c34")
    #expect(try value(#"sorted_params("&", "=") + path"#, request: request) == "a=b&unix=1700000000000/x")
  }

  @Test func `has no value where a variable of it has none`() throws {
    #expect(try value(#""a" + missing"#) == nil)
    #expect(try value("md5(missing)") == nil)
    #expect(try value("first(missing, also)") == nil)
    #expect(try value("rawbody") == nil, "there is no request")
  }

  @Test(arguments: [
    ("", "ends too early"), ("a +", "ends too early"), ("mdd5(a)", "did you mean"), ("md5()", "0 arguments"), ("md5(a, b)", "2 arguments"),
    ("\"a", "closing quote"), ("(a", "lacks a )"), ("a b", "behind its end"), ("cred.X(a)", "no function"), ("a..b", "lacks a name"),
    (String(repeating: "(", count: 40) + "a" + String(repeating: ")", count: 40), "too deep"),
    (String(repeating: "a", count: 5000), "longer"),
  ])
  func `that is wrong is refused with the reason`(text: String, reason: String) throws {
    let fault = #expect(throws: Fault.self) { try RecipeExpression(parsing: text) }
    #expect(fault?.message.contains(reason) == true, "\(fault?.message ?? "")")
  }

  @Test(arguments: [
    (RecipeGenerator.uuid, "01020304-0506-4708-890a-0b0c0d0e0f10"), (.now(.milliseconds, isText: false), "1771229508176"),
    (.now(.seconds, isText: true), "1771229508"), (.now(.microseconds, isText: true), "1771229508176000"), (.hex(5), "01020"),
    (.digits(4), "1234"),
    (.characters(4), "1234"), (.date("%Y%m%dT%H%M%SZ"), "20260216T081148Z"), (.counter, "3"),
  ])
  func `or a generator makes fresh values`(generator: RecipeGenerator, wanted: String) {
    #expect(generator.value(fixed, count: 3).text == wanted)
  }
}
