import Base
import HTTP
import Testing
import Wire

@testable import Upstream

/// A web server on this machine, with a fetcher beside it that may ask it, and nobody else.
private final class Site: Sendable {
  private let loop: EventLoop
  private let members: LoopBound<Members>
  let port: UInt16

  private final class Members {
    var listener: Listener?
    var client: Client?
  }

  init(_ handler: @escaping @Sendable (Request) async -> Void) async throws {
    let loop = try EventLoop(index: 0)
    let members = LoopBound(Members(), loop)
    (self.loop, self.members) = (loop, members)
    loop.start()
    port = await withCheckedContinuation { continuation in
      loop.execute {
        let server = Server(handler: handler) { Response(status: 400, body: Array($0.message.utf8)) }
        members.value.client = Client(loop, Resolver())
        members.value.listener = try? Listener(Address(bytes: [127, 0, 0, 1], port: 0), server, loop)
        continuation.resume(returning: members.value.listener?.address?.port ?? 0)
      }
    }
  }

  /// What comes of fetching: media type and base64, or the fault.
  func fetch(_ addresses: [String], admits: (@Sendable (Address) -> Bool)? = nil) async -> Result<[String: Media.Source], Fault> {
    let (members, port) = (members, port)
    return await Task(executorPreference: loop) { () -> Result<[String: Media.Source], Fault> in
      guard let client = members.value.client else { preconditionFailure("no client") }
      let fetcher = Fetcher(client, admits: admits ?? { $0.port == port })
      do throws(Fault) { return .success(try await fetcher.fetch(addresses)) } catch { return .failure(error) }
    }.value
  }
}

@Suite(.timeLimit(.minutes(1))) struct `A fetcher` {
  @Sendable private static func serve(_ request: Request) async {
    var headers = Headers()
    switch request.head.path {
    case "/x.gif": request.respond(Response(status: 200, headers: headers, body: Array("GIF89a".utf8)))
    case "/big": request.respond(Response(status: 200, headers: headers, body: [UInt8](repeating: 65, count: (20 << 20) + 1)))
    case "/page":
      headers.append(.contentType, "text/html")
      request.respond(Response(status: 200, headers: headers, body: Array("<html>".utf8)))
    case "/to":
      headers.append(.location, request.head.query)
      request.respond(Response(status: 302, headers: headers))
    case "/round":
      headers.append(.location, "/round")
      request.respond(Response(status: 302, headers: headers))
    default: request.respond(Response(status: 404))
    }
  }

  @Test func `brings files, also where they have moved`() async throws {
    let site = try await Site(Self.serve)
    let urls = ["/x.gif", "/to?/x.gif", "/to?/to?/x.gif"].map { "http://127.0.0.1:\(site.port)\($0)" }
    let files = try await site.fetch(urls).get()
    #expect(files == Dictionary(uniqueKeysWithValues: urls.map { ($0, .data("R0lGODlh", mediaType: "image/gif")) }))
  }

  @Test(arguments: [
    ("/none?secret", "status 404"), ("/page", "no file"), ("/round", "redirects more than 3 times"), ("/big", ""),
    ("/to?ftp://a/", "can't be fetched"), ("/to?http://127.0.0.1:1/", "not"),
    ("/" + String(repeating: "a", count: 8192), "longer than 8192"),
  ])
  func `refuses what is no file for a model`(target: String, reason: String) async throws {
    let site = try await Site(Self.serve)
    guard case .failure(let fault) = await site.fetch(["http://127.0.0.1:\(site.port)\(target)"]) else {
      Issue.record("it was fetched")
      return
    }
    #expect(fault.kind == .invalid && fault.code == "unsupported_content")
    #expect(reason.isEmpty || fault.message.contains(reason))
    #expect(!fault.message.contains("secret"))
  }

  @Test func `takes no more files than its limit`() async throws {
    let site = try await Site(Self.serve)
    let urls = (0...20).map { "http://127.0.0.1:\(site.port)/x.gif?\($0)" }
    #expect(try await site.fetch(Array(urls.dropLast())).get().count == 20)
    #expect((try? await site.fetch(urls).get()) == nil)
  }

  @Test func `connects to public addresses at the web's ports alone`() {
    let site: [UInt8] = [93, 184, 216, 34]
    for port: UInt16 in [80, 443, 1024, 8443, 65535] { #expect(Fetcher.admits(Address(bytes: site, port: port))) }
    for port: UInt16 in [0, 22, 25, 444, 1023] { #expect(!Fetcher.admits(Address(bytes: site, port: port))) }
    #expect(!Fetcher.admits(Address(bytes: [10, 0, 0, 1], port: 443)))
  }
}
