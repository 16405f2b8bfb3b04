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

/* No vowels, and no digits that look like letters, so that no words come out. */
static const char alphabet[] = "bcdfghjklmnpqrstvwxz2456789";

void name_suffix(char out[NAME_SUFFIX_LEN + 1], uint64_t hash)
{
	for (unsigned i = 0; i < NAME_SUFFIX_LEN; i++) {
		out[i] = alphabet[hash % (sizeof alphabet - 1)];
		hash /= sizeof alphabet - 1;
	}
	out[NAME_SUFFIX_LEN] = '\0';
}
