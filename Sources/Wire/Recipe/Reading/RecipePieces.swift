import Base

/// Takes the pieces of text out of frames by the rules of `emit`.
struct RecipePieces {
  private let elements: [Elements]
  private var texts: [EmitRule.Target: RecipeTexts] = [:]
  private var habit = RecipeTexts.Habit.unknown
  private var last = EmitRule.Target.text
  /// How many elements of the frame were about each target, of those that the rules at hand are about.
  private var places: [EmitRule.Target: Int] = [:]
  private var sent: [EmitRule.Target: RepeatFilter]?
  private var images: Set<String> = []
  /// For a client that wants a whole reply: nothing goes out before the end, so that a snapshot can still take back what was there.
  private var held: [Held]?
  private var heldAt: [String: Int] = [:]
  private var heldBytes = 0

  /// The text of one key that waits for the end.
  private struct Held {
    let target: EmitRule.Target
    let join: String
    var text: String
  }

  /// Rules about the same elements.
  private struct Elements {
    let each: [JSONPath]
    var rules: [EmitRule]
  }

  /// What a rule found in an element.
  private enum Found {
    /// It is not about this element.
    case nothing
    /// It is, but the field isn't there.
    case vanished
    case text(String)
  }

  init(_ recipe: ResponseRecipe, keepsSent: Bool, isWhole: Bool = false) {
    var elements: [Elements] = []
    for rule in recipe.emit {
      if let position = elements.firstIndex(where: { $0.each == rule.each }) {
        elements[position].rules.append(rule)
      } else {
        elements.append(Elements(each: rule.each, rules: [rule]))
      }
    }
    self.elements = elements
    sent = keepsSent ? [:] : nil
    held = isWhole ? [] : nil
    reset(recipe.emit)
  }

  private mutating func reset(_ rules: [EmitRule]) {
    let keeps = rules.contains { $0.mode != .delta || !$0.whole.isEmpty }
    texts = [.text: RecipeTexts(keepsTexts: keeps), .reasoning: RecipeTexts(keepsTexts: keeps)]
  }

  /// How many snapshots took back what was sent.
  var divergences: Int { texts.values.reduce(0) { $0 + $1.divergences } }

  /// A further answer begins, which may repeat what came before.
  mutating func resume() {
    reset(elements.flatMap(\.rules))
    last = .text
    for target in sent?.keys.map(\.self) ?? [] { sent?[target]?.resume() }
  }

  /// Emits what a frame brings; tells whether a rule knew it. With a `stamp`, only what that patch changed counts.
  mutating func emit(
    _ scope: RecipeScope, stamp: Int?, _ writer: inout ReplyWriter, _ drift: inout RecipeDrift, into events: inout [Event]
  ) throws(Fault) -> Bool {
    var isKnown = false
    for group in elements {
      let rules = group.rules.filter { scope.holds($0.when) }
      guard !rules.isEmpty else { continue }
      places = [:]
      for element in Self.elements(group.each, scope, stamp: stamp) {
        isKnown = try emit(element, rules, stamp, &writer, &drift, into: &events) || isKnown
      }
    }
    return isKnown
  }

  private static func elements(_ each: [JSONPath], _ scope: RecipeScope, stamp: Int?) -> [(value: RecipeValue, scope: RecipeScope)] {
    guard let first = each.first else { return [(scope.root, scope)] }
    var found: [(RecipeValue, RecipeScope)] = []
    for (index, outer) in scope.all(first).enumerated() where isFresh(outer, stamp) {
      var scope = scope
      guard each.count > 1 else {
        (scope.parent, scope.index) = (scope.root, index)
        found.append((outer, scope))
        continue
      }
      scope.parent = outer
      for (index, inner) in scope.all(each[1], in: outer).enumerated() where isFresh(inner, stamp) {
        scope.index = index
        found.append((inner, scope))
      }
    }
    return found
  }

