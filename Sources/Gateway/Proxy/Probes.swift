import Base
import HTTP

/// Who is taken for a scanner, and gets a bare 404 that leaves no trace but a count.
package struct Probes: Sendable {
  /// What told a probe; the label of the count.
  enum Rule: String, CaseIterable, Sendable {
    case path, prefix, method, address
    case userAgent = "user_agent"
  }

  /// All three in lower case and as `plain` makes them.
  private var paths: Set<String> = []
  private var prefixes: [String] = []
  /// By their first byte, in lower case.
  private var agents = [[[UInt8]]](repeating: [], count: 256)
  private var methods: Set<String> = []
  private var addresses: [AddressBlock] = []

  /// Bytes of a user agent that are looked at.
  private static let longestAgent = 512

  /// The usual rules.
  package init() {
    add(paths: Self.usualPaths, prefixes: Self.usualPrefixes, agents: Self.usualAgents, methods: Self.usualMethods)
  }

  /// Further rules: whole paths, how paths begin, what stands somewhere in a user agent, methods, clients' addresses.
  mutating func add(
    paths: [String] = [], prefixes: [String] = [], agents: [String] = [], methods: [String] = [], addresses: [AddressBlock] = []
  ) {
    self.paths.formUnion(paths.map(Self.plain))
    self.prefixes += prefixes.map(Self.plain).filter { !$0.isEmpty }
    for agent in agents.map({ Array($0.lowercased().utf8) }) {
      if let first = agent.first { self.agents[Int(first)].append(agent) }
    }
    self.methods.formUnion(methods.map { $0.uppercased() })
    self.addresses += addresses
  }

  /// The rule that a request falls under; nil for an honest one. `isOwn`: its path is one of the gateway's own, or begins
  /// with a domain that is listed, which no rule for paths takes away.
  func rule(_ head: RequestHead, _ peer: Address?, isOwn: Bool) -> Rule? {
    if head.method != "POST", head.method != "GET" || methods.contains("GET"), methods.contains(head.method.uppercased()) { return .method }
    if methods.contains("POST"), head.method == "POST" { return .method }
    if !addresses.isEmpty, let peer, addresses.contains(where: { $0.contains(peer) }) { return .address }
    if let agent = head.headers.bytes(.userAgent), isScanner(agent) { return .userAgent }
    guard !isOwn else { return nil }
    let path = Self.plain(head.path)
    if paths.contains(path) { return .path }
    return prefixes.contains { path.hasPrefix($0) } ? .prefix : nil
  }

  private func isScanner(_ agent: ArraySlice<UInt8>) -> Bool {
    let text = agent.prefix(Self.longestAgent)
    for position in text.indices {
      let first = text[position]
      for wanted in agents[Int(Self.lowercased(first))] where text.endIndex - position >= wanted.count {
        if zip(text[position...], wanted).allSatisfy({ Self.lowercased($0) == $1 }) { return true }
      }
    }
    return false
  }

  private static func lowercased(_ byte: UInt8) -> UInt8 { byte >= 65 && byte <= 90 ? byte | 32 : byte }

  /// A path in lower case, decoded, and with single slashes.
  private static func plain(_ path: String) -> String {
    var out: [UInt8] = []
    for byte in path.removingPercentEncoding.lowercased().utf8 where byte != UInt8(ascii: "/") || out.last != byte { out.append(byte) }
    return String(decoding: out, as: UTF8.self)
  }
}

extension Probes {
  private static let usualMethods = ["TRACE", "TRACK", "PROPFIND", "DEBUG", "CONNECT"]

  private static let usualPaths = [
    "/xmlrpc.php", "/phpinfo.php", "/info.php", "/admin.php", "/config.php", "/setup.php", "/shell.php", "/index.php", "/login.php",
    "/test.php", "/backup.sql", "/dump.sql", "/database.sql", "/db.sql", "/backup.zip", "/config.json", "/config.yml", "/.htaccess",
    "/.htpasswd", "/.ds_store", "/.bash_history", "/id_rsa", "/web.config", "/server-status", "/server-info", "/elmah.axd",
    "/trace.axd", "/login.action", "/index.action",
  ]

  private static let usualPrefixes = [
    "/.env", "/.git", "/.svn", "/.hg", "/.aws", "/.ssh", "/.docker", "/.kube", "/.vscode", "/.idea", "/wp-", "/wordpress",
    "/phpmyadmin", "/pma/", "/myadmin", "/mysqladmin", "/cgi-bin/", "/vendor/phpunit", "/_ignition/", "/actuator", "/solr/", "/struts",
    "/boaform/", "/hnap1", "/owa/", "/ecp/", "/autodiscover/", "/manager/html", "/jenkins", "/telescope/", "/_profiler", "/druid/",
    "/nacos/", "/geoserver/", "/gponform/", "/goform/", "/setup.cgi", "/sdk/websdk", "/containers/json", "/remote/fgt_lang",
  ]

  private static let usualAgents = [
    "sqlmap", "nikto", "zgrab", "masscan", "nmap", "nuclei", "gobuster", "dirbuster", "feroxbuster", "ffuf/", "wfuzz", "wpscan",
    "acunetix", "netsparker", "nessus", "openvas", "arachni", "w3af", "skipfish", "whatweb", "zmeu", "jorgee", "morfeus",
    "censysinspect", "l9explore", "l9tcpid", "leakix", "internet-measurement", "expanse", "paloaltonetworks", "dirsearch", "joomscan",
  ]
}
