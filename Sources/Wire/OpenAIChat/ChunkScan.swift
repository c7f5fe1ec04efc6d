import Base

/// What one pass over the text of a chunk (or of a whole reply) sees without building a tape.
///
///     {"id":"…","model":"m","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}],"usage":null}
///               ^ model     ^ one choice, useful, not finished
///
/// It checks only what it needs: the brackets, the names and the ends of values. What is inside other values is not looked at.
struct ChunkScan {
  /// One element of `choices`.
  struct Choice {
    var index = 0
    /// Whether it has text, reasoning, a call, or anything else but a role.
    var hasContent = false
    /// Whether it has something else than reasoning.
    var isVisible = false
    /// The text of `delta.content` with its quotes.
    var text: Range<Int>?
    /// The list of `tool_calls`.
    var calls: Range<Int>?
    /// Whether its reasoning stands in `reasoning_content`.
    var hasUsualReasoning = false
    /// Whether its reasoning stands elsewhere.
    var hasOtherReasoning = false
    /// Whether its text stands elsewhere than in a string `content`. Source: wire-formats §4.
    var hasOtherText = false

    /// Whether a client of this wire would not find what is in it.
    var isOdd: Bool { hasOtherText || hasOtherReasoning && !hasUsualReasoning }
    /// The word of `finish_reason` without its quotes, nil for null and "".
    var finish: Range<Int>?
    /// The object of `usage`, which some upstreams put here.
    var usage: Range<Int>?
  }

  /// The value of `model`, with its quotes.
  private(set) var model: Range<Int>?
  /// The value of `usage` unless it is null, and where its name begins.
  private(set) var usage: Range<Int>?
  private(set) var usageName = 0
  /// Whether there is an `error` that is neither null nor false.
  private(set) var hasError = false
  /// Whether there is a list of choices.
  private(set) var hasChoices = false
  /// Whether there is a list of embeddings or of rerank results.
  private(set) var hasResults = false
  /// Whether there are members that a chunk of the official API does not have.
  private(set) var hasOthers = false
  private(set) var first: Choice?
  /// The choices behind the first: most chunks have one.
  private(set) var more: [Choice] = []
  private var position = 0

  /// Reads the whole text; nil when it is no object or is cut off.
  init?(_ text: Span<UInt8>) {
    guard object(text, { scan, text, name in scan.member(text, name) }) else { return nil }
    skipSpace(text)
    guard position == text.count else { return nil }
  }

  /// Whether a client of this wire would not find what is in a choice.
  var isOdd: Bool { first?.isOdd == true || more.contains(where: \.isOdd) }

  /// Whether `choices` is an empty list.
  var hasNoChoice: Bool { hasChoices && first == nil }

  private mutating func member(_ text: Span<UInt8>, _ name: Range<Int>) -> Bool {
    switch name.count {
    case 5 where Self.matches(text, name, "model"):
      model = value(text)
      return model != nil
    case 5 where Self.matches(text, name, "usage"):
      guard let value = value(text) else { return false }
      usage = text[value.lowerBound] == UInt8(ascii: "{") ? value : nil
      usageName = name.lowerBound - 1
      return true
    case 5 where Self.matches(text, name, "error"):
      guard let value = value(text) else { return false }
      hasError = hasError || !(Self.isEmpty(text, value) || text[value.lowerBound] == UInt8(ascii: "f"))
      return true
    case 7 where Self.matches(text, name, "choices"):
      guard text[position] == UInt8(ascii: "[") else { return value(text) != nil }
      hasChoices = true
      return choices(text)
    case 2 where Self.matches(text, name, "id"), 6 where Self.matches(text, name, "object"), 7 where Self.matches(text, name, "created"):
      return value(text) != nil
    default:
      hasResults = hasResults || Self.matches(text, name, "data") || Self.matches(text, name, "results")
      hasOthers = hasOthers || !(Self.matches(text, name, "system_fingerprint") || Self.matches(text, name, "service_tier"))
      return value(text) != nil
    }
  }

  private mutating func choices(_ text: Span<UInt8>) -> Bool {
    position += 1
    if take(text, UInt8(ascii: "]")) { return true }
    repeat {
      var choice = Choice()
      guard object(text, { scan, text, name in scan.member(text, name, of: &choice) }) else { return false }
      if first == nil { first = choice } else { more.append(choice) }
    } while take(text, UInt8(ascii: ","))
    return take(text, UInt8(ascii: "]"))
  }

