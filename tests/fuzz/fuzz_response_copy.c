/* The input is a message. A copy of it parses, holds records of it in their order and nothing else, and copied again it is the same; mapped by
 * names as they are, it holds all of them; its TTLs are where it says. */
#include "check_name.h"
#include "dns/response_copy.h"
#include "fuzz.h"
#include "rdata.h"
#include <string.h>

static struct response parse_well(const uint8_t *bytes, size_t len)
{
	struct response r;
	assert(response_parse(&r, bytes, len) == RESPONSE_OK);
	return r;
}

static bool same_field(const struct rdata_field *a, const struct rdata_field *b)
{
	if (a->is_name || b->is_name)
		return a->is_name && b->is_name && name_equal(&a->name, &b->name);
	return a->len == b->len && memcmp(a->octets, b->octets, a->len) == 0;
}

static bool same_rdata(const struct response *r, const struct response_record *a, const struct response *s, const struct response_record *b)
{
	struct rdata_cursor c, d;
	struct rdata_field f, g;
	rdata_begin(&c, r->bytes, a->rdata_at, a->rdata_len, a->type, a->rclass);
	rdata_begin(&d, s->bytes, b->rdata_at, b->rdata_len, b->type, b->rclass);
	while (rdata_next(&c, &f)) {
		if (!rdata_next(&d, &g) || !same_field(&f, &g))
			return false;
	}
	return !rdata_next(&d, &g);
}

static bool same_record(const struct response *r, const struct response_record *a, const struct response *s,
                        const struct response_record *b)
{
	struct name m, n;
	if (a->type != b->type || a->rclass != b->rclass)
		return false;
	response_owner(r, a, &m);
	response_owner(s, b, &n);
	return name_equal(&m, &n) && same_rdata(r, a, s, b);
}

/* Every record of the copy is one of r's, in their order; all: each of r's is there. */
static void check_records(const struct response *r, const struct response *copy, bool all)
{
	for (unsigned s = 0; s < DNS_SECTIONS; s++) {
		struct response_cursor c = response_section(r, (enum dns_section)s), d = response_section(copy, (enum dns_section)s);
		struct response_record a, b;
		while (response_next(copy, &d, &b)) {
			bool found = false;
			while (!found && response_next(r, &c, &a)) {
				found = same_record(r, &a, copy, &b);
				assert(found || !all);
			}
			assert(found);
		}
		assert(!all || !response_next(r, &c, &a));
	}
}

static void check_places(struct response_copy *c, const struct response *copy)
{
	unsigned n = 0;
	for (unsigned s = 0; s < DNS_SECTIONS; s++) {
		struct response_cursor d = response_section(copy, (enum dns_section)s);
		struct response_record b;
		while (response_next(copy, &d, &b)) {
			assert(b.ttl_at == c->ttl_at[n++]);
		}
	}
	assert(n == c->ttl_count);
}

static void check_copy(const struct response *r)
{
	static uint8_t room[DNS_TCP_SIZE_MAX], room_again[DNS_TCP_SIZE_MAX];
	static uint16_t ttl_at[RESPONSE_RECORDS_MAX], ttl_at_again[RESPONSE_RECORDS_MAX];
	struct response_copy c = {.bytes = room, .cap = sizeof room, .ttl_at = ttl_at, .ttl_cap = RESPONSE_RECORDS_MAX};
	struct response_copy again = {
	        .bytes = room_again, .cap = sizeof room_again, .ttl_at = ttl_at_again, .ttl_cap = RESPONSE_RECORDS_MAX};
	if (response_rewrite(r, &c) != OK)
		return; /* names that are written in full have made it too long */
	struct response copy = parse_well(room, c.len);
	check_records(r, &copy, false);
	assert(!copy.edns && !copy.tsig_at && copy.id == 0);
	assert(response_rewrite(&copy, &again) == OK);
	assert(again.len == c.len && memcmp(room, room_again, c.len) == 0);
	assert(again.ttl_min_s == c.ttl_min_s && again.answered == c.answered && again.addresses == c.addresses);
	check_places(&c, &copy);
}

static void as_it_is(void *arg, const struct response_place *place, struct name *n)
{
	(void)arg;
	(void)place;
	check_name(n);
}

static void longer(void *arg, const struct response_place *place, struct name *n)
{
	(void)arg;
	(void)place;
	name_prepend(n, "longer", 6); /* where it fits */
}

static void check_mapped(const struct response *r)
{
	static uint8_t room[DNS_TCP_SIZE_MAX];
	size_t len = response_map_names(r, as_it_is, NULL, room, sizeof room);
	struct response mapped = parse_well(room, len);
	bool whole = (mapped.flags & DNS_TC) == (r->flags & DNS_TC) && !(mapped.flags & DNS_TC);
	if (whole && len < sizeof room / 2) /* else some may have been cut */
		check_records(r, &mapped, true);
	assert(mapped.edns == r->edns && mapped.rcode == r->rcode && mapped.id == r->id);
	assert(mapped.options.len == r->options.len &&
	       (!mapped.options.len || !memcmp(mapped.options.bytes, r->options.bytes, r->options.len)));
	len = response_map_names(r, longer, NULL, room, DNS_UDP_SIZE_MIN);
	assert(len <= DNS_UDP_SIZE_MIN);
	if (len)
		parse_well(room, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct response r;
	if (response_parse(&r, data, size) != RESPONSE_OK)
		return 0;
	if (r.has_question)
		check_copy(&r);
	check_mapped(&r);
	return 0;
}
