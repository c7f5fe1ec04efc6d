package import Base
import CSystem
import Glibc

/// A listening socket of one loop; every loop has its own on the same address, and the kernel deals out the clients.
package final class Listener: Channel {
  private var server: Server
  private var connections: [ObjectIdentifier: ServerConnection] = [:]
  private var isPaused = false
  /// Looks again after the kernel refused a descriptor.
  private var alarm: Alarm?
  /// Clients that are let in in one turn.
  private static let mostAccepts = 16
  /// Called when the last connection is gone while draining.
  private var onEmpty: (() -> Void)?

  /// Listens on `address`; runs on the loop's thread. Throws `internal` when the address can't be had.
  package init(_ address: Address, _ server: Server, _ loop: EventLoop) throws(Fault) {
    self.server = server
    let fd = unsafe address.withPointer { pointer, length in unsafe sys_listen(pointer, length, 4096) }
    guard fd >= 0 else { throw Self.fault(address, errno) }
    super.init(fd, loop)
    alarm = Alarm(loop) { [weak self] in self?.resume() }
    watch(.readable)
  }

  /// Throws `internal` when another program already listens on `address`: the kernel would deal out clients to both.
  package static func checkFree(_ address: Address) throws(Fault) {
    let error = unsafe address.withPointer { pointer, length in unsafe sys_is_taken(pointer, length) }
    guard error == 0 else { throw fault(address, error) }
  }

  private static func fault(_ address: Address, _ error: Int32) -> Fault {
    Fault(.internal, "Can't listen on \(address).", detail: error == EADDRINUSE ? "another program does" : "errno \(error)")
  }

  /// The address it really listens on: the port is the kernel's choice when 0 was asked for.
  package var address: Address? { Address(boundTo: fd) }

  /// Connections that are open.
  package var count: Int { connections.count }

  override func handle(_ events: Readiness) {
    var accepted = 0
    while connections.count < server.limits.connections {
      // The rest in the next turn: a rush of new clients must not hold up those who are served.
      guard accepted < Self.mostAccepts else { return }
      accepted += 1
      var peer = sockaddr_storage()
      let fd = unsafe sys_accept(self.fd, &peer)
      guard fd >= 0 else {
        let reason = errno
        if reason == ECONNABORTED || reason == EINTR || reason == EPROTO { continue }
        if reason == EAGAIN { return }
        // Out of descriptors or memory: look again a little later instead of spinning on the ready listener.
        alarm?.set(sys_now() + 100_000_000)
        return pause()
      }
      let connection = ServerConnection(fd, Address(peer), self, server)
      connections[ObjectIdentifier(connection)] = connection
      connection.open()
    }
    pause()
  }

  private func pause() {
    isPaused = true
    watch([])
  }

  private func resume() {
    guard isPaused else { return }
    isPaused = false
    alarm?.clear()
    watch(.readable)
  }

  func remove(_ connection: ServerConnection) {
    connections[ObjectIdentifier(connection)] = nil
    resume()
    guard connections.isEmpty, let done = onEmpty else { return }
    onEmpty = nil
    done()
  }

  /// New settings for connections accepted from now on.
  package func update(_ server: Server) {
    self.server = server
  }

  /// Stops accepting, ends idle connections, and calls back when the last reply is out.
  package func drain(_ done: @escaping () -> Void) {
    stopAccepting()
    for connection in connections.values { connection.endAfterReply() }
    guard !connections.isEmpty else { return done() }
    onEmpty = done
  }

  private func stopAccepting() {
    isPaused = false
    alarm?.clear()
    closeDescriptor()
  }

  /// Ends every connection now.
  package func abort() {
    stopAccepting()
    for connection in connections.values { connection.leave() }
  }
}
