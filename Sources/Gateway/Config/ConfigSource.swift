package import Base
import Glibc
import HTTP

/// Where the config comes from: a file, the `.env` beside it, the environment, and what the command line lays over them.
package struct ConfigSource: Sendable {
  /// Nil without a file.
  package let file: String?
  private let listen: String?
  /// What `--data` says: the folder of Apus's own files; nil for `data` beside the config.
  private let data: String?
  private let environment: [String: String]

  /// A config that was read, with the variables it was filled from.
  package struct Loaded: Sendable {
    /// The config, every default filled in.
    package let config: Config
    /// The variables that it was read with: the environment's and those of `.env`.
    package let values: [String: String]
  }

  /// `file`: what `--config` says; else `apus.yaml` in the current folder when it exists. `listen`: what `--listen` says;
  /// `data`: what `--data` says.
  package init(file: String?, listen: String? = nil, data: String? = nil, environment: [String: String] = Environment.all) {
    self.file = file ?? (unsafe access("apus.yaml", R_OK) == 0 ? "apus.yaml" : nil)
    self.listen = listen
    self.data = data
    self.environment = environment
  }

  /// The folder that relative names count from.
  package var folder: String {
    guard let file, let slash = file.lastIndex(of: "/") else { return "." }
    return slash == file.startIndex ? "/" : String(file[..<slash])
  }

  /// A path of the config, relative to its folder.
  package func path(_ name: String) -> String { name.hasPrefix("/") ? name : folder + "/" + name }

  /// Where Apus's own files are.
  package var dataFolder: String { data ?? path("data") }

  /// Reads everything. Throws `invalid` with all mistakes, one a line.
  package func load() throws(Fault) -> Loaded {
    let mistakes = Mistakes()
    let loaded = try read(mistakes)
    guard mistakes.all.isEmpty else {
      throw Fault(.invalid, mistakes.sorted.map(\.description).joined(separator: "\n"), code: "config")
    }
    return loaded
  }

  /// Reads everything; mistakes of the file go to `mistakes`.
  package func read(_ mistakes: Mistakes) throws(Fault) -> Loaded {
    var values = try DotEnv.parse(text(of: folder + "/.env") ?? "", file: ".env")
    values.merge(environment) { _, own in own }
    var config = Config()
    var missing: [String] = []
    if let setting = try setting(values, mistakes, &missing) {
      config = Config(setting, mistakes, source: self, values: values)
    } else {
      config.providers = ProviderCatalog(values, source: self).providers(nil, mistakes, &config.warnings)
    }
    config.warnings = missing.map { "\($0) has no value" } + config.warnings
    if let listen { config.server.listen = [try Address(parsing: listen)] }
    return Loaded(config: config, values: values)
  }

  private func setting(_ values: [String: String], _ mistakes: Mistakes, _ missing: inout [String]) throws(Fault) -> Setting? {
    guard let file else { return nil }
    guard let text = text(of: file) else { throw Fault(.invalid, "Can't read \(file).", code: "config") }
    do throws(Fault) {
      let yaml = try YAML(parsing: Array(text.utf8), name: file)
      var names: [String] = []
      let filled = yaml.filling({ values[$0] }, missing: { name, _ in names.append("${\(name)}") })
      missing = names
      return filled.isNull ? nil : Setting(filled, file: file)
    } catch {
      mistakes.add(Mistake(syntax: error, file: file))
      return nil
    }
  }

  /// The text of a file; nil when it can't be read or is larger than 1 MiB.
  package func text(of path: String) -> String? {
    Self.bytes(of: path, limit: 1 << 20).map { String(decoding: $0, as: UTF8.self) }
  }

  /// The bytes of a file; nil when it can't be read or is larger than the limit.
  package static func bytes(of path: String, limit: Int) -> [UInt8]? {
    let fd = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard fd >= 0 else { return nil }
    defer { close(fd) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65536)
    while true {
      let count = unsafe Glibc.read(fd, &buffer, buffer.count)
      guard count > 0 else { return count == 0 ? bytes : nil }
      bytes += buffer[..<count]
      guard bytes.count <= limit else { return nil }
    }
  }
}

/// The variables of the process.
package enum Environment {
  /// The variables of this process.
  package static var all: [String: String] {
    var values: [String: String] = [:]
    var next = unsafe environ
    // The system's list of NAME=value texts, ended by a null pointer; nothing here changes it.
    while let entry = unsafe next.pointee {
      let text = unsafe String(cString: entry)
      if let equals = text.firstIndex(of: "=") { values[String(text[..<equals])] = String(text[text.index(after: equals)...]) }
      unsafe next = next.advanced(by: 1)
    }
    return values
  }
}
