import Base
import CSystem
import Glibc

/// Makes one connection to an origin: name, address, outbound proxy, TLS. Lives until it calls back, once.
final class Connector {
  /// A connection that is ready for requests. Its descriptor belongs to the receiver.
  struct Connected {
    let fd: Int32
    let tls: TLSSession?
    let isHTTP2: Bool
  }

  private let origin: Origin
  private let loop: EventLoop
  private let resolver: Resolver
  private let resumption: TLSResumption?
  private let deadline: Int64
  private var done: ((Result<Connected, Fault>) -> Void)?
  private var alarm: Alarm?
  private var addresses: [Address] = []
  private var dial: Dial?
  private var lastFault = Fault(.broken, "The upstream could not be reached.", detail: "no address")

  init(
    _ origin: Origin, _ loop: EventLoop, _ resolver: Resolver, _ resumption: TLSResumption?, _ timeout: Int64,
    done: @escaping (Result<Connected, Fault>) -> Void
  ) {
    self.origin = origin
    self.loop = loop
    self.resolver = resolver
    self.resumption = resumption
    deadline = sys_now() + timeout
    self.done = done
  }

  func start() {
    // The alarm keeps the connector alive until `end`.
    alarm = Alarm(loop) { [self] in ring() }
    alarm?.set(deadline)
    let this = LoopBound(self, loop)
    resolver.resolve(origin.proxy?.host ?? origin.host, port: origin.proxy?.port ?? origin.port, on: loop) { result in
      this.value.resolved(result)
    }
  }

  /// This address has used up its share of the time: the next one, as long as there is one.
  private func ring() {
    dial?.close()
    dial = nil
    lastFault = Fault(.timeout, "The upstream could not be reached in time.", detail: "connect to \(origin.authority)")
    if sys_now() < deadline { tryNext() } else { end(.failure(lastFault)) }
  }

  private func resolved(_ result: Result<[Address], Fault>) {
    switch result {
    case .failure(let fault): end(.failure(fault))
    case .success(let found):
      addresses = origin.proxy == nil ? found.filter(origin.admits) : found
      if addresses.isEmpty { lastFault = Fault(.permission, "The host \(origin.host) resolves to an address that is not allowed.") }
      tryNext()
    }
  }

  private func tryNext() {
    guard done != nil else { return }
    guard !addresses.isEmpty else { return end(.failure(lastFault)) }
    let now = sys_now()
    alarm?.set(now + max(0, deadline - now) / Int64(addresses.count))
    let address = addresses.removeFirst()
    let fd = sys_socket(address.isIPv6 ? AF_INET6 : AF_INET)
    guard fd >= 0 else {
      lastFault.detail = "socket: errno \(errno)"
      return tryNext()
    }
    let dial = Dial(fd, address, origin, loop, resumption) { [weak self] result in self?.dialed(result) }
    self.dial = dial
    dial.start()
  }

  private func dialed(_ result: Result<Connected, Fault>) {
    dial = nil
    switch result {
    case .success: end(result)
    case .failure(let fault):
      lastFault = fault
      tryNext()
    }
  }

  private func end(_ result: Result<Connected, Fault>) {
    guard let done else { return }
    self.done = nil
    alarm?.clear()
    alarm = nil
    dial?.close()
    dial = nil
    done(result)
  }
}

/// One attempt at one address.
private final class Dial: Socket {
  private enum Phase { case connecting, proxy, handshake }

  private let address: Address
  private let origin: Origin
  private let resumption: TLSResumption?
  private let done: (Result<Connector.Connected, Fault>) -> Void
  private var phase = Phase.connecting
  private var tunnel: Tunnel?

  init(
    _ fd: Int32, _ address: Address, _ origin: Origin, _ loop: EventLoop, _ resumption: TLSResumption?,
    done: @escaping (Result<Connector.Connected, Fault>) -> Void
  ) {
    self.address = address
    self.origin = origin
    self.resumption = resumption
    self.done = done
    super.init(fd, loop)
  }

  func start() {
    let result = unsafe address.withPointer { pointer, length in unsafe connect(fd, pointer, length) }
    if result == 0 { return connected() }
    guard errno == EINPROGRESS else { return fail("connect: errno \(errno)") }
    watch(.writable)
  }

  override func handle(_ events: Readiness) {
    switch phase {
    case .connecting:
      let error = sys_socket_error(fd)
      if error == 0 { connected() } else { fail("connect to \(address): errno \(error)") }
    case .proxy: readTunnel()
    case .handshake: handshake()
    }
  }

  private func connected() {
    guard let proxy = origin.proxy else { return secure() }
    phase = .proxy
    var tunnel = Tunnel(proxy, to: origin)
    let hello = tunnel.hello()
    self.tunnel = tunnel
    guard send(hello) else { return fail("the outbound proxy closed the connection") }
    watch(.readable)
  }

  private func readTunnel() {
    guard flush() else { return fail("the outbound proxy closed the connection") }
    switch receive() {
    case .nothing: return
    case .end, .failed: fail("the outbound proxy closed the connection")
    case .bytes(let count, _):
      do throws(Fault) {
        guard let step = try tunnel?.feed(Array(loop.scratch[..<count])) else { return }
        switch step {
        case .more: return
        case .answer(let bytes): _ = send(bytes)
        case .open: secure()
        }
      } catch {
        finish(.failure(error))
      }
    }
  }

  private func secure() {
    guard origin.isTLS else { return succeed(isHTTP2: false) }
    guard let context = origin.tls else { return finish(.failure(Fault(.internal, "The origin has no TLS settings."))) }
    phase = .handshake
    do throws(Fault) {
      let isAddress = Address(origin.host, port: 0) != nil
      tls = try TLSSession(connecting: fd, host: origin.host, isAddress: isAddress, context, resuming: resumption)
    } catch {
      return finish(.failure(error))
    }
    handshake()
  }

  private func handshake() {
    do throws(Fault) {
      switch try tls?.handshake() {
      case .wantsRead: watch(.readable)
      case .wantsWrite: watch(.writable)
      case .done, nil: succeed(isHTTP2: tls?.isHTTP2 == true)
      }
    } catch {
      finish(.failure(error))
    }
  }

  private func succeed(isHTTP2: Bool) {
    let session = tls
    tls = nil
    done(.success(Connector.Connected(fd: releaseDescriptor(), tls: session, isHTTP2: isHTTP2)))
  }

  private func fail(_ detail: String) {
    finish(.failure(Fault(.broken, "The upstream could not be reached.", detail: detail)))
  }

  private func finish(_ result: Result<Connector.Connected, Fault>) {
    tls = nil
    close()
    done(result)
  }
}
