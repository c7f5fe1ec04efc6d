import Archive
import HTTP
import Testing

@testable import Gateway

@Suite struct `The bytes of an exchange under way` {
  private let budget = RecordingBudget()

  private var head: Headers {
    var head = Headers()
    head.append(.contentType, "application/json")
    head.append(.contentEncoding, "gzip")
    return head
  }

  @Test func `are kept with their type and coding`() {
    let recording = Recording(.full, budget)
    recording.asked(head, [1, 2])
    recording.began(head)
    recording.add([3])
    recording.add([4, 5])
    #expect(recording.request == Record.Body([1, 2], type: "application/json", coding: "gzip"))
    #expect(recording.response == Record.Body([3, 4, 5], type: "application/json", coding: "gzip"))
  }

  @Test func `are not kept for metadata`() {
    let recording = Recording(.metadata, budget)
    recording.asked(head, [1, 2])
    recording.began(head)
    recording.add([3])
    recording.answered(head, [4])
    #expect(recording.request == Record.Body() && recording.response == Record.Body())
    #expect(budget.used == 0)
  }

  // What the spool's frames have no room for would be lost as a whole.
  @Test func `are cut where a body is longer than a record holds, and say so`() {
    let recording = Recording(.full, budget)
    let body = [UInt8](repeating: 7, count: Record.mostBody + 1)
    recording.asked(head, body)
    recording.answered(head, body)
    for side in [recording.request, recording.response] {
      #expect(side.bytes.count == Record.mostBody)
      #expect(side.isCut)
    }
  }

  @Test func `are cut where a stream is too long`() {
    let recording = Recording(.full, budget)
    let piece = [UInt8](repeating: 7, count: 1 << 20)
    for _ in 0..<20 { recording.add(piece) }
    #expect(recording.response.bytes.count == Record.mostStreamed)
    #expect(recording.response.isCut)
  }

  @Test func `share one budget and give it back`() {
    let piece = [UInt8](repeating: 7, count: Record.mostStreamed)
    do {
      let recordings = (0..<17).map { _ in Recording(.full, budget) }
      for recording in recordings { recording.add(piece) }
      #expect(budget.used == RecordingBudget.most)
      #expect(recordings.map(\.response.isCut) == Array(repeating: false, count: 16) + [true])
      recordings[0].answered(head, [1])
      #expect(budget.used == RecordingBudget.most - piece.count + 1)
    }
    #expect(budget.used == 0)
  }
}
