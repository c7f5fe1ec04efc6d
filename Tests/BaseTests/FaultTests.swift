import Testing

@testable import Base

@Suite struct `A fault` {
  @Test func `of an upstream's credentials or funds is never the client's own`() {
    for kind in [Fault.Kind.authExpired, .forbidden, .banned, .clientTooOld, .funds] { #expect(kind.status == 502) }
  }

  @Test(
    arguments: [
      (.invalid, 400), (.contextOverflow, 400), (.contentFilter, 400), (.unauthenticated, 401), (.permission, 403),
      (.verificationRequired, 403),
      (.notFound, 404), (.unknownURL, 404), (.methodNotAllowed, 405), (.tooLarge, 413), (.keyLimit, 429), (.rateLimited, 429),
      (.muted, 429),
      (.dailyLimit, 429), (.cancelled, 499), (.internal, 500), (.broken, 502), (.formatChanged, 502), (.overloaded, 503), (.timeout, 504),
    ] as [(Fault.Kind, Int)])
  func `has the status of its kind`(kind: Fault.Kind, status: Int) {
    #expect(kind.status == status)
  }

  @Test func `prints its kind, message and detail`() {
    #expect(Fault(.tooLarge, "Too much.").description == "too_large: Too much.")
    #expect(Fault(.timeout, "Late.", detail: "30 s").description == "timeout: Late. (30 s)")
  }
}
