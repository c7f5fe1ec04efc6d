package import Base
package import Upstream
package import Wire

/// Finds who may answer for a model's name. Immutable; made anew with each config.
package struct Router: Sendable {
  /// One way to a model.
  package enum Target: Sendable {
    case provider(Offer)
    case demo

    /// `provider/model`.
    package var name: String {
      switch self {
      case .provider(let offer): offer.name
      case .demo: Demo.provider + "/" + Demo.model
      }
    }
  }

  /// A name and its targets, in the order in which they are tried.
  package struct Route: Sendable {
    /// The name that the client asked for, and shows.
    package let asked: String
    /// Who may answer, in the order in which they are asked.
    package let targets: [Target]
    /// The names by which a key's list of models may allow it.
    package let names: [String]
  }

  /// In the order in which a bare name looks for its provider.
  package let providers: [Provider]
  private let aliases: [(id: String, targets: [String])]
  private let hasDemo: Bool
  private let known: [String: Route]

  /// Over all models of the providers and the aliases; `hasDemo`: the built-in model answers too.
  package init(_ providers: [Provider], aliases: [AliasConfig], hasDemo: Bool) {
    self.providers = providers
    self.aliases = aliases.map { ($0.id, $0.targets) }
    self.hasDemo = hasDemo
    var known: [String: Route] = [:]
    let bare = Self.listed(providers, hasDemo: hasDemo)
    for (name, target) in bare where known[name] == nil { known[name] = Route(asked: name, targets: [target], names: [name, target.name]) }
    for (_, target) in bare {
      known[target.name] = Route(asked: target.name, targets: [target], names: [target.name] + Self.bareName(target))
    }
    for alias in aliases {
      let targets = alias.targets.compactMap { known[$0]?.targets.first ?? Self.unlisted($0, providers) }
      known[alias.id] = Route(asked: alias.id, targets: targets, names: [alias.id])
    }
    self.known = known
  }

  /// The route of a name: an alias, a listed model, then `provider/anything` where the provider takes it.
  /// Throws `notFound`; never a guess.
  package func route(_ name: String) throws(Fault) -> Route {
    if let route = known[name] { return route }
    if let target = Self.unlisted(name, providers) ?? vendorModel(name) {
      return Route(asked: name, targets: [target], names: [name, target.name])
    }
    throw Fault(.notFound, "The model “\(name.prefix(200))” does not exist here. GET /v1/models lists those that do.", param: "model")
  }

  /// Targets of aliases that no provider has, for `apus check`.
  package var deadTargets: [(alias: String, target: String)] {
    aliases.flatMap { alias in
      alias.targets.filter { known[$0] == nil && Self.unlisted($0, providers) == nil }.map { (alias.id, $0) }
    }
  }

  private static func bareName(_ target: Target) -> [String] {
    if case .provider(let offer) = target { [offer.model.id] } else { [Demo.model] }
  }

  /// Every listed model's names with its target, in order.
  private static func listed(_ providers: [Provider], hasDemo: Bool) -> [(String, Target)] {
    var found: [(String, Target)] = []
    for provider in providers {
      for model in provider.file.models.all {
        let offer = Offer(provider, model)
        for name in [model.id] + model.aliases { found.append((name, .provider(offer))) }
      }
    }
    if hasDemo { found.append((Demo.model, .demo)) }
    return found
  }

  /// `provider/NAME` with a name that the provider's file doesn't list.
  private static func unlisted(_ name: String, _ providers: [Provider]) -> Target? {
    guard let slash = name.firstIndex(of: "/"), name.index(after: slash) < name.endIndex else { return nil }
    guard let provider = providers.first(where: { $0.name == name[..<slash] }) else { return nil }
    return provider.file.anyModel(named: String(name[name.index(after: slash)...])).map { .provider(Offer(provider, $0)) }
  }

  /// A bare name that only a vendor's own list has.
  private func vendorModel(_ name: String) -> Target? {
    for provider in providers where provider.vendorModels.names.contains(name) {
      if let model = provider.file.anyModel(named: name) { return .provider(Offer(provider, model)) }
    }
    return nil
  }
}

extension Router {
  /// One entry of the model list.
  package struct Listed: Sendable {
    /// As the lists show it.
    package let model: CatalogModel
    /// The names by which a key's list of models may allow it.
    package let names: [String]

    /// The name that clients use.
    package var id: String { model.id }
    /// Who is named as its maker.
    package var owner: String { model.owner }
    /// What it is for.
    package var kind: ProviderModel.Kind { model.kind }
  }

  /// What `/v1/models` shows: aliases, then bare names once each, the demo last.
  package var list: [Listed] {
    var seen = Set<String>()
    var list: [Listed] = []
    for alias in aliases where seen.insert(alias.id).inserted {
      list.append(Listed(model: Self.shown(alias.id, owner: "apus", known[alias.id]?.targets.first), names: [alias.id]))
    }
    for provider in providers {
      for model in provider.file.listedModels where seen.insert(model.id).inserted {
        list.append(Self.listed(model.id, provider, model))
      }
      for name in provider.vendorModels.names where seen.insert(name).inserted {
        list.append(Self.listed(name, provider, provider.file.anyModel(named: name)))
      }
    }
    if hasDemo, seen.insert(Demo.model).inserted {
      list.append(Listed(model: Self.shown(Demo.model, owner: Demo.provider, .demo), names: [Demo.model, Target.demo.name]))
    }
    return list
  }

  /// What is shown of any name that can be asked for, listed or not. Throws `notFound`.
  package func shown(_ name: String) throws(Fault) -> Listed {
    let route = try route(name)
    let isAlias = aliases.contains { $0.id == name }
    return Listed(model: Self.shown(name, owner: isAlias ? "apus" : nil, route.targets.first), names: route.names)
  }

  private static func listed(_ name: String, _ provider: Provider, _ model: ProviderModel?) -> Listed {
    let target = model.map { Target.provider(Offer(provider, $0)) }
    return Listed(model: shown(name, owner: provider.name, target), names: [name, provider.name + "/" + name])
  }

  /// A model by the name that clients use; the owner is the target's where none is named.
  private static func shown(_ name: String, owner: String?, _ target: Target?) -> CatalogModel {
    guard case .provider(let offer)? = target else { return CatalogModel(name, owner: owner ?? Demo.provider) }
    return CatalogModel(
      name, owner: owner ?? offer.provider.name, kind: offer.model.kind, maxInput: offer.model.context, maxOutput: offer.model.maxOutput)
  }
}
