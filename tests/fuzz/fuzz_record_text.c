/* The input is a line of a zone file. A record that comes of it is whole, and the same comes of its text (dns/record.h). */
#include "dns/record.h"
#include "dns/record_text.h"
#include "fuzz.h"
#include <string.h>

#define NAMED_ALIKE 1 /* the class that such a text has always */

static void check_again(const struct record_text *r)
{
	const struct record record = {&r->owner, r->type, r->ttl_s, r->rdata, r->rdata_len};
	struct buffer text = {0};
	static struct record_text again;
	record_to_text(&record, &text);
	assert(!text.failed);
	assert(!record_from_text(text.data, text.len, &again, NULL));
	assert(name_equal(&again.owner, &r->owner) && again.owner.len == r->owner.len);
	assert(again.type == r->type && again.ttl_s == r->ttl_s && again.rclass == NAMED_ALIKE);
	assert(again.rdata_len == r->rdata_len && memcmp(again.rdata, r->rdata, r->rdata_len) == 0);
	buffer_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct record_text r;
	struct diag d = {0};
	if (record_from_text(size ? (const char *)data : "", size, &r, &d)) {
		assert(d.text[0]);
		return 0;
	}
	assert(r.owner.len && r.rdata_len <= sizeof r.rdata);
	check_again(&r);
	return 0;
}
