import Base
package import HTTP
import Wire

/// `server`: where clients come in and what they may cost.
package struct ServerConfig: Sendable {
  /// The addresses that it listens on.
  package var listen: [Address] = [Address(bytes: [127, 0, 0, 1], port: 8000)]
  /// Event loops; nil for one per core.
  package var loops: Int?
  /// Files of our certificate (PEM) and its key.
  package var tls: (certificate: String, key: String)?
  /// What a client may do.
  package var limits = Server.Limits()
  /// Bytes of a request's body.
  package var bodyLimit = 8 << 20
  /// Origins of web pages that may call.
  package var cors: [String] = []
  /// Nanoseconds that running replies get at the end.
  package var drain: Int64 = 4_000_000_000

  /// The defaults.
  package init() {}

  init(_ field: Field) {
    guard var fields = field.fields() else { return }
    if let list = fields["listen"] { listen = list.oneOrList().compactMap { $0.address() } }
    if let loops = fields["loops"], !loops.isWord("auto") { self.loops = loops.int(1...256) }
    if let tls = fields["tls"] { readTLS(tls) }
    if let limits = fields["limits"] { readLimits(limits) }
    cors = fields["cors"]?.oneOrList().compactMap { $0.origin() } ?? []
    drain = fields["drain"]?.nanoseconds() ?? drain
    fields.end()
  }

  private mutating func readTLS(_ field: Field) {
    guard var fields = field.fields() else { return }
    let certificate = fields.required("cert")?.string()
    let key = fields.required("key")?.string()
    fields.end()
    if let certificate, let key { tls = (certificate, key) }
  }

  private mutating func readLimits(_ field: Field) {
    guard var fields = field.fields() else { return }
    bodyLimit = fields["body"]?.byteCount() ?? bodyLimit
    limits.head = fields["head"]?.byteCount() ?? limits.head
    limits.connections = fields["connections"]?.int(1...1_000_000) ?? limits.connections
    limits.headTimeout = fields["head_timeout"]?.nanoseconds() ?? limits.headTimeout
    limits.idle = fields["idle"]?.nanoseconds() ?? limits.idle
    fields.end()
  }
}

extension Field {
  /// `HOST:PORT` with a literal address.
  func address() -> Address? {
    guard let text = string() else { return nil }
    do throws(Fault) {
      return try Address(parsing: text)
    } catch {
      return wrong(error.message)
    }
  }

  /// A web page's origin: scheme, host and port.
  fileprivate func origin() -> String? {
    guard let url = baseURL() else { return nil }
    guard url.path.isEmpty else { return wrong("an origin has no path") }
    return url.origin
  }
}
