import Base
import Testing

@testable import Wire

@Suite struct `An address to fetch` {
  @Test(arguments: [
    ("https://a.example/x.png", "https://a.example/x.png"), ("HTTP://A.Example", "http://a.example/"),
    ("https://a.example:443/x?y=1#z", "https://a.example/x?y=1"), ("https://a.example:8443/", "https://a.example:8443/"),
    ("http://a.example:443/", "http://a.example:443/"), ("https://a.example./x", "https://a.example/x"),
    ("https://a.example:/x", "https://a.example/x"), ("https://a.example?q=a b\"", "https://a.example/?q=a%20b%22"),
    ("https://a.example/ü%20", "https://a.example/%C3%BC%20"), ("http://93.184.216.34/x", "http://93.184.216.34/x"),
    ("https://[2606:4700::1111]:8443/x", "https://[2606:4700::1111]:8443/x"),
    ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"),
    ("https://a.example\\@evil.example/", "https://a.example/@evil.example/"),
  ])
  func `is read and written`(text: String, written: String) throws {
    #expect(try FetchURL(text).description == written)
  }

  @Test(arguments: [
    // Other schemes, credentials, control characters.
    "", "a.example/x", "ftp://a.example/", "file:///etc/passwd", "data:image/png;base64,AA", "https:/a.example", "gopher://a.example/",
    "https://user@a.example/", "https://user:pass@a.example/", "https://a.example@127.0.0.1/", "https://a.example/\r\nx",
    "https://a.example/\0",
    // Ports.
    "https://a.example:22/", "https://a.example:0/", "https://a.example:65536/", "https://a.example:+80/", "https://a.example:8 0/",
    "http://a.example:25/",
    // Hosts that are none, or none of the public internet.
    "https://", "https:///x", "https://./", "https://a..example/", "https://a b.example/", "https://bücher.example/",
    "https://%31.example/",
    "https://localhost/", "https://x.localhost/", "https://metadata/", "https://metadata.google.internal/", "https://nas.local/",
    "https://x.svc/", "https://LOCALHOST./", "https://router.lan/",
    // Numbers that resolvers take for addresses.
    "http://127.1/", "http://2130706433/", "http://0x7f000001/", "http://0x7f.1/", "http://0177.0.0.1/", "http://1.2.3.4.5/",
    "http://1.2.3.256/",
    "http://a.0x1/", "http://[::1/", "http://[::1]x/", "http://[127.0.0.1]/", "http://[fe80::1%25eth0]/", "http://::1/",
    "https://" + String(repeating: "a", count: 64) + ".example/", "https://a.example/" + String(repeating: "a", count: 8192),
  ])
  func `is refused`(text: String) {
    let fault = #expect(throws: Fault.self) { try FetchURL(text) }
    #expect(fault?.kind == .invalid && fault?.code == "unsupported_content")
  }

  @Test(arguments: [
    ("https://b.example/y", "https://b.example/y"), ("//b.example/y", "https://b.example/y"), ("/y?z", "https://a.example:8443/y?z"),
    ("y", "https://a.example:8443/d/y"), ("?q", "https://a.example:8443/d/x?q"), ("#f", "https://a.example:8443/d/x"),
    ("y:z/w", "refused"), ("y/z:w", "https://a.example:8443/d/y/z:w"), ("http://b.example/", "refused"), ("https://localhost/", "refused"),
    ("javascript:alert(1)", "refused"), ("//user@b.example/", "refused"),
  ])
  func `leads on by redirects under the same rules`(location: String, expected: String) throws {
    let start = try FetchURL("https://a.example:8443/d/x?p")
    #expect((try? start.redirected(to: location).description) ?? "refused" == expected)
  }

  @Test func `may lead from http up to https`() throws {
    #expect(try FetchURL("http://a.example/").redirected(to: "https://a.example/").isSecure)
  }
}

@Suite struct `A media type` {
  private static func bytes(_ text: String) -> [UInt8] { text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } }

  @Test(
    arguments: [
      ("\u{89}PNG\r\n\u{1a}\n", "image/png"), ("\u{ff}\u{d8}\u{ff}\u{e0}", "image/jpeg"), ("GIF87a", "image/gif"),
      ("GIF89a...", "image/gif"),
      ("RIFF....WEBPVP8 ", "image/webp"), ("RIFF....WAVEfmt ", "audio/wav"), ("%PDF-1.7", "application/pdf"), ("ID3\u{4}", "audio/mpeg"),
      ("\u{ff}\u{fb}\u{90}\u{64}", "audio/mpeg"), ("\u{ff}\u{f3}\u{40}", "audio/mpeg"), ("\u{ff}\u{fb}\u{f0}", nil),
      ("\u{ff}\u{f1}\u{50}", nil),
      ("RIFF....AVI ", nil), ("RIFF", nil), ("", nil), ("\u{ff}", nil), ("\u{89}PNG", nil), ("<html>", nil), ("GIF88a", nil),
    ] as [(String, String?)])
  func `is told by the first bytes`(text: String, type: String?) {
    #expect(MediaType.sniff(Self.bytes(text)) == type)
  }

  // The bytes first, then the header, then the end of the address; a web page is never meant.
  @Test(
    arguments: [
      ("GIF89a", "image/png", "/x.jpg", "image/gif"), ("....", "Image/HEIC; q=1", "/x.jpg", "image/heic"),
      ("....", "application/octet-stream", "/x.JPG?y=.png", "image/jpeg"), ("....", nil, "/x.mp4", "video/mp4"), ("....", nil, "/x", nil),
      ("....", nil, "/x.exe", nil), ("<html>", "text/html; charset=utf-8", "/x.png", nil), ("%PDF-", "text/html", "/", "application/pdf"),
    ] as [(String, String?, String, String?)])
  func `of something fetched is decided`(text: String, declared: String?, target: String, type: String?) {
    #expect(MediaType.decide(Self.bytes(text), declared: declared, target: target) == type)
  }
}
