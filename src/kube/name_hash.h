/* name_hash.h - a hash of names that is the same on every run and machine (base/hash.h is seeded at random), for what is made up
 * for an object: an address, a pod's suffix. */
#pragma once
#include <stdint.h>

/* XXH64 of "ns/name", with that seed. */
uint64_t name_hash(const char *ns, const char *name, uint64_t seed);
