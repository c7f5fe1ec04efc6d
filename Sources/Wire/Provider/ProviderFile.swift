package import Base

/// One provider as its file describes it: where it is, how it wants to be asked, and what its answers mean.
///
/// A value without I/O. Files come from `Providers/`, from the owner, or from a `providers:` entry of the configuration
/// that lays its members over one of them. Source: provider-files.md (`apus: provider/v1`).
package struct ProviderFile: Sendable {
  /// When a provider takes part.
  package enum Enable: String, Sendable, CaseIterable {
    /// As soon as its required credentials have values, or the configuration names it.
    case credentials
    /// Only when the configuration names it.
    case named
  }

  /// What the configuration gives as `key`.
  package enum Key: Sendable {
    /// Nothing: the environment has it, or nobody.
    case environment
    /// `none`: no credential goes up.
    case none
    /// `client`: the credential the client brought.
    case client
    /// One or several.
    case values([Secret])
  }

  /// `[a-z0-9-]+`.
  package var name: String
  /// Counts the file's own changes.
  package var revision: Int?
  /// Where the facts come from and when they were read.
  package var status: [(name: String, value: String)] = []
  /// When it takes part.
  package var enable = Enable.credentials

  /// The names of its variants.
  package var variants: [String] = []
  /// The variant that is laid over the file, nil for the file as it is.
  package var variant: String?
  /// The wire it speaks; of no meaning for a provider with a recipe.
  package var wire: ProviderWire
  /// How it is asked when it has no standard wire: a chat web app.
  package var recipe: Recipe?
  /// The URL its paths are joined to; nil when the owner has to give it.
  package var baseURL: BaseURL?
  /// Replaces scheme, host and port of every URL. Of a recipe: its site.
  package var origin: BaseURL?
  /// Whether the config gave a recipe's `origin`, which then stands for the hosts of all its steps.
  package var replacesHosts = false
  /// Further hosts that may get credentials.
  package var hosts: [String] = []
  /// The endpoints it has.
  package var endpoints: [EndpointName: Endpoint]
  /// Fixed header fields.
  package var headers: [(name: String, value: HeaderTemplate)] = []

  /// How its credential travels.
  package var auth: ProviderAuth
  /// The credentials it knows, in the file's order.
  package var credentials: [Credential] = []
  /// What the configuration gives as `key`.
  package var key = Key.environment
  /// The accounts the configuration gives.
  package var sessions: [ProviderSession] = []

  /// How it speaks Chat.
  package var dialect: Dialect
  /// What it understands.
  package var caps: Capabilities
  /// The limit that is sent where the target insists on one.
  package var maxTokensDefault = 8192
  /// What is done to the body that goes up.
  package var request = RequestRules()
  /// What its answers say in words of their own.
  package var response = ResponseRules()
  /// What its errors mean; the first that fits counts.
  package var errors: [ErrorRule] = []

  /// Its models.
  package var models: ProviderModels
  /// Whether the vendor's own list adds to them.
  package var takesModelsFromUpstream = false
  /// Whether `name/MODEL` with a model that isn't listed is refused.
  package var isModelsClosed = false

  /// How much at once and how often it is asked.
  package var limits = ProviderLimits()
  /// How long it may take.
  package var timeouts = ProviderTimeouts()
  /// Tries of one target, from 1.
  package var retries = 3
  /// The longest wait for a limit that passes.
  package var rateWait = Duration.seconds(5)
  /// The silence after which the client gets a heartbeat; zero for none.
  package var keepAlive = Duration.seconds(15)
  /// `http://…` or `socks5://…`.
  package var outboundProxy: String?
  /// How its certificate is checked.
  package var tls = ProviderTLS()
  /// A request that shows whether it works, and what it must answer; only on the owner's demand.
  package var liveness: LivenessRule?
  /// What its models cost.
  package var prices: ProviderPrices?

  /// The model with that id or alias, else what the first pattern that fits the name says; else nil.
  package func model(named name: String) -> ProviderModel? { models.named(name) }

  /// The model of a name that goes up as it is, whether it is listed or not; nil when only listed ones may.
  package func anyModel(named name: String) -> ProviderModel? {
    models.named(name) ?? (isModelsClosed ? nil : models.unlisted(name))
  }

  /// The models that `/v1/models` names.
  package var listedModels: [ProviderModel] { models.listed }

  /// The complete URL of an endpoint; nil when the provider has none, or no address yet.
  package func url(of name: EndpointName) -> String? {
    guard let endpoint = endpoints[name] else { return nil }
    let usual = endpoint.baseURL ?? baseURL
    guard let origin else { return usual?.joined(endpoint.path) }
    return (usual?.moved(to: origin) ?? origin).joined(endpoint.path)
  }

  /// The credential of a name; nil when the file has none.
  package func credential(named name: String) -> Credential? { credentials.first { $0.name == name } }
}
