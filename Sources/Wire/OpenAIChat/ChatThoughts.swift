import Base

/// The reasoning that an assistant's message in a Chat history carries. Source: wire-formats §2.7.
///
/// `reasoning_content` (or `reasoning`) has all of the text, `reasoning_details` an entry for each thought that is signed. Here the two
/// are laid over each other, so that no text comes twice and each signature stays with its own thought:
///
///     "plan. more. go", details [{text: "more. ", signature}]   →   "plan. " · "more. " signed · "go"
enum ChatThoughts {
  /// The thoughts of a message, in order.
  static func read(_ message: JSON, _ path: SourcePath) -> [Message.Content] {
    let isOld = message["reasoning_content"]?.string == nil
    let place = path.at(isOld ? "reasoning" : "reasoning_content")
    let text = message["reasoning_content"]?.string ?? message["reasoning"]?.string ?? ""
    var rest = Array(text.utf8)[...]
    var contents: [Message.Content] = []
    var isLaid = false
    var isForeign = false
    for (position, detail) in (message["reasoning_details"] ?? .null).elements.enumerated() {
      guard let thought = thought(detail) else { continue }
      let words = Array(thought.text.utf8)
      if !words.isEmpty {
        // Once the two differ nothing more is looked for, so that all looking together is one pass.
        if !isForeign, let before = before(words, in: rest) {
          append(rest.prefix(before), place, &contents)
          rest = rest.dropFirst(before + words.count)
          isLaid = true
        } else {
          isForeign = true
        }
      }
      contents.append(Message.Content(.reasoning(thought), at: path.at("reasoning_details", position)))
    }
    guard !isForeign, !rest.isEmpty else { return contents }
    // Without a text of their own the details say nothing of where it stands; what is signed stays next to the answer.
    if isLaid { append(rest, place, &contents) } else { contents.insert(content(rest, place), at: 0) }
    return contents
  }

  private static func thought(_ detail: JSON) -> Reasoning? {
    if let data = detail["data"]?.string, !data.isEmpty {
      return Reasoning(signature: Signature(envelope: data) ?? Signature(.chatEncrypted, data))
    }
    let text = detail["text"]?.string ?? detail["summary"]?.string ?? ""
    let signature = detail["signature"]?.string.flatMap { $0.isEmpty ? nil : $0 }
    guard !text.isEmpty || signature != nil else { return nil }
    return Reasoning(text, signature: signature.map { Signature(envelope: $0) ?? Signature(.chat, $0) })
  }

  /// How much of the text stands before these words; nil when they are not at its beginning, its end or the first place that looks like them.
  private static func before(_ words: [UInt8], in text: ArraySlice<UInt8>) -> Int? {
    if text.starts(with: words) { return 0 }
    guard text.count >= words.count else { return nil }
    if text.suffix(words.count).elementsEqual(words) { return text.count - words.count }
    // Only the first place is tried: a full search would take as many steps as a stranger likes.
    let probe = words.prefix(32)
    var start = text.startIndex
    while let found = text[start...].firstIndex(of: probe[0]) {
      if text[found...].starts(with: probe) { return text[found...].starts(with: words) ? found - text.startIndex : nil }
      start = found + 1
    }
    return nil
  }

  private static func append(_ text: ArraySlice<UInt8>, _ place: SourcePath, _ contents: inout [Message.Content]) {
    if !text.isEmpty { contents.append(content(text, place)) }
  }

  private static func content(_ text: ArraySlice<UInt8>, _ place: SourcePath) -> Message.Content {
    Message.Content(.reasoning(Reasoning(String(decoding: text, as: UTF8.self))), at: place)
  }
}
