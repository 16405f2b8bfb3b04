#include "dns/wire.h"
#include <string.h>

/* The next len octets, or NULL. */
static const uint8_t *take(struct wire_reader *r, size_t len)
{
	if (r->failed || r->len - r->at < len) {
		r->failed = true;
		return NULL;
	}
	const uint8_t *at = r->bytes + r->at;
	r->at += len;
	return at;
}

uint8_t wire_get_u8(struct wire_reader *r)
{
	const uint8_t *at = take(r, 1);
	return at ? *at : 0;
}

uint16_t wire_get_u16(struct wire_reader *r)
{
	const uint8_t *at = take(r, 2);
	return at ? (uint16_t)(at[0] << 8 | at[1]) : 0;
}

uint32_t wire_get_u32(struct wire_reader *r)
{
	const uint8_t *at = take(r, 4);
	return at ? (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3] : 0;
}

const uint8_t *wire_get_bytes(struct wire_reader *r, size_t len)
{
	return take(r, len);
}

/* Appends labels to n until the name ends or a pointer turns up: returns the pointer's target, or SIZE_MAX. */
static size_t read_labels(struct wire_reader *r, struct name *n)
{
	uint8_t len;
	while ((len = wire_get_u8(r)) != 0) { /* a failed read gives 0 */
		if (len >= 0xc0)
			return (size_t)(len & 0x3f) << 8 | wire_get_u8(r);
		const uint8_t *label = take(r, len);
		if (!label || name_append(n, label, len)) /* refuses 64 to 191, the reserved kinds of label, too */
			r->failed = true;
	}
	return SIZE_MAX;
}

void wire_get_name(struct wire_reader *r, struct name *n)
{
	name_root(n);
	struct wire_reader part = *r; /* follows the pointers, while r stays where the name ends */
	size_t start = r->at;
	size_t target = read_labels(&part, n);
	r->at = part.at;
	while (target < start) {
		part.at = start = target;
		target = read_labels(&part, n);
	}
	if (part.failed || target != SIZE_MAX) {
		r->failed = true;
		name_root(n);
	}
}

/* Room for len octets, or NULL. */
static uint8_t *extend(struct wire_writer *w, size_t len)
{
	if (w->overflow || w->len > w->limit || w->limit - w->len < len) {
		w->overflow = true;
		return NULL;
	}
	uint8_t *at = w->bytes + w->len;
	w->len += len;
	return at;
}

void wire_put_u8(struct wire_writer *w, uint8_t v)
{
	uint8_t *at = extend(w, 1);
	if (at)
		*at = v;
}

void wire_put_u16(struct wire_writer *w, uint16_t v)
{
	uint8_t *at = extend(w, 2);
	if (!at)
		return;
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

void wire_put_u32(struct wire_writer *w, uint32_t v)
{
	uint8_t *at = extend(w, 4);
	if (!at)
		return;
	at[0] = (uint8_t)(v >> 24);
	at[1] = (uint8_t)(v >> 16);
	at[2] = (uint8_t)(v >> 8);
	at[3] = (uint8_t)v;
}

void wire_put_bytes(struct wire_writer *w, const void *bytes, size_t len)
{
	uint8_t *at = extend(w, len);
	if (at && len) /* no source need be given for nothing */
		memcpy(at, bytes, len);
}

void wire_put_name(struct wire_writer *w, const struct name *n)
{
	wire_put_bytes(w, n->wire, n->len);
}

void wire_rewind(struct wire_writer *w, size_t len)
{
	w->len = len;
	w->overflow = false;
}
