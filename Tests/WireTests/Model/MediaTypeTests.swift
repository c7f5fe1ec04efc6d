import Base
import Testing

@testable import Wire

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
