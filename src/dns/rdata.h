/* rdata.h - rdata field by field, as far as it matters which octets of it are names: these may be compressed in a message (RFC 3597 4). */
#pragma once
#include "dns/compression.h"
#include "dns/name.h"
#include "dns/wire.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rdata_cursor {
	struct wire_reader in; /* ends where the rdata does; its bytes are the whole message, for compression pointers */
	const char *form;      /* of what is left */
};

struct rdata_field {
	bool is_name;
	bool compressible;     /* the name is of a type of RFC 1035, so it may be written compressed */
	struct name name;      /* where is_name, decompressed; else not set */
	const uint8_t *octets; /* else; borrowed from the message */
	size_t len;
};

/* Begins with the rdata_len octets at rdata_at of a message, which lie within it. */
void rdata_begin(struct rdata_cursor *c, const uint8_t *bytes, size_t rdata_at, size_t rdata_len, uint16_t type, uint16_t rclass);

/* Rdata of the type (class IN) may have names in it. */
bool rdata_has_names(uint16_t type);

/* The next field. False: all have been read, or the rdata is not as its type has it (then c->in.failed is set). */
bool rdata_next(struct rdata_cursor *c, struct rdata_field *f);

/* Changes a name in place. */
typedef void rdata_map(void *arg, struct name *n);

/* Writes the rdata that c is before: names as `map` makes them (NULL: as they are), compressed where their type allows it. False: it is not
 * as its type has it; what was written until then stays. */
bool rdata_put(struct rdata_cursor *c, struct wire_writer *w, struct compression *names, rdata_map *map, void *arg);