  private static func isFresh(_ value: RecipeValue, _ stamp: Int?) -> Bool {
    guard let stamp, case .node(let node) = value else { return true }
    return node.stamp == stamp
  }

  /// First rules first: a value goes out once, and each target gets one.
  private mutating func emit(
    _ element: (value: RecipeValue, scope: RecipeScope), _ rules: [EmitRule], _ stamp: Int?, _ writer: inout ReplyWriter,
    _ drift: inout RecipeDrift, into events: inout [Event]
  ) throws(Fault) -> Bool {
    var isKnown = false
    var used: Set<String> = []
    var served: Set<EmitRule.Target> = []
    // Where an element without text opens what the next pieces go on with.
    var opened: EmitRule?
    var hasText = false
    for rule in rules {
      guard element.scope.holds(rule.filter, in: element.value) else { continue }
      if rule.isMarker {
        last = rule.target
        return true
      }
      let target = rule.target == .last ? last : rule.target
      guard !served.contains(target) else { continue }
      switch Self.find(rule, element, stamp, &used) {
      case .nothing: continue
      case .vanished:
        // Conditions that hold show that the frame is one of the known ones.
        guard !rule.when.isEmpty || !rule.filter.isEmpty else { continue }
        drift.note(vanished: rule.paths.first?.description ?? "")
        isKnown = true
        opened = opened ?? rule
      case .text(let text):
        isKnown = true
        served.insert(target)
        opened = opened ?? rule
        hasText = hasText || !text.isEmpty
        try write(text, rule, target, element, stamp, &writer, into: &events)
      }
    }
    if let opened, !hasText { open(opened, element) }
    return isKnown
  }

  /// The next pieces without a place of their own go where an element has no text yet.
  private mutating func open(_ rule: EmitRule, _ element: (value: RecipeValue, scope: RecipeScope)) {
    guard rule.target == .text || rule.target == .reasoning, !rule.each.isEmpty else { return }
    last = rule.target
    texts[rule.target]?.open(Self.key(rule, element))
  }

  private static func find(
    _ rule: EmitRule, _ element: (value: RecipeValue, scope: RecipeScope), _ stamp: Int?, _ used: inout Set<String>
  ) -> Found {
    var hasField = false
    var isTaken = false
    for path in rule.paths {
      guard !used.contains(path.description) else {
        isTaken = true
        continue
      }
      let values = element.scope.all(path, in: element.value)
      let found = values.compactMap { Self.text(of: $0, stamp) }
      guard !found.isEmpty else {
        // A null says that there is nothing for now.
        hasField = hasField || values.contains { $0.shallow.isNull }
        continue
      }
      hasField = true
      if rule.target == .none { used.insert(path.description) }
      let joined = found.joined(separator: rule.join)
      guard !joined.isEmpty else { continue }
      used.insert(path.description)
      return .text(joined)
    }
    if isTaken { return .nothing }
    return hasField ? .text("") : .vanished
  }

  /// The text of a value: of a document, what the last patch added.
  private static func text(of value: RecipeValue, _ stamp: Int?) -> String? {
    switch value {
    case .json(let json): return json.string
    case .node(let node):
      guard let text = node.text else { return nil }
      guard let stamp, node.stamp == stamp else { return "" }
      return String(decoding: text[min(node.fresh, text.count)...], as: UTF8.self)
    }
  }

