import Base

/// A page of a list of models.
///
/// Who names no size gets up to 1,000 models, the vendors' largest page, instead of their usual 20 and 50: not every client turns pages.
struct CatalogPage {
  /// The models of the page, in the list's order.
  let models: ArraySlice<CatalogModel>
  /// Whether more follow in the direction of reading.
  let hasMore: Bool

  /// The vendors' largest page.
  static let most = 1000

  /// A page by `limit` and one of `after_id` and `before_id`. Source: Anthropic's "List Models" (limit 1…1000).
  static func anthropic(_ models: [CatalogModel], _ query: (String) -> String?) throws(Fault) -> CatalogPage {
    let limit = try size(query("limit"), "limit", 1...most) ?? most
    let after = query("after_id")
    let before = query("before_id")
    if after != nil, before != nil {
      throw Fault(.invalid, "Give only one of after_id and before_id.", code: "invalid_page", param: "before_id")
    }
    if let before { return page(of: models, before: try position(before, models, "before_id"), limit) }
    return page(of: models, from: try after.map { id throws(Fault) in try position(id, models, "after_id") + 1 } ?? 0, limit)
  }

  /// A page by `pageSize` and `pageToken`, also in snake case. Sizes over 1,000 count as 1,000, 0 as none.
  /// Source: Google's "models.list".
  static func gemini(_ models: [CatalogModel], _ query: (String) -> String?) throws(Fault) -> CatalogPage {
    let asked = try size(query("pageSize") ?? query("page_size"), "pageSize", 0...Int.max) ?? 0
    let limit = asked == 0 ? most : min(asked, most)
    guard let token = query("pageToken") ?? query("page_token"), !token.isEmpty else { return page(of: models, from: 0, limit) }
    guard let bytes = Base64.decode(token, .urlSafe) else { throw fault("pageToken") }
    return page(of: models, from: try position(String(decoding: bytes, as: UTF8.self), models, "pageToken") + 1, limit)
  }

  /// What asks for the page behind a model: its id, so that the list may change between two pages.
  static func token(after id: String) -> String { Base64.encode(Array(id.utf8), .urlSafe) }

  private static func page(of models: [CatalogModel], from start: Int, _ limit: Int) -> CatalogPage {
    let page = models[start...].prefix(limit)
    return CatalogPage(models: page, hasMore: page.endIndex < models.endIndex)
  }

  private static func page(of models: [CatalogModel], before end: Int, _ limit: Int) -> CatalogPage {
    let page = models[..<end].suffix(limit)
    return CatalogPage(models: page, hasMore: page.startIndex > models.startIndex)
  }

  private static func size(_ text: String?, _ name: String, _ range: ClosedRange<Int>) throws(Fault) -> Int? {
    guard let text, !text.isEmpty else { return nil }
    guard let number = Int(text), range.contains(number) else { throw fault(name) }
    return number
  }

  private static func position(_ id: String, _ models: [CatalogModel], _ name: String) throws(Fault) -> Int {
    guard let position = models.firstIndex(where: { $0.id == id }) else { throw fault(name) }
    return position
  }

  private static func fault(_ name: String) -> Fault {
    Fault(.invalid, "The query member “\(name)” names no page of this list.", code: "invalid_page", param: name)
  }
}
