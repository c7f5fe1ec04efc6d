import Base
import Upstream
import Wire

/// `/v1/models` in OpenAI's shape. Source: formats/wire-formats.md §11.
enum ModelList {
  /// The models that the key may use.
  static func body(_ router: Router, _ key: Keys.Key) -> [UInt8] {
    var writer = JSONWriter(capacity: 4096)
    writer.beginObject()
    writer.member("object", "list")
    writer.key("data")
    writer.beginArray()
    for model in router.list where key.allows(model.names) { write(model, &writer) }
    writer.endArray()
    writer.endObject()
    return writer.bytes
  }

  /// One model. Throws `notFound` for one that isn't there or that the key may not see.
  static func body(_ id: String, _ router: Router, _ key: Keys.Key) throws(Fault) -> [UInt8] {
    let route = try router.route(id)
    guard key.allows(route.names), let target = route.targets.first else {
      throw Fault(.notFound, "The model “\(id.prefix(200))” does not exist here.", param: "model")
    }
    var owner = Demo.provider
    if case .provider(let offer) = target { owner = offer.provider.name }
    var writer = JSONWriter(capacity: 256)
    write(Router.Listed(id: id, owner: owner, names: [], kind: .chat), &writer)
    return writer.bytes
  }

  private static func write(_ model: Router.Listed, _ writer: inout JSONWriter) {
    writer.beginObject()
    writer.member("id", model.id)
    writer.member("object", "model")
    writer.member("created", 0)
    writer.member("owned_by", model.owner)
    writer.endObject()
  }
}
