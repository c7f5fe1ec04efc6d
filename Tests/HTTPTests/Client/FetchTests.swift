import Base
import Testing

@testable import HTTP

@Suite(.timeLimit(.minutes(1))) struct `A fetch` {
  /// Credentials and a field that every origin may see.
  private static let fields: Headers = {
    var headers = Headers()
    for name in Fetch.credentials { headers.append(name, "secret") }
    headers.append(.accept, "image/*")
    return headers
  }()

  /// Answers `/N` with a redirect to `/N-1` and `/0` with what it was asked; `/to?URL` redirects there, `/status/N` so.
  @Sendable private static func serve(_ request: Request) async {
    let head = request.head
    var headers = Headers()
    if head.path == "/to" {
      headers.append(.location, head.query)
    } else if let number = Int(head.path.dropFirst()), number > 0 {
      headers.append(.location, "\(number - 1)")
    } else {
      let names = Fetch.credentials.filter { head.headers.bytes($0) != nil }.map(\.string)
      let text = "\(head.method) \(head.target) \(head.headers[.accept] ?? "-") \(names.count)"
      return request.respond(Response(status: 200, body: Array(text.utf8)))
    }
    request.respond(Response(status: 302, headers: headers, body: Array("moved".utf8)))
  }

  private func fetch(
    _ url: String, redirects: Int = 5, limit: Int = 1000, on bench: Bench, admits: (@Sendable (Address) -> Bool)? = nil
  ) async throws -> String {
    var fetch = Fetch(limit: limit, tls: try TLSContext(authorities: nil, verifies: true, allowsHTTP2: true))
    fetch.redirects = redirects
    fetch.admits = admits
    let (start, settings) = (try HTTPURL(url), fetch)
    return await bench.onLoop { client in
      do throws(Fault) {
        let reply = try await settings.get(start, headers: Self.fields, with: client)
        return "\(reply.head.status) " + String(decoding: reply.body, as: UTF8.self)
      } catch {
        return error.kind.rawValue
      }
    }
  }

  @Test(arguments: [
    (0, 0, "200 GET /0 image/* 5"), (0, 3, "200 GET /0 image/* 5"), (1, 0, "302 moved"), (3, 3, "200 GET /0 image/* 5"), (4, 3, "broken"),
  ])
  func `follows as many redirects as it may, none by default`(count: Int, allowed: Int, expected: String) async throws {
    let bench = try await Bench(Self.serve)
    #expect(try await fetch("http://127.0.0.1:\(bench.port)/\(count)", redirects: allowed, on: bench) == expected)
  }

  @Test func `keeps credentials from other origins, also on the way back`() async throws {
    let (bench, other) = (try await Bench(Self.serve), try await Bench(Self.serve))
    let (here, there) = ("http://127.0.0.1:\(bench.port)", "http://127.0.0.1:\(other.port)")
    #expect(try await fetch("\(here)/to?/0", on: bench) == "200 GET /0 image/* 5")
    #expect(try await fetch("\(here)/to?\(there)/0", on: bench) == "200 GET /0 image/* 0")
    #expect(try await fetch("\(here)/to?\(there)/to?\(here)/0", on: bench) == "200 GET /0 image/* 0")
    #expect(try await fetch("\(here)/to?http://localhost:\(bench.port)/0", on: bench) == "200 GET /0 image/* 0")
  }

  @Test(arguments: ["ftp://a/", "http://u@127.0.0.1/", "http://", "javascript:x"])
  func `does not follow what leads nowhere`(location: String) async throws {
    let bench = try await Bench(Self.serve)
    #expect(try await fetch("http://127.0.0.1:\(bench.port)/to?\(location)", on: bench) == "broken")
  }

  // RFC 9110 §15.4: the replies that lead on, and those that don't.
  @Test(arguments: [
    (301, true), (302, true), (303, true), (307, true), (308, true), (200, false), (201, false), (300, false), (304, false), (305, false),
    (404, false),
  ])
  func `follows only what is a redirect`(status: Int, follows: Bool) throws {
    var head = ResponseHead(status: status)
    let url = try HTTPURL("https://a/b")
    #expect(try Fetch.next(url, Headers(), head) == nil)
    head.headers.append(.location, "c")
    #expect(try Fetch.next(url, Headers(), head)?.0 == (follows ? HTTPURL("https://a/c") : nil))
  }

  @Test func `never goes from https to http`() throws {
    var head = ResponseHead(status: 302)
    head.headers.append(.location, "http://a/b")
    #expect(try Fetch.next(HTTPURL("http://a/"), Headers(), head) != nil)
    let fault = #expect(throws: Fault.self) { try Fetch.next(HTTPURL("https://a/"), Headers(), head) }
    #expect(fault?.kind == .permission)
  }

  @Test func `asks of every hop whether its address is admitted, and connects to no other`() async throws {
    let (bench, other) = (try await Bench(Self.serve), try TestOrigin { _, _ in })
    let (here, there) = (bench.port, other.port)
    let asked = Notes()
    let result = try await fetch("http://127.0.0.1:\(here)/to?http://127.0.0.1:\(there)/0", on: bench) { address in
      asked.add(address.description)
      return address.port == here
    }
    #expect(result == "permission")
    #expect(asked.all == ["127.0.0.1:\(here)", "127.0.0.1:\(there)"])
    #expect(other.count == 0)
  }

  @Test func `does not go to a name that turns out to be somewhere else`() async throws {
    let bench = try await Bench(Self.serve)
    // The name's first address is fine, its next one is not: only the fine one is connected to, and it refuses.
    let resolver = Resolver { _ in [[127, 0, 0, 9], [127, 0, 0, 1]].map { Address(bytes: $0, port: 0) } }
    let url = try HTTPURL("http://rebinding.example:\(bench.port)/0")
    var fetch = Fetch(limit: 1000, tls: try TLSContext(authorities: nil, verifies: true, allowsHTTP2: true))
    fetch.admits = { $0.host == "127.0.0.9" }
    let settings = fetch
    let kind = await bench.onLoop { client in
      do throws(Fault) { return "\(try await settings.get(url, with: Client(client.loop, resolver)).head.status)" } catch {
        return error.kind.rawValue
      }
    }
    #expect(kind == "broken")
    #expect(await bench.count() == 0)
  }

  @Test func `takes no more than its limit`() async throws {
    let bench = try await Bench { $0.respond(Response(status: 200, body: [UInt8](repeating: 65, count: 100_000))) }
    #expect(try await fetch("http://127.0.0.1:\(bench.port)/", limit: 100_000, on: bench).utf8.count == 100_004)
    #expect(try await fetch("http://127.0.0.1:\(bench.port)/", limit: 99_999, on: bench) == "broken")
  }

  @Test func `leaves no connection behind`() async throws {
    let bench = try await Bench(Self.serve)
    _ = try await fetch("http://127.0.0.1:\(bench.port)/3", on: bench)
    for _ in 0..<1000 where await bench.count() > 0 { await bench.onLoop { await $0.loop.sleep(5_000_000) } }
    #expect(await bench.count() == 0)
  }

  @Test func `ends when its task is cancelled`() async throws {
    let notes = Notes()
    let origin = try TestOrigin { peer, _ in
      _ = peer.read(to: "\r\n\r\n")
      notes.add("asked")
      _ = peer.readAll()
      notes.add("closed")
    }
    let bench = try await Bench()
    let url = try HTTPURL("http://127.0.0.1:\(origin.port)/")
    let fetch = Fetch(limit: 1000, tls: try TLSContext(authorities: nil, verifies: true, allowsHTTP2: true))
    let task = bench.begin { client in
      do throws(Fault) { return "\(try await fetch.get(url, with: client).head.status)" } catch { return error.kind.rawValue }
    }
    #expect(notes.has("asked"))
    task.cancel()
    #expect(await task.value == "cancelled")
    #expect(notes.has("closed"))
  }
}
