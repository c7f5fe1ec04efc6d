import Base
import Testing

@testable import Wire

@Suite struct `A request of a recipe` {
  /// The first step's request of a file with these members.
  private func request(_ text: String) throws -> StepRequest {
    let mistakes = Mistakes()
    let setting = try #require(Setting.read(Array("request: \(text)".utf8), name: "t.yaml", into: mistakes))
    let request = StepRequest(Field(try #require(setting["request"]), path: "request", into: mistakes))
    #expect(mistakes.all.map(\.description) == [])
    return try #require(request)
  }

  private func render(_ text: String, _ variables: [String: JSON] = [:], bytes: [String: [UInt8]] = [:]) throws -> RenderedRequest {
    let values = ["origin": JSON("https://a.example")].merging(variables) { _, own in own }
    let rendered = try RenderedRequest(
      try request(text), boundary: "B", looks: { $0.formula.looksAtRequest },
      locate: { (text) throws(Fault) in
        let url = try BaseURL(String(text.prefix { $0 != "?" }))
        return (url.origin, url.path + text.drop { $0 != "?" })
      },
      context: { view in
        RecipeContext(request: view) { (name) throws(Fault) in
          bytes[name.description].map { .bytes($0) } ?? values[name.description].map { .json($0) }
        }
      })
    return try #require(rendered)
  }

  @Test func `encodes what is inserted by its place`() throws {
    let made = try render(
      #"{method: POST, url: "{{origin}}/c/{{id}}/x", query: {q: "{{id}}", none: "{{unset}}"}, headers: {X-A: "v {{id}}", X-B: "{{unset}}"}, body: {json: {t: "{{id}}", n: "{{n}}", l: ["{{n}}", "{{unset}}"], u: "{{unset}}", j: {$json: {a: "{{n}}"}}, s: "n={{n}}"}}}"#,
      ["id": "a/b ü\"", "n": 5])
    #expect(made.view.uri == "/c/a%2Fb%20%C3%BC%22/x?q=a%2Fb%20%C3%BC%22")
    #expect(made.view.headers.map { "\($0.name)=\($0.value)" } == ["Content-Type=application/json", "X-A=v a/b ü\""])
    #expect(String(decoding: made.view.body, as: UTF8.self) == #"{"t":"a/b ü\"","n":5,"l":[5],"j":"{\"a\":5}","s":"n=5"}"#)
  }

  @Test func `signs what was made before, whatever stands first in the file`() throws {
    let made = try render(
      #"{method: POST, url: "{{origin}}/p", query: {z: "1", s: "{{md5(rawbody)}}"}, headers: {X-Sign: '{{md5(header("x-time") + uri)}}', X-Time: "9"}, body: {json: {a: 1}}}"#
    )
    let query = Digest.hex(Digest.md5(Array(#"{"a":1}"#.utf8)))
    #expect(made.view.uri == "/p?z=1&s=\(query)")
    let sign = Digest.hex(Digest.md5(Array("9/p?z=1&s=\(query)".utf8)))
    #expect(made.view.headers.map(\.name) == ["Content-Type", "X-Sign", "X-Time"])
    #expect(made.view.headers[1].value == sign)
  }

  @Test(arguments: [
    ("a\r\nX-Forged: 1\r\n\r\nb", "a%0D%0AX-Forged: 1%0D%0A%0D%0Ab"), ("a\"\u{301}; name=\"prompt", "a%22\u{301}; name=%22prompt"),
  ])
  func `keeps a file's name inside its quotes`(name: String, written: String) throws {
    let made = try render(
      #"{method: POST, url: "{{origin}}/p", body: {multipart: {f: {value: "x", filename: "{{name}}"}}}}"#, ["name": JSON(name)])
    let head = Array("--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"\(written)\"\r\n\r\nx\r\n".utf8)
    #expect(made.view.body.starts(with: head))
  }

  @Test(arguments: [
    (#"form: {a: "{{n}}", b: "x y&ü"}"#, "a=5&b=x+y%26%C3%BC"),
    (#"raw: "{{bin}}""#, "\u{1}\u{2}"), (#"raw: "t {{n}}""#, "t 5"),
    (
      #"multipart: {k: "{{n}}", f: {value: "{{bin}}", filename: "a\"b", type: "image/png"}}"#,
      "--B\r\nContent-Disposition: form-data; name=\"k\"\r\n\r\n5\r\n--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a%22b\"\r\nContent-Type: image/png\r\n\r\n\u{1}\u{2}\r\n--B--\r\n"
    ),
  ])
  func `writes every kind of body`(body: String, wanted: String) throws {
    let made = try render("{method: POST, url: \"{{origin}}/\", body: {\(body)}}", ["n": 5], bytes: ["bin": [1, 2]])
    #expect(String(decoding: made.view.body, as: UTF8.self) == wanted)
  }

  /// Source: kimi.md, "Envelope".
  @Test func `puts Connect's JSON into one envelope`() throws {
    let made = try render("{method: POST, url: \"{{origin}}/\", body: {connect_json: {text: \"{{t}}\"}}}", ["t": "你好😀"])
    #expect(Digest.hex(made.view.body) == "00000000157b2274657874223a22e4bda0e5a5bdf09f9880227d")
  }
}

@Suite struct `A history for a site` {
  private func prompt(_ rule: HistoryRule, _ turns: [(String, String)]) -> String {
    rule.text(of: turns.map { PromptHistory.Turn(role: $0.0, content: $0.1) })
  }

  @Test func `is one text, by the file's templates`() {
    var rule = HistoryRule()
    #expect(prompt(rule, [("user", "hi")]) == "hi", "a single message goes up as it is")
    #expect(prompt(rule, [("system", "S"), ("user", "{content}")]) == "system: S\nuser: {content}\n")
    rule.templates = ["user": "<u>{content}", "assistant": "<a>{content}<end>"]
    rule.first = "{content}"
    rule.end = "<a>"
    #expect(prompt(rule, [("user", "1"), ("assistant", "2"), ("user", "3")]) == "1<a>2<end><u>3<a>")
    rule.policy = .last
    #expect(prompt(rule, [("user", "1"), ("assistant", "2"), ("user", "3")]) == "3")
  }

  @Test func `refuses what no text can say`() throws {
    var chat = Chat(wire: .chat, model: "m")
    chat.messages = [
      Message(
        .user, [Message.Content(.media(Media(.image, .data("AA==", mediaType: "image/png"))), at: SourcePath("messages", 0))],
        at: SourcePath("messages", 0))
    ]
    let fault = #expect(throws: Fault.self) { try PromptHistory(chat, Recipe()) }
    #expect(fault?.code == "unsupported_content")
    chat.messages = []
    chat.tools = [Tool("f", .function(parameters: nil, strict: nil), at: SourcePath("tools", 0))]
    #expect(throws: Fault.self) { try PromptHistory(chat, Recipe()) }
    var recipe = Recipe()
    recipe.emulatesTools = true
    #expect(try PromptHistory(chat, recipe).prompt.contains("<tool_calls>"))
  }
}

@Suite struct `The cookies of an account` {
  @Test func `follow what the site sets`() {
    var jar = CookieJar(header: "a=1; b=x=y")
    let now = Timestamp(seconds: 1_800_000_000)
    let steps: [(text: String, isChange: Bool, header: String?)] = [
      ("a=2; Path=/; HttpOnly", true, "a=2; b=x=y"), ("a=2", false, "a=2; b=x=y"), ("c=3; Max-Age=60", true, "a=2; b=x=y; c=3"),
      ("b=; Max-Age=0", true, "a=2; c=3"), ("c=; Expires=Thu, 01 Jan 1970 00:00:00 GMT", true, "a=2"), ("nonsense", false, "a=2"),
      ("a=gone; Expires=Thu, 01-Jan-1970 00:00:00 GMT", true, nil), ("zz=1; Max-Age=0", false, nil),
    ]
    for (text, isChange, header) in steps {
      #expect(jar.take(setCookie: text, now: now) == isChange, "\(text)")
      #expect(jar.header == header, "\(text)")
    }
  }

  @Test func `are bounded`() {
    var jar = CookieJar()
    for number in 0..<300 { jar["c\(number)"] = Secret("1") }
    #expect(jar.all.count == CookieJar.most.cookies)
    jar["c0"] = Secret(String(repeating: "x", count: 10_000))
    #expect(jar["c0"]?.exposed == "1")
  }
}
