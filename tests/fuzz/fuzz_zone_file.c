/* The input is a zone file without files that it includes. What it becomes is a zone whose records are well-formed, in their order, and make the same zone when they are
 * added one by one; and every name in it, and those beside, has an answer that can be read. */
#include "dns/wire.h"
#include "fuzz.h"
#include "records/zone_answer.h"
#include "records/zone_file.h"
#include <stdlib.h>
#include <string.h>

#define ASKED_MAX 24 /* names of one input */

/* What is known of the record before. */
struct check {
	const struct zone_data *zone;
	struct zone_draft *again;
	struct buffer key;
	size_t records;
};

static enum err check_record(void *arg, const struct record *r)
{
	struct check *c = arg;
	struct buffer key = {0};
	static uint8_t lowered[UINT16_MAX];
	assert(name_in(r->owner, zone_data_apex(c->zone)));
	assert(record_lower_rdata(r->type, r->rdata, r->rdata_len, lowered));
	record_sort_key(r, &key);
	if (c->records > 1) { /* the SOA stands before all */
		const size_t least = key.len < c->key.len ? key.len : c->key.len;
		const int order = memcmp(c->key.data, key.data, least);
		assert(order < 0 || (order == 0 && c->key.len <= key.len));
	}
	buffer_free(&c->key);
	c->key = key;
	c->records++;
	assert(zone_draft_add(c->again, r, NULL) == OK);
	return OK;
}

static enum err nothing(void *arg, const struct record *r)
{
	(void)arg;
	(void)r;
	abort();
}

static void check_records(const struct zone_data *z)
{
	struct check c = {.zone = z, .again = zone_draft_new(zone_data_apex(z))};
	struct zone_data *again;
	assert(zone_data_walk(z, check_record, &c) == OK);
	assert(c.records == zone_data_records(z));
	buffer_free(&c.key);
	assert(zone_draft_finish(c.again, &again, NULL) == OK);
	assert(zone_data_records(again) == c.records && zone_data_serial(again) == zone_data_serial(z));
	assert(zone_data_diff(z, again, nothing, nothing, NULL) == OK);
	zone_data_drop(again);
}

static void ask(const struct zone_data *z, const struct name *n, uint16_t type, size_t cap, bool dnssec)
{
	static uint8_t reply[DNS_TCP_SIZE_MAX];
	uint8_t question[REQUEST_LEN_MAX];
	const struct outgoing o = {
	        .qname = n->wire, .qname_len = n->len, .qtype = type, .qclass = DNS_CLASS_IN, .edns = dnssec, .edns_do = dnssec};
	struct request request;
	struct zone_answer out;
	struct response r;
	size_t len = request_write(question, sizeof question, &o);
	const struct zone_question q = {.request = &request, .dice = type * 0x9e3779b9u};
	assert(len && request_parse(&request, question, len) == REQUEST_OK);
	zone_answer(z, &q, reply, cap, &out);
	if (out.outcome == ZONE_FAILED)
		return;
	assert(out.len >= DNS_HEADER_LEN && out.len <= cap);
	assert(response_parse(&r, reply, out.len) == RESPONSE_OK && r.has_question && name_equal(&r.qname, n));
}

static void ask_around(const struct zone_data *z, const struct record *r)
{
	struct name n = *r->owner;
	ask(z, &n, r->type, DNS_TCP_SIZE_MAX, true);
	ask(z, &n, DNS_TYPE_A, DNS_UDP_SIZE_MIN, false);
	if (name_prepend(&n, "a", 1) == OK)
		ask(z, &n, r->type, DNS_UDP_SIZE_MIN, true);
	n = *r->owner;
	if (name_prepend(&n, "zz", 2) == OK)
		ask(z, &n, DNS_TYPE_DS, DNS_TCP_SIZE_MAX, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct name apex;
	struct zone_reading r = {.apex = &apex};
	struct zone_cursor c = {0};
	struct record record;
	struct diag d = {0};
	char *text = malloc(size + !size); /* so that reading beyond its end is seen */
	assert(text && name_from_text(&apex, "test", 4) == OK);
	if (size)
		memcpy(text, data, size);
	if (zone_file_parse(&r, text, size, &d)) {
		assert(d.text[0] && !r.data);
		free(text);
		return 0;
	}
	free(text);
	check_records(r.data);
	for (unsigned i = 0; i < ASKED_MAX && zone_data_next(r.data, &c, &record); i++)
		ask_around(r.data, &record);
	zone_data_drop(r.data);
	return 0;
}
