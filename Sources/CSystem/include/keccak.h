// The permutation Keccak-f[1600] of four states at once.
#pragma once
#include <stdint.h>

// Runs the last `rounds` (1 to 24) of the 24 rounds on four states: word i of state s is `words[4 * i + s]`, of 25 words each.
// Source: FIPS 202 §3.2 and §3.3.
void sys_keccak4(uint64_t words[100], int rounds);
