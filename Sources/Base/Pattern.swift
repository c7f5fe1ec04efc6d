internal import CPCRE2

/// A regular expression that can't run away: matching stops at limits and then counts as no match.
///
/// Patterns come from provider files and configuration, subjects from anywhere. Swift's `Regex` has no limit: `(a+)+$`
/// on 27 characters ran for more than 40 s.
package struct Pattern: Sendable {
  /// What it was made from.
  package let text: String
  private let code: PatternCode

  /// The longest pattern, in bytes.
  package static let patternLimit = 4096
  /// The longest subject, in bytes; longer ones never match.
  package static let subjectLimit = 1 << 20

  /// Compiles a pattern (PCRE2, UTF-8); throws `.invalid` with the place of the mistake.
  package init(_ text: String) throws(Fault) {
    guard text.utf8.count <= Self.patternLimit else {
      throw Fault(.invalid, "A pattern is \(text.utf8.count) bytes long; the limit is \(Self.patternLimit).")
    }
    self.text = text
    code = try PatternCode(text)
  }

  /// Whether the pattern matches somewhere in the subject.
  package func matches(_ subject: String) -> Bool { code.match(subject) { _ in true } ?? false }

  /// The texts of the named groups that took part in the first match; nil without a match.
  package func namedGroups(in subject: String) -> [String: String]? {
    let bytes = Array(subject.utf8)
    return code.match(subject) { ranges in
      var groups: [String: String] = [:]
      for (name, number) in code.names {
        if let range = ranges(number) { groups[name] = String(decoding: bytes[range], as: UTF8.self) }
      }
      return groups
    }
  }

  /// The text of a group of the first match, 0 being the whole; nil without a match or when the group took no part.
  package func group(_ number: Int = 0, in subject: String) -> String? {
    let bytes = Array(subject.utf8)
    let found: String?? = code.match(subject) { ranges in ranges(number).map { String(decoding: bytes[$0], as: UTF8.self) } }
    return found ?? nil
  }
}

/// A compiled pattern; owns PCRE2's objects.
@safe private final class PatternCode: @unchecked Sendable {
  // Both are written once, in `init`, and only read by matches, which PCRE2 allows from many threads at once
  // (pcre2api(3), "Multithreading"); what a match writes is made for that match.
  private let code: OpaquePointer
  private let limits: OpaquePointer
  let names: [(name: String, number: Int)]

  init(_ text: String) throws(Fault) {
    var error: Int32 = 0
    var offset = 0
    let bytes = Array(text.utf8)
    // The pattern lives through the call; `\C` could cut a character in two and is forbidden.
    guard let code = unsafe pcre2_compile_8(bytes, bytes.count, PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &error, &offset, nil) else {
      throw Fault(.invalid, "The pattern \"\(text)\" is wrong at byte \(offset): \(Self.message(error)).")
    }
    guard let limits = unsafe pcre2_match_context_create_8(nil) else {
      unsafe pcre2_code_free_8(code)
      throw Fault(.internal, "There is no memory for a pattern.")
    }
    // About 5 ms of backtracking; frames of 16 MiB in the heap, none on the stack.
    unsafe pcre2_set_match_limit_8(limits, 200_000)
    unsafe pcre2_set_depth_limit_8(limits, 20_000)
    unsafe pcre2_set_heap_limit_8(limits, 16 << 10)
    unsafe (self.code, self.limits) = unsafe (code, limits)
    names = unsafe Self.names(of: code)
  }

  deinit {
    unsafe pcre2_code_free_8(code)
    unsafe pcre2_match_context_free_8(limits)
  }

  /// Calls `body` with a way to ask for the bytes of each group; nil when nothing matches within the limits.
  func match<Result>(_ subject: String, _ body: ((Int) -> Range<Int>?) -> Result) -> Result? {
    guard subject.utf8.count <= Pattern.subjectLimit else { return nil }
    guard let found = unsafe pcre2_match_data_create_from_pattern_8(code, nil) else { return nil }
    defer { unsafe pcre2_match_data_free_8(found) }
    var subject = subject
    // The subject lives through the call, and a String is always UTF-8.
    let count = subject.withUTF8 { text in unsafe pcre2_match_8(code, text.baseAddress, text.count, 0, PCRE2_NO_UTF_CHECK, found, limits) }
    guard count > 0, let offsets = unsafe pcre2_get_ovector_pointer_8(found) else { return nil }
    return body { number in
      // Groups behind the last one that took part have no offsets; the others have two, or two of ~0, which is -1 as an Int.
      guard number >= 0, number < Int(count) else { return nil }
      let (start, end) = unsafe (offsets[2 * number], offsets[2 * number + 1])
      return start >= 0 && start <= end && end <= Pattern.subjectLimit ? start..<end : nil
    }
  }

  /// The names of the groups. Each entry of the table: the number in two bytes, the name, NUL (pcre2api(3), "Information about a pattern").
  private static func names(of code: OpaquePointer) -> [(name: String, number: Int)] {
    var (count, size): (UInt32, UInt32) = (0, 0)
    var table: UnsafePointer<UInt8>?
    // Each question writes a value of the type that the manual names for it.
    unsafe pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMECOUNT), &count)
    unsafe pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMEENTRYSIZE), &size)
    unsafe pcre2_pattern_info_8(code, UInt32(PCRE2_INFO_NAMETABLE), &table)
    guard let table = unsafe table else { return [] }
    return (0..<Int(count)).map { entry in
      let start = unsafe table + entry * Int(size)
      return unsafe (String(cString: start + 2), Int(start[0]) << 8 | Int(start[1]))
    }
  }

  private static func message(_ error: Int32) -> String {
    var text = [UInt8](repeating: 0, count: 256)
    // It writes at most `count` bytes, with NUL.
    let length = unsafe pcre2_get_error_message_8(error, &text, text.count)
    return String(decoding: text.prefix(max(0, Int(length))), as: UTF8.self)
  }
}
