import Base

/// A part of a message as Chat has it. Source: wire-formats §3.1.
enum ChatContent {
  case text(String)
  case image(url: String, detail: String?)
  case audio(String, format: String)
  case file(name: String?, data: String)
  case fileID(String)

  /// Writes one part.
  func write(_ writer: inout JSONWriter) {
    writer.beginObject()
    switch self {
    case .text(let text):
      writer.member("type", "text")
      writer.member("text", text)
    case .image(let url, let detail):
      Self.open("image_url", &writer)
      writer.member("url", url)
      if let detail { writer.member("detail", detail) }
      writer.endObject()
    case .audio(let data, let format):
      Self.open("input_audio", &writer)
      writer.member("data", data)
      writer.member("format", format)
      writer.endObject()
    case .file(let name, let data):
      Self.open("file", &writer)
      if let name { writer.member("filename", name) }
      writer.member("file_data", data)
      writer.endObject()
    case .fileID(let id):
      Self.open("file", &writer)
      writer.member("file_id", id)
      writer.endObject()
    }
    writer.endObject()
  }

  private static func open(_ type: String, _ writer: inout JSONWriter) {
    writer.member("type", type)
    writer.key(type)
    writer.beginObject()
  }

  /// Writes a content: one text as a string, everything else as a list of parts.
  static func write(_ parts: [ChatContent], _ writer: inout JSONWriter) {
    if parts.count == 1, case .text(let text) = parts[0] { return writer.value(text) }
    writer.beginArray()
    for part in parts { part.write(&writer) }
    writer.endArray()
  }
}

extension ChatRequest {
  /// The addresses that must be fetched before `encode`, since the upstream takes none of that kind. Source: wire-formats §2.2, §5.
  package static func addresses(_ chat: Chat, for model: TargetModel) -> [String] {
    var found: [String] = []
    for message in chat.messages where message.role == .user {
      for content in message.contents {
        switch content.part {
        case .media(let media): found += address(media, model)
        case .result(let result):
          for case .media(let media) in result.parts { found += address(media, model) }
        default: break
        }
      }
    }
    return found
  }

  private static func address(_ media: Media, _ model: TargetModel) -> [String] {
    guard case .url(let url, _) = media.source, ChatRequestEncoder.isWeb(url) else { return [] }
    switch media.kind {
    case .image: return model.capabilities.imageURL ? [] : [url]
    case .document: return [url]
    case .audio: return model.capabilities.audio ? [url] : []
    case .video: return []
    }
  }
}

extension ChatRequestEncoder {
  static func isWeb(_ url: String) -> Bool {
    let start = url.prefix(8).lowercased()
    return start.hasPrefix("http://") || start.hasPrefix("https://")
  }

  /// A medium as Chat has it. Throws `unsupported_content` for what the upstream can't read.
  mutating func content(_ media: Media, at path: SourcePath) throws(Fault) -> ChatContent {
    switch media.source {
    case .data(let data, let type): return try content(media, data, type, path)
    case .file(let id, let vendor):
      guard media.kind == .document, vendor == .openAI, isOfficial || chat.wire == .chat else {
        throw Self.unfit("a file that another vendor keeps", path)
      }
      return .fileID(id)
    case .url(let url, _):
      guard Self.isWeb(url) else { throw Self.unfit("files from this address", path) }
      if media.kind == .image, model.capabilities.imageURL { return .image(url: url, detail: media.detail) }
      guard media.kind != .video, case .data(let data, let type)? = model.fetched[url] else {
        throw Self.unfit(media.kind == .video ? "video" : "files by their address", path)
      }
      let content = try content(media, data, type, path)
      losses.append(Loss(path.text(chat.wire.member(media.kind == .image ? .imageURL : .documentURL)), .fetched))
      return content
    }
  }

  private mutating func content(_ media: Media, _ data: String, _ type: String, _ path: SourcePath) throws(Fault) -> ChatContent {
    switch media.kind {
    case .image: return .image(url: "data:\(type);base64,\(data)", detail: media.detail)
    case .audio:
      guard model.capabilities.audio, let format = Self.audioFormat(type) else { throw Self.unfit("audio of type \(type)", path) }
      return .audio(data, format: format)
    case .video: throw Self.unfit("video", path)
    case .document: return try document(media, data, type, path)
    }
  }

  private mutating func document(_ media: Media, _ data: String, _ type: String, _ path: SourcePath) throws(Fault) -> ChatContent {
    if type.hasPrefix("image/") { return .image(url: "data:\(type);base64,\(data)", detail: nil) }  // what an address turned out to be
    let isPDF = type == "application/pdf"
    let isOurs = chat.wire == .chat || chat.wire == .responses
    if model.capabilities.documents, isPDF || isOurs {
      let name = media.title ?? (chat.wire == .chat ? nil : isPDF ? "document.pdf" : "document")
      return .file(name: name, data: "data:\(type);base64,\(data)")
    }
    guard type.hasPrefix("text/"), chat.wire != .gemini, let text = Self.text(of: data) else {
      throw Self.unfit("documents of type \(type)", path)
    }
    losses.append(Loss(path.text(), .downgraded))
    return .text(Emulation.document(text, title: media.title))
  }

  /// The text behind base64; nil when it is none.
  private static func text(of data: String) -> String? {
    guard let bytes = Base64.decode(data) else { return nil }
    return String(validating: bytes, as: UTF8.self)
  }

  /// Chat's name of an audio format. Source: wire-formats §3.1, §5.1.
  private static func audioFormat(_ type: String) -> String? {
    switch type {
    case "audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave": "wav"
    case "audio/mp3", "audio/mpeg", "audio/mpeg3", "audio/x-mpeg-3": "mp3"
    default: nil
    }
  }

  static func unfit(_ what: String, _ path: SourcePath) -> Fault {
    Fault(.invalid, "This model can't be sent \(what.prefix(128)).", code: "unsupported_content", param: path.text())
  }
}
