import Base
import HTTP
import Wire

/// What is told about one exchange: in its response headers, in its log line, in the metrics.
final class Trace {
  let id = ExchangeID.next()
  /// Monotonic nanoseconds, as all times here.
  let started: Int
  var endpoint = "none"
  var key = ""
  var asked = ""
  /// The wire of the record where it isn't the exchange's own: what a request by path speaks, empty for what isn't known.
  var clientWire: String?
  var provider = ""
  var model = ""
  var isStream = false
  var tries = 0
  var losses: [Loss] = []
  /// What was waited for others until the reply began.
  var waited = 0
  var replied = 0
  var status = 0
  var usage: Usage?
  var finish: FinishReason?
  var isComplete = false
  var fault: Fault?

  init(started: Int) {
    self.started = started
  }

  /// The time inside the gateway until now, microseconds.
  private var overhead: Int { max(0, Time.monotonic - started - waited) / 1000 }

  /// The longest `x-apus-losses`, in bytes. Source: formats/wire-formats.md §2.3.
  private static let mostLosses = 1024

  func write(to headers: inout Headers) {
    headers.append("x-apus-id", id)
    if !provider.isEmpty { headers.append("x-apus-provider", provider) }
    if !model.isEmpty { headers.append("x-apus-model", model) }
    headers.append("x-apus-overhead-us", decimal: overhead)
    guard !losses.isEmpty else { return }
    var text = ""
    for loss in losses {
      let word = loss.description.filter { $0.isASCII }
      guard text.utf8.count + word.utf8.count < Self.mostLosses else { break }
      text += (text.isEmpty ? "" : ",") + word
    }
    headers.append("x-apus-losses", text)
  }

  /// The exchange is over.
  @inline(never)
  func end(_ request: Request, _ setup: Setup, _ metrics: GatewayMetrics) {
    let duration = Time.monotonic - started
    metrics.ended(self, duration: duration)
    guard Log.isOn(level) else { return }
    let path = request.head.path
    guard !setup.config.log.ignore.contains(where: { $0.matches("\(request.head.method) \(path)") }) else { return }
    Log.write(level, "exchange") { line in
      line.field("id", id)
      line.field("method", request.head.method)
      line.field("path", path)
      line.field("status", request.isAbandoned && !isComplete ? 499 : status)
      if !key.isEmpty { line.field("key", key) }
      if !asked.isEmpty { line.field("model", asked) }
      if !provider.isEmpty { line.field("upstream", model.isEmpty ? provider : provider + "/" + model) }
      if tries > 1 { line.field("tries", tries) }
      line.field("ms", Double(duration / 1000) / 1000)
      write(to: &line)
    }
  }

  private func write(to line: inout LogLine) {
    if let usage {
      line.field("tokens_in", usage.input)
      line.field("tokens_out", usage.output)
    }
    if let finish { line.field("finish", finish.rawValue) }
    if !losses.isEmpty { line.field("losses", losses.map(\.description).joined(separator: ",")) }
    guard let fault else { return }
    line.field("error", fault.kind.rawValue)
    line.field("message", fault.message)
    if !fault.detail.isEmpty { line.field("detail", fault.detail) }
  }

  private var level: Log.Level { fault?.kind.logLevel ?? .info }
}

/// Names of exchanges: 26 letters of Crockford's base 32, later ones behind earlier ones, to the microsecond.
enum ExchangeID {
  private static let letters = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)
  private static let random = RandomSource()

  static func next() -> String {
    var text = [UInt8](repeating: 0, count: 26)
    let (milliseconds, microseconds) = UInt64(Time.microseconds).quotientAndRemainder(dividingBy: 1000)
    write(milliseconds, 0..<10, &text)
    write(microseconds << 30 | random.next() & 0x3fff_ffff, 10..<18, &text)
    write(random.next(), 18..<26, &text)
    return String(decoding: text, as: UTF8.self)
  }

  private static func write(_ number: UInt64, _ places: Range<Int>, _ text: inout [UInt8]) {
    let letters = letters
    let last = places.upperBound - 1
    for place in places { text[place] = letters[Int(number >> UInt64(5 * (last - place)) & 31)] }
  }
}
