/// What kind of file some bytes are.
///
/// The bytes are believed before any header: a model refuses an image whose type is told wrong, and a page that says an image is gone
/// often comes as one.
package enum MediaType {
  /// The type that the first bytes tell; nil for other files. Twelve bytes are enough.
  /// Source: WHATWG MIME Sniffing §6, the formats' own specifications.
  package static func sniff(_ bytes: some Collection<UInt8>) -> String? {
    let head = Array(bytes.prefix(16))
    func has(_ text: String, at position: Int = 0) -> Bool { head.dropFirst(position).starts(with: text.utf8) }
    if head.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]) { return "image/png" }
    if head.starts(with: [0xff, 0xd8, 0xff]) { return "image/jpeg" }
    if has("GIF87a") || has("GIF89a") { return "image/gif" }
    if has("RIFF"), has("WEBP", at: 8) { return "image/webp" }
    if has("RIFF"), has("WAVE", at: 8) { return "audio/wav" }
    if has("%PDF-") { return "application/pdf" }
    if has("ID3") || isMP3Frame(head) { return "audio/mpeg" }
    return nil
  }

  /// The type of what was fetched: by its bytes, else by the header, else by the end of its address. Nil when none of them tells,
  /// and for web pages: those are never what was meant.
  package static func decide(_ bytes: some Collection<UInt8>, declared: String?, target: String) -> String? {
    if let type = sniff(bytes) { return type }
    let type = plain(declared ?? "")
    if type == "text/html" || type == "application/xhtml+xml" { return nil }
    if !["", "application/octet-stream", "binary/octet-stream", "application/unknown"].contains(type) { return type }
    let path = target.prefix { $0 != "?" && $0 != "#" }
    guard let dot = path.lastIndex(of: ".") else { return nil }
    return endings[path[path.index(after: dot)...].lowercased()]
  }

  /// A content type in lower case, without parameters.
  package static func plain(_ text: String) -> String {
    String(text.prefix { $0 != ";" }.filter { $0 != " " && $0 != "\t" }).lowercased()
  }

  /// Eleven bits of synchronisation, MPEG 1, 2 or 2.5, layer III, a bit rate and a sampling rate that exist.
  /// Source: ISO/IEC 11172-3 §2.4.1.3.
  private static func isMP3Frame(_ head: [UInt8]) -> Bool {
    guard head.count >= 3, head[0] == 0xff, head[1] & 0xe0 == 0xe0 else { return false }
    return head[1] & 0x18 != 0x08 && head[1] & 0x06 == 0x02 && head[2] & 0xf0 != 0xf0 && head[2] & 0x0c != 0x0c
  }

  private static let endings = [
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp", "heic": "image/heic",
    "heif": "image/heif", "pdf": "application/pdf", "txt": "text/plain", "md": "text/markdown", "csv": "text/csv", "wav": "audio/wav",
    "mp3": "audio/mpeg", "flac": "audio/flac", "ogg": "audio/ogg", "m4a": "audio/mp4", "mp4": "video/mp4", "mov": "video/quicktime",
    "webm": "video/webm",
  ]
}
