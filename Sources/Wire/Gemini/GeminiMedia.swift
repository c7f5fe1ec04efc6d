import Base

/// Images, sounds and documents of Gemini contents. Source: wire-formats §2.2, §2.4, §3.4, §5.
enum GeminiMedia {
  // MARK: From a client

  /// A client's `inlineData`. `.invalid` for what no other wire takes.
  static func inline(_ value: JSON, _ path: String) throws(Fault) -> Media {
    let type = bare(value.gemini("mimeType")?.string ?? "")
    let data = Base64.standardized(value["data"]?.string ?? "")
    let title = value.gemini("displayName")?.string
    if type.hasPrefix("image/") { return Media(.image, .data(data, mediaType: type), title: title) }
    switch type {
    case "audio/wav", "audio/x-wav", "audio/wave": return Media(.audio, .data(data, mediaType: "audio/wav"))
    case "audio/mp3", "audio/mpeg": return Media(.audio, .data(data, mediaType: "audio/mp3"))
    case "application/pdf": return Media(.document, .data(data, mediaType: type), title: title)
    default: throw GeminiRequest.unsupported("This model can't take data of the type '\(type.prefix(64))'.", path)
    }
  }

  /// A client's `fileData`. `.invalid` for a file that only Google can read.
  static func file(_ value: JSON, _ path: String) throws(Fault) -> Media {
    let uri = value.gemini("fileUri")?.string ?? ""
    let type = value.gemini("mimeType")?.string.map(bare)
    let isGoogles = uri.hasPrefix("https://generativelanguage.googleapis.com/")
    guard isWeb(uri), !isGoogles else {
      throw GeminiRequest.unsupported("A file that Google keeps can't be sent to this model; send its content.", path)
    }
    return Media(kind(type ?? guess(uri)), .url(uri, mediaType: type), title: value.gemini("displayName")?.string)
  }

  static func kind(_ type: String) -> Media.Kind {
    if type.hasPrefix("image/") { return .image }
    if type.hasPrefix("audio/") { return .audio }
    return type.hasPrefix("video/") ? .video : .document
  }

  /// The type that an address's ending tells; empty when it tells none.
  static func guess(_ url: String) -> String {
    let path = url.prefix { $0 != "?" && $0 != "#" }
    let ending = path.split(separator: "/").last?.split(separator: ".").last?.lowercased() ?? ""
    return types[ending] ?? ""
  }

  private static let types = [
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif", "heic": "image/heic",
    "pdf": "application/pdf", "wav": "audio/wav", "mp3": "audio/mp3", "mp4": "video/mp4",
  ]

  /// What Gemini calls types that clients name otherwise.
  private static let names = ["image/jpg": "image/jpeg", "audio/mpeg": "audio/mp3", "audio/x-wav": "audio/wav"]

  /// A media type in lower case, without parameters.
  static func bare(_ type: String) -> String {
    String(type.prefix { $0 != ";" }.filter { !$0.isWhitespace }).lowercased()
  }

  static func isWeb(_ url: String) -> Bool {
    let start = url.prefix(8).lowercased()
    return start.hasPrefix("https://") || start.hasPrefix("http://")
  }

  // MARK: To an upstream

  /// The address that the gateway must fetch first, nil for what needs no fetching or can't travel at all.
  static func address(_ media: Media, _ capabilities: Capabilities) -> String? {
    guard case .url(let url, _) = media.source, isWeb(url), media.kind != .image || !capabilities.imageURL else { return nil }
    return accepts(media.kind, capabilities) ? url : nil
  }

  static func accepts(_ kind: Media.Kind, _ capabilities: Capabilities) -> Bool {
    switch kind {
    case .image, .video: true
    case .audio: capabilities.audio
    case .document: capabilities.documents
    }
  }

  /// The part of an upstream's body that a medium is. `.invalid` for what the model can't take.
  static func part(_ media: Media, at path: SourcePath, _ wire: ClientWire, _ model: TargetModel, _ losses: inout [Loss]) throws(Fault)
    -> JSON
  {
    if let detail = media.detail, detail != "auto" { losses.append(Loss(path.text(wire.member(.imageDetail)), .dropped)) }
    var source = media.source
    if let url = address(media, model.capabilities) {
      guard let fetched = model.fetched[url], case .data(_, let type) = fetched, fits(type, media.kind) else {
        throw GeminiRequest.unsupported(
          "This model takes no addresses, and the file could not be fetched as such; send its content.", path.text())
      }
      source = fetched
      losses.append(Loss(path.text(wire.member(media.kind == .image ? .imageURL : .documentURL)), .fetched))
    }
    switch source {
    case .file:
      throw GeminiRequest.unsupported("A file that another vendor keeps can't be sent to this model; send its content.", path.text())
    case .url(let url, let type):
      guard media.kind == .image, isWeb(url) else {
        throw GeminiRequest.unsupported("This model can't take that address; send the content.", path.text())
      }
      return ["fileData": ["mimeType": JSON(type ?? guess(url)), "fileUri": JSON(url)]]
    case .data(let data, let type): return try inline(media, data, bare(type), path, model, &losses)
    }
  }

  private static func inline(
    _ media: Media, _ data: String, _ type: String, _ path: SourcePath, _ model: TargetModel, _ losses: inout [Loss]
  ) throws(Fault) -> JSON {
    guard !accepts(media.kind, model.capabilities) else {
      let type = names[type] ?? type
      return ["inlineData": ["mimeType": JSON(type), "data": JSON(data)]]
    }
    guard type == "text/plain", let bytes = Base64.decode(data), let text = String(validating: bytes, as: UTF8.self) else {
      throw GeminiRequest.unsupported("This model can't take \(media.kind == .audio ? "audio" : "documents").", path.text())
    }
    losses.append(Loss(path.text(), .downgraded))
    return ["text": JSON(Emulation.document(text, title: media.title))]
  }

  private static func fits(_ type: String, _ kind: Media.Kind) -> Bool {
    kind != .image || bare(type).hasPrefix("image/")
  }
}
