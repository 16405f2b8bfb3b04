/* affinity.h - which endpoint a client had before: sessionAffinity ClientIP. All zero: nobody had any. */
#pragma once
#include "base/addr.h"
#include <stdint.h>

#define AFFINITY_MAX 1024 /* clients and Services' ports; who has been away for longest makes room */

/* A client of a Service's port. */
struct affinity_key {
	struct addr client, service;
	uint16_t port;
	uint8_t protocol;
};

struct affinity {
	struct affinity_entry {
		struct affinity_key key;
		struct addr endpoint;
		uint64_t seen_ms;
	} entries[AFFINITY_MAX];
	unsigned count;
};

/* NULL: it had none, or did not come for timeout_s seconds. */
const struct addr *affinity_find(const struct affinity *a, const struct affinity_key *key, uint64_t now_ms, uint32_t timeout_s);

/* That client of that Service has this endpoint as of now_ms. Where there is no room, it takes the place of the oldest. */
void affinity_note(struct affinity *a, const struct affinity_key *key, const struct addr *endpoint, uint64_t now_ms);
