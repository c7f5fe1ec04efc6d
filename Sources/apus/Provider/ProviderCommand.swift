import Base
import Gateway
import Wire

/// `apus provider check|replay`: looks at one provider file, without asking anybody.
struct ProviderCommand: Command {
  static let name = "provider"
  static let summary = "Check a provider file, or read recorded answers with it"
  static let usage = "check FILE | replay FILE EVENTS [OPTIONS]"
  static let options =
    """
      check FILE           tell its mistakes, whether its credentials have values, and whether recorded events still read as they did
      replay FILE EVENTS   read the recorded bytes of an answer and print what comes out, as one JSON object

      FILE                 a provider file, or the name of a built-in one

      --variant NAME       one of the file's variants
      --status N           (replay) the answer's HTTP status, 200
      --content-type TYPE  (replay) the answer's content type

    """ + commonOptions

  private let action: any ProviderAction

  init(_ arguments: inout Arguments) throws(UsageError) {
    let source = try CommonOptions(&arguments).source
    let variant = try arguments.option("--variant")
    let status = try arguments.option("--status")
    let type = try arguments.option("--content-type")
    let word = arguments.next()
    guard let word, ["check", "replay"].contains(word) else {
      throw UsageError(message: word.map { "“\($0)” is none of check, replay" } ?? "say check or replay")
    }
    guard let file = arguments.next() else { throw UsageError(message: "\(word) needs a provider file or the name of a built-in one") }
    if word == "check" {
      if status != nil || type != nil { throw UsageError(message: "--status and --content-type are for replay") }
      action = ProviderCheck(file: file, variant: variant, source: source)
    } else {
      guard let events = arguments.next() else { throw UsageError(message: "replay needs a file of recorded events") }
      let number = status.map { Int($0) ?? 0 } ?? 200
      guard (100...599).contains(number) else { throw UsageError(message: "--status is a number from 100 to 599") }
      action = ProviderReplay(file: file, events: events, variant: variant, status: number, contentType: type)
    }
    try arguments.end()
  }

  func run() -> Int32 { action.run() }
}

/// One of the things that `apus provider` does.
protocol ProviderAction {
  /// The exit code.
  func run() -> Int32
}

/// A provider file as somebody named it.
struct NamedProviderFile {
  /// What mistakes call it.
  let name: String
  /// The folder its fixtures are in; nil for built-in files.
  let folder: String?
  let bytes: [UInt8]

  /// A file of that path, or the built-in one of that name; nil, and a complaint, when there is none.
  init?(_ text: String) {
    if let bytes = ConfigSource.bytes(of: text, limit: 1 << 20) {
      (name, self.bytes) = (text, bytes)
      folder = text.lastIndex(of: "/").map { String(text[..<$0]) } ?? "."
      return
    }
    guard let file = ProviderCatalog.files.first(where: { $0.name == text + ".yaml" || $0.name == text }) else {
      let names = ProviderCatalog.files.map { String($0.name.dropLast(5)) }
      Output.complain(
        "apus provider: there is no file \(text) and no built-in provider of that name\(Suggestion.hint(for: text, among: names))")
      return nil
    }
    (name, bytes, folder) = (file.name, file.bytes, nil)
  }

  /// The file with a variant laid over it; its mistakes go to `mistakes`.
  func read(variant: String?, into mistakes: Mistakes) -> ProviderFile? {
    Setting.read(bytes, name: name, into: mistakes).flatMap { ProviderFile.read($0, variant: variant, into: mistakes) }
  }
}
