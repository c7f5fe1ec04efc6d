import Base
import HTTP
import Testing

@testable import Gateway

@Suite struct `The credential that goes up` {
  private static let carriers: [(CredentialCarrier, String)] = [
    (.bearer, "Authorization: Bearer "), (.apiKey, "X-Api-Key: "), (.googleKey, "x-goog-api-key: "), (.query, "?key="),
  ]

  /// What a domain of that kind gets of a request: lines of its credential headers, and the query.
  private func sent(_ brought: [String], hasKeys: Bool = true, stored: String? = nil, auth: ProxyAuth) -> [String] {
    var headers = Headers()
    var query: String?
    for text in brought {
      if text.hasPrefix("?") {
        query = String(text.dropFirst())
      } else {
        let parts = text.split(separator: ":", maxSplits: 1)
        headers.append(name: Array(parts[0].utf8), Array(parts[1].dropFirst().utf8))
      }
    }
    let isKey: ([UInt8]) -> Bool = { hasKeys && $0.starts(with: "gw".utf8) }
    let carried = ProxyCredential.carried(headers, query: query, isKey: isKey)
    let credential = ProxyCredential.decide(carried, hasKeys: hasKeys, stored: stored.map { Secret($0) }, auth: auth)
    let passed = PassedFields.request(headers, credential, isKey: isKey, hasTrailers: false)
    let lines = String(decoding: passed.lines, as: UTF8.self).split(separator: "\r\n").map(String.init)
    return lines + (credential.query(query).map { ["?" + $0] } ?? [])
  }

  private func wanted(_ auth: ProxyAuth, _ value: String) -> String {
    switch auth {
    case .openai: "Authorization: Bearer " + value
    case .anthropic: "x-api-key: " + value
    case .google: "x-goog-api-key: " + value
    }
  }

  @Test(arguments: ProxyAuth.allCases)
  func `is the client's own in the domain's form, where there are no gateway keys`(auth: ProxyAuth) {
    for (carrier, front) in Self.carriers {
      let brought = front + "own"
      // What stands where the domain looks for it is not touched.
      #expect(sent([brought], hasKeys: false, auth: auth) == [auth.takes(carrier) ? brought : wanted(auth, "own")])
      #expect(sent([brought], hasKeys: false, stored: "stored", auth: auth) == [auth.takes(carrier) ? brought : wanted(auth, "own")])
    }
    #expect(sent([], hasKeys: false, auth: auth) == [])
    #expect(sent([], hasKeys: false, stored: "stored", auth: auth) == [wanted(auth, "stored")])
  }

  @Test(arguments: ProxyAuth.allCases)
  func `is never a gateway key, whichever carrier brings it`(auth: ProxyAuth) {
    for (carrier, front) in Self.carriers {
      #expect(sent([front + "gw-alice"], auth: auth) == [])
      #expect(sent([front + "gw-alice"], stored: "stored", auth: auth) == [wanted(auth, "stored")])
      for (other, second) in Self.carriers where other != carrier {
        // A second gateway key is one, too.
        #expect(sent([front + "gw-alice", second + "gw-bob"], auth: auth) == [])
        let brought = second + "own"
        #expect(sent([front + "gw-alice", brought], auth: auth) == [auth.takes(other) ? brought : wanted(auth, "own")])
        // The owner's comes before the client's, but a query's `key` may be something else for all but Google.
        let rest = other == .query && auth != .google ? [brought] : []
        #expect(sent([front + "gw-alice", brought], stored: "stored", auth: auth) == [wanted(auth, "stored")] + rest)
      }
    }
  }

