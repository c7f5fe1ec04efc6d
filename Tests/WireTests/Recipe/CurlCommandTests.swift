import Base
import Testing
@testable import Wire

@Suite struct `A copied cURL command` {
  @Test(
    arguments: [
      // As Chromium writes it: `$'…'` where a value has quotes or control characters.
      (
        "curl 'https://a.example/c?x=1' \\\n  -H 'accept: */*' \\\n  -b 'sid=a; t=\"q\"' \\\n  --data-raw $'{\"q\":\"it\\'s\\u0021\\n\\ud83d\\ude00\"}'",
        ["accept=*/*"], "sid=a; t=\"q\"", "{\"q\":\"it's!\n😀\"}"
      ),
      // As Firefox writes it.
      (
        "curl 'https://a.example/c?x=1' --compressed -X POST -H 'User-Agent: Mozilla/5.0 (X)' -H 'Cookie: sid=a' --data-raw 'a=b'",
        ["user-agent=Mozilla/5.0 (X)"], "sid=a", "a=b"
      ),
      // As Safari writes it.
      ("curl 'https://a.example/c?x=1' \\\n-X 'GET' \\\n-H 'Cookie: sid=a'", [], "sid=a", nil),
      // Words in double quotes, options glued to their values, fields without a value.
      (
        "curl --header=\"A: b \\\"c\\\"\" -H'D: e' -H 'Empty;' --url https://a.example/c?x=1 -A agent --insecure",
        ["a=b \"c\"", "d=e", "user-agent=agent"], nil, nil
      ),
      ("curl -H ':authority: a.example' https://a.example/c?x=1", [], nil, nil),
    ] as [(String, [String], String?, String?)])
  func `gives address, header fields and cookie`(text: String, headers: [String], cookie: String?, body: String?) throws {
    #expect(CurlCommand.isOne(text))
    let command = try CurlCommand(parsing: text)
    #expect(command.url == "https://a.example/c?x=1")
    #expect(command.query.map { "\($0.name)=\($0.value)" } == ["x=1"])
    #expect(command.headers.map { "\($0.name)=\($0.value)" } == headers)
    #expect(command.cookie == cookie)
    #expect(command.body == body)
  }

  @Test(
    arguments: [
      ("wget https://a.example", "does not begin with curl"), ("curl", "has no address"), ("curl -H", "ends behind -H"),
      ("curl https://a https://b", "has two addresses"), ("curl 'https://a", "has a quote without an end"),
      ("curl \"https://a", "has a quote without an end"), ("curl $'https://a", "has a quote without an end"),
      ("curl https://a; rm x", "has shell code outside quotes"), ("curl https://a | sh", "has shell code outside quotes"),
      ("curl \"https://$HOST/\"", "has shell code in quotes"), ("curl \"https://a/`id`\"", "has shell code in quotes"),
      ("curl https://a -H $(id)", "has shell code outside quotes"), ("curl.exe ^\"https://a^\"", "is for Windows' cmd"),
      ("curl https://a -H 'A: b\nC: d'", "has a header field of several lines"),
      ("curl https://a" + String(repeating: " -H 'A: b'", count: 101), "has more than 100 header fields"),
      ("curl https://a -d " + String(repeating: "x", count: CurlCommand.limit), "is longer than"),
    ] as [(String, String)])
  func `is refused where it is something else`(text: String, words: String) {
    let fault = #expect(throws: Fault.self) { try CurlCommand(parsing: text) }
    #expect(fault?.message.contains(words) == true, "\(fault?.message ?? "")")
  }

  @Test func `is told from a token`() {
    #expect(!CurlCommand.isOne("curlew-token"))
    #expect(!CurlCommand.isOne("eyJhbGciOi"))
    #expect(CurlCommand.isOne("  curl 'https://a'"))
  }
}
