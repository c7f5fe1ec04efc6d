import Base
import Testing

@Suite struct `A text with percent escapes` {
  @Test(arguments: [
    ("", ""), ("a/b:c", "a/b:c"), ("a%2Fb%3ac", "a/b:c"), ("%E6%97%A5", "日"), ("a+b", "a+b"),
    // A broken escape, or bytes that are no text, leave all as it is.
    ("100%", "100%"), ("%2", "%2"), ("%2Fx%zz", "%2Fx%zz"), ("%FF", "%FF"), ("%+1", "%+1"), ("%-0", "%-0"),
  ])
  func `is decoded whole or not at all`(text: String, decoded: String) {
    #expect(text.removingPercentEncoding == decoded)
  }
}
