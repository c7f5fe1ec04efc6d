import Base
import CSystem
import Glibc

/// A connected stream socket, with or without TLS, that never blocks: what can't be sent now waits in its own buffer.
package class Socket: Channel {
  enum Received {
    /// So many bytes lie in the loop's scratch buffer; `more` may be there at once.
    case bytes(Int, more: Bool)
    case nothing
    /// The peer ended in order.
    case end
    case failed
  }

  final var tls: TLSSession?
  private final var pending: [UInt8] = []
  private final var sent = 0
  private final var tlsWantsWrite = false

  /// Bytes that wait to be sent.
  final var pendingCount: Int { pending.count - sent }
  /// Whether writability is what the socket waits for.
  final var wantsWritable: Bool { pendingCount > 0 || tlsWantsWrite }

  final func receive() -> Received {
    guard let tls else { return receivePlain() }
    switch tls.read(into: &loop.scratch) {
    case .bytes(let count): return .bytes(count, more: true)
    case .wantsRead: return .nothing
    case .wantsWrite:
      tlsWantsWrite = true
      return .nothing
    case .end: return .end
    case .failed: return .failed
    }
  }

  private func receivePlain() -> Received {
    let count = unsafe loop.scratch.withUnsafeMutableBytes { unsafe recv(fd, $0.baseAddress, $0.count, 0) }
    if count > 0 { return .bytes(count, more: count == loop.scratch.count) }
    if count == 0 { return .end }
    return errno == EAGAIN || errno == EINTR ? .nothing : .failed
  }

  /// Sends the three pieces as one, or keeps what the kernel does not take. False when the connection is broken.
  final func send(_ a: [UInt8], _ b: [UInt8] = [], _ c: [UInt8] = []) -> Bool {
    guard pendingCount == 0, tls == nil else { return queue(a, b, c) }
    let total = a.count + b.count + c.count
    let count = unsafe sys_send3(fd, a, a.count, b, b.count, c, c.count)
    if count == total { return true }
    guard count >= 0 || errno == EAGAIN || errno == EINTR else { return false }
    var skip = max(count, 0)
    for piece in [a, b, c] {
      pending += piece.dropFirst(skip)
      skip = max(0, skip - piece.count)
    }
    return true
  }

  private func queue(_ a: [UInt8], _ b: [UInt8], _ c: [UInt8]) -> Bool {
    pending.reserveCapacity(pending.count + a.count + b.count + c.count)
    pending += a
    pending += b
    pending += c
    return flush()
  }

  /// Sends what waits, as far as the kernel takes it. False when the connection is broken.
  final func flush() -> Bool {
    tlsWantsWrite = false
    while pendingCount > 0 {
      guard let count = tls == nil ? flushPlain() : flushTLS() else { return false }
      guard count > 0 else { return true }
      sent += count
      if sent > 1 << 18 {
        pending.removeFirst(sent)
        sent = 0
      }
    }
    // Given back, so that an idle connection holds no buffer.
    pending = []
    sent = 0
    return true
  }

  /// How many bytes went out; nil when the connection is broken.
  private func flushPlain() -> Int? {
    let count = unsafe pending.withUnsafeBytes {
      unsafe Glibc.send(fd, $0.baseAddress?.advanced(by: sent), $0.count - sent, Int32(MSG_NOSIGNAL))
    }
    if count >= 0 { return count }
    return errno == EAGAIN || errno == EINTR ? 0 : nil
  }

  private func flushTLS() -> Int? {
    switch tls?.write(pending[sent...]) {
    case .bytes(let count): return count
    case .wantsRead, .wantsWrite:
      tlsWantsWrite = true
      return 0
    default: return nil
    }
  }

  /// Ends the connection in order.
  final func close() {
    tls?.shutdown()
    tls = nil
    pending = []
    sent = 0
    closeDescriptor()
  }
}
