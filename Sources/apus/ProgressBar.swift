import Base
import Glibc

/// How far a long work is, on a terminal; nothing elsewhere.
final class ProgressBar {
  private let word: String
  private let isShown = isatty(2) == 1
  private var last = -1

  init(_ word: String) {
    self.word = word
  }

  func show(_ done: Int, of all: Int) {
    guard isShown, all > 0 else { return }
    let percent = done * 100 / all
    guard percent != last else { return }
    last = percent
    let filled = percent * 30 / 100
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: 30 - filled)
    Output.mutter("\r\(word) \(bar) \(percent) % (\(done) of \(all))")
  }

  func end() {
    if isShown, last >= 0 { Output.mutter("\r\u{1B}[K") }
  }
}
