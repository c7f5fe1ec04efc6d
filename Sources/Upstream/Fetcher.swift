package import Base
package import HTTP
package import Wire

/// Fetches images and documents that a request names by address, for models that take none.
///
/// The address comes from a client: only http and https, only hosts whose every address is public, no credentials, no redirects
/// that lead elsewhere than such hosts, and limits on size, number and time.
package struct Fetcher {
  /// Bytes of one file.
  private static let mostBytes = 20 << 20
  /// Files of one request.
  private static let mostFiles = 20
  /// Redirects of one file.
  private static let mostRedirects = 3
  /// Nanoseconds for one file.
  private static let patience: Int64 = 20_000_000_000

  private let client: Client
  private let admits: @Sendable (Address) -> Bool

  /// `admits` says whether an address may be connected to.
  package init(_ client: Client, admits: @escaping @Sendable (Address) -> Bool = { $0.isPublic }) {
    self.client = client
    self.admits = admits
  }

  /// The files of these addresses, as base64 text. Throws `invalid` with code `unsupported_content` for one that can't be had.
  package func fetch(_ addresses: [String]) async throws(Fault) -> [String: Media.Source] {
    guard addresses.count <= Self.mostFiles else { throw Self.refusal("\(addresses.count) files are too many to fetch.") }
    var files: [String: Media.Source] = [:]
    for address in addresses { files[address] = try await file(address) }
    return files
  }

  private func file(_ address: String) async throws(Fault) -> Media.Source {
    var url = try FetchURL(address)
    for _ in 0...Self.mostRedirects {
      let (head, body) = try await get(url)
      if (300..<400).contains(head.status), let next = head.headers[.location] {
        url = try url.redirected(to: next)
        continue
      }
      guard head.status == 200 else { throw Self.refusal("It answered with status \(head.status).", url) }
      guard let type = MediaType.decide(body, declared: head.headers[.contentType], target: url.target) else {
        throw Self.refusal("It is no file that a model could read.", url)
      }
      return .data(Base64.encode(body), mediaType: type)
    }
    throw Self.refusal("It leads on and on.", url)
  }

  private func get(_ url: FetchURL) async throws(Fault) -> (ResponseHead, [UInt8]) {
    let tls = url.isSecure ? try TLSContext(authorities: nil, verifies: true, allowsHTTP2: false) : nil
    let origin = Origin(isTLS: url.isSecure, host: url.host, port: UInt16(url.port), tls: tls, admits: admits)
    var timeouts = ClientRequest.Timeouts()
    timeouts.total = Self.patience
    var headers = Headers()
    headers.append(.accept, "*/*")
    headers.append(.acceptEncoding, "identity")
    headers.append(.userAgent, "apus")
    do throws(Fault) {
      let stream = client.send(ClientRequest(method: "GET", target: url.target, headers: headers, timeouts: timeouts), to: origin)
      let head = try await stream.responseHead()
      return (head, try await stream.collect(limit: Self.mostBytes))
    } catch {
      throw Self.refusal(error.message, url)
    }
  }

  private static func refusal(_ why: String, _ url: FetchURL? = nil) -> Fault {
    let place = url.map { " from \($0.description.prefix { $0 != "?" }.prefix(200))" } ?? ""
    return Fault(.invalid, "A file could not be fetched\(place). \(why)", code: "unsupported_content")
  }
}
