package import Base
import CAssets
import Upstream
package import Wire

/// The provider files that are built in, and the providers that the config makes of them.
package struct ProviderCatalog {
  private let values: [String: String]
  private let source: ConfigSource

  /// With the variables that decide which are on.
  package init(_ values: [String: String], source: ConfigSource) {
    self.values = values
    self.source = source
  }

  /// Every built-in file: name and bytes, in the order in which a bare name looks for its provider.
  package static let files: [(name: String, bytes: [UInt8])] = {
    var files: [(name: String, bytes: [UInt8])] = []
    while true {
      let asset = unsafe apus_provider_file(files.count)
      guard let name = unsafe asset.name else { return files }
      // The table is constant and lives as long as the program.
      unsafe files.append((String(cString: name), Array(UnsafeBufferPointer(start: asset.bytes, count: asset.length))))
    }
  }()

  /// The providers that are on: those that the config names, in its order, then built-in files whose credentials have values.
  package func providers(_ field: Field?, _ mistakes: Mistakes, _ warnings: inout [String]) -> [ProviderFile] {
    let settings = builtIn(mistakes)
    var providers: [ProviderFile] = []
    for entry in field?.list() ?? [] {
      guard let provider = provider(entry, settings, mistakes) else { continue }
      if providers.contains(where: { $0.name == provider.name }) {
        entry.mistake("another provider is called \"\(provider.name)\" already")
      }
      if !provider.hasCredentials(in: values) {
        warnings.append("providers: \(provider.name) has no credential; its upstream may refuse it")
      }
      if provider.baseURL == nil, provider.origin == nil {
        entry.mistake("\(provider.name) has no address of its own: give it base_url or origin")
      }
      providers.append(provider)
    }
    for (_, setting) in settings {
      guard let file = ProviderFile.read(setting, into: mistakes), file.enable == .credentials else { continue }
      guard !providers.contains(where: { $0.name == file.name }), file.hasCredentials(in: values) else { continue }
      providers.append(file)
    }
    return providers
  }

  private func builtIn(_ mistakes: Mistakes) -> [(name: String, setting: Setting)] {
    Self.files.compactMap { file in
      Setting.read(file.bytes, name: file.name, into: mistakes).map { (String(file.name.dropLast(5)), $0) }
    }
  }

  private func provider(_ entry: Field, _ settings: [(name: String, setting: Setting)], _ mistakes: Mistakes) -> ProviderFile? {
    guard let name = entry.setting["name"]?.text else {
      entry.mistake("\"name\" is missing")
      return nil
    }
    if let file = entry.setting["file"]?.text {
      guard let text = source.text(of: source.path(file)) else {
        entry.mistake("can't read \(file)")
        return nil
      }
      guard let setting = Setting.read(Array(text.utf8), name: file, into: mistakes) else { return nil }
      return ProviderFile.read(entry: entry.setting, path: entry.path, over: setting, into: mistakes)
    }
    let below = settings.first { $0.name == name }?.setting
    if below == nil, entry.setting["wire"] == nil {
      let hint = Suggestion.hint(for: name, among: settings.map(\.name))
      entry.mistake("no provider is called \"\(name)\"\(hint); a new one needs wire or file")
      return nil
    }
    return ProviderFile.read(entry: entry.setting, path: entry.path, over: below, into: mistakes)
  }
}
