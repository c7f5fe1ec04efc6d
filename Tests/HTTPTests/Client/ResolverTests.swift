import Base
import Synchronization
import Testing

@testable import HTTP

@Suite(.timeLimit(.minutes(1))) struct `A resolver` {
  private static let found = [Address(bytes: [192, 0, 2, 1], port: 0), Address(bytes: [192, 0, 2, 2], port: 0)]

  /// Asks from the bench's loop.
  private func ask(_ resolver: Resolver, _ host: String, port: UInt16 = 80, on bench: Bench) async -> String {
    await bench.onLoop { client in
      await withCheckedContinuation { continuation in
        resolver.resolve(host, port: port, on: client.loop) { answer in
          switch answer {
          case .success(let addresses): continuation.resume(returning: addresses.map(\.description).joined(separator: " "))
          case .failure(let fault): continuation.resume(returning: fault.kind.rawValue)
          }
        }
      }
    }
  }

  @Test func `asks once for a name and gives each its port`() async throws {
    let notes = Notes()
    let resolver = Resolver {
      notes.add($0)
      return Self.found
    }
    let bench = try await Bench()
    #expect(await ask(resolver, "a.example", port: 80, on: bench) == "192.0.2.1:80 192.0.2.2:80")
    #expect(await ask(resolver, "a.example", port: 443, on: bench) == "192.0.2.1:443 192.0.2.2:443")
    #expect(await ask(resolver, "b.example", on: bench) == "192.0.2.1:80 192.0.2.2:80")
    #expect(notes.all == ["a.example", "b.example"])
  }

  @Test func `asks again when an answer has grown old`() async throws {
    let notes = Notes()
    let resolver = Resolver(lifetime: 0) {
      notes.add($0)
      return Self.found
    }
    let bench = try await Bench()
    for _ in 0..<3 { _ = await ask(resolver, "a.example", on: bench) }
    #expect(notes.all.count == 3)
  }

  @Test(arguments: [nil, []] as [[Address]?])
  func `remembers for a moment that a name is unknown`(answer: [Address]?) async throws {
    let notes = Notes()
    // An hour, so that a slow machine can't outlive the moment.
    let resolver = Resolver(lifetime: 0, failureLifetime: 3_600_000_000_000) {
      notes.add($0)
      return answer
    }
    let bench = try await Bench()
    for _ in 0..<3 { #expect(await ask(resolver, "a.example", on: bench) == "broken") }
    #expect(notes.all.count == 1)
  }

  @Test func `asks once for many who wait for the same name`() async throws {
    let notes = Notes()
    let resolver = Resolver {
      notes.add($0)
      // The answer comes only when all have asked.
      _ = notes.has("all asked")
      return Self.found
    }
    let bench = try await Bench()
    let answers = await bench.onLoop { client in
      let answered = LoopBound(Counter(), client.loop)
      for _ in 0..<50 {
        resolver.resolve("a.example", port: 1, on: client.loop) { if (try? $0.get().count) == 2 { answered.value.count += 1 } }
      }
      notes.add("all asked")
      while answered.value.count < 50, !Task.isCancelled { await client.loop.sleep(1_000_000) }
      return answered.value.count
    }
    #expect(answers == 50)
    #expect(notes.all.filter { $0 == "a.example" }.count == 1)
  }

  @Test func `does not ask for an address`() async throws {
    let notes = Notes()
    let resolver = Resolver {
      notes.add($0)
      return nil
    }
    let bench = try await Bench()
    #expect(await ask(resolver, "127.0.0.1", on: bench) == "127.0.0.1:80")
    #expect(await ask(resolver, "::1", on: bench) == "[::1]:80")
    // Shorthand is a name, and what it stands for is checked like any other answer.
    #expect(await ask(resolver, "127.1", on: bench) == "broken")
    #expect(notes.all == ["127.1"])
  }

  @Test func `forgets rather than remember without end`() async throws {
    let asked = Atomic<Int>(0)
    let resolver = Resolver { _ in
      asked.add(1, ordering: .sequentiallyConsistent)
      return Self.found
    }
    let bench = try await Bench()
    for number in 0...1000 { _ = await ask(resolver, "\(number).example", on: bench) }
    _ = await ask(resolver, "1000.example", on: bench)
    #expect(asked.load(ordering: .sequentiallyConsistent) == 1001)
    _ = await ask(resolver, "0.example", on: bench)
    #expect(asked.load(ordering: .sequentiallyConsistent) == 1002)
  }
}

/// A number that a callback changes.
final class Counter {
  var count = 0
}
