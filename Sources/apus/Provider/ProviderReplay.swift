import Base
import Gateway
import Wire

/// `apus provider replay`: reads recorded bytes with a provider file.
struct ProviderReplay: ProviderAction {
  let file: String
  let events: String
  let variant: String?
  let status: Int
  let contentType: String?

  func run() -> Int32 {
    guard let named = NamedProviderFile(file) else { return 1 }
    let mistakes = Mistakes()
    guard let provider = named.read(variant: variant, into: mistakes) else {
      for mistake in mistakes.sorted { Output.complain(mistake.description) }
      return 1
    }
    guard let bytes = ConfigSource.bytes(of: events, limit: 64 << 20) else {
      Output.complain("apus provider: \(events) can't be read")
      return 1
    }
    Output.print(RecipeReplay(provider, status: status, contentType: contentType).result(bytes).description)
    return 0
  }
}
