import Base
import Glibc
import Testing

@testable import HTTP

@Suite(.timeLimit(.minutes(1))) struct `A server` {
  private static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

  /// Answers with the method, the target and the body.
  @Sendable private static func echo(_ request: Request) async {
    do throws(Fault) {
      let body = try await request.collect(limit: 100_000)
      request.respond(Response(status: 200, body: Array("\(request.head.method) \(request.head.target) ".utf8) + body))
    } catch {
      request.respond(Response(status: error.kind.status, body: Array(error.message.utf8)))
    }
  }

  @Test(arguments: [
    ("GET /a HTTP/1.1\r\nHost: a\r\n\r\n", "GET /a "),
    ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "POST / abc"),
    ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", "POST / abc"),
    ("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET /a "),
  ])
  func `answers one request after another, one by one, at once or byte by byte`(request: String, body: String) async throws {
    let bench = try await Bench(Self.echo)
    let peer = try bench.connect()
    for _ in 0..<3 {
      peer.send(request)
      #expect(peer.reply().body == body)
    }
    peer.send(request + request + request)
    for _ in 0..<3 { #expect(peer.reply().body == body) }
    for byte in request.utf8 { peer.send([byte]) }
    #expect(peer.reply().body == body)
  }

  @Test(arguments: [
    ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "Connection: close", true),
    ("GET / HTTP/1.0\r\n\r\n", "Connection: close", true),
    ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "Connection: keep-alive", false),
  ])
  func `says whether the connection stays`(request: String, field: String, ends: Bool) async throws {
    let bench = try await Bench(Self.echo)
    let peer = try bench.connect()
    peer.send(request)
    #expect(peer.reply().head.contains(field))
    if ends { #expect(peer.readAll().isEmpty) }
    if !ends {
      peer.send(request)
      #expect(peer.reply().status == 200)
    }
  }

  @Test func `sends no body to HEAD`() async throws {
    let bench = try await Bench(Self.echo)
    let peer = try bench.connect()
    peer.send("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n")
    #expect(peer.read(to: "\r\n\r\n").contains("Content-Length: 8\r\n"))
    peer.send(Self.get)
    #expect(peer.reply().status == 200)
  }

  @Test func `asks for a body that the client holds back`() async throws {
    let bench = try await Bench(Self.echo)
    let peer = try bench.connect()
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
    #expect(peer.read(to: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
    peer.send("abc")
    #expect(peer.reply().body == "POST / abc")
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\nExpect: 100-continue\r\n\r\n")
    #expect(peer.reply().status == 413)
  }

  @Test(arguments: ["Content-Length: 8000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n7A1200\r\n"])
  func `refuses a body that is too long while the client goes on sending`(framing: String) async throws {
    let bench = try await Bench(Self.echo)
    let peer = try bench.connect()
    peer.send("POST / HTTP/1.1\r\nHost: a\r\n" + framing)
    #expect(peer.send([UInt8](repeating: 65, count: 8_000_000)))
    let reply = peer.reply()
    #expect(reply.status == 413)
    #expect(reply.head.contains("Connection: close"))
    #expect(peer.readAll().isEmpty)
  }

  @Test(arguments: [("nonsense\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\nB: " + String(repeating: "b", count: 40000), 413)])
  func `refuses what is no request and ends the connection`(text: String, status: Int) async throws {
    let bench = try await Bench(Self.echo)
    let peer = try bench.connect()
    peer.send(text)
    #expect(peer.reply().status == status)
    #expect(peer.readAll().isEmpty)
  }

  @Test func `reads on after a body that waited, whole, for somebody to ask for it`() async throws {
    let bench = try await Bench { request in
      while request.head.method == "POST", !request.isFull { await request.loop.sleep(1_000_000) }
      let body = request.head.path == "/unread" ? nil : try? await request.collect(limit: 1 << 20)
      request.respond(Response(status: 200, body: Array("\(body?.count ?? -1)".utf8)))
    }
    for (path, count) in [("/", "65537"), ("/unread", "-1")] {
      let peer = try bench.connect()
      peer.send("POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n" + String(repeating: "x", count: 65537))
      #expect(peer.reply().body == count)
      peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
      #expect(peer.reply().body == "0")
    }
  }

  @Test func `refuses a malformed chunked body`() async throws {
    let bench = try await Bench(Self.echo)
    let peer = try bench.connect()
    peer.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
    #expect(peer.reply().status == 400)
    #expect(peer.readAll().isEmpty)
  }

  @Test func `gives up on slow heads, slow bodies and idle connections`() async throws {
    var limits = Server.Limits()
    limits.headTimeout = 100_000_000
    limits.idle = 100_000_000
    let bench = try await Bench(limits: limits, Self.echo)
    let slow = try bench.connect()
    slow.send("GET / HT")
    #expect(slow.reply().status == 408)
    let silent = try bench.connect()
    #expect(silent.readAll().isEmpty)
    let idle = try bench.connect()
    idle.send(Self.get)
    #expect(idle.reply().status == 200)
    #expect(idle.readAll().isEmpty)
    let body = try bench.connect()
    body.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na")
    #expect(body.readAll().isEmpty)
  }

  @Test func `accepts no more connections than allowed, and goes on when one ends`() async throws {
    var limits = Server.Limits()
    limits.connections = 2
    let bench = try await Bench(limits: limits, Self.echo)
    let first = try bench.connect()
    let second = try bench.connect()
    for peer in [first, second] {
      peer.send(Self.get)
      #expect(peer.reply().status == 200)
    }
    let third = try bench.connect()
    third.send(Self.get)
    #expect(await bench.count() == 2)
    first.close()
    #expect(third.reply().status == 200)
  }

  @Test(arguments: [Self.get, "GET / HTTP/1.0\r\n\r\n"])
  func `answers a client that has ended its side, to the last byte`(request: String) async throws {
    let size = 3_000_000
    let bench = try await Bench { $0.respond(Response(status: 200, body: [UInt8](repeating: 65, count: size))) }
    let peer = try bench.connect()
    peer.send(request)
    peer.endSending()
    #expect(peer.reply().body.utf8.count == size)
    #expect(peer.readAll().isEmpty)
  }

  @Test func `holds a writer back while the client does not read, and keeps every byte`() async throws {
    let notes = Notes()
    let bench = try await Bench { request in
      request.start(ResponseHead(status: 200))
      for _ in 0..<200 {
        try? await request.write([UInt8](repeating: 66, count: 50_000))
      }
      notes.add("written")
      request.finish()
    }
    let peer = try Peer(port: bench.port, receiveBuffer: 8192)
    peer.send("GET / HTTP/1.0\r\n\r\n")
    usleep(50_000)
    #expect(notes.all.isEmpty)
    let text = peer.readAll()
    #expect(text.utf8.filter { $0 == 66 }.count == 10_000_000)
    #expect(notes.has("written"))
  }

  @Test func `tells a handler that its client left, and cancels it`() async throws {
    let notes = Notes()
    let bench = try await Bench { request in
      request.whenAbandoned = { notes.add("abandoned") }
      notes.add("begun")
      await request.loop.sleep(20_000_000_000)
      notes.add(Task.isCancelled ? "cancelled" : "slept")
    }
    let peer = try bench.connect()
    peer.send(Self.get)
    #expect(notes.has("begun"))
    peer.close()
    #expect(notes.has("cancelled"))
    #expect(notes.all == ["begun", "abandoned", "cancelled"])
    #expect(await bench.count() == 0)
  }

  @Test func `lets a handler go on that wants to`() async throws {
    let notes = Notes()
    let bench = try await Bench { request in
      request.isCancelledWithClient = false
      await withCheckedContinuation { continuation in
        request.whenAbandoned = { continuation.resume() }
        notes.add("begun")
      }
      request.start(ResponseHead(status: 200))
      do throws(Fault) { try await request.write([1]) } catch { notes.add(error.kind.rawValue) }
      notes.add(Task.isCancelled ? "cancelled" : "goes on")
    }
    let peer = try bench.connect()
    peer.send(Self.get)
    #expect(notes.has("begun"))
    peer.close()
    #expect(notes.has("goes on"))
    #expect(notes.all == ["begun", "cancelled", "goes on"])
  }

  @Test func `sends heartbeats while a stream is silent`() async throws {
    let bench = try await Bench { request in
      request.start(ResponseHead(status: 200))
      request.keepAlive(every: 5_000_000, Array(":\n\n".utf8))
      await request.loop.sleep(100_000_000)
      request.finish(Array("end".utf8))
    }
    let peer = try bench.connect()
    peer.send(Self.get)
    #expect(peer.read(to: "0\r\n\r\n").hasSuffix("3\r\n:\n\n\r\n3\r\nend\r\n0\r\n\r\n"))
  }

  @Test func `shows a stream that was aborted to be broken`() async throws {
    let bench = try await Bench { request in
      request.start(ResponseHead(status: 200))
      try? await request.write(Array("abc".utf8))
      request.abort()
    }
    let peer = try bench.connect()
    peer.send(Self.get)
    #expect(peer.readAll().hasSuffix("3\r\nabc\r\n"))
  }

  @Test func `answers a request that its handler forgot`() async throws {
    let bench = try await Bench { _ in }
    let peer = try bench.connect()
    peer.send(Self.get)
    #expect(peer.reply().status == 400)
  }

  @Test func `drains: the reply under way goes out, idle connections end, no new ones come`() async throws {
    let notes = Notes()
    let bench = try await Bench { request in
      notes.add("begun")
      await request.loop.sleep(50_000_000)
      request.respond(Response(status: 200, body: Array("late".utf8)))
    }
    let idle = try bench.connect()
    let busy = try bench.connect()
    busy.send(Self.get)
    #expect(notes.has("begun"))
    bench.onListener { $0.drain { notes.add("drained") } }
    #expect(idle.readAll().isEmpty)
    let reply = busy.reply()
    #expect(reply.body == "late")
    #expect(reply.head.contains("Connection: close"))
    #expect(busy.readAll().isEmpty)
    #expect(notes.has("drained"))
    #expect(throws: (any Error).self) { try bench.connect() }
  }
}
