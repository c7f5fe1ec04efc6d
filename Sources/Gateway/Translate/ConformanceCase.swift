package import Base
import HTTP
import Upstream
import Wire

/// One case of the conformance corpus, run through the code that answers requests. Source: formats/cases/README.md.
package struct ConformanceCase {
  private let json: JSON
  private let from: String
  private let to: String
  private let options: JSON

  /// Throws `invalid` for a file that is no case.
  package init(_ json: JSON) throws(Fault) {
    guard let from = json["from"]?.string, let to = json["to"]?.string, json["direction"] != nil else {
      throw Fault(.invalid, "This is no case: it lacks direction, from or to.")
    }
    self.json = json
    self.from = from
    self.to = to
    options = json["options"] ?? [:]
  }

  /// What the gateway makes of it: `{body, path?, losses}`, `{sse, losses}` or `{error: {status, headers, body}}`.
  package func run() -> JSON {
    do throws(Fault) {
      switch json["direction"]?.string {
      case "request": return try request()
      case "response": return try response()
      case "stream": return try stream()
      default: return error()
      }
    } catch {
      return render(error, client)
    }
  }

  private func wire(_ name: String) -> ClientWire { ClientWire(rawValue: name) ?? .chat }

  /// The client's wire.
  private var client: ClientWire { wire(json["direction"]?.string == "request" ? from : to) }

  private var endpoint: EndpointName {
    switch json["endpoint"]?.string {
    case "completions": .completions
    case "embeddings": .embeddings
    case "rerank": .rerank
    default: .chat
    }
  }

  private func render(_ fault: Fault, _ wire: ClientWire) -> JSON {
    let reply = wire.errors.reply(fault)
    let headers = JSON.object(reply.headers.map { ($0.name, JSON($0.value)) })
    // nil can't be: the shapes write JSON.
    let body = (try? JSON(parsing: reply.body)) ?? .null
    return ["error": ["status": JSON(reply.status), "headers": headers, "body": body]]
  }

  private static func list(_ losses: [Loss]) -> JSON { .array(losses.map { JSON($0.description) }) }
}

// MARK: - The upstream

extension ConformanceCase {
  /// An upstream of a wire, as a provider file would describe it.
  private func offer(_ wire: String) throws(Fault) -> Offer {
    let isRerank = wire == "cohere-rerank" || wire == "rerank"
    let upstream = ["anthropic", "gemini"].contains(wire) ? wire : "openai-chat"
    let model = options["upstream_model"]?.string ?? options["client_model"]?.string ?? "model"
    var members: [(String, JSON)] = [
      ("name", "case"), ("wire", JSON(upstream)), ("base_url", "http://127.0.0.1:9/v1"), ("key", "none"), ("models", [JSON(model)]),
    ]
    if upstream == "openai-chat" { members.append(("dialect", options["dialect"] ?? "openai")) }
    if let caps = options["caps"] { members.append(("caps", caps)) }
    if let limit = options["default_max_tokens"] { members.append(("max_tokens_default", limit)) }
    if isRerank, wire == "cohere-rerank" { members.append(("endpoints", ["rerank": ["path": "/rerank", "shape": "cohere"]])) }
    if json["endpoint"]?.string == "completions" { members.append(("endpoints", ["completions": false])) }
    let mistakes = Mistakes()
    let text = Array(JSON.object(members).description.utf8)
    guard let setting = Setting.read(text, name: "case", into: mistakes),
      let file = ProviderFile.read(entry: setting, path: "", over: nil, into: mistakes), mistakes.all.isEmpty
    else { throw Fault(.internal, "The case's upstream can't be made.", detail: mistakes.all.map(\.description).joined(separator: "; ")) }
    let provider = try Provider(file, values: [:], origins: Origins(folder: "/"))
    guard let found = file.anyModel(named: model) else { throw Fault(.internal, "The case's model can't be made.") }
    return Offer(provider, found)
  }

  private var fetched: [String: Media.Source] {
    var files: [String: Media.Source] = [:]
    for (url, file) in (options["fetched"] ?? [:]).members {
      files[url] = .data(file["data"]?.string ?? "", mediaType: file["media_type"]?.string ?? "")
    }
    return files
  }

  /// The client's call; for replies with the parts of the request that a reply depends on.
  private func call(_ body: JSON, _ wire: ClientWire) -> Call {
    let isStream = options["stream"]?.bool ?? body["stream"]?.bool ?? false
    return Call(endpoint, wire, body: body, isStream: isStream)
  }

