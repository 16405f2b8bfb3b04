/* wire.h - reading and writing octets in network order, with sticky failures: read past the end or write past the limit, and all
 * later calls do nothing; the caller checks once. Inline, because an answer is made of dozens of these: calls double its cost. */
#pragma once
#include "dns/name.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WIRE_POINTERS_MAX 126 /* in one name: so many labels may each be followed by one; more are there to cost time (RFC 9267 2) */

/* Numbers at any address, in network order there (RFC 1035 2.3.2). The caller has made sure of the room. */
static inline uint16_t wire_load_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t wire_load_u32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* These write the low octets of v. */
static inline void wire_store_u16(uint8_t *at, unsigned v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

static inline void wire_store_u32(uint8_t *at, uint32_t v)
{
	wire_store_u16(at, v >> 16);
	wire_store_u16(at + 2, v & 0xffff);
}

struct wire_reader {
	const uint8_t *bytes; /* the whole message, for compression pointers */
	size_t len, at;
	bool failed;
};

/* The next len octets, borrowed from the message; NULL when failed. */
static inline const uint8_t *wire_get_bytes(struct wire_reader *r, size_t len)
{
	if (r->failed || r->len - r->at < len) {
		r->failed = true;
		return NULL;
	}
	const uint8_t *at = r->bytes + r->at;
	r->at += len;
	return at;
}

/* Numbers are 0 when failed. */
static inline uint8_t wire_get_u8(struct wire_reader *r)
{
	const uint8_t *at = wire_get_bytes(r, 1);
	return at ? *at : 0;
}

/* The next number, which is in network order there; 0 where the message ends before it (wire_get_bytes). */
static inline uint16_t wire_get_u16(struct wire_reader *r)
{
	const uint8_t *at = wire_get_bytes(r, 2);
	return at ? wire_load_u16(at) : 0;
}

static inline uint32_t wire_get_u32(struct wire_reader *r)
{
	const uint8_t *at = wire_get_bytes(r, 4);
	return at ? wire_load_u32(at) : 0;
}

/* A name, compressed or not. Each pointer must lead to before the run of labels that it ends, so the reading ends (RFC 9267 2),
 * and there are WIRE_POINTERS_MAX at most. n is the root when failed. */
void wire_get_name(struct wire_reader *r, struct name *n);

struct wire_writer {
	uint8_t *bytes;
	size_t len;   /* written so far */
	size_t limit; /* writing stops here; may be lowered to keep room for the OPT record */
	bool overflow;
};

/* Room for len octets, which the caller writes; NULL on overflow. */
static inline uint8_t *wire_extend(struct wire_writer *w, size_t len)
{
	if (w->overflow || w->len > w->limit || w->limit - w->len < len) {
		w->overflow = true;
		return NULL;
	}
	uint8_t *at = w->bytes + w->len;
	w->len += len;
	return at;
}

/* Appends a number in network order, if it fits (wire_extend). */
static inline void wire_put_u16(struct wire_writer *w, uint16_t v)
{
	uint8_t *at = wire_extend(w, 2);
	if (at)
		wire_store_u16(at, v);
}

static inline void wire_put_u32(struct wire_writer *w, uint32_t v)
{
	uint8_t *at = wire_extend(w, 4);
	if (at)
		wire_store_u32(at, v);
}

/* bytes may be NULL where len is 0. */
static inline void wire_put_bytes(struct wire_writer *w, const void *bytes, size_t len)
{
	uint8_t *at = wire_extend(w, len);
	if (at && len)
		memcpy(at, bytes, len);
}

/* Uncompressed, as the name is spelt. */
static inline void wire_put_name(struct wire_writer *w, const struct name *n)
{
	wire_put_bytes(w, n->wire, n->len);
}
