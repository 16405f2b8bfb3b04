/* address_set.h - the addresses that a set of manifests uses, and free ones chosen by name: the same name gets the same address on
 * every run, unless somebody else has it. */
#pragma once
#include "base/addr.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct address_set {
	struct addr *slots; /* open addressing; ADDR_NONE: free */
	size_t count, cap;  /* cap: 0 or a power of two */
};

/* OK also if it is there already. */
enum err address_set_add(struct address_set *s, const struct addr *a);
bool address_set_has(const struct address_set *s, const struct addr *a);
void address_set_free(struct address_set *s);

/* Takes a free address of range for ns/name: the hash of that says where to begin, and the next free one is it. The range's own
 * address and an IPv4 range's broadcast address are not given; its first `reserved` ones only after all others. ERR_RANGE: none is left. */
enum err address_set_pick(struct address_set *s, const struct cidr *range, uint64_t reserved, const char *ns, const char *name,
                          struct addr *out);
