package import Base
import CSystem

/// Gets what lies behind a URL, follows redirects as far as the caller allows, and goes nowhere the caller does not admit.
///
/// For addresses that somebody else chose. Every hop is a connection of its own, made directly, without an outbound
/// proxy: only so the address that was checked is the one that is connected to.
package struct Fetch: Sendable {
  /// Redirects that are followed. 0: the first reply is the result, whatever its status.
  package var redirects = 0
  /// Says of each address of each hop whether it may be connected to; nil admits all.
  package var admits: (@Sendable (Address) -> Bool)?
  /// Bytes of the body.
  package var limit: Int
  /// `total` is for all hops together.
  package var timeouts = ClientRequest.Timeouts()
  /// What is checked of servers behind https.
  package let tls: TLSContext

  /// Takes bodies of at most `limit` bytes.
  package init(limit: Int, tls: TLSContext) {
    self.limit = limit
    self.tls = tls
  }

  /// The whole reply of the last hop, of any status. Runs on `client`'s loop; ends when its task is cancelled.
  /// Throws as `ClientStream`; `permission` for an address that is not admitted and for a way from https to http;
  /// `broken` after too many redirects, for one that leads nowhere, and for a body beyond the limit.
  package func get(_ url: HTTPURL, headers: Headers = Headers(), with client: Client) async throws(Fault) -> Response {
    let hop = LoopBound(CurrentHop(), client.loop)
    let result = await withTaskCancellationHandler {
      await follow(url, headers, client, hop.value)
    } onCancel: {
      hop.onLoop { $0.cancel() }
    }
    return try result.get()
  }

  private func follow(_ url: HTTPURL, _ headers: Headers, _ client: Client, _ hop: CurrentHop) async -> Result<Response, Fault> {
    let end = sys_now() + timeouts.total
    var (url, headers) = (url, headers)
    do throws(Fault) {
      for _ in 0...redirects {
        let stream = begin(url, headers, client, end)
        try hop.enter(stream)
        let head = try await stream.responseHead()
        guard redirects > 0, let next = try Self.next(url, headers, head) else {
          return .success(Response(status: head.status, headers: head.headers, body: try await stream.collect(limit: limit)))
        }
        stream.cancel()
        (url, headers) = next
      }
      throw Fault(.broken, "The address redirects more than \(redirects) times.")
    } catch {
      hop.cancel()
      return .failure(error)
    }
  }

  private func begin(_ url: HTTPURL, _ headers: Headers, _ client: Client, _ end: Int64) -> ClientStream {
    var request = ClientRequest(method: "GET", target: url.target, headers: headers, timeouts: timeouts)
    request.timeouts.total = end - sys_now()
    let origin = Origin(isTLS: url.isTLS, host: url.host, port: url.port, tls: url.isTLS ? tls : nil, admits: admits ?? { _ in true })
    return client.sendOnce(request, to: origin)
  }
}

extension Fetch {
  /// Fields that are meant for one origin alone.
  static let credentials: [HeaderName] = [.authorization, .cookie, .proxyAuthorization, "x-api-key", "x-goog-api-key"]

  /// Where a reply sends us on to, and with which fields; nil when it doesn't. Source: RFC 9110 §15.4.
  static func next(_ url: HTTPURL, _ headers: Headers, _ head: ResponseHead) throws(Fault) -> (HTTPURL, Headers)? {
    guard [301, 302, 303, 307, 308].contains(head.status), let location = head.headers[.location] else { return nil }
    let next: HTTPURL
    do throws(Fault) { next = try url.resolving(location) } catch {
      throw Fault(.broken, "The address redirects to something that can't be fetched.", detail: error.message)
    }
    guard next.isTLS || !url.isTLS else { throw Fault(.permission, "The address redirects from https to http, which is not followed.") }
    // Taken away for good: a way back to the first origin may be a trap, too.
    return (next, next.hasOrigin(of: url) ? headers : headers.without(credentials))
  }
}

/// The stream that a cancelled fetch has to give up.
private final class CurrentHop {
  private var stream: ClientStream?
  private var isCancelled = false

  func enter(_ stream: ClientStream) throws(Fault) {
    self.stream = stream
    guard !isCancelled else {
      stream.cancel()
      throw Fault(.cancelled, "The request was cancelled.")
    }
  }

  func cancel() {
    isCancelled = true
    stream?.cancel()
  }
}
