import Base
import Glibc
import Testing

@testable import HTTP

/// What came of a request: status and body, or the kind of fault.
func outcome(_ client: Client, _ request: ClientRequest, _ origin: Origin) async -> String {
  let stream = client.send(request, to: origin)
  do throws(Fault) {
    let head = try await stream.responseHead()
    return "\(head.status) " + String(decoding: try await stream.collect(limit: 10_000_000), as: UTF8.self)
  } catch {
    return error.kind.rawValue
  }
}

@Suite(.timeLimit(.minutes(1))) struct `A client` {
  private static let get = ClientRequest(method: "GET", target: "/")
  private static func origin(_ port: UInt16, proxy: OutboundProxy? = nil) -> Origin {
    Origin(isTLS: false, host: "127.0.0.1", port: port, proxy: proxy)
  }

  @Test(arguments: [
    ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "200 abc"),
    ("HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\nA: b\r\n\r\n", "200 abc"),
    ("HTTP/1.1 200 OK\r\n\r\nabc", "200 abc"), ("HTTP/1.0 200 OK\r\n\r\nabc", "200 abc"),
    ("HTTP/1.1 204 No Content\r\n\r\n", "204 "), ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "200 "),
    ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", "200 a"),
    // Broken off, or no HTTP.
    ("", "broken"), ("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc", "broken"), ("HTTP/1.1 200 OK\r\nA", "broken"),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", "broken"), ("220 mail.example\r\n\r\n", "broken"),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "broken"), ("HTTP/2 200\r\n\r\n", "broken"),
    ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na", "broken"), ("HTTP/1.1 200 OK\nA: b\n\n", "broken"),
    ("HTTP/1.1 200 OK\r\nA : b\r\n\r\n", "broken"), ("HTTP/1.1 101 Switching Protocols\r\n\r\n", "broken"),
  ])
  func `reads a reply, at once or byte by byte`(reply: String, expected: String) async throws {
    let origin = try TestOrigin { peer, number in
      _ = peer.read(to: "\r\n\r\n")
      if number == 1 { peer.send(reply) } else { for byte in reply.utf8 { peer.send([byte]) } }
    }
    let bench = try await Bench()
    let target = Self.origin(origin.port)
    for _ in 0..<2 { #expect(await bench.onLoop { await outcome($0, Self.get, target) } == expected) }
  }

  @Test func `uses a connection again, but not when bytes lie behind the reply`() async throws {
    let origin = try TestOrigin { peer, number in
      while peer.read(to: "\r\n\r\n").contains("GET") {
        let surplus = number == 1 ? "" : "HTTP/1.1 500 Evil\r\nContent-Length: 0\r\n\r\n"
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na" + surplus)
        if number == 1 { break }
      }
    }
    let bench = try await Bench()
    let target = Self.origin(origin.port)
    for _ in 0..<6 { #expect(await bench.onLoop { await outcome($0, Self.get, target) } == "200 a") }
    #expect(origin.count > 1)
  }

  @Test func `serves many requests at once and keeps the connections`() async throws {
    let bench = try await Bench { $0.respond(Response(status: 200, body: Array($0.head.target.utf8))) }
    let target = Self.origin(bench.port)
    for _ in 0..<2 {
      let right = await withTaskGroup(of: Bool.self) { group in
        for index in 0..<100 {
          group.addTask {
            await bench.onLoop { await outcome($0, ClientRequest(method: "GET", target: "/\(index)"), target) } == "200 /\(index)"
          }
        }
        return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
      }
      #expect(right == 100)
    }
    #expect(await bench.count() <= 100)
  }

  @Test func `sends a request again when an idle connection turns out to be gone`() async throws {
    let origin = try TestOrigin { peer, number in
      _ = peer.read(to: "\r\n\r\n")
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\(number)")
      // The second request is read and left unanswered.
      _ = peer.read(to: "\r\n\r\n")
    }
    let bench = try await Bench()
    let target = Self.origin(origin.port)
    #expect(await bench.onLoop { await outcome($0, Self.get, target) } == "200 1")
    #expect(await bench.onLoop { await outcome($0, Self.get, target) } == "200 2")
  }

  @Test func `reports a refused connection and an unknown name`() async throws {
    let bench = try await Bench()
    // A port that was freed a moment ago may be another test's by now.
    let refused = Self.origin(1)
    let barred = Origin(isTLS: false, host: "127.0.0.1", port: 1) { _ in false }
    #expect(await bench.onLoop { await outcome($0, Self.get, refused) } == "broken")
    #expect(await bench.onLoop { await outcome($0, Self.get, barred) } == "permission")
  }

  @Test(arguments: [("", 0), ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", 1), ("HTTP/1.1 200 OK\r\n\r\na", 2)])
  func `gives up when its patience ends`(reply: String, patience: Int) async throws {
    let notes = Notes()
    let origin = try TestOrigin { peer, _ in
      _ = peer.read(to: "\r\n\r\n")
      peer.send(reply)
      _ = peer.readAll()
      notes.add("closed")
    }
    let bench = try await Bench()
    let target = Self.origin(origin.port)
    var request = Self.get
    if patience == 0 { request.timeouts.firstByte = 50_000_000 }
    if patience == 1 { request.timeouts.idle = 50_000_000 }
    if patience == 2 { request.timeouts.total = 50_000_000 }
    let sent = request
    #expect(await bench.onLoop { await outcome($0, sent, target) } == "timeout")
    #expect(notes.has("closed"))
  }

  @Test(arguments: [true, false])
  func `ends the connection of a request that is cancelled or drained in vain`(cancels: Bool) async throws {
    let notes = Notes()
    let origin = try TestOrigin { peer, _ in
      _ = peer.read(to: "\r\n\r\n")
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\na")
      _ = peer.readAll()
      notes.add("closed")
    }
    let bench = try await Bench()
    let target = Self.origin(origin.port)
    await bench.onLoop { client in
      let stream = client.send(Self.get, to: target)
      _ = try? await stream.responseHead()
      if cancels { stream.cancel() } else { stream.drain() }
    }
    #expect(notes.has("closed"))
  }

  @Test func `stops reading while nobody takes the reply, and loses nothing`() async throws {
    let origin = try TestOrigin { peer, _ in
      _ = peer.read(to: "\r\n\r\n")
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n")
      peer.send([UInt8](repeating: 65, count: 10_000_000))
    }
    let bench = try await Bench()
    let target = Self.origin(origin.port)
    var request = Self.get
    request.timeouts.idle = 500_000_000
    let sent = request
    let result = await bench.onLoop { client in
      let stream = client.send(sent, to: target)
      do throws(Fault) {
        _ = try await stream.responseHead()
        // Longer than the upstream's patience, which is not the one to blame.
        await client.loop.sleep(700_000_000)
        return "\(try await stream.collect(limit: 10_000_000).count)"
      } catch {
        return error.description
      }
    }
    #expect(result == "10000000")
  }

  @Test(arguments: [
    ("HTTP/1.1 200 Fine\r\nA: b\r\n\r\n", "200 a"), ("HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\nno", "broken"), ("", "broken"),
  ])
  func `goes through a CONNECT proxy`(answer: String, expected: String) async throws {
    let notes = Notes()
    let proxy = try TestOrigin { peer, _ in
      notes.add(peer.read(to: "\r\n\r\n"))
      peer.send(answer)
      guard expected == "200 a" else { return }
      notes.add(peer.read(to: "\r\n\r\n"))
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na")
    }
    let bench = try await Bench()
    let way = OutboundProxy(kind: .connect, host: "127.0.0.1", port: proxy.port, user: "u", password: Secret("p"))
    let target = Origin(isTLS: false, host: "far.example", port: 81, proxy: way)
    #expect(await bench.onLoop { await outcome($0, Self.get, target) } == expected)
    #expect(notes.all.first == "CONNECT far.example:81 HTTP/1.1\r\nHost: far.example:81\r\nProxy-Authorization: Basic dTpw\r\n\r\n")
  }

  @Test(arguments: [([UInt8(5), 0, 0, 1, 0, 0, 0, 0, 0, 0], "200 a"), ([5, 2, 0, 1, 0, 0, 0, 0, 0, 0], "broken"), ([4, 0], "broken")])
  func `goes through a SOCKS 5 proxy`(answer: [UInt8], expected: String) async throws {
    let proxy = try TestOrigin { peer, _ in
      _ = peer.read(count: 4)
      peer.send([5, 2])
      _ = peer.read(count: 5)
      peer.send([1, 0])
      guard peer.read(count: 18) == "\u{5}\u{1}\0\u{3}\u{b}far.example\0Q" else { return }
      peer.send(answer)
      guard expected == "200 a" else { return }
      _ = peer.read(to: "\r\n\r\n")
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na")
    }
    let bench = try await Bench()
    let way = OutboundProxy(kind: .socks5, host: "127.0.0.1", port: proxy.port, user: "u", password: Secret("p"))
    let target = Origin(isTLS: false, host: "far.example", port: 81, proxy: way)
    #expect(await bench.onLoop { await outcome($0, Self.get, target) } == expected)
  }
}
