import Base
import Wire

/// The models that a passed request asks for, as far as its path, its query and its body tell.
///
/// A key that is limited to models must not get around that by the proxy: every name that some vendor could obey counts, also the second
/// of two members and those in lists; and a request of which nobody can tell what it asks for is refused.
enum NamedModels {
  /// What holds models' names in a body; what holds requests with bodies of their own.
  private static let members: Set<String> = ["model", "models"]
  private static let nests: Set<String> = ["requests", "params", "body", "request"]
  /// Segments of a path behind which a model's name stands. Source: the paths of Gemini, OpenAI's older API and Azure.
  private static let segments: Set<String> = ["models", "tunedmodels", "deployments", "engines"]
  /// How deep requests may lie within requests.
  private static let mostNests = 4

  /// Throws `permission` when the key may not ask for that.
  static func check(_ target: ProxyTarget, method: String, body: [UInt8], _ key: Keys.Key) throws(Fault) {
    guard !key.allowsAll(of: target.domain) else { return }
    let inBody = inBody(body)
    let named = inPath(target.path) + inQuery(target.query) + (inBody ?? [])
    if let refused = named.first(where: { !key.allows($0, of: target.domain) }) {
      throw Fault(.permission, "The key “\(key.name)” may not use the model “\(refused.prefix(200))”.", param: "model")
    }
    // A body that can't be read may name anything.
    let isTold = !named.isEmpty && (body.isEmpty || inBody != nil)
    guard !isTold, !isList(target.path, method) else { return }
    throw Fault(
      .permission, "The key “\(key.name)” is limited to models, so that it passes only JSON that names its model, and lists of models.",
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
        found += values(entry.value).compactMap { $0.string.map(bare) }
      } else if nests.contains(name), depth < mostNests {
        for value in values(entry.value) { collect(value, depth + 1, &found) }
      }
    }
  }

  /// The elements of a list, or the one value.
  private static func values(_ json: JSON) -> [JSON] { json.kind == .array ? Array(json.elements) : [json] }

  /// The names in a path: behind `models/` up to the verb, behind `deployments/` up to the next slash.
  static func inPath(_ path: String) -> [String] {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).map { String($0).removingPercentEncoding }
    var found: [String] = []
    for (index, part) in parts.enumerated() where segments.contains(part.lowercased()) && index + 1 < parts.count {
      let rest = parts[(index + 1)...].joined(separator: "/")
      if let colon = rest.lastIndex(of: ":") {
        found.append(String(rest[..<colon]))
      } else if part.lowercased() != "models" {
        found.append(parts[index + 1])
      }
    }
    return found
  }

  private static func inQuery(_ query: String?) -> [String] {
    guard let query, let value = Query.value(of: "model", in: query) else { return [] }
    return [bare(String(decoding: value, as: UTF8.self))]
  }

  /// Whether models are only listed or described.
  static func isList(_ path: String, _ method: String) -> Bool {
    guard method == "GET" || method == "HEAD", !path.contains(":"), !path.lowercased().contains("%3a") else { return false }
    let parts = path.split(separator: "/")
    return parts.last == "models" || parts.dropLast().last == "models"
  }

  /// Gemini's names begin with `models/`.
  private static func bare(_ name: String) -> String { name.hasPrefix("models/") ? String(name.dropFirst(7)) : name }
}
