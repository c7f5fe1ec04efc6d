import Base
import Testing

@Suite struct `A concurrent map` {
  @Test(arguments: [0, 1, 7, 8, 9, 256, 1003]) func `keeps the order, whatever the count`(count: Int) {
    let numbers = Array(0..<count)
    #expect(numbers.concurrentMap { "\($0 * $0)" } == numbers.map { "\($0 * $0)" })
  }
}
