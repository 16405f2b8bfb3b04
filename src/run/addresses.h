/* addresses.h - the addresses of a cluster's world: which there are, and which are the command's own. */
#pragma once
#include "base/addr.h"
#include "store/store.h"
#include <stddef.h>

struct addresses {
	struct addr *all; /* owned */
	size_t count, cap;
};

/* Appends those of every pod and of every endpoint that a slice names. ERR_NOMEM: some are missing. */
enum err addresses_add_pods(struct addresses *a, const struct store *s);

/* Appends the clusterIPs of every Service that has ports. */
enum err addresses_add_services(struct addresses *a, const struct store *s);

/* Frees what it owns. */
void addresses_free(struct addresses *a);

/* The last address of the range that is not among these; a pod's that is not in the input. False: a has no address of the range's family, or the
 * range is used up. */
bool addresses_pick(const struct addresses *a, const struct cidr *range, struct addr *out);

/* Which addresses sets differ in: sorted sets without duplicates. Calls each once, removals before additions. */
typedef void addresses_difference(void *arg, const struct addr *a, bool added);
void addresses_compare(const struct addr *old, size_t old_n, const struct addr *new, size_t new_n, addresses_difference *each, void *arg);
