/* wire.h - reading and writing octets in network order, with sticky failures: read past the end or write past the limit, and all
 * later calls do nothing; the caller checks once. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "dns/name.h"

struct wire_reader {
	const uint8_t *bytes; /* the whole message, for compression pointers */
	size_t len, at;
	bool failed;
};

uint8_t wire_get_u8(struct wire_reader *r);
uint16_t wire_get_u16(struct wire_reader *r);
uint32_t wire_get_u32(struct wire_reader *r);
const uint8_t *wire_get_bytes(struct wire_reader *r, size_t len); /* NULL when failed */

/* A name, compressed or not. Each pointer must lead to before the run of labels that it ends, so the reading ends (RFC 9267 2).
 * n is the root when failed. */
void wire_get_name(struct wire_reader *r, struct name *n);

struct wire_writer {
	uint8_t *bytes;
	size_t len;   /* written so far */
	size_t limit; /* writing stops here; may be lowered to keep room for the OPT record */
	bool overflow;
};

void wire_put_u8(struct wire_writer *w, uint8_t v);
void wire_put_u16(struct wire_writer *w, uint16_t v);
void wire_put_u32(struct wire_writer *w, uint32_t v);
void wire_put_bytes(struct wire_writer *w, const void *bytes, size_t len);

/* Uncompressed, as the name is spelt. */
void wire_put_name(struct wire_writer *w, const struct name *n);

/* Goes back to a length noted before, forgetting the overflow: how a whole record is taken back. */
void wire_rewind(struct wire_writer *w, size_t len);
