import CSystem

/// A point in time at which its owner is called back on its loop.
///
/// It belongs to something that lives long (a connection, a pool), not to a request: moving it later costs one store,
/// because the queue looks at it again only when its old time has come.
package final class Alarm {
  private let queue: AlarmQueue
  fileprivate let ring: () -> Void
  /// Monotonic nanoseconds; `.max` while it is off.
  package private(set) var deadline = Int64.max
  /// The time under which the queue holds it; never later than `deadline`.
  fileprivate var filed = Int64.max
  /// Its place in the queue, -1 outside.
  fileprivate var place = -1

  /// `ring` must not keep the alarm's owner alive.
  package init(_ loop: EventLoop, ring: @escaping () -> Void) {
    queue = loop.alarms
    self.ring = ring
  }

  /// Sets it to `time`, monotonic nanoseconds.
  package func set(_ time: Int64) {
    deadline = time
    if time < filed { queue.file(self, time) }
  }

  /// Takes the alarm out; it can be set again.
  package func clear() {
    deadline = .max
    if place >= 0 { queue.take(self) }
  }
}

/// The alarms of one loop, the next one first: a binary heap whose members know their places.
final class AlarmQueue {
  private var heap: [Alarm] = []

  /// For epoll_wait: -1 when nothing is set; rounded up, so that a turn never comes too early and spins.
  func millisecondsToNext(now: Int64) -> Int32 {
    guard let next = heap.first else { return -1 }
    return Int32(clamping: max(0, (next.filed - now + 999_999) / 1_000_000))
  }

  /// Rings what is due and files again what was moved later.
  func fire(now: Int64) {
    while let next = heap.first, next.filed <= now {
      take(next)
      if next.deadline <= now {
        next.clear()
        next.ring()
      } else if next.deadline != .max {
        file(next, next.deadline)
      }
    }
  }

  fileprivate func file(_ alarm: Alarm, _ time: Int64) {
    alarm.filed = time
    if alarm.place < 0 {
      alarm.place = heap.count
      heap.append(alarm)
    }
    rise(alarm.place)
  }

  fileprivate func take(_ alarm: Alarm) {
    let place = alarm.place
    alarm.place = -1
    alarm.filed = .max
    let last = heap.removeLast()
    guard last !== alarm else { return }
    put(last, place)
    sink(place)
    rise(last.place)
  }

  private func rise(_ start: Int) {
    var place = start
    let alarm = heap[place]
    while place > 0, heap[(place - 1) / 2].filed > alarm.filed {
      put(heap[(place - 1) / 2], place)
      place = (place - 1) / 2
    }
    put(alarm, place)
  }

  private func sink(_ start: Int) {
    var place = start
    let alarm = heap[place]
    while 2 * place + 1 < heap.count {
      var child = 2 * place + 1
      if child + 1 < heap.count, heap[child + 1].filed < heap[child].filed { child += 1 }
      guard heap[child].filed < alarm.filed else { break }
      put(heap[child], place)
      place = child
    }
    put(alarm, place)
  }

  private func put(_ alarm: Alarm, _ place: Int) {
    heap[place] = alarm
    alarm.place = place
  }
}
