import Archive
import Testing

@Suite struct `A set of bits` {
  @Test func `gives its numbers back, ascending, each once`() {
    var set = BitSet()
    for number in [200, 0, 63, 64, 63, 1_000_000, -1] { set.insert(number) }
    #expect(Array(set.members) == [0, 63, 64, 200, 1_000_000])
    #expect(set.contains(64) && !set.contains(65) && !set.contains(-1))
    #expect(Array(BitSet().members).isEmpty)
  }
}
