/// The words that texts are found by, the same for both databases, which only see words between spaces.
///
/// A word is a run of letters, digits and marks in lower case, without the accents of Latin letters. Every Han, Kana and Hangul character
/// is a word of its own, so that a Chinese word is a phrase of its characters. All else only separates.
struct Words: Sendable {
  /// The words, each followed by a space.
  private(set) var text: [UInt8] = []
  /// How many there are.
  private(set) var count = 0

  /// The longest word in bytes; the rest of a longer one isn't looked at.
  static let lengthLimit = 64
  /// The words of an exchange that it is found by.
  static let limit = 100_000

  init() {}

  /// The words of a text.
  init(of text: String) {
    append(text)
  }

  /// The words of several texts, one behind the other.
  init(of texts: some Sequence<String>) {
    for text in texts { append(text) }
  }

  /// Adds the words of a text, as long as there is room for them.
  mutating func append(_ text: String) {
    let start = self.text.count
    var copy = text
    copy.withUTF8 { bytes in
      // A Han character of three bytes becomes four with its space; a few letters of two bytes are three in lower case.
      self.text += repeatElement(0, count: 2 * bytes.count + 2)
      var writer = WordWriter(place: start, start: start, count: count)
      var room = self.text.mutableSpan
      unsafe writer.write(bytes.span, to: &room)
      self.text.removeLast(self.text.count - writer.place)
      count = writer.count
    }
  }

  var list: [ArraySlice<UInt8>] { text.split(separator: 32) }
}

/// Writes words into room that is large enough, which is a third faster than appending to an array.
private struct WordWriter {
  var place: Int
  var start: Int
  var count: Int

  mutating func write(_ bytes: Span<UInt8>, to room: inout MutableSpan<UInt8>) {
    let ascii = Self.ascii
    var at = 0
    while at < bytes.count, count < Words.limit {
      let byte = bytes[at]
      if byte < 0x80 {
        at += 1
        let letter = ascii[Int(byte)]
        if letter == 0 {
          end(&room)
        } else if place - start < Words.lengthLimit {
          room[place] = letter
          place += 1
        }
      } else {
        let (scalar, length) = Words.scalar(bytes, at: at)
        at += length
        write(scalar, to: &room)
      }
    }
    end(&room)
  }

  private mutating func end(_ room: inout MutableSpan<UInt8>) {
    guard place > start else { return }
    room[place] = 32
    place += 1
    start = place
    count += 1
  }

  private mutating func write(_ scalar: Unicode.Scalar, to room: inout MutableSpan<UInt8>) {
    switch Words.Letter(scalar) {
    case .separator: end(&room)
    case .mark: break
    case .letter(let letter):
      // No half characters at the end of a long word.
      if place - start + 4 <= Words.lengthLimit { put(letter, to: &room) }
    case .word(let letter):
      end(&room)
      put(letter, to: &room)
      end(&room)
    }
  }

  private mutating func put(_ letter: Unicode.Scalar, to room: inout MutableSpan<UInt8>) {
    for byte in UTF8.encode(letter) ?? .init() {
      room[place] = byte
      place += 1
    }
  }

  /// The lower case of letters and digits; 0 for all else.
  private static let ascii: [UInt8] = (0..<128).map { byte in
    switch UInt8(byte) {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"): UInt8(byte)
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt8(byte) | 0x20
    default: 0
    }
  }
}

extension Words {
  /// The scalar at a place and its length; the text is well-formed.
  static func scalar(_ bytes: Span<UInt8>, at place: Int) -> (Unicode.Scalar, Int) {
    let first = UInt32(bytes[place])
    let length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
    var value = first & (0x7F >> UInt32(length))
    for offset in 1..<length { value = value << 6 | UInt32(bytes[place + offset] & 0x3F) }
    return (Unicode.Scalar(value) ?? " ", length)
  }

  /// What a character beyond ASCII is to a search.
  enum Letter: Equatable {
    case separator
    /// Belongs to the letter before and isn't looked at.
    case mark
    /// Part of a word.
    case letter(Unicode.Scalar)
    /// A word of its own.
    case word(Unicode.Scalar)

    init(_ scalar: Unicode.Scalar) {
      switch scalar.value {
      case 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x3FFFF: self = .word(scalar)  // Han
      case 0x3005...0x3007, 0x3041...0x3096, 0x309D...0x309F, 0x30A1...0x30FA, 0x30FC...0x30FF, 0x31F0...0x31FF, 0xFF66...0xFF9D:
        self = .word(scalar)  // Kana
      case 0x1100...0x11FF, 0x3130...0x318F, 0xA960...0xA97F, 0xAC00...0xD7FF: self = .word(scalar)  // Hangul
      case 0xFF10...0xFF19, 0xFF41...0xFF5A: self = .letter(Self.plain(scalar.value - 0xFEE0))  // full width
      case 0xFF21...0xFF3A: self = .letter(Self.plain(scalar.value - 0xFEE0 + 32))
      case 0xC0...0x17F where Self.latin[Int(scalar.value - 0xC0)] != " ": self = .letter(Self.latin[Int(scalar.value - 0xC0)])
      default: self = Self.other(scalar)
      }
    }

    private static func other(_ scalar: Unicode.Scalar) -> Letter {
      let properties = scalar.properties
      switch properties.generalCategory {
      case .uppercaseLetter, .titlecaseLetter: return .letter(properties.lowercaseMapping.unicodeScalars.first ?? scalar)
      case .lowercaseLetter, .modifierLetter, .otherLetter, .decimalNumber, .letterNumber, .otherNumber, .spacingMark:
        return .letter(scalar)
      case .nonspacingMark, .enclosingMark, .format: return .mark
      default: return .separator
      }
    }

    private static func plain(_ value: UInt32) -> Unicode.Scalar { Unicode.Scalar(value) ?? " " }

    /// From U+00C0 to U+017F, in lower case and without accents. Source: the Unicode charts Latin-1 Supplement and Latin Extended-A.
    private static let latin = Array(
      ("aaaaaaæceeeeiiiiðnooooo ouuuuyþßaaaaaaæceeeeiiiiðnooooo ouuuuyþy"
        + "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkkllllllllll"
        + "nnnnnnnnnooooooœœrrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs").unicodeScalars)
  }
}