  private mutating func member(_ text: Span<UInt8>, _ name: Range<Int>, of choice: inout Choice) -> Bool {
    if Self.matches(text, name, "delta") || Self.matches(text, name, "message"), text[position] == UInt8(ascii: "{") {
      return object(text) { scan, text, name in
        guard let value = scan.value(text) else { return false }
        guard !Self.isEmpty(text, value), !Self.matches(text, name, "role") else { return true }
        choice.hasContent = true
        choice.isVisible = choice.isVisible || !Self.isReasoning(text, name)
        Self.note(text, name, value, &choice)
        return true
      }
    }
    guard let value = value(text) else { return false }
    switch name.count {
    case 5 where Self.matches(text, name, "index"): choice.index = Self.number(text, value)
    case 4 where Self.matches(text, name, "text") && !Self.isEmpty(text, value):
      choice.hasContent = true
      choice.isVisible = true
    case 13 where Self.matches(text, name, "finish_reason"):
      let isWord = text[value.lowerBound] == UInt8(ascii: "\"") && value.count > 2
      choice.finish = isWord ? value.lowerBound + 1..<value.upperBound - 1 : nil
    case 5 where Self.matches(text, name, "usage"): choice.usage = text[value.lowerBound] == UInt8(ascii: "{") ? value : nil
    default: break
    }
    return true
  }
}

extension ChunkScan {
  /// Reads an object; `member` is called with the position at each value and must move it behind.
  @inline(__always)
  private mutating func object(_ text: Span<UInt8>, _ member: (inout ChunkScan, Span<UInt8>, Range<Int>) -> Bool) -> Bool {
    guard take(text, UInt8(ascii: "{")) else { return false }
    if take(text, UInt8(ascii: "}")) { return true }
    repeat {
      guard take(text, UInt8(ascii: "\"")) else { return false }
      let start = position
      guard skipString(text) else { return false }
      let name = start..<position - 1
      guard take(text, UInt8(ascii: ":")) else { return false }
      skipSpace(text)
      guard position < text.count, member(&self, text, name) else { return false }
    } while take(text, UInt8(ascii: ","))
    return take(text, UInt8(ascii: "}"))
  }

  /// Skips a value; nil when it is cut off or there is none.
  @inline(__always)
  private mutating func value(_ text: Span<UInt8>) -> Range<Int>? {
    let start = position
    switch text[start] {
    case UInt8(ascii: "\""):
      position += 1
      guard skipString(text) else { return nil }
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      guard skipContainer(text) else { return nil }
    default:
      while position < text.count, !Self.isEnd(text[position]) { position += 1 }
    }
    return position > start ? start..<position : nil
  }

  private mutating func skipContainer(_ text: Span<UInt8>) -> Bool {
    var depth = 0
    while position < text.count {
      let byte = text[position]
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard skipString(text) else { return false }
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        if depth == 0 { return true }
      default: break
      }
    }
    return false
  }

  /// Moves from behind an opening quote to behind the closing one.
  @inline(__always)
  private mutating func skipString(_ text: Span<UInt8>) -> Bool {
    guard let end = JSONScan.endOfString(text, from: position) else { return false }
    position = end
    return true
  }

  @inline(__always)
  private mutating func take(_ text: Span<UInt8>, _ byte: UInt8) -> Bool {
    skipSpace(text)
    guard position < text.count, text[position] == byte else { return false }
    position += 1
    return true
  }

  @inline(__always)
  private mutating func skipSpace(_ text: Span<UInt8>) {
    while position < text.count, text[position] <= 0x20 { position += 1 }
  }

  @inline(__always)
  private static func isEnd(_ byte: UInt8) -> Bool {
    byte <= 0x20 || byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]")
  }

  /// Whether a value is null, "", [] or {}.
  @inline(__always)
  private static func isEmpty(_ text: Span<UInt8>, _ value: Range<Int>) -> Bool {
    let first = text[value.lowerBound]
    return first == UInt8(ascii: "n") || (value.count == 2 && (first == UInt8(ascii: "\"") || first >= UInt8(ascii: "[")))
  }

  @inline(__always)
  private static func matches(_ text: Span<UInt8>, _ name: Range<Int>, _ word: StaticString) -> Bool {
    JSONScan.isEqual(text, name, word)
  }

  @inline(__always)
  private static func isReasoning(_ text: Span<UInt8>, _ name: Range<Int>) -> Bool {
    matches(text, name, "reasoning_content") || matches(text, name, "reasoning") || matches(text, name, "reasoning_details")
  }

  /// Where a member of a delta or message puts text or reasoning.
  @inline(__always)
  private static func note(_ text: Span<UInt8>, _ name: Range<Int>, _ value: Range<Int>, _ choice: inout Choice) {
    let isString = text[value.lowerBound] == UInt8(ascii: "\"")
    switch name.count {
    case 7 where matches(text, name, "content"):
      if isString { choice.text = value } else { choice.hasOtherText = true }
    case 4 where matches(text, name, "text"), 7 where matches(text, name, "message"): choice.hasOtherText = true
    case 10 where matches(text, name, "tool_calls"): choice.calls = value
    case 9 where matches(text, name, "reasoning"): choice.hasOtherReasoning = true
    case 17 where matches(text, name, "reasoning_content"): choice.hasUsualReasoning = true
    default: break
    }
  }

  /// A whole number, held within 0…127; 0 for anything else.
  private static func number(_ text: Span<UInt8>, _ value: Range<Int>) -> Int {
    var number = 0
    for position in value {
      let digit = Int(text[position]) - 0x30
      guard 0...9 ~= digit else { return 0 }
      number = min(number * 10 + digit, 127)
    }
    return number
  }
}
