import Base
import Synchronization
import Testing

@testable import HTTP

/// What only those need who pass messages on: trailers, interim replies, a length and a Date that are another's.
@Suite(.timeLimit(.minutes(1))) struct `A message that is passed on` {
  @Test func `goes up in chunks where it has trailers`() async throws {
    let notes = Notes()
    let origin = try TestOrigin { peer, _ in
      notes.add(peer.read(to: "\r\n\r\n"))
      notes.add(peer.read(to: "\r\n\r\n"))
      peer.send("HTTP/1.1 204 No Content\r\n\r\n")
    }
    let bench = try await Bench()
    let port = origin.port
    let result = await bench.onLoop { client in
      var request = ClientRequest(method: "POST", target: "/", body: Array("0123456789abcdef!".utf8))
      request.trailers.append("x-sum", "7")
      return await outcome(client, request, Origin(isTLS: false, host: "127.0.0.1", port: port))
    }
    #expect(result == "204 ")
    #expect(
      notes.all == [
        "POST / HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nTransfer-Encoding: chunked\r\n\r\n",
        "11\r\n0123456789abcdef!\r\n0\r\nx-sum: 7\r\n\r\n",
      ])
  }

  @Test func `comes back with interim replies and trailers`() async throws {
    let origin = try TestOrigin { peer, _ in
      _ = peer.read(to: "\r\n\r\n")
      peer.send(
        "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX-Sum: 7\r\n\r\n")
    }
    let bench = try await Bench()
    let target = Origin(isTLS: false, host: "127.0.0.1", port: origin.port)
    let notes = Notes()
    await bench.onLoop { client in
      let stream = client.send(ClientRequest(method: "GET", target: "/"), to: target)
      stream.whenInterim = { notes.add("\($0.status) \($0.headers["link"] ?? "")") }
      notes.add("\((try? await stream.responseHead())?.status ?? 0)")
      notes.add(String(decoding: (try? await stream.collect(limit: 10)) ?? [], as: UTF8.self))
      notes.add(stream.trailers?["x-sum"] ?? "")
    }
    #expect(notes.all == ["103 x", "200", "a", "7"])
  }

  @Test(
    arguments: [
      ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "7", false, "Content-Length: 7\r\nConnection: close\r\n\r\nabcdefg"),
      ("HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "9", true, "Content-Length: 9\r\nConnection: close\r\n\r\n"),
      (
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", nil, false,
        "Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\nX-Sum: 7\r\n\r\n"
      ),
      ("GET / HTTP/1.0\r\n\r\n", nil, false, "Connection: close\r\n\r\nabcdefg"),
      // Shorter and longer than its head says: broken off.
      ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "8", false, "Content-Length: 8\r\nConnection: close\r\n\r\nabcdefg"),
      ("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "6", false, "Content-Length: 6\r\nConnection: close\r\n\r\nabc"),
    ] as [(String, String?, Bool, String)])
  func `has the length and the date that its head tells`(request: String, length: String?, isBodiless: Bool, expected: String) async throws
  {
    let bench = try await Bench { request in
      var headers = Headers()
      headers.append(.date, "then")
      if let length { headers.append(name: Array("Content-Length".utf8), Array(length.utf8)) }
      var trailers = Headers()
      trailers.append(name: Array("X-Sum".utf8), Array("7".utf8))
      request.start(passing: ResponseHead(status: 200, headers: headers), isBodiless: isBodiless)
      do throws(Fault) {
        try request.sendHead()
        for piece in isBodiless ? [] : ["abc", "defg"] { try await request.write(Array(piece.utf8)) }
        request.finish(trailers: trailers)
      } catch {
        request.abort()
      }
    }
    let peer = try bench.connect()
    peer.send(request)
    #expect(peer.readAll() == "HTTP/1.1 200 OK\r\ndate: then\r\n" + expected)
  }

  @Test func `goes to the address that was checked, however the name's answers change`() async throws {
    let origin = try TestOrigin { peer, _ in
      _ = peer.read(to: "\r\n\r\n")
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    }
    // The name leads to an address that is admitted when it is asked for the first time and to another from then on, as rebinding does it.
    let asked = Notes()
    let resolver = Resolver(lifetime: 0) { name in
      asked.add(name)
      return [asked.all.count == 1 ? Address(bytes: [127, 0, 0, 2], port: 0) : Address(bytes: [127, 0, 0, 1], port: 0)]
    }
    let checked = Notes()
    let target = Origin(isTLS: false, host: "rebound.example", port: origin.port) { address in
      checked.add(address.host)
      return address.bytes != [127, 0, 0, 1]
    }
    let bench = try await Bench()
    let results = await bench.onLoop { own in
      let client = Client(own.loop, resolver)
      var results: [String] = []
      for _ in 0..<3 { results.append(await outcome(client, ClientRequest(method: "GET", target: "/"), target)) }
      return results
    }
    // One answer is both checked and used: the first try went to the admitted address, where nobody is, and none to the other.
    #expect(results == ["broken", "permission", "permission"])
    #expect(asked.all.count == 3)
    #expect(checked.all == ["127.0.0.2", "127.0.0.1", "127.0.0.1"])
    #expect(origin.count == 0)
  }

  @Test(arguments: [
    "127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "::ffff:7f00:1", "fe80::1", "fd00:ec2::254", "0.0.0.0",
    "100.100.100.200",
    "192.168.0.1", "172.16.0.1", "224.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::",
  ])
  func `goes to no address that isn't public`(address: String) async throws {
    let bench = try await Bench()
    let found = try #require(Address(address, port: 0))
    let resolver = Resolver { _ in [found] }
    let port = bench.port
    let result = await bench.onLoop { own in
      await outcome(
        Client(own.loop, resolver), ClientRequest(method: "GET", target: "/"),
        Origin(isTLS: false, host: "private.example", port: port) { $0.isPublic })
    }
    #expect(result == "permission")
    #expect(await bench.count() == 0)
  }
}
