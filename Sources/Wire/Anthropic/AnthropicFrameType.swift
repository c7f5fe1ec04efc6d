import Base

/// The usual events of a Messages stream.
enum AnthropicFrameType: String, CaseIterable {
  case blockDelta = "content_block_delta"
  case blockStart = "content_block_start"
  case blockStop = "content_block_stop"
  case start = "message_start"
  case delta = "message_delta"
  case stop = "message_stop"
  case ping

  /// The type that stands in the data, nil for others and for data that are no whole object; makes no tape.
  init?(_ data: ArraySlice<UInt8>) {
    var name = 0..<0
    let text = data.span
    var found: [(name: Range<Int>, value: Range<Int>)] = []
    guard JSONScan.members(text, { if $0.count == 4 { found.append(($0, $1)) } }) else { return nil }
    for member in found where JSONScan.isEqual(text, member.name, "type") && member.value.count > 2 {
      name = member.value.lowerBound + 1..<member.value.upperBound - 1
    }
    if JSONScan.isEqual(text, name, "content_block_delta") {
      self = .blockDelta
    } else if JSONScan.isEqual(text, name, "content_block_start") {
      self = .blockStart
    } else if JSONScan.isEqual(text, name, "content_block_stop") {
      self = .blockStop
    } else if JSONScan.isEqual(text, name, "message_start") {
      self = .start
    } else if JSONScan.isEqual(text, name, "message_delta") {
      self = .delta
    } else if JSONScan.isEqual(text, name, "message_stop") {
      self = .stop
    } else if JSONScan.isEqual(text, name, "ping") {
      self = .ping
    } else {
      return nil
    }
  }
}
