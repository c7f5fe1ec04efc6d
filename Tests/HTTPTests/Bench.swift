import Base
import CSystem
import Glibc
import Synchronization
import Testing

@testable import HTTP

/// A loop on a thread of its own, with a listener and a client.
final class Bench: Sendable {
  let loop: EventLoop
  let port: UInt16
  private let members: LoopBound<Members>

  private final class Members {
    var listener: Listener?
    var client: Client?
  }

  init(
    limits: Server.Limits = Server.Limits(), _ handler: @escaping @Sendable (Request) async -> Void = { $0.respond(Response(status: 200)) }
  ) async throws {
    let loop = try EventLoop(index: 0)
    self.loop = loop
    members = LoopBound(Members(), loop)
    var server = Server(handler: handler) {
      Response(status: $0.kind == .tooLarge ? 413 : $0.kind == .timeout ? 408 : 400, body: Array($0.message.utf8))
    }
    server.limits = limits
    let settings = server
    loop.start()
    let members = members
    port = await withCheckedContinuation { continuation in
      loop.execute {
        members.value.client = Client(loop, Resolver())
        members.value.listener = try? Listener(Address(bytes: [127, 0, 0, 1], port: 0), settings, loop)
        continuation.resume(returning: members.value.listener?.address?.port ?? 0)
      }
    }
  }

  /// Runs `work` as a task of the loop.
  func onLoop<Value: Sendable>(_ work: @escaping @Sendable (Client) async -> Value) async -> Value {
    await begin(work).value
  }

  /// Begins `work` as a task of the loop.
  func begin<Value: Sendable>(_ work: @escaping @Sendable (Client) async -> Value) -> Task<Value, Never> {
    let members = members
    return Task(executorPreference: loop) {
      guard let client = members.value.client else { preconditionFailure("no client") }
      return await work(client)
    }
  }

  func onListener(_ work: @escaping @Sendable (Listener) -> Void) {
    let members = members
    loop.execute { members.value.listener.map(work) }
  }

  /// Connections that are open.
  func count() async -> Int {
    let members = members
    return await Task(executorPreference: loop) { members.value.listener?.count ?? 0 }.value
  }

  func connect() throws -> Peer { try Peer(port: port) }
}

/// What happened, in order; from any thread.
final class Notes: Sendable {
  private let texts = Mutex<[String]>([])
  func add(_ text: String) { texts.withLock { $0.append(text) } }
  var all: [String] { texts.withLock { $0 } }

  /// Waits until the text was noted; false after five seconds.
  func has(_ text: String) -> Bool {
    for _ in 0..<1000 {
      if all.contains(text) { return true }
      usleep(5000)
    }
    return false
  }
}

/// A blocking socket with a time limit, for tests.
final class Peer: @unchecked Sendable {
  // Sendable because a test uses it from one thread at a time.
  private(set) var fd: Int32
  private var received: [UInt8] = []

  init(port: UInt16, receiveBuffer: Int32? = nil) throws {
    fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    if var size = receiveBuffer { unsafe setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, 4) }
    let fd = fd
    let result = unsafe Address(bytes: [127, 0, 0, 1], port: port).withPointer { unsafe Glibc.connect(fd, $0, $1) }
    guard result == 0 else { throw Fault(.broken, "No connection.") }
    limitTime()
  }

  init(accepted fd: Int32) {
    self.fd = fd
    limitTime()
  }

  deinit { if fd >= 0 { Glibc.close(fd) } }

  private func limitTime() {
    var limit = timeval(tv_sec: 8, tv_usec: 0)
    unsafe setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    unsafe setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }

  /// Sends everything; false when the other side is gone.
  @discardableResult
  func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  @discardableResult
  func send(_ bytes: [UInt8]) -> Bool {
    var sent = 0
    while sent < bytes.count {
      let count = unsafe bytes.withUnsafeBytes {
        unsafe Glibc.send(fd, $0.baseAddress?.advanced(by: sent), $0.count - sent, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }

  func endSending() { shutdown(fd, Int32(SHUT_WR)) }

  func close() {
    Glibc.close(fd)
    fd = -1
  }

  /// One more piece; false at the end or after an error.
  private func more() -> Bool {
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = unsafe recv(fd, &buffer, buffer.count, 0)
    guard count > 0 else { return false }
    received += buffer[..<count]
    return true
  }

  /// Everything until the other side ends.
  func readAll() -> String {
    while more() {}
    defer { received = [] }
    return String(decoding: received, as: UTF8.self)
  }

  /// Up to and with `end`; what there is when the other side ends before.
  func read(to end: String) -> String {
    let end = Array(end.utf8)
    while true {
      if received.count >= end.count, let start = (0...received.count - end.count).first(where: { received[$0...].starts(with: end) }) {
        defer { received.removeFirst(start + end.count) }
        return String(decoding: received[..<(start + end.count)], as: UTF8.self)
      }
      guard more() else { return readAll() }
    }
  }

  func read(count: Int) -> String {
    while received.count < count, more() {}
    let got = min(count, received.count)
    defer { received.removeFirst(got) }
    return String(decoding: received[..<got], as: UTF8.self)
  }

  /// A whole reply with Content-Length: status and body.
  func reply() -> (status: Int, head: String, body: String) {
    let head = read(to: "\r\n\r\n")
    let status = Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0
    let line = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
    let length = line.flatMap { Int($0.drop { $0 != " " }.dropFirst()) } ?? 0
    return (status, head, read(count: length))
  }
}

/// An origin made by a test: each connection runs `serve` on a thread of its own.
final class TestOrigin: Sendable {
  let port: UInt16
  private let fd: Int32
  private let accepted = Atomic<Int>(0)
  var count: Int { accepted.load(ordering: .sequentiallyConsistent) }

  init(_ serve: @escaping @Sendable (Peer, Int) -> Void) throws {
    let fd = unsafe Address(bytes: [127, 0, 0, 1], port: 0).withPointer { unsafe sys_listen($0, $1, 128) }
    self.fd = fd
    _ = fcntl(fd, F_SETFL, 0)
    port = try #require(Address(boundTo: fd)).port
    Worker.start(named: "origin") { [self] in
      while true {
        let next = Glibc.accept(fd, nil, nil)
        guard next >= 0 else { return }
        let number = accepted.add(1, ordering: .sequentiallyConsistent).newValue
        Worker.start(named: "peer") { serve(Peer(accepted: next), number) }
      }
    }
  }

  /// Ends the listening socket.
  func stop() { shutdown(fd, Int32(SHUT_RDWR)) }
}
