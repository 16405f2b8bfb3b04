/* compression.h - writing names so that what stands in the message already is pointed at (RFC 1035 4.1.4). Names are equal without regard to
 * case (RFC 4343), so a name takes over the spelling of the one before it: one that is the question's follows how it was asked. */
#pragma once
#include "dns/name.h"
#include "dns/wire.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COMPRESSION_SLOTS 256

/* Where names stand in one message being written, each with those above it: as many as there is room for, the rest is written again. All
 * zero is a message without names; the header has none. */
struct compression {
	struct {
		uint16_t at;    /* 0: free */
		uint16_t check; /* of its hash; bit 0: not only what another name ends in */
	} slots[COMPRESSION_SLOTS];
};

/* Writes a name, with a pointer where that helps, and remembers where it stands. On overflow nothing is written or remembered. */
void compression_put(struct compression *c, struct wire_writer *w, const struct name *n);

/* Writes it in full, for rdata of types that must not have pointers (RFC 3597 4), and remembers where it stands. */
void compression_put_plain(struct compression *c, struct wire_writer *w, const struct name *n);

/* The name was written, and not only one below it. False also where there was no room to remember it. */
bool compression_has(const struct compression *c, const struct wire_writer *w, const struct name *n);

/* Forgets what stands at len and after: records that are taken back. */
void compression_cut(struct compression *c, size_t len);
