import Base
import Testing
import Wire

@testable import Gateway

@Suite struct `The record section of a config` {
  private func read(_ text: String) throws -> (config: Config, mistakes: [String]) {
    let mistakes = Mistakes()
    let setting = try #require(Setting.read(Array(text.utf8), name: "t", into: mistakes))
    let config = Config(setting, mistakes, source: ConfigSource(file: "/nowhere", environment: [:]), values: [:])
    return (config, mistakes.sorted.map(\.description))
  }

  private func record(_ text: String) throws -> RecordConfig {
    let (config, mistakes) = try read("{record: \(text)}")
    #expect(mistakes == [])
    return config.record
  }

  @Test func `has good values where it is silent`() throws {
    let record = try record("{}")
    #expect(record.isOn)
    #expect(record.archive == nil && record.spool == nil && record.mostAge == nil && record.mostBytes == nil)
    #expect(record.spoolLimit == 2 << 30)
    #expect(record.whenFull == .drop && record.sync == .os)
  }

  @Test func `says where, how much and how long`() throws {
    let record = try record(
      "{archive: 'sqlite:x/y.db', spool: s, spool_limit: 64MiB, when_full: refuse, sync: disk, retention: {age: 30d, size: 1GiB}}")
    #expect(record.archive == Secret("sqlite:x/y.db"))
    #expect(record.spool == "s")
    #expect(record.spoolLimit == 64 << 20)
    #expect(record.whenFull == .refuse && record.sync == .disk)
    #expect(record.mostAge == 30 * 86_400 && record.mostBytes == 1 << 30)
    for word in ["off", "false"] { #expect(try !self.record(word).isOn) }
    for location in ["postgres://u:p@h/d", "postgresql:///d"] {
      #expect(try self.record("{archive: '\(location)'}").archive == Secret(location))
    }
  }

  @Test(arguments: [
    "{archive: 'mysql://h/d'}", "{archive: x.db}", "{spool_limit: many}", "{when_full: wait}", "{sync: always}", "{retention: {age: long}}",
    "{retention: {ages: 1d}}", "{retention: {age: 500ms}}", "{retention: {size: 0}}", "{spool_limit: 0}", "{spools: x}", "on", "[1]",
  ])
  func `is checked, and no mistake shows a password`(text: String) throws {
    let (_, mistakes) = try read("{record: \(text)}")
    #expect(mistakes.count == 1)
  }

  @Test func `shows no password in its mistakes`() throws {
    let (_, mistakes) = try read("{record: {archive: 'mysql://u:CANARY@h/d'}}")
    #expect(mistakes.count == 1)
    #expect(!mistakes.joined().contains("CANARY"))
  }

  // What a running gateway takes over is left out: when_full counts from the next request on, and so does off.
  @Test(arguments: [
    ("{}", "{}", false), ("{}", "{when_full: refuse}", false), ("{}", "off", false), ("off", "{}", true), ("{}", "{spool: s}", true),
    ("{}", "{spool_limit: 1MiB}", true), ("{}", "{archive: 'sqlite:o.db'}", true), ("{}", "{sync: disk}", true),
    ("{retention: {age: 1d}}", "{retention: {age: 2d}}", true), ("{}", "{retention: {size: 1GiB}}", true),
  ])
  func `needs a restart where it can't change while it is used`(start: String, new: String, needs: Bool) throws {
    #expect(try record(new).needsRestart(record(start)) == needs)
  }

  @Test(
    arguments: [
      ("full", .full), ("metadata", .metadata), ("none", .none), ("sample 0%", .sample(percent: 0)), ("sample 5", .sample(percent: 5)),
      ("sample 100 %", .sample(percent: 100)),
    ] as [(String, RecordPolicy)])
  func `of a key says how much of it is kept`(text: String, policy: RecordPolicy) throws {
    let (config, mistakes) = try read("{keys: [{name: a, key: k, record: \(text)}]}")
    #expect(mistakes == [])
    #expect(config.keys.map(\.record) == [policy])
  }

  @Test(arguments: [
    "some", "sample", "sample x%", "sample 101%", "sample -1%", "sample 0.5%", "5%", "FULL", "''", "sample %1 0", "sample 5%%",
  ])
  func `of a key is checked`(text: String) throws {
    #expect(try read("{keys: [{name: a, key: k, record: \(text)}]}").mistakes.count == 1)
  }
}