  @Test(
    arguments: [
      // Each of several fields and members.
      (["x-api-key: gw-a", "x-api-key: gw-b", "?key=gw-a&key=gw-b&a=1"], ["?a=1"]), (["authorization: bearer  gw-a"], []),
      (["Authorization: gw-a", "x-api-key: gw-a"], []), (["Authorization: Bearer\tgw-a", "x-api-key: gw-a"], []),
      (["Authorization: Token gw-a", "x-api-key: gw-a"], []),
      (["Authorization: Basic eA==", "x-api-key: gw-a"], ["Authorization: Basic eA=="]), (["x-api-key: "], ["x-api-key: "]),
      // Encoded, as the gateway itself reads it.
      (["?%6bey=gw%2Dalice"], []), (["?a=%20&key=gw-a&b=+"], ["?a=%20&b=+"]), (["?key=gw-a&"], []), (["?Key=gw-a"], ["?Key=gw-a"]),
      (["?key=&x", "x-api-key: gw-a"], ["?key=&x"]), (["?&&a&key&key=gw-a&=&", "x-api-key: gw-a"], ["?&&a&key&=&"]),
      // What is no credential of ours passes.
      (["cookie: a=b; apus_session=c; d=e", "Accept: x"], ["cookie: a=b; d=e", "Accept: x"]), (["cookie: apus_session=c"], []),
      (["Cookie: apus=1;b=2"], ["Cookie: apus=1;b=2"]), (["api-key: own", "x-api-key: gw-a"], ["api-key: own"]),
    ] as [([String], [String])])
  func `leaves every other byte as it is`(brought: [String], expected: [String]) {
    #expect(sent(brought, auth: .openai) == expected)
  }

  @Test func `stays a Bearer token where it is one of a sign-in`() {
    #expect(sent(["Authorization: Bearer ya29.x"], hasKeys: false, auth: .google) == ["Authorization: Bearer ya29.x"])
    #expect(sent(["Authorization: Bearer sk-ant-oat01-x"], hasKeys: false, auth: .anthropic) == ["Authorization: Bearer sk-ant-oat01-x"])
  }
}

@Suite struct `The fields that pass` {
  private func headers(_ lines: [String]) -> Headers {
    var headers = Headers()
    for line in lines {
      let parts = line.split(separator: ":", maxSplits: 1)
      headers.append(name: Array(parts[0].utf8), Array(parts[1].dropFirst().utf8))
    }
    return headers
  }

  private func lines(_ headers: Headers) -> [String] {
    String(decoding: headers.lines, as: UTF8.self).split(separator: "\r\n").map(String.init)
  }

  private static let neighbours = [
    "Connection: X-One, close", "Connection: x-two", "X-One: 1", "x-TWO: 2", "Keep-Alive: timeout=5", "TE: trailers",
    "Transfer-Encoding: chunked", "Upgrade: h2c", "Proxy-Authorization: Basic eA==", "Proxy-Connection: close", "X-Apus-Id: 7",
  ]
  private static let ends = [
    "anthropic-Version: 2023-06-01", "Accept-Encoding: gzip, br", "X-Forwarded-For: 192.0.2.1", "Forwarded: for=x", "Via: 1.1 y", "A: 1",
    "a: 2", "Cache-Control: no-store", "Content-Type: multipart/form-data; boundary=\"-\"",
  ]

  @Test func `are those between the ends, in their order and case`() {
    var mixed = Self.neighbours
    for (index, line) in Self.ends.enumerated() { mixed.insert(line, at: index * 2) }
    let request = headers(["Host: here"] + mixed + ["Content-Length: 3", "Expect: 100-continue", "Trailer: X"])
    #expect(lines(PassedFields.request(request, ProxyCredential(), isKey: { _ in false }, hasTrailers: false)) == Self.ends)
    let reply = ResponseHead(status: 200, headers: headers(mixed + ["Content-Length: 3", "Trailer: X", "Set-Cookie: a=b", "Date: x"]))
    #expect(
      lines(PassedFields.reply(reply, isPage: false)) == Self.ends + ["Content-Length: 3", "Trailer: X", "Set-Cookie: a=b", "Date: x"])
  }

  @Test func `let no upstream speak for the gateway`() {
    let fields = ["Set-Cookie: apus_session=x", "set-cookie: __Host-apus_s=x", "access-control-allow-origin: *", "x-apus-provider: me"]
    #expect(lines(PassedFields.reply(ResponseHead(status: 200, headers: headers(fields)), isPage: true)) == [])
    #expect(
      lines(PassedFields.reply(ResponseHead(status: 200, headers: headers(fields)), isPage: false)) == ["access-control-allow-origin: *"])
  }

  @Test func `behind a body hold nothing that only a head may say`() {
    let fields = [
      "X-Sum: 1", "Authorization: Bearer gw-a", "Content-Length: 9", "Host: x", "x-api-key: gw-a", "grpc-status: 0", "Cookie: a=b",
    ]
    #expect(lines(PassedFields.trailers(headers(fields))) == ["X-Sum: 1", "grpc-status: 0"])
  }
}
