import Base

/// Reads the parts of messages and outputs. Source: wire-formats §3.2.
enum ResponsesParts {
  /// One part. `.invalid` with `unsupported_content` for kinds that no other wire has.
  static func part(_ part: JSON, _ path: SourcePath) throws(Fault) -> Part {
    switch part["type"]?.string {
    case "input_text", "output_text", "text": return .text(part["text"]?.string ?? "")
    case "refusal": return .refusal(part["refusal"]?.string ?? "")
    case "input_image": return .media(Media(.image, try image(part, path), detail: part["detail"]?.string))
    case "input_file": return .media(try file(part, path))
    case "input_audio":
      let format = part.at("input_audio.format")?.string ?? ""
      return .media(Media(.audio, .data(part.at("input_audio.data")?.string ?? "", mediaType: "audio/" + format)))
    default:
      throw Fault(
        .invalid, "This model doesn't support content of type '\((part["type"]?.string ?? "").prefix(64))'.", code: "unsupported_content",
        param: path.text())
    }
  }

  private static func image(_ part: JSON, _ path: SourcePath) throws(Fault) -> Media.Source {
    if let url = part["image_url"]?.string { return try source(url, path, "image_url") }
    guard let id = part["file_id"]?.string else { throw RequestShape.missing(path.text("image_url")) }
    return .file(id: id, vendor: .openAI)
  }

  private static func file(_ part: JSON, _ path: SourcePath) throws(Fault) -> Media {
    let title = part["filename"]?.string
    if let data = part["file_data"]?.string {
      // Some clients leave the `data:` out.
      let source = data.utf8.starts(with: "data:".utf8) ? try source(data, path, "file_data") : .data(data, mediaType: "application/pdf")
      return Media(.document, source, title: title)
    }
    if let url = part["file_url"]?.string { return Media(.document, try source(url, path, "file_url"), title: title) }
    guard let id = part["file_id"]?.string else { throw RequestShape.missing(path.text("file_data")) }
    return Media(.document, .file(id: id, vendor: .openAI), title: title)
  }

  /// A `data:` URL's bytes, else the address.
  private static func source(_ url: String, _ path: SourcePath, _ member: String) throws(Fault) -> Media.Source {
    guard url.utf8.starts(with: "data:".utf8) else { return .url(url) }
    guard let comma = url.utf8.firstIndex(of: UInt8(ascii: ",")), url[..<comma].hasSuffix(";base64") else {
      let place = path.text(member)
      throw Fault(.invalid, "Invalid value for '\(place)': this is no base64 data URL.", code: "invalid_value", param: place)
    }
    let type = url[..<comma].dropFirst("data:".count).prefix { $0 != ";" }
    return .data(String(url[url.index(after: comma)...]), mediaType: type.lowercased())
  }
}
