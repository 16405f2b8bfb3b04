#include "name_hash.h"
#include <string.h>
#define XXH_STATIC_LINKING_ONLY /* the size of XXH64_state_t */
#include <xxhash.h>

uint64_t name_hash(const char *ns, const char *name, uint64_t seed)
{
	XXH64_state_t state;
	XXH64_reset(&state, seed);
	XXH64_update(&state, ns, strlen(ns));
	XXH64_update(&state, "/", 1);
	XXH64_update(&state, name, strlen(name));
	return XXH64_digest(&state);
}
