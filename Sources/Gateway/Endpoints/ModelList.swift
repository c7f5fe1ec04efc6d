import Base
import HTTP
import Upstream
import Wire

/// The lists of models of the three wires, in the shape that the request wants. Source: formats/wire-formats.md §11.
enum ModelList {
  /// The shape that a request wants.
  static func shape(_ head: RequestHead) -> CatalogShape {
    CatalogShape(path: head.path) { head.headers[$0] != nil }
  }

  /// The models that the key may use, or the page of them that the query asks for. Throws `invalid` for a page that can't be.
  static func body(_ head: RequestHead, _ router: Router, _ key: Keys.Key) throws(Fault) -> [UInt8] {
    let models = router.list.filter { key.allows($0.names) }.map(\.model)
    return try shape(head).list(models) { name in
      Query.value(of: name, in: head.query).map { String(decoding: $0, as: UTF8.self) }
    }
  }

  /// One model. Throws `notFound` for one that isn't there, that the key may not see, or that the wire can't ask anything.
  static func body(_ id: String, _ head: RequestHead, _ router: Router, _ key: Keys.Key) throws(Fault) -> [UInt8] {
    let listed = try router.shown(id)
    guard key.allows(listed.names), let body = shape(head).one(listed.model) else {
      throw Fault(.notFound, "The model “\(id.prefix(200))” does not exist here.", param: "model")
    }
    return body
  }
}
