#include "absent.h"
#include "base/log.h"
#include "dns/message.h"
#include "dns/name.h"
#include <stdbool.h>
#include <string.h>

#define HEADER_OCTETS   12
#define ANSWERS_AT      6  /* ANCOUNT */
#define QUESTION_OCTETS 4  /* of type and class */
#define RECORD_OCTETS   10 /* of type, class, TTL and length */
#define POINTER         0xc0

/* A reply that is read from start to end; at > len: it was cut. */
struct reader {
	const uint8_t *bytes;
	size_t len, at;
};

static bool has(const struct reader *r, size_t n)
{
	return r->at <= r->len && r->len - r->at >= n;
}

static uint16_t number_at(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* False: it does not end within the reply. */
static bool skip_name(struct reader *r)
{
	while (has(r, 1)) {
		uint8_t label = r->bytes[r->at];
		if (label >= POINTER) {
			r->at += 2;
			return r->at <= r->len;
		}
		r->at += 1u + label;
		if (!label)
			return true;
	}
	return false;
}

/* The record's address, if that is what it has; false: the reply ends before. */
static bool read_record(struct reader *r, struct addr *a)
{
	uint16_t type, rdata_len;
	if (!skip_name(r) || !has(r, RECORD_OCTETS))
		return false;
	type = number_at(r->bytes + r->at);
	rdata_len = number_at(r->bytes + r->at + 8);
	r->at += RECORD_OCTETS;
	if (!has(r, rdata_len))
		return false;
	*a = (struct addr){0};
	if (type == DNS_TYPE_A && rdata_len == 4)
		a->family = ADDR_V4;
	else if (type == DNS_TYPE_AAAA && rdata_len == 16)
		a->family = ADDR_V6;
	memcpy(a->octets, r->bytes + r->at, addr_len(a));
	r->at += rdata_len;
	return true;
}

static bool is_there(const struct absent *a, const struct addr *wanted)
{
	for (unsigned i = 0; i < a->there_count; i++) {
		if (addr_equal(&a->there[i], wanted))
			return true;
	}
	return false;
}

struct addr absent_find(const struct absent *a, const uint8_t *reply, size_t len)
{
	struct reader r = {.bytes = reply, .len = len, .at = HEADER_OCTETS};
	struct addr found;
	unsigned answers = len < HEADER_OCTETS ? 0 : number_at(reply + ANSWERS_AT);
	if (!skip_name(&r))
		return (struct addr){0};
	r.at += QUESTION_OCTETS;
	for (unsigned i = 0; i < answers && read_record(&r, &found); i++) {
		if (found.family && !is_there(a, &found))
			return found;
	}
	return (struct addr){0};
}

void absent_look(struct absent *a, const uint8_t *reply, size_t len)
{
	struct addr found;
	struct name name;
	char name_text[NAME_TEXT_MAX], address[ADDR_TEXT_MAX];
	if (atomic_load_explicit(&a->said, memory_order_relaxed))
		return;
	found = absent_find(a, reply, len);
	if (!found.family || atomic_exchange(&a->said, true))
		return;
	name_from_wire(&name, reply + HEADER_OCTETS, len - HEADER_OCTETS);
	name_to_text(&name, name_text);
	addr_format(&found, address);
	log_line(LOG_WARNING,
	         "run: %s has the address %s, which is not there: pods and Services of a cluster that is followed have names in here only",
	         name_text, address);
}
