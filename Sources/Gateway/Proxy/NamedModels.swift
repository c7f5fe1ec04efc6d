import Base
import Wire

/// The models that a passed request asks for, as far as its path, its query and its body tell.
///
/// A key that is limited to models must not get around that by the proxy: every name that some vendor could obey counts, also the second
/// of two members and those in lists. And since the owner's credential may go along, a name alone permits nothing: it must be a call of a model,
/// or else a request that the vendor understands in another way (of files, batches, the vendor's own keys) would pass by naming one.
enum NamedModels {
  /// What holds models' names in a body; what holds requests with bodies of their own, and tools that are models.
  private static let members: Set<String> = ["model", "models"]
  private static let nests: Set<String> = ["requests", "params", "body", "request", "tools"]
  /// What the path of a call of a model ends on. Source: protocols/official.md, and the vendors' references.
  private static let calls: Set<String> = [
    "completions", "responses", "embeddings", "rerank", "reranks", "messages", "count_tokens", "input_tokens", "generations", "generation",
    "speech", "moderations", "chatcompletion_v2", "chatcompletion_pro", "chat", "generate", "embed", "ocr",
  ]
  /// Segments of a path behind which a model's name stands. Source: the paths of Gemini, OpenAI's older API and Azure.
  private static let segments: Set<String> = ["models", "tunedmodels", "deployments", "engines"]
  /// How deep requests may lie within requests.
  private static let mostNests = 4

  /// Throws `permission` when the key may not ask for that.
  static func check(_ target: ProxyTarget, method: String, body: [UInt8], _ key: Keys.Key) throws(Fault) {
    guard !key.allowsAll(of: target.domain) else { return }
    let path = target.path.removingPercentEncoding
    let isReading = method == "GET" || method == "HEAD"
    let inBody = inBody(body)
    let inPath = isReading ? [] : inPath(path)
    let named = inPath + inQuery(target.query) + (inBody ?? [])
    if let refused = named.first(where: { !key.allows($0, of: target.domain) }) {
      throw Fault(.permission, "The key “\(key.name)” may not use the model “\(refused.prefix(200))”.", param: "model")
    }
    // A body that can't be read may name anything; what the query names may be looked at by nobody.
    let isTold = !inPath.isEmpty && body.isEmpty || inBody.map { !$0.isEmpty || !inPath.isEmpty } ?? false
    guard isReading ? !isList(path) : method != "POST" || !isCall(path) || !isTold else { return }
    throw Fault(
      .permission,
      "The key “\(key.name)” is limited to models, so that it passes only calls of models, as JSON that names them, and lists of models.",
      param: "model")
  }

  /// The names in a JSON body; nil when it is none.
  static func inBody(_ body: [UInt8]) -> [String]? {
    // nil is right: what can't be read names nothing.
    guard let json = try? JSON(parsing: body), json.kind == .object else { return nil }
    var found: [String] = []
    collect(json, 0, &found)
    return found
  }

  private static func collect(_ json: JSON, _ depth: Int, _ found: inout [String]) {
    for entry in json.entries {
      // Some vendors' parsers take names in any case.
      let name = entry.name.lowercased()
      if members.contains(name) {
        // What is no text is no name that a key may use.
        found += values(entry.value).map { $0.string.map(bare) ?? "\($0)" }
      } else if nests.contains(name), depth < mostNests {
        for value in values(entry.value) { collect(value, depth + 1, &found) }
      }
    }
  }

  /// The elements of a list, or the one value.
  private static func values(_ json: JSON) -> [JSON] { json.kind == .array ? Array(json.elements) : [json] }

  /// The names in a decoded path: behind `models/` up to the verb, behind `deployments/` up to the next slash.
  static func inPath(_ path: String) -> [String] {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    var found: [String] = []
    for (index, part) in parts.enumerated() where segments.contains(part.lowercased()) && index + 1 < parts.count {
      let rest = parts[(index + 1)...].joined(separator: "/")
      if let colon = rest.lastIndex(of: ":") {
        found.append(String(rest[..<colon]))
      } else {
        // Names may have slashes; where one ends is told by nothing then.
        found.append(part.lowercased() == "models" ? rest : parts[index + 1])
      }
    }
    return found
  }

  private static func inQuery(_ query: String?) -> [String] {
    guard let query else { return [] }
    return Query.values(of: "model", in: query).map { bare(String(decoding: $0, as: UTF8.self)) }
  }

  /// Whether a decoded path is that of a call: Gemini's have a verb behind the name.
  private static func isCall(_ path: String) -> Bool {
    let parts = path.split(separator: "/")
    guard let last = parts.last, !parts.contains("threads") else { return false }
    if last.contains(":") { return parts.dropLast().contains { segments.contains($0.lowercased()) } }
    return calls.contains(String(last)) || last == "batches" && parts.dropLast().last == "messages"
  }

  /// Whether models are only listed or described, right below a version or the beginning.
  static func isList(_ path: String) -> Bool {
    guard !path.contains(":") else { return false }
    var parts = path.split(separator: "/")
    if parts.last != "models" { parts = parts.dropLast() }
    guard parts.popLast() == "models" else { return false }
    return parts.last.map { roots.contains(String($0)) || $0.first == "v" && $0.dropFirst().first?.isNumber == true } ?? true
  }

  /// What else models are listed below.
  private static let roots: Set<String> = ["api", "openai", "inference"]

  /// Gemini's names begin with `models/`.
  private static func bare(_ name: String) -> String { name.hasPrefix("models/") ? String(name.dropFirst(7)) : name }
}
