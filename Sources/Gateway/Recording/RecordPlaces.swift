package import Base

/// Where the record of a gateway lies.
package struct RecordPlaces: Sendable {
  /// `sqlite:FILE` or `postgres://…`, which may hold a password.
  package let archive: Secret
  /// The spool's folder.
  package let spool: String

  /// What the config says, names relative to its folder; else files in the data folder.
  package init(_ config: RecordConfig, _ source: ConfigSource) {
    spool = config.spool.map(source.path) ?? source.dataFolder + "/spool"
    let location = config.archive?.exposed ?? ""
    if location.isEmpty {
      archive = Secret("sqlite:" + source.dataFolder + "/apus.db")
    } else if location.hasPrefix("sqlite:") {
      archive = Secret("sqlite:" + source.path(String(location.dropFirst(7))))
    } else {
      archive = Secret(location)
    }
  }
}
