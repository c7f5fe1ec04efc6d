import Base
import Wire

/// Reads provider files out of texts.
enum Reading {
  /// What the file says, and its mistakes by line.
  static func file(_ text: String, name: String = "a.yaml") -> (file: ProviderFile?, mistakes: [String]) {
    let mistakes = Mistakes()
    let file = ProviderFile.read(Array(text.utf8), name: name, into: mistakes)
    return (file, mistakes.sorted.map(\.description))
  }

  /// What an entry of the configuration says over a file.
  static func entry(_ entry: String, over file: String?) -> (file: ProviderFile?, mistakes: [String]) {
    let mistakes = Mistakes()
    guard let top = Setting.read(Array(entry.utf8), name: "apus.yaml", into: mistakes) else {
      return (nil, mistakes.sorted.map(\.description))
    }
    let base = file.flatMap { Setting.read(Array($0.utf8), name: "a.yaml", into: mistakes) }
    let provider = ProviderFile.read(entry: top, path: "providers[0]", over: base, into: mistakes)
    return (provider, mistakes.sorted.map(\.description))
  }

  static let tern = """
    apus: provider/v1
    name: tern
    status: {source: "https://docs.tern.example/api", read: 2026-11-20}
    wire: openai-chat
    base_url: https://api.tern.example/v2
    credentials: {KEY: {env: TERN_API_KEY}, TEAM: {env: TERN_TEAM, required: false}}
    auth: {bearer: KEY}
    headers: {x-team: "{{cred.TEAM}}"}
    dialect: {like: compatible, usage_option: false}
    models: [tern-large, {id: tern-embed, kind: embedding}, {id: "tern-*-think", dialect: {like: think_tags}}]
    endpoints: {rerank: false}
    request: {drop: [logit_bias], effort: {none: {deep: false}, any: {deep: true}}}
    errors: [{status: [200], when: {state: {ne: ok}, reason: no_credit}, as: funds}]

    """
}
