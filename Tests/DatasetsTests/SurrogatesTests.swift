import Base
import Testing

@testable import Datasets

@Suite struct `Half a surrogate pair` {
  @Test(
    arguments: [
      // A whole pair stays.
      (#""\ud83d\ude00""#, nil),
      // A half becomes U+FFFD, whichever half it is and whatever follows.
      (#""\ud83d""#, #""\ufffd""#),
      (#""\ude00x""#, #""\ufffdx""#),
      (#""\ud83d\ud83d\ude00""#, #""\ufffd\ud83d\ude00""#),
      // An escaped backslash begins no escape.
      (#""\\ud83d""#, nil),
      (#""\\\ud83d""#, #""\\\ufffd""#),
      ("\"\\", nil),
    ] as [(String, String?)])
  func `becomes a replacement character`(text: String, repaired: String?) {
    #expect(Surrogates.repaired(Array(text.utf8)).map { String(decoding: $0, as: UTF8.self) } == repaired)
  }
}
