import Base
import Testing

@testable import HTTP

@Suite struct `A URL` {
  private func text(_ url: HTTPURL) -> String { "\(url.isTLS ? "https" : "http") \(url.host) \(url.port) \(url.target)" }

  @Test(arguments: [
    ("http://a", "http a 80 /"), ("HTTPS://A.Example:8443/B?c=d#e", "https a.example 8443 /B?c=d"),
    ("http://a?b/../c", "http a 80 /?b/../c"),
    ("http://a:/", "http a 80 /"), ("http://127.0.0.1:81/a/./b/../c", "http 127.0.0.1 81 /a/c"), ("http://[::1]:82/", "http ::1 82 /"),
    ("https://[0:0::0001]", "https ::1 443 /"), ("http://a/b c/\u{e4}?\u{e4}", "http a 80 /b%20c/%c3%a4?%c3%a4"),
    ("http://a/../../b/", "http a 80 /b/"), ("http://a/b/..", "http a 80 /"), ("http://a_b.c-d/", "http a_b.c-d 80 /"),
  ])
  func `is read`(url: String, expected: String) throws {
    #expect(text(try HTTPURL(url)) == expected)
  }

  @Test(arguments: [
    "", "/a", "//a", "a", "ftp://a/", "file:///etc/passwd", "http:a", "http:/a", "http://", "http:///a", "http://?", "data:,a",
    "javascript:a",
    // A user hides the host that is asked.
    "http://u@a/", "http://u:p@a/", "http://a@b:80/", "http://a\\@b/", "http://a%2eb/", "http://\u{e4}/", "http://a b/", "http://a,b/",
    "http://a:0/", "http://a:65536/", "http://a:+1/", "http://a:b/", "http://a:1:2/", "http://[::1/", "http://::1/", "http://[a]/",
    "http://[127.0.0.1]/", "http://[::1%25eth0]/", "http://a/\u{0}", "http://a/\r\nb", "http://a/\u{7f}", "http://a\t/",
  ])
  func `is refused when it is not plainly one`(url: String) {
    #expect(throws: Fault.self) { try HTTPURL(url) }
  }

  // Source: RFC 3986 §5.4, with http://a/b/c/d;p?q as the base.
  @Test(arguments: [
    ("g", "/b/c/g"), ("./g", "/b/c/g"), ("g/", "/b/c/g/"), ("/g", "/g"), ("?y", "/b/c/d;p?y"), ("g?y", "/b/c/g?y"), ("#s", "/b/c/d;p?q"),
    ("g#s", "/b/c/g"), ("g?y#s", "/b/c/g?y"), (";x", "/b/c/;x"), ("g;x", "/b/c/g;x"), ("", "/b/c/d;p?q"), (".", "/b/c/"), ("./", "/b/c/"),
    ("..", "/b/"), ("../", "/b/"), ("../g", "/b/g"), ("../..", "/"), ("../../", "/"), ("../../g", "/g"), ("../../../g", "/g"),
    ("/./g", "/g"), ("/../g", "/g"), ("g.", "/b/c/g."), (".g", "/b/c/.g"), ("g..", "/b/c/g.."), ("..g", "/b/c/..g"), ("./../g", "/b/g"),
    ("./g/.", "/b/c/g/"), ("g/./h", "/b/c/g/h"), ("g/../h", "/b/c/h"), ("g;x=1/./y", "/b/c/g;x=1/y"), ("g?y/./x", "/b/c/g?y/./x"),
    ("g?y/../x", "/b/c/g?y/../x"),
  ])
  func `resolves what is relative to it`(reference: String, target: String) throws {
    #expect(text(try HTTPURL("http://a/b/c/d;p?q").resolving(reference)) == "http a 80 \(target)")
  }

  @Test(arguments: [
    ("//g", "https g 443 /"), ("//g:1/h", "https g 1 /h"), ("http://g", "http g 80 /"), ("HTTPS://a:444", "https a 444 /"),
  ])
  func `resolves what leads to another origin`(reference: String, expected: String) throws {
    let base = try HTTPURL("https://a/b")
    let next = try base.resolving(reference)
    #expect(text(next) == expected)
    #expect(!next.hasOrigin(of: base))
  }

  @Test(arguments: ["mailto:a@b", "ftp://g/", "//u@g", "//", "///a", "/a\r\nb", "g:h"])
  func `resolves nothing that is no http`(reference: String) throws {
    let base = try HTTPURL("https://a/b")
    #expect(throws: Fault.self) { try base.resolving(reference) }
  }
}
