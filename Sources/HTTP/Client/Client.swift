import Base

/// The outgoing side of one loop: a pool of connections for each origin.
package final class Client {
  /// The loop that all its connections live on.
  package let loop: EventLoop
  let resolver: Resolver
  private var pools: [ObjectIdentifier: Pool] = [:]

  /// `resolver` is shared by all loops.
  package init(_ loop: EventLoop, _ resolver: Resolver) {
    self.loop = loop
    self.resolver = resolver
  }

  /// Begins a request. Never fails by itself: what goes wrong comes out of the stream.
  package func send(_ request: ClientRequest, to origin: Origin) -> ClientStream {
    let pool = pool(of: origin)
    let stream = ClientStream(request, origin, pool)
    pool.begin(stream)
    return stream
  }

  /// As `send`, on a connection of its own that ends with the reply: for an origin that is asked once.
  package func sendOnce(_ request: ClientRequest, to origin: Origin) -> ClientStream {
    let pool = Pool(origin, loop, resolver)
    let stream = ClientStream(request, origin, pool)
    pool.begin(stream)
    pool.retire()
    return stream
  }

  /// Forgets the connections of origins that are not in `kept`; what is under way goes on.
  package func keepOnly(_ kept: [Origin]) {
    let names = Set(kept.map { ObjectIdentifier($0) })
    for (name, pool) in pools where !names.contains(name) {
      pool.retire()
      pools[name] = nil
    }
  }

  /// Closes what is idle and forgets every origin; what is under way goes on. For the end of the loop.
  package func close() {
    keepOnly([])
  }

  private func pool(of origin: Origin) -> Pool {
    if let pool = pools[ObjectIdentifier(origin)] { return pool }
    let pool = Pool(origin, loop, resolver)
    pools[ObjectIdentifier(origin)] = pool
    return pool
  }
}
