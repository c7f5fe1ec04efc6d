import Base
import Glibc
import Testing

@testable import HTTP

@Suite(.timeLimit(.minutes(1))) struct `A pool` {
  private static let get = ClientRequest(method: "GET", target: "/")
  private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"

  private func ask(_ bench: Bench, _ origin: Origin, _ request: ClientRequest = Self.get) async -> String {
    await bench.onLoop { await outcome($0, request, origin) }
  }

  private func askMany(_ count: Int, _ bench: Bench, _ origin: Origin, _ request: ClientRequest = Self.get) async -> [String] {
    await withTaskGroup(of: String.self) { group in
      for _ in 0..<count { group.addTask { await ask(bench, origin, request) } }
      return await group.reduce(into: []) { $0.append($1) }
    }
  }

  private func plain(_ port: UInt16) -> Origin { Origin(isTLS: false, host: "127.0.0.1", port: port) }

  @Test func `sends one request after another over one connection`() async throws {
    let origin = try TestOrigin { peer, _ in
      while peer.read(to: "\r\n\r\n").contains("GET") { peer.send(Self.ok) }
    }
    let bench = try await Bench()
    let target = plain(origin.port)
    for _ in 0..<50 { #expect(await ask(bench, target) == "200 a") }
    #expect(origin.count == 1)
    // As many as are under way at once, and those serve again.
    #expect(await askMany(10, bench, target) == [String](repeating: "200 a", count: 10))
    let count = origin.count
    #expect(count <= 10)
    for _ in 0..<10 { #expect(await ask(bench, target) == "200 a") }
    #expect(origin.count == count)
  }

  @Test func `makes one connection to an origin whose protocol it does not know`() async throws {
    let origin = try TestOrigin { peer, _ in _ = peer.readAll() }  // never says hello
    let bench = try await Bench()
    let tls = try TLSContext(authorities: nil, verifies: true, allowsHTTP2: true)
    let target = Origin(isTLS: true, host: "127.0.0.1", port: origin.port, tls: tls)
    var request = Self.get
    request.timeouts.connect = 100_000_000
    #expect(await askMany(20, bench, target, request) == [String](repeating: "timeout", count: 20))
    #expect(origin.count == 1)
  }

  @Test(arguments: ["HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na"])
  func `uses no connection again that the origin will close`(reply: String) async throws {
    let origin = try TestOrigin { peer, _ in
      _ = peer.read(to: "\r\n\r\n")
      peer.send(reply)
      _ = peer.readAll()
    }
    let bench = try await Bench()
    let target = plain(origin.port)
    for _ in 0..<3 { #expect(await ask(bench, target) == "200 a") }
    #expect(origin.count == 3)
  }

  // What may be sent again. Source: RFC 9112 §9.3.1.
  @Test(arguments: [
    // An idle connection that was closed: what the next ones do, and what comes of the request.
    (["", "200"], "200 a", 3), (["", ""], "broken", 3), (["HTTP/1.1 2"], "broken", 2),
    (["HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na"], "broken", 2),
  ])
  func `sends a request again once, and only one that nobody can have seen`(replies: [String], expected: String, requests: Int) async throws
  {
    let asked = Notes()
    let origin = try TestOrigin { peer, number in
      if number == 1 {
        asked.add(peer.read(to: "\r\n\r\n"))
        peer.send(Self.ok)
      }
      let reply = replies[number - 1]
      asked.add(peer.read(to: "\r\n\r\n"))
      peer.send(reply == "200" ? Self.ok : reply)
    }
    let bench = try await Bench()
    let target = plain(origin.port)
    #expect(await ask(bench, target) == "200 a")
    #expect(await ask(bench, target) == expected)
    #expect(asked.all.count == requests)
  }

  @Test func `sees an idle connection end and makes another`() async throws {
    let (gate, closed) = (Notes(), Notes())
    let origin = try TestOrigin { peer, number in
      _ = peer.read(to: "\r\n\r\n")
      peer.send(Self.ok)
      guard number == 1 else { return _ = peer.readAll() }
      _ = gate.has("close")
      peer.close()
      closed.add("closed")
    }
    let bench = try await Bench()
    let target = plain(origin.port)
    #expect(await ask(bench, target) == "200 a")
    gate.add("close")
    #expect(closed.has("closed"))
    #expect(await ask(bench, target) == "200 a")
    #expect(origin.count == 2)
  }

  @Test func `gives a connection that nobody waits for any more to the next request`() async throws {
    let (gate, origin) = (Notes(), Notes())
    let server = try TestOrigin { peer, _ in
      origin.add("connected")
      while peer.read(to: "\r\n\r\n").contains("GET") { peer.send(Self.ok) }
    }
    // The name is found only after the first request was given up.
    let resolver = Resolver { _ in
      _ = gate.has("given up")
      return [Address(bytes: [127, 0, 0, 1], port: 0)]
    }
    let bench = try await Bench()
    let target = Origin(isTLS: false, host: "a.example", port: server.port)
    let result = await bench.onLoop { loopClient in
      let client = Client(loopClient.loop, resolver)
      let first = client.send(Self.get, to: target)
      first.cancel()
      gate.add("given up")
      while !origin.all.contains("connected") { await client.loop.sleep(1_000_000) }
      return await outcome(client, Self.get, target)
    }
    #expect(result == "200 a")
    #expect(server.count == 1)
  }

  @Test func `ends idle connections of an origin that is forgotten, and lets a reply come to its end`() async throws {
    let notes = Notes()
    let origin = try TestOrigin { peer, number in
      _ = peer.read(to: "\r\n\r\n")
      if number == 1 { _ = notes.has("forgotten") }
      peer.send(Self.ok)
      _ = peer.readAll()
      notes.add("ended \(number)")
    }
    let bench = try await Bench()
    let target = plain(origin.port)
    let first = bench.begin { await outcome($0, Self.get, target) }
    while origin.count < 1 { usleep(1000) }
    #expect(await ask(bench, target) == "200 a")
    #expect(!notes.all.contains("ended 2"))
    await bench.onLoop { $0.keepOnly([]) }
    #expect(notes.has("ended 2"))
    notes.add("forgotten")
    #expect(await first.value == "200 a")
    #expect(notes.has("ended 1"))
  }

  @Test func `reads a reply that came before the request was sent`() async throws {
    let origin = try TestOrigin { peer, _ in
      _ = peer.read(to: "\r\n\r\n")
      peer.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
      // Closed with bytes unread: the connection is reset.
    }
    let bench = try await Bench()
    let target = plain(origin.port)
    let request = ClientRequest(method: "POST", target: "/", body: [UInt8](repeating: 65, count: 8_000_000))
    for _ in 0..<50 { #expect(await ask(bench, target, request) == "413 no") }
  }
}
