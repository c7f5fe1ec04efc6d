import Base
import Testing

@testable import HTTP

@Suite struct `The alarms of a loop` {
  private final class Ring {
    var times: [Int64] = []
  }

  @Test func `ring once, in order, at the time they were set to last`() throws {
    let loop = try EventLoop(index: 0)
    let ring = Ring()
    var now: Int64 = 0
    let alarms = (0..<50).map { _ in Alarm(loop) { ring.times.append(now) } }
    var due: [Int64] = []
    var generator = SystemRandomNumberGenerator()
    for step in 0..<2000 {
      let alarm = alarms[Int(generator.next(upperBound: UInt64(50)))]
      switch step % 4 {
      case 0: alarm.clear()
      default: alarm.set(now + Int64(generator.next(upperBound: UInt64(100))))
      }
      if step % 10 == 0 {
        now += 7
        due = alarms.map(\.deadline).filter { $0 <= now }
        let before = ring.times.count
        loop.alarms.fire(now: now)
        #expect(ring.times.count - before == due.count)
        #expect(alarms.allSatisfy { $0.deadline > now })
      }
    }
    now += 1000
    let left = alarms.count { $0.deadline != .max }
    let before = ring.times.count
    loop.alarms.fire(now: now)
    #expect(ring.times.count - before == left)
    #expect(loop.alarms.millisecondsToNext(now: now) == -1)
  }
}
