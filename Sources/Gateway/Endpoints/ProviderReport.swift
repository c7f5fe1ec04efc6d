import Base
import Upstream
import Wire

/// How the providers and their accounts are: `GET /api/providers`. No secret, and no name of an account, is in it.
enum ProviderReport {
  /// Throws `permission` for a key that is no admin's.
  static func body(_ router: Router, _ key: Keys.Key) throws(Fault) -> [UInt8] {
    guard key.isAdmin else { throw Fault(.permission, "The key “\(key.name)” may not see this; it needs `admin: true`.") }
    return Array(JSON.object([("providers", .array(router.providers.map(provider)))]).bytes)
  }

  private static func provider(_ provider: Provider) -> JSON {
    let reports = provider.keys.reports(now: Time.monotonic)
    return .object([
      ("name", JSON(provider.name)), ("kind", JSON(provider.isWeb ? "web" : provider.file.wire.rawValue)),
      ("models", .array(provider.file.listedModels.map { JSON($0.id) })),
      (provider.isWeb ? "sessions" : "keys", .array(reports.enumerated().map { session($0, $1) })),
    ])
  }

  private static func session(_ index: Int, _ report: KeyRing.Report) -> JSON {
    .object([
      ("index", JSON(index)), ("state", JSON(report.state)), ("until_s", report.rest.map { JSON($0) } ?? .null),
      ("running", JSON(report.running)), ("waiting", JSON(report.waiting)),
    ])
  }
}
