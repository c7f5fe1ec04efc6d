#include "keccak.h"
#include <string.h>

// In C because of the target below: Swift can't say it, and one state after the other took 37 ms where this takes 14 (144,000 states).
typedef uint64_t four __attribute__((vector_size(32)));

static const uint64_t constants[24] = {
  0x0000000000000001, 0x0000000000008082, 0x800000000000808A, 0x8000000080008000, 0x000000000000808B, 0x0000000080000001,
  0x8000000080008081, 0x8000000000008009, 0x000000000000008A, 0x0000000000000088, 0x0000000080008009, 0x000000008000000A,
  0x000000008000808B, 0x800000000000008B, 0x8000000000008089, 0x8000000000008003, 0x8000000000008002, 0x8000000000000080,
  0x000000000000800A, 0x800000008000000A, 0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};
// The way of steps rho and pi through the lanes, from lane 1: where each goes, and by how many bits it turns.
static const int places[24] = {10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1};
static const int turns[24] = {1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44};

#define TURN(lane, bits) ((lane) << (bits) | (lane) >> (64 - (bits)))

#if defined(__x86_64__)
__attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#endif
void sys_keccak4(uint64_t words[100], int rounds) {
  four a[25], row[5];
  memcpy(a, words, sizeof a);
  for (int round = 24 - rounds; round < 24; round++) {
    for (int x = 0; x < 5; x++) row[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
    for (int x = 0; x < 5; x++) {
      four change = row[(x + 4) % 5] ^ TURN(row[(x + 1) % 5], 1);
      for (int y = 0; y < 25; y += 5) a[y + x] ^= change;
    }
    four moving = a[1];
#pragma clang loop unroll(full)
    for (int step = 0; step < 24; step++) {
      four next = a[places[step]];
      a[places[step]] = TURN(moving, turns[step]);
      moving = next;
    }
#pragma clang loop unroll(full)
    for (int y = 0; y < 25; y += 5) {
      for (int x = 0; x < 5; x++) row[x] = a[y + x];
      for (int x = 0; x < 5; x++) a[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
    }
    a[0] ^= constants[round];
  }
  memcpy(words, a, sizeof a);
}
