import Base

extension Dialect {
  /// The properties a dialect has. Source: formats/wire-formats §4.
  private static let properties = [
    "limit_name", "developer_role", "reasoning_in", "reasoning_replay", "top_k", "stop_max", "tool_choice", "custom_tools",
    "official_only", "usage_in_choice", "usage_option", "tags",
  ]

  /// Reads a preset's name or `{like: NAME, PROPERTY: VALUE, …}`, and notes what is wrong with each property.
  static func read(_ field: Field) -> Dialect? {
    let names = presets.map(\.name)
    guard case .members = field.setting.content else {
      return field.string().flatMap { field.choice($0, among: names) }.flatMap(Dialect.named)
    }
    guard var fields = field.fields() else { return nil }
    var form: [(String, JSON)] = []
    if let like = fields["like"], let name = like.string().flatMap({ like.choice($0, among: names) }) { form.append(("like", JSON(name))) }
    for name in properties {
      guard let property = fields[name] else { continue }
      let member = (name, property.setting.json)
      do throws(Fault) {
        _ = try Dialect(.object([member]))
        form.append(member)
      } catch {
        property.mistake(error.message)
      }
    }
    fields.end()
    return try? Dialect(.object(form))  // can't fail: each member was tried alone
  }
}