  private mutating func write(
    _ text: String, _ rule: EmitRule, _ target: EmitRule.Target, _ element: (value: RecipeValue, scope: RecipeScope), _ stamp: Int?,
    _ writer: inout ReplyWriter, into events: inout [Event]
  ) throws(Fault) {
    let place = places[target, default: 0]
    places[target] = place + 1
    if target == .none || (rule.isOnlyIfEmpty && (writer.hasText || holdsText)) { return }
    if text.isEmpty { return }
    if target == .image { return image(text, &writer, into: &events) }
    var known = texts[target] ?? RecipeTexts(keepsTexts: false)
    texts[target] = nil
    defer { texts[target] = known }
    let key = rule.target == .last ? known.current : Self.key(rule, element, place, text, known)
    let isWhole = rule.whole.contains { element.scope.holds($0, in: element.value) }
    // A document's texts come as what was added.
    let mode = stamp == nil ? rule.mode : .delta
    let divergences = known.divergences
    let join = held == nil ? rule.join : ""
    let growth = try known.take(text, key: key, join: join, as: mode, isWhole: isWhole && stamp == nil, &habit)
    last = target
    if held != nil, known.divergences > divergences {
      return try hold(known.text(of: key), rule, target, key, replaces: true)
    }
    guard !growth.isEmpty else { return }
    let unseen = unseen(rule.wrap?.replacing("{text}", with: growth) ?? growth, target)
    guard held == nil else { return try hold(unseen, rule, target, key, replaces: false) }
    if target == .reasoning { writer.reasoning(unseen, into: &events) } else { writer.text(unseen, into: &events) }
  }

  // MARK: Whole replies

  /// Whether text waits for the end.
  var holdsText: Bool { held?.contains { $0.target == .text && !$0.text.isEmpty } ?? false }

  private mutating func hold(_ text: String, _ rule: EmitRule, _ target: EmitRule.Target, _ key: String, replaces: Bool) throws(Fault) {
    heldBytes += text.utf8.count
    guard heldBytes <= RecipeTexts.byteLimit else { throw Fault(.broken, "The upstream's answer is too large.") }
    let name = "\(target.rawValue)\u{1F}\(key)"
    guard let position = heldAt[name] else {
      heldAt[name] = held?.count
      held?.append(Held(target: target, join: rule.join, text: text))
      return
    }
    if replaces {
      heldBytes -= held?[position].text.utf8.count ?? 0
      held?[position].text = text
    } else {
      held?[position].text += text
    }
  }

  /// Writes out what waited for the end.
  mutating func release(_ writer: inout ReplyWriter, into events: inout [Event]) {
    guard let waiting = held else { return }
    held = []
    heldAt = [:]
    for piece in waiting where !piece.text.isEmpty {
      let isReasoning = piece.target == .reasoning
      let follows = isReasoning ? writer.hasReasoning : writer.hasText
      let text = (follows ? piece.join : "") + piece.text
      if isReasoning { writer.reasoning(text, into: &events) } else { writer.text(text, into: &events) }
    }
  }

  /// The key of a snapshot: without one of its own its place among the snapshots of the frame, unless it goes on with the first of them.
  private static func key(
    _ rule: EmitRule, _ element: (value: RecipeValue, scope: RecipeScope), _ place: Int, _ text: String, _ known: RecipeTexts
  ) -> String {
    guard rule.key.isEmpty, rule.mode == .cumulative, place > 0 else { return key(rule, element) }
    let own = "\(place)"
    return known.has(own) || !known.continues(text, "") ? own : ""
  }

  private static func key(_ rule: EmitRule, _ element: (value: RecipeValue, scope: RecipeScope)) -> String {
    rule.key.map { path in element.scope.all(path, in: element.value).first.flatMap { Predicate.text($0.shallow) } ?? "" }
      .joined(separator: "\u{1F}")
  }

  /// What of a growth the client has not seen before the stream was resumed.
  private mutating func unseen(_ growth: String, _ target: EmitRule.Target) -> String {
    guard sent != nil else { return growth }
    let unseen = sent?[target, default: RepeatFilter()].feed(growth) ?? growth
    sent?[target, default: RepeatFilter()].note(unseen)
    return unseen
  }

  /// An image's address becomes Markdown, each once.
  private mutating func image(_ address: String, _ writer: inout ReplyWriter, into events: inout [Event]) {
    guard address.hasPrefix("https://") || address.hasPrefix("http://"), images.count < 1000, images.insert(address).inserted else {
      return
    }
    let text = "![image](\(address))"
    if held == nil { writer.text(text, into: &events) } else { held?.append(Held(target: .text, join: "", text: text)) }
  }
}
