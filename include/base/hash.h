/* hash.h - XXH3 with a seed drawn at random once per process, so that nobody outside can choose colliding names. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Draws the seed. Called once, first thing in main() (and in a test's setup); before that the seed is 0. */
void hash_seed_init(void);

/* Hash of the octets as they are. Differs from one process to the next. */
uint64_t hash_bytes(const void *bytes, size_t len);

/* The same in every process: for telling people what is the same. */
uint64_t hash_stable(const void *bytes, size_t len);

/* Mixes two hashes into one (order matters). */
uint64_t hash_mix(uint64_t a, uint64_t b);
