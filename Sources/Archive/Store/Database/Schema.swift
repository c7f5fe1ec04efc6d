internal import Base

/// How the tables came to be: steps that are only ever appended.
struct Migration {
  /// For both databases, in the types of SQLite.
  var common: [String] = []
  /// For one of them, after those for both.
  var sqlite: [String] = []
  var postgres: [String] = []

  /// Brings a database up to date in one transaction; throws `newer` when it is beyond `steps`.
  static func run(_ steps: [Migration], on database: any Database) throws(Fault) {
    // Two gateways may start at once: the second sees inside its transaction what the first has done. A reader sees all steps or none.
    try database.transaction { () throws(Fault) in
      while try step(steps, on: database) {}
    }
  }

  /// The version of a database; 0 for one without tables.
  static func version(of database: any Database) throws(Fault) -> Int {
    let known =
      switch database.flavor {
      case .sqlite: "SELECT 1 FROM sqlite_master WHERE name = 'meta'"
      case .postgres: "SELECT 1 FROM pg_tables WHERE tablename = 'meta' AND schemaname = current_schema()"
      }
    guard try !database.rows(known).isEmpty else { return 0 }
    return try database.rows("SELECT value FROM meta WHERE name = 'version'").first.flatMap { Int($0.text(0)) } ?? 0
  }

  private static func step(_ steps: [Migration], on database: any Database) throws(Fault) -> Bool {
    let version = try version(of: database)
    guard version <= steps.count else { throw Fault(.newer, detail: "version \(version), this program knows \(steps.count)") }
    guard version < steps.count else { return false }
    let step = steps[version]
    for sql in step.common + (database.flavor == .sqlite ? step.sqlite : step.postgres) { try database.run(database.flavor.schema(sql)) }
    try database.run(
      "INSERT INTO meta (name, value) VALUES ('version', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
      [.text("\(version + 1)")])
    return true
  }
}

