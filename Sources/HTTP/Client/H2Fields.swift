import CNghttp2

/// The fields of a request as HTTP/2 sends them: pseudo-fields first, names in lower case, none of the connection's.
struct H2Fields {
  private var bytes: [UInt8] = []
  private var ends: [Int] = []

  /// The fields behind a body.
  init(trailers: Headers) {
    for (name, value) in trailers { add(name.map { $0.lowercasedASCII }, value) }
  }

  init(_ request: ClientRequest, _ origin: Origin) {
    // Source: RFC 9113 §8.3.1.
    add(":method".utf8, request.method.utf8)
    add(":scheme".utf8, (origin.isTLS ? "https" : "http").utf8)
    add(":authority".utf8, origin.authority.utf8)
    add(":path".utf8, request.target.utf8)
    for (name, value) in request.headers { add(name.map { $0.lowercasedASCII }, value) }
    if !request.body.isEmpty, request.trailers.count == 0 { add("content-length".utf8, String(request.body.count).utf8) }
  }

  private mutating func add(_ name: some Sequence<UInt8>, _ value: some Sequence<UInt8>) {
    bytes += name
    ends.append(bytes.count)
    bytes += value
    ends.append(bytes.count)
  }

  /// Calls `body` with the fields in nghttp2's form, which it copies.
  func withPairs(_ body: (UnsafeBufferPointer<nghttp2_nv>) -> Int32) -> Int32 {
    var bytes = bytes
    return unsafe bytes.withUnsafeMutableBufferPointer { all in
      guard let base = all.baseAddress else { return -1 }
      var pairs = unsafe [nghttp2_nv]()
      var start = 0
      for index in stride(from: 0, to: ends.count, by: 2) {
        let (middle, end) = (ends[index], ends[index + 1])
        // Every offset is below the buffer's count, which holds all names and values.
        let pair = unsafe nghttp2_nv(name: base + start, value: base + middle, namelen: middle - start, valuelen: end - middle, flags: 0)
        unsafe pairs.append(pair)
        start = end
      }
      return unsafe pairs.withUnsafeBufferPointer { unsafe body($0) }
    }
  }
}
