internal import Synchronization

/// The log: one line per event, on standard error.
///
/// Lines wait in a buffer for at most 50 ms; a thread of its own writes them, so that no loop ever waits for a
/// terminal or a full pipe. Warnings and errors wake that thread at once; `exit` writes what still waits.
package enum Log {
  /// How much an event matters; the raw value is the word for it, in the configuration and in the lines.
  package enum Level: String, CaseIterable, Sendable, Comparable {
    case debug, info, warning, error

    /// Which of two matters less.
    package static func < (left: Level, right: Level) -> Bool { left.rank < right.rank }

    var rank: UInt8 {
      switch self {
      case .debug: 0
      case .info: 1
      case .warning: 2
      case .error: 3
      }
    }
  }

  /// How a line is written; the raw value is the word for it in the configuration.
  package enum Format: String, CaseIterable, Sendable {
    /// `2026-11-24T08:15:00.123Z info exchange key=value`
    case text
    /// `{"time":"2026-11-24T08:15:00.123Z","level":"info","event":"exchange","key":"value"}`
    case json
  }

  /// The values of a line, as they are written with `debug` and its like.
  package typealias Fields = KeyValuePairs<String, any CustomStringConvertible & Sendable>

  /// Sets the least level that is written (info at first), and the format (text at first).
  package static func configure(level: Level, format: Format) {
    minimum.store(level.rank, ordering: .relaxed)
    isJSON.store(format == .json, ordering: .relaxed)
  }

  /// Whether lines of a level are written.
  package static func isOn(_ level: Level) -> Bool { level.rank >= minimum.load(ordering: .relaxed) }

  /// What helps to find a mistake; fields are computed only when the level is on.
  package static func debug(_ event: String, _ fields: @autoclosure () -> Fields = [:]) { write(.debug, event, fields) }
  /// What happened; fields are computed only when the level is on.
  package static func info(_ event: String, _ fields: @autoclosure () -> Fields = [:]) { write(.info, event, fields) }
  /// What went wrong outside.
  package static func warning(_ event: String, _ fields: @autoclosure () -> Fields = [:]) { write(.warning, event, fields) }
  /// What went wrong in here.
  package static func error(_ event: String, _ fields: @autoclosure () -> Fields = [:]) { write(.error, event, fields) }

  /// The fast door, for the line of each exchange: `fill` writes the fields itself, without a box for each value.
  package static func write(_ level: Level, _ event: String, _ fill: (inout LogLine) -> Void) {
    guard isOn(level) else { return }
    var line = LogLine(level, event, Time.now, isJSON.load(ordering: .relaxed) ? .json : .text)
    fill(&line)
    LogBuffer.shared.append(line.finish(), isUrgent: level >= .warning)
  }

  /// Writes all lines that wait and returns when they are written; for the end of the program, never on a loop.
  package static func flush() { LogBuffer.shared.flush() }

  /// Sends all further lines to another descriptor; for tests.
  package static func redirect(to descriptor: Int32) { LogBuffer.shared.redirect(to: descriptor) }

  private static let minimum = Atomic(Level.info.rank)
  private static let isJSON = Atomic(false)

  private static func write(_ level: Level, _ event: String, _ fields: () -> Fields) {
    write(level, event) { line in
      for (name, value) in fields() { line.field(name, any: value) }
    }
  }
}

extension Fault.Kind {
  /// How loudly it is logged: mistakes of clients are daily life, upstream trouble isn't, our own mistakes least of all.
  package var logLevel: Log.Level {
    switch self {
    case .invalid, .unauthenticated, .permission, .notFound, .unknownURL, .methodNotAllowed, .tooLarge, .keyLimit, .cancelled,
      .contextOverflow, .contentFilter:
      .info
    case .authExpired, .forbidden, .banned, .clientTooOld, .funds, .rateLimited, .muted, .dailyLimit, .overloaded, .timeout, .broken,
      .verificationRequired, .formatChanged:
      .warning
    case .internal:
      .error
    }
  }
}
