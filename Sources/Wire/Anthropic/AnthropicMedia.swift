import Base

/// Images and documents on their way to a Messages upstream. Source: wire-formats §2.2, §2.4, §5.
struct AnthropicMedia {
  let chat: ClientWire
  let model: TargetModel

  /// The address that the gateway must fetch first, nil for what needs no fetching or can't travel at all.
  func address(_ media: Media) -> String? {
    guard case .url(let url, _) = media.source, Self.isWeb(url) else { return nil }
    switch media.kind {
    case .image: return model.capabilities.imageURL ? nil : url
    case .document:
      // A Gemini client's file may be anything; only its bytes tell. Source: wire-formats §5.4.
      return chat == .gemini && model.capabilities.documents ? url : nil
    case .audio, .video: return nil
    }
  }

  /// The block that a medium becomes. `.invalid` for what a Messages model can't read.
  func block(_ media: Media, at path: SourcePath, _ losses: inout [Loss]) throws(Fault) -> AnthropicBlock {
    guard media.kind == .image || media.kind == .document else {
      throw refusal("This model can't take \(media.kind == .audio ? "audio" : "video").", path)
    }
    if let detail = media.detail, detail != "auto" { losses.append(Loss(path.text(chat.member(.imageDetail)), .dropped)) }
    var source = media.source
    if let url = address(media) {
      guard let fetched = model.fetched[url] else {
        throw refusal("This model takes no addresses, and the file could not be fetched; send its content.", path)
      }
      source = fetched
      losses.append(Loss(path.text(chat.member(media.kind == .image ? .imageURL : .documentURL)), .fetched))
    }
    return try block(media, source, path, &losses)
  }

  private func block(_ media: Media, _ source: Media.Source, _ path: SourcePath, _ losses: inout [Loss]) throws(Fault) -> AnthropicBlock {
    switch source {
    case .file: throw refusal("A file that another vendor keeps can't be sent to this model; send its content.", path)
    case .url(let url, let type):
      guard Self.isWeb(url) else { throw refusal("This model takes only http and https addresses.", path) }
      if media.kind == .image {
        if let type { _ = try image(type, path) }
        return .image(.url(url))
      }
      guard model.capabilities.documents else { throw refusal("This model can't take documents.", path) }
      return .document(.url(url), title: media.title)
    case .data(let data, let type):
      let type = Self.bare(type)
      if type.hasPrefix("image/") { return .image(.base64(data, mediaType: try image(type, path))) }
      return try document(data, type, media.title, path, &losses)
    }
  }

  private func document(_ data: String, _ type: String, _ title: String?, _ path: SourcePath, _ losses: inout [Loss]) throws(Fault)
    -> AnthropicBlock
  {
    switch type {
    case "application/pdf":
      guard model.capabilities.documents else { throw refusal("This model can't take documents.", path) }
      return .document(.base64(data, mediaType: type), title: title)
    case "text/plain":
      guard let bytes = Base64.decode(data), let text = String(validating: bytes, as: UTF8.self) else {
        throw refusal("The document is no plain text in UTF-8.", path)
      }
      guard !model.capabilities.documents else { return .document(.text(text), title: title) }
      losses.append(Loss(path.text(), .downgraded))
      return .text(Emulation.document(text, title: title))
    default: throw refusal("This model can't read '\(type.prefix(64))': it takes images, PDF and plain text.", path)
    }
  }

  /// The image's type; `.invalid` for one that Messages models can't read.
  private func image(_ type: String, _ path: SourcePath) throws(Fault) -> String {
    switch Self.bare(type) {
    case "image/jpeg", "image/jpg": return "image/jpeg"
    case "image/png": return "image/png"
    case "image/gif": return "image/gif"
    case "image/webp": return "image/webp"
    default: throw refusal("This model can't read '\(type.prefix(64))': it takes JPEG, PNG, GIF and WebP.", path)
    }
  }

  private func refusal(_ message: String, _ path: SourcePath) -> Fault {
    Fault(.invalid, message, code: "unsupported_content", param: path.text())
  }

  private static func isWeb(_ url: String) -> Bool {
    let start = url.prefix(8).lowercased()
    return start.hasPrefix("https://") || start.hasPrefix("http://")
  }

  /// A media type in lower case, without parameters.
  private static func bare(_ type: String) -> String {
    String(type.prefix { $0 != ";" }.filter { !$0.isWhitespace }).lowercased()
  }
}
