"""DeepSeekHashV1, to check what a client computed: SHA3-256 without the first of its 24 rounds. Source: protocol notes on DeepSeek, §4."""

MASK = (1 << 64) - 1
CONSTANTS = [
    0x8082, 0x800000000000808A, 0x8000000080008000, 0x808B, 0x80000001, 0x8000000080008081, 0x8000000000008009, 0x8A, 0x88, 0x80008009,
    0x8000000A, 0x8000808B, 0x800000000000008B, 0x8000000000008089, 0x8000000000008003, 0x8000000000008002, 0x8000000000000080, 0x800A,
    0x800000008000000A, 0x8000000080008081, 0x8000000000008080, 0x80000001, 0x8000000080008008]


def turn(lane, bits):
    return (lane << bits | lane >> 64 - bits) & MASK if bits else lane


def permute(a):
    for constant in CONSTANTS:
        c = [a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20] for x in range(5)]
        a = [a[i] ^ c[(i + 4) % 5] ^ turn(c[(i + 1) % 5], 1) for i in range(25)]
        b, x, y, bits = [0] * 25, 1, 0, 0
        b[0] = a[0]
        for step in range(24):
            bits = (bits + step + 1) % 64
            b[y + 5 * ((2 * x + 3 * y) % 5)] = turn(a[x + 5 * y], bits)
            x, y = y, (2 * x + 3 * y) % 5
        a = [b[i] ^ ~b[i // 5 * 5 + (i + 1) % 5] & b[i // 5 * 5 + (i + 2) % 5] & MASK for i in range(25)]
        a[0] ^= constant
    return a


def deepseek_hash(text):
    text += b"\x06" + bytes(-(len(text) + 1) % 136)
    text = text[:-1] + bytes([text[-1] | 0x80])
    a = [0] * 25
    for start in range(0, len(text), 136):
        for i in range(17):
            a[i] ^= int.from_bytes(text[start + 8 * i:start + 8 * i + 8], "little")
        a = permute(a)
    return b"".join(lane.to_bytes(8, "little") for lane in a[:4])