  private func reader(_ upstream: String) throws(Fault) -> ReplyReader {
    let offer = try offer(upstream)
    let call = call(options["request"] ?? [:], client)
    let isSame = call.passes(to: offer.provider)
    var tools = ToolNames(.chat)
    for tool in (call.body["tools"] ?? .null).elements where tool["type"]?.string == "custom" {
      let isKnown = offer.provider.file.wire == .openaiChat && offer.model.dialect.customTools
      if !isKnown, let name = (tool.at("custom.name") ?? tool["name"])?.string { tools.emulate(name) }
    }
    let model = options["client_model"]?.string ?? call.body["model"]?.string ?? "m"
    return ReplyReader(call, offer, tools, isSame: isSame, .field, model: model)
  }
}

// MARK: - Directions

extension ConformanceCase {
  private func request() throws(Fault) -> JSON {
    let body = json["input"] ?? .null
    let offer = try offer(to)
    let call = call(body, client)
    let pick = offer.provider.keys.pick(now: 0, without: [], evenHeld: true)
    guard let pick else { throw Fault(.internal, "The case's upstream has no key.") }
    try Exchange.check(body, endpoint, client)
    let model = options["client_model"]?.string ?? body["model"]?.string ?? ""
    let prepared: Provider.Prepared
    if call.passes(to: offer.provider) {
      prepared = try offer.provider.prepare(call, offer, pick, own: nil)
    } else if call.endpoint == .embeddings {
      prepared = try offer.provider.prepareEmbeddings(call, offer, pick, own: nil)
    } else {
      let chat = try client.decode(body, model: model, isStream: call.isStream)
      prepared = try offer.provider.prepare(chat, call, offer, pick, own: nil, fetched: fetched)
    }
    let sent = try JSON(parsing: prepared.request.body)
    var members: [(String, JSON)] = [("body", sent), ("losses", Self.list(prepared.losses))]
    if offer.provider.file.wire == .gemini {
      members.append(("path", JSON(prepared.request.target.replacing("/v1/models/", with: "/v1beta/models/"))))
    }
    return .object(members)
  }

  private func response() throws(Fault) -> JSON {
    let body = Array((json["input"] ?? .null).bytes)
    if from == "catalog" { return try catalog() }
    let reader = try reader(from)
    let whole = try reader.whole(body)
    return ["body": try JSON(parsing: whole.bytes), "losses": Self.list(whole.losses)]
  }

  private func stream() throws(Fault) -> JSON {
    let bytes = Array((json["input_sse"]?.string ?? "").utf8)
    var relay = try reader(from).relay()
    var frames: [Frame] = []
    var out: [UInt8] = []
    do throws(Fault) {
      var splitter = EventStream(.upstream)
      try splitter.feed(bytes[...], into: &frames)
      for frame in frames { out += try relay.relay(frame) }
      frames = []
      // An event that is cut breaks a stream whose other events are out.
      try splitter.end(into: &frames)
      for frame in frames { out += try relay.relay(frame) }
      out += try relay.end()
    } catch {
      guard relay.isUseful else { throw error }
      out += relay.failure(error)
    }
    return ["sse": JSON(String(decoding: out, as: UTF8.self)), "losses": Self.list(relay.losses)]
  }

  private func error() -> JSON {
    let input = json["input"] ?? .null
    let headers = (input["headers"] ?? .null).members.map { (name: $0.name, value: $0.value.string ?? "") }
    let body = input["body"].map { $0.string.map { Array($0.utf8) } ?? Array($0.bytes) } ?? []
    let answer = UpstreamAnswer(status: input["status"]?.int ?? 500, headers: headers, body: body)
    return render(UpstreamError.fault(answer, rules: []), client)
  }

  private func catalog() throws(Fault) -> JSON {
    let models = (json["input"] ?? .null).elements.map { entry in
      let isChat = (entry["methods"] ?? .null).elements.contains { $0.string == "chat" }
      return CatalogModel(
        entry["id"]?.string ?? "", owner: entry["owned_by"]?.string ?? "", kind: isChat ? .chat : .embedding,
        displayName: entry["display_name"]?.string, created: entry["created"]?.int ?? 0, maxInput: entry["max_input_tokens"]?.int,
        maxOutput: entry["max_output_tokens"]?.int)
    }
    let shape: CatalogShape = client == .gemini ? .gemini : client == .messages ? .anthropic : .openAI
    return ["body": try JSON(parsing: try shape.list(models) { _ in nil }), "losses": []]
  }
}
