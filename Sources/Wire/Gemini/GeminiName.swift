import Base

/// The two spellings of Gemini's member names: `inlineData` and `inline_data` are the same. Source: wire-formats §3.4.
enum GeminiName {
  /// The name in camel case; the same name when it has no `_` inside.
  static func camel(_ name: String) -> String {
    guard name.utf8.dropFirst().contains(UInt8(ascii: "_")) else { return name }
    var text = ""
    var isUpper = false
    for (position, character) in name.unicodeScalars.enumerated() {
      if character == "_", position > 0 {
        isUpper = true
      } else {
        let isLetter = isUpper && ("a"..."z").contains(character)
        text.unicodeScalars.append(isLetter ? Unicode.Scalar(UInt8(character.value) - 32) : character)
        isUpper = false
      }
    }
    return text
  }

  /// The name in snake case.
  static func snake(_ name: String) -> String {
    var text = ""
    for character in name.unicodeScalars {
      if ("A"..."Z").contains(character) {
        text += "_"
        text.unicodeScalars.append(Unicode.Scalar(UInt8(character.value) + 32))
      } else {
        text.unicodeScalars.append(character)
      }
    }
    return text
  }
}

extension JSON {
  /// A member of a Gemini object by its name in camel case, in either spelling; null is none.
  func gemini(_ name: String) -> JSON? {
    if let value = self[name] { return value.present }
    let other = GeminiName.snake(name)
    guard other != name, let value = self[other], !value.isNull else { return nil }
    return value
  }

  /// The value of a whole number, also where it was written as `1.0`.
  var geminiInt: Int? { int ?? double.flatMap { Int(exactly: $0) } }
}
