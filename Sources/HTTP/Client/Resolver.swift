package import Base
import CSystem
import Glibc
import Synchronization

/// Turns names into addresses, off the loops, and remembers them. Shared by all loops.
///
/// The system's resolver gives no time to live; a found name is kept for `lifetime`, a failure for a second.
package final class Resolver: Sendable {
  /// All addresses of a name in the order of getaddrinfo(3), or why there are none.
  package typealias Answer = Result<[Address], Fault>

  private struct Entry {
    var answer: Answer
    var end: Int64
  }
  private struct State {
    var known: [String: Entry] = [:]
    var waiting: [String: [@Sendable (Answer) -> Void]] = [:]
  }

  /// Nanoseconds.
  private let lifetime: Int64
  /// Nanoseconds.
  private let failureLifetime: Int64
  /// Looks a name up; may block.
  private let lookUp: @Sendable (String) -> [Address]?
  private let state = Mutex(State())

  /// Names that are remembered.
  private static let most = 1000

  /// Nanoseconds that an answer is used, and that a name is taken to be unknown.
  package init(
    lifetime: Int64 = 60_000_000_000, failureLifetime: Int64 = 1_000_000_000,
    lookUp: @escaping @Sendable (String) -> [Address]? = Resolver.ask
  ) {
    self.lifetime = lifetime
    self.failureLifetime = failureLifetime
    self.lookUp = lookUp
  }

  /// Calls back on `loop`: at once for an address or a known name, else when the system has answered.
  /// Fails with `broken` for an unknown name.
  package func resolve(_ host: String, port: UInt16, on loop: EventLoop, _ done: @escaping @Sendable (Answer) -> Void) {
    if let address = Address(host, port: port) { return done(.success([address])) }
    let known = state.withLock { state -> Answer? in
      guard let entry = state.known[host], entry.end > sys_now() else { return nil }
      return entry.answer
    }
    if let known { return done(known.withPort(port)) }
    let reply: @Sendable (Answer) -> Void = { answer in loop.execute { done(answer.withPort(port)) } }
    let isFirst = state.withLock { state in
      state.waiting[host, default: []].append(reply)
      return state.waiting[host]?.count == 1
    }
    if isFirst { Worker.start(named: "resolver") { [self] in answer(host) } }
  }

  private func answer(_ host: String) {
    let found = lookUp(host)
    let answer: Answer =
      if let found, !found.isEmpty { .success(found) } else {
        .failure(Fault(.broken, "The upstream's name could not be resolved.", detail: host))
      }
    let waiting = state.withLock { state in
      if state.known.count >= Self.most { state.known = [:] }
      state.known[host] = Entry(answer: answer, end: sys_now() + (found?.isEmpty == false ? lifetime : failureLifetime))
      return state.waiting.removeValue(forKey: host) ?? []
    }
    for reply in waiting { reply(answer) }
  }

  /// The system's resolver: /etc/hosts, DNS and whatever nsswitch.conf names. Blocks.
  package static func ask(_ host: String) -> [Address]? {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    guard unsafe getaddrinfo(host, nil, &hints, &list) == 0 else { return nil }
    defer { unsafe freeaddrinfo(list) }
    var found: [Address] = []
    var next = unsafe list
    // The list is the system's, linked by `ai_next`, and freed above.
    while let entry = unsafe next {
      var storage = sockaddr_storage()
      let length = unsafe min(Int(entry.pointee.ai_addrlen), MemoryLayout<sockaddr_storage>.size)
      unsafe withUnsafeMutableBytes(of: &storage) {
        unsafe $0.copyMemory(from: UnsafeRawBufferPointer(start: entry.pointee.ai_addr, count: length))
      }
      if let address = Address(storage), !found.contains(address) { found.append(address) }
      unsafe next = entry.pointee.ai_next
    }
    return found
  }
}

extension Resolver.Answer {
  fileprivate func withPort(_ port: UInt16) -> Self {
    map { $0.map { Address(bytes: $0.bytes, port: port) } }
  }
}
