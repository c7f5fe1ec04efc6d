package import Base
package import HTTP
package import Wire

/// Fetches images and documents that a request names by address, for models that take none.
///
/// The address comes from a client: only http and https, only connections to public addresses at ports of the web, no
/// credentials, and limits on size, number, redirects and time. What a name resolves to decides, not how it is spelled.
package struct Fetcher {
  /// Bytes of one file.
  private static let mostBytes = 20 << 20
  /// Files of one request.
  private static let mostFiles = 20
  /// Bytes of one address.
  private static let longestAddress = 8192
  /// Redirects of one file.
  private static let mostRedirects = 3
  /// Nanoseconds for one file, its redirects included.
  private static let patience: Int64 = 20_000_000_000
  /// Made once: it reads the system's authorities.
  private static let tls = Result { () throws(Fault) in try TLSContext(authorities: nil, verifies: true, allowsHTTP2: false) }

  private static let fields: Headers = {
    var headers = Headers()
    headers.append(.accept, "*/*")
    headers.append(.acceptEncoding, "identity")
    headers.append(.userAgent, "apus")
    return headers
  }()

  private let client: Client
  private let admits: @Sendable (Address) -> Bool

  /// `admits` says whether an address may be connected to.
  package init(_ client: Client, admits: @escaping @Sendable (Address) -> Bool = { Fetcher.admits($0) }) {
    self.client = client
    self.admits = admits
  }

  /// Whether an address is public and its port one of the web: 80, 443, or one that needs no privilege.
  package static func admits(_ address: Address) -> Bool {
    address.isPublic && (address.port == 80 || address.port == 443 || address.port >= 1024)
  }

  /// The files of these addresses, as base64 text. Throws `invalid` with code `unsupported_content` for one that can't be had.
  package func fetch(_ addresses: [String]) async throws(Fault) -> [String: Media.Source] {
    guard addresses.count <= Self.mostFiles else { throw Self.refusal("\(addresses.count) files are too many to fetch.") }
    var files: [String: Media.Source] = [:]
    for address in addresses { files[address] = try await file(address) }
    return files
  }

  private func file(_ address: String) async throws(Fault) -> Media.Source {
    let reply: Response
    do throws(Fault) {
      reply = try await get(address)
    } catch {
      throw Self.refusal(error.message, address)
    }
    guard reply.head.status == 200 else { throw Self.refusal("It answered with status \(reply.head.status).", address) }
    guard let type = MediaType.decide(reply.body, declared: reply.head.headers[.contentType], target: address) else {
      throw Self.refusal("It is no file that a model could read.", address)
    }
    return .data(Base64.encode(reply.body), mediaType: type)
  }

  private func get(_ address: String) async throws(Fault) -> Response {
    guard address.utf8.count <= Self.longestAddress else {
      throw Fault(.invalid, "The address is longer than \(Self.longestAddress) bytes.")
    }
    var fetch = Fetch(limit: Self.mostBytes, tls: try Self.tls.get())
    fetch.redirects = Self.mostRedirects
    fetch.admits = admits
    fetch.timeouts.total = Self.patience
    return try await fetch.get(try HTTPURL(address), headers: Self.fields, with: client)
  }

  private static func refusal(_ why: String, _ address: String? = nil) -> Fault {
    // Behind the question mark stands what may be secret.
    let place = address.map { " from \($0.prefix { $0 != "?" }.prefix(200))" } ?? ""
    return Fault(.invalid, "A file could not be fetched\(place). \(why)", code: "unsupported_content")
  }
}
