import Base
import Gateway
import Upstream
import Wire

/// `apus provider check`: tells the mistakes of a provider file and of its variants, its credentials, and whether its recorded events
/// still give the recorded answer.
struct ProviderCheck: ProviderAction {
  let file: String
  let variant: String?
  let source: ConfigSource

  func run() -> Int32 {
    guard let named = NamedProviderFile(file) else { return 1 }
    let mistakes = Mistakes()
    let provider = named.read(variant: variant, into: mistakes)
    for name in provider?.variants ?? [] where mistakes.all.isEmpty && variant == nil {
      _ = named.read(variant: name, into: mistakes)
    }
    for mistake in mistakes.sorted { Output.print(mistake.description) }
    guard mistakes.all.isEmpty, let provider else { return 1 }
    for line in credentials(provider) { Output.print(line) }
    guard checkFixture(provider, named) else { return 1 }
    Output.print("\(named.name): fine; \(summary(provider))")
    return 0
  }

  private func summary(_ provider: ProviderFile) -> String {
    let models = "\(provider.listedModels.count) models"
    let variants = provider.variants.isEmpty ? "" : ", variants \(provider.variants.joined(separator: ", "))"
    guard let recipe = provider.recipe else { return "\(provider.wire.rawValue), \(models)\(variants)" }
    return "\(recipe.steps.count) \(recipe.steps.count == 1 ? "step" : "steps"), \(models)\(variants)"
  }

  /// A line for each credential: whether it has a value, and where people find it. Never the value.
  private func credentials(_ provider: ProviderFile) -> [String] {
    let values = (try? source.read(Mistakes()).values) ?? Environment.all  // a broken config is `apus check`'s business
    return provider.credentials.map { credential in
      let isSet = credential.variables.contains { values[$0]?.contains { !$0.isWhitespace } == true }
      let state = isSet ? "set" : credential.isRequired ? "not set" : "not set, optional"
      let names = credential.variables.isEmpty ? "" : " (\(credential.variables.joined(separator: ", ")))"
      return "\(credential.name)\(names): \(state)" + (isSet ? "" : credential.place.map { "; \($0)" } ?? "")
    }
  }

  // MARK: Fixtures

  private func checkFixture(_ provider: ProviderFile, _ named: NamedProviderFile) -> Bool {
    guard let fixture = provider.recipe?.fixture, let folder = named.folder else { return true }
    let path = "\(folder)/\(fixture.events ?? provider.name + ".events")"
    guard let bytes = ConfigSource.bytes(of: path, limit: 64 << 20) else { return complain("fixture: \(path) can't be read") }
    if let hash = fixture.eventsHash, Digest.hex(Digest.sha256(bytes)) != hash.lowercased() {
      return complain("fixture: \(path) is not the file whose digest events_sha256 is")
    }
    let result = RecipeReplay(provider).result(bytes)
    if let message = result["error"]?["message"]?.string { return complain("fixture: the recorded events give an error: \(message)") }
    let content = Array((result["content"]?.string ?? "").utf8)
    guard let hash = fixture.answerHash, Digest.hex(Digest.sha256(content)) != hash.lowercased() else { return true }
    return complain("fixture: the recorded events no longer give the recorded answer")
  }

  private func complain(_ line: String) -> Bool {
    Output.print(line)
    return false
  }
}
