/* name_hash.h - a hash of names that is the same on every run and machine (base/hash.h is seeded at random), for what is made up
 * for an object: an address, a pod's suffix. */
#pragma once
#include <stdint.h>

/* XXH64 of "ns/name", with that seed. */
uint64_t name_hash(const char *ns, const char *name, uint64_t seed);

/* What the API server makes a name unique by (k8s.io/apiserver, storage/names), here from a hash. */
#define NAME_SUFFIX_LEN 5
#define NAME_BASE_MAX   (63 - NAME_SUFFIX_LEN) /* octets before it; the rest is cut off */

/* As many letters as Kubernetes puts behind a generated name, drawn from its alphabet by hash. */
void name_suffix(char out[NAME_SUFFIX_LEN + 1], uint64_t hash);
