package import Base

/// A request of a recipe as it goes up.
package struct RenderedRequest: Sendable {
  package var method: String
  /// The whole address, without the query.
  package var url: String
  /// What is seen of it by expressions: path and query as they are sent, headers, body.
  package var view = RequestView()

  /// Bytes of an address, of a header, of a body.
  static let most = (address: 64 << 10, header: 64 << 10, body: 64 << 20)

  /// Makes a request: plain members of the query, the body, then what looks at the request itself. `looks` tells whether an expression
  /// does, also through variables. `locate` says where the address really leads, and its path. Nil when a value of the address is unset.
  package init?(
    _ request: StepRequest, boundary: String, looks: (RecipeExpression) -> Bool,
    locate: (String) throws(Fault) -> (url: String, uri: String), context: (RequestView) -> RecipeContext
  ) throws(Fault) {
    method = request.method
    guard let address = try request.url.url(in: context(view)) else { return nil }
    let place = try locate(address)
    url = place.url
    view.uri = place.uri
    func isLate(_ template: RecipeTemplate) -> Bool { template.expressions.contains(where: looks) }
    let path = place.uri
    var query = [String?](repeating: nil, count: request.query.count)
    for late in [false, true] {
      for (position, member) in request.query.enumerated() where isLate(member.value) == late {
        query[position] = try member.value.text(in: context(view))
      }
      view.query = Self.query(of: path) + zip(request.query, query).compactMap { member, value in value.map { (member.name, $0) } }
      view.uri = Self.uri(path, zip(request.query.map(\.name), query).compactMap { name, value in value.map { (name, $0) } })
      if !late, let body = request.body { try render(body, boundary, context) }
    }
    try renderHeaders(request.headers, isLate, context)
    guard view.uri.utf8.count <= Self.most.address, view.body.count <= Self.most.body else { throw Formula.tooLarge }
  }

  private mutating func renderHeaders(
    _ headers: [(name: String, value: RecipeTemplate)], _ isLate: (RecipeTemplate) -> Bool, _ context: (RequestView) -> RecipeContext
  ) throws(Fault) {
    let own = view.headers
    var values = [String?](repeating: nil, count: headers.count)
    for late in [false, true] {
      for (position, header) in headers.enumerated() where isLate(header.value) == late {
        values[position] = try header.value.text(in: context(view))
        let made = zip(headers, values).compactMap { header, value in value.map { (name: header.name, value: $0) } }
        view.headers = own.filter { mine in !made.contains { $0.name.lowercased() == mine.name.lowercased() } } + made
      }
    }
    guard view.headers.allSatisfy({ $0.value.utf8.count <= Self.most.header }) else { throw Formula.tooLarge }
  }

  private static func uri(_ path: String, _ query: [(name: String, value: String)]) -> String {
    guard !query.isEmpty else { return path }
    let text = query.map { URLEncoding.strict($0.name.utf8) + "=" + URLEncoding.strict($0.value.utf8) }.joined(separator: "&")
    return path + (path.contains("?") ? "&" : "?") + text
  }

  /// The members of a query that an address has by itself.
  private static func query(of uri: String) -> [(name: String, value: String)] {
    guard let mark = uri.firstIndex(of: "?") else { return [] }
    return uri[uri.index(after: mark)...].split(separator: "&").map { member in
      let parts = member.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map { String($0).removingPercentEncoding }
      return (parts[0], parts.count > 1 ? parts[1] : "")
    }
  }
}

// MARK: - Bodies

extension RenderedRequest {
  private mutating func render(_ body: StepBody, _ boundary: String, _ context: (RequestView) -> RecipeContext) throws(Fault) {
    switch body {
    case .json(let value):
      view.body = Array((try value.value(in: context(view)) ?? .null).bytes)
      view.headers.append(("Content-Type", "application/json"))
    case .connectJSON(let value):
      view.body = Self.envelope(Array((try value.value(in: context(view)) ?? .null).bytes))
      view.headers.append(("Content-Type", "application/connect+json"))
    case .form(let fields):
      for (name, template) in fields {
        if let value = try template.text(in: context(view)) { view.form.append((name, value)) }
      }
      let text = view.form.map { URLEncoding.form($0.name.utf8) + "=" + URLEncoding.form($0.value.utf8) }.joined(separator: "&")
      view.body = Array(text.utf8)
      view.headers.append(("Content-Type", "application/x-www-form-urlencoded"))
    case .multipart(let fields):
      for field in fields { try append(field, boundary, context(view)) }
      view.body += Array("--\(boundary)--\r\n".utf8)
      view.headers.append(("Content-Type", "multipart/form-data; boundary=\(boundary)"))
    case .raw(let template):
      view.body = try template.value(in: context(view))?.bytes ?? []
    }
  }

  /// One envelope of the Connect protocol: no flags, the length, the message. Source: https://connectrpc.com/docs/protocol (read 2026-11).
  static func envelope(_ message: [UInt8]) -> [UInt8] {
    let count = UInt32(clamping: message.count)
    return [0] + (0..<4).map { UInt8(truncatingIfNeeded: count >> (24 - 8 * UInt32($0))) } + message
  }

  /// A part of a multipart body. Source: RFC 7578 §4.2.
  private mutating func append(_ field: StepBody.MultipartField, _ boundary: String, _ context: RecipeContext) throws(Fault) {
    guard let value = try field.value.value(in: context) else { return }
    var head = "--\(boundary)\r\nContent-Disposition: form-data; name=\"\(Self.quoted(field.name))\""
    if let name = try field.filename?.text(in: context) { head += "; filename=\"\(Self.quoted(name))\"" }
    if let type = try field.type?.text(in: context) { head += "\r\nContent-Type: " + type.filter { !$0.isNewline } }
    view.body += Array((head + "\r\n\r\n").utf8) + value.bytes + Array("\r\n".utf8)
  }

  /// As browsers write names. Source: https://html.spec.whatwg.org/#multipart-form-data (read 2026-11).
  private static func quoted(_ name: String) -> String {
    var out: [UInt8] = []
    // By bytes: CR LF is one character, and so is a quote with an accent.
    for byte in name.utf8 {
      switch byte {
      case UInt8(ascii: "\""): out += Array("%22".utf8)
      case 13: out += Array("%0D".utf8)
      case 10: out += Array("%0A".utf8)
      default: out.append(byte)
      }
    }
    return String(decoding: out, as: UTF8.self)
  }
}