/// The tables.
///
/// - `exchange`: the columns of each record, narrow, so that reading many is cheap; `seq` counts them in the order of their filing.
///   `leaf` is the last node of its conversation, `said` the depth of the first that was said in it.
/// - `body`: what was sent and answered: the numbers of the blobs, then one packed text of two envelopes (see `Envelope`).
/// - `blob`: pieces that bodies share. `node`: the turns of all conversations as a trie. Both are found by `key`, the first 8 bytes of
///   the hash: the whole hash as an index would be three times as large, and is compared in the row.
/// - `search`: the words of the turns that were said in an exchange.
/// - `era`: about a thousand records each, with the bounds of what they hold. `blob.era` and `node.era` name the latest era that refers to
///   them, so that what the oldest eras leave behind is found without counting references.
/// - `position`: how far each spool has been filed.
enum Schema {
  static let steps = [
    Migration(
      common: [
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)",
        """
        CREATE TABLE era (id INTEGER PRIMARY KEY, began INTEGER NOT NULL, first_seq INTEGER NOT NULL, last_seq INTEGER NOT NULL,
          oldest INTEGER NOT NULL, newest INTEGER NOT NULL, records INTEGER NOT NULL, incomplete INTEGER NOT NULL, errors INTEGER NOT NULL,
          raw INTEGER NOT NULL)
        """,
        """
        CREATE TABLE blob (id INTEGER PRIMARY KEY, key INTEGER NOT NULL, era INTEGER NOT NULL, hash BLOB NOT NULL, data BLOB NOT NULL)
        """,
        "CREATE INDEX blob_key ON blob (key)",
        "CREATE INDEX blob_era ON blob (era)",
        """
        CREATE TABLE node (id INTEGER PRIMARY KEY, key INTEGER NOT NULL, era INTEGER NOT NULL, parent INTEGER, depth INTEGER NOT NULL,
          children INTEGER NOT NULL, role TEXT NOT NULL, hash BLOB NOT NULL, data BLOB NOT NULL)
        """,
        "CREATE INDEX node_key ON node (key)",
        "CREATE INDEX node_era ON node (era)",
        "CREATE INDEX node_leaf ON node (id) WHERE children = 0",
        """
        CREATE TABLE exchange (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, era INTEGER NOT NULL, time INTEGER NOT NULL, key TEXT NOT NULL,
          endpoint TEXT NOT NULL, client_wire TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL, provider TEXT NOT NULL,
          model TEXT NOT NULL, model_served TEXT NOT NULL, status INTEGER NOT NULL, finish TEXT NOT NULL, stream INTEGER NOT NULL,
          complete INTEGER NOT NULL, tokens_in INTEGER, tokens_out INTEGER, tokens_cached INTEGER, tokens_reasoning INTEGER,
          estimated INTEGER NOT NULL, latency INTEGER NOT NULL, first_byte INTEGER, tries INTEGER NOT NULL, error TEXT NOT NULL,
          error_message TEXT NOT NULL, losses TEXT NOT NULL, keeps INTEGER NOT NULL, has_calls INTEGER NOT NULL, has_tools INTEGER NOT NULL,
          understood INTEGER NOT NULL, leaf INTEGER, said INTEGER NOT NULL)
        """,
        "CREATE INDEX exchange_key ON exchange (key, seq)",
        "CREATE INDEX exchange_endpoint ON exchange (endpoint, seq)",
        "CREATE INDEX exchange_client_wire ON exchange (client_wire, seq)",
        "CREATE INDEX exchange_provider ON exchange (provider, seq)",
        "CREATE INDEX exchange_model ON exchange (model, seq)",
        "CREATE INDEX exchange_model_served ON exchange (model_served, seq) WHERE model_served <> model",
        "CREATE INDEX exchange_status ON exchange (status, seq)",
        "CREATE INDEX exchange_finish ON exchange (finish, seq)",
        "CREATE INDEX exchange_error ON exchange (error, seq) WHERE error <> ''",
        "CREATE INDEX exchange_failed ON exchange (seq) WHERE error <> ''",
        "CREATE INDEX exchange_incomplete ON exchange (seq) WHERE complete = 0",
        "CREATE INDEX exchange_calls ON exchange (seq) WHERE has_calls = 1",
        "CREATE INDEX exchange_tools ON exchange (seq) WHERE has_tools = 1",
        """
        CREATE TABLE body (seq INTEGER PRIMARY KEY, request_size INTEGER, request_hash BLOB, request_type TEXT NOT NULL,
          request_coding TEXT NOT NULL, request_cut INTEGER NOT NULL, response_size INTEGER, response_hash BLOB, response_type TEXT NOT NULL,
          response_coding TEXT NOT NULL, response_cut INTEGER NOT NULL, data BLOB NOT NULL)
        """,
        "CREATE TABLE position (spool TEXT NOT NULL, segment TEXT NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (spool, segment))",
      ],
      sqlite: [
        "CREATE VIRTUAL TABLE search USING fts5 (terms, content = '', columnsize = 0, tokenize = 'ascii')",
        // Bytes of words that are gathered before they are written: a whole batch. The default of 1 MiB costs 15 µs more a record of 4 KB.
        "INSERT INTO search (search, rank) VALUES ('hashsize', 16777216)",
        // The parts of the index are merged when there is nothing to file (see `Archive.mergeSearch`), 16 of one size at once; the default
        // of merging beside the filing costs 35 µs a record of 4 KB. At 128 parts, which are 131,000 records without a pause, it can't be
        // put off. Source: https://sqlite.org/fts5.html §6
        "INSERT INTO search (search, rank) VALUES ('automerge', 0)",
        "INSERT INTO search (search, rank) VALUES ('usermerge', 16)",
        "INSERT INTO search (search, rank) VALUES ('crisismerge', 128)",
      ],
      postgres: [
        "CREATE TABLE search (seq BIGINT NOT NULL, vector TSVECTOR NOT NULL)",
        "CREATE INDEX search_seq ON search (seq)",
        "CREATE INDEX search_vector ON search USING gin (vector)",
        // What zstd packed doesn't shrink again.
        "ALTER TABLE blob ALTER data SET STORAGE EXTERNAL",
        "ALTER TABLE node ALTER data SET STORAGE EXTERNAL",
        "ALTER TABLE body ALTER data SET STORAGE EXTERNAL",
        // PostgreSQL's own packing takes 400 µs for the words of a record of 4 KB.
        "ALTER TABLE search ALTER vector SET STORAGE EXTERNAL",
      ]),
    // What people decide on records, and each decision with who and when.
    Migration(common: [
      "CREATE TABLE review (seq INTEGER PRIMARY KEY, state TEXT NOT NULL, score INTEGER)",
      "CREATE TABLE tag (seq INTEGER NOT NULL, name TEXT NOT NULL, PRIMARY KEY (seq, name))",
      """
      CREATE TABLE review_log (id INTEGER PRIMARY KEY, batch INTEGER NOT NULL, seq INTEGER NOT NULL, field TEXT NOT NULL,
        old TEXT NOT NULL, new TEXT NOT NULL, who TEXT NOT NULL, time INTEGER NOT NULL, undone INTEGER NOT NULL)
      """,
      "CREATE INDEX review_log_batch ON review_log (batch)",
      "CREATE INDEX review_log_seq ON review_log (seq)",
    ]),
    // A million records without one stream took 90 ms to look through.
    Migration(common: ["CREATE INDEX exchange_stream ON exchange (seq) WHERE stream = 1"]),
  ]
}
