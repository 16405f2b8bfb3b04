/* read_responses - what we make of messages, for tests/blackbox/test_responses.py: reads from standard input messages with two octets of
 * length before each, and prints for each a line "ok", "malformed" or "none"; after "ok" a line for each record, "SECTION OWNER TYPE
 * CLASS TTL RDATA", owner and rdata as hexadecimal octets without compression; then the message written anew, as "again OCTETS", and a
 * line "." */
#include "dns/response_copy.h"
#include "dns/wire.h"
#include "rdata.h"
#include <stdio.h>
#include <stdlib.h>

static void print_octets(const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		printf("%02x", bytes[i]);
}

static void print_rdata(const struct response *r, const struct response_record *record)
{
	struct rdata_cursor c;
	struct rdata_field f;
	rdata_begin(&c, r->bytes, record->rdata_at, record->rdata_len, record->type, record->rclass);
	while (rdata_next(&c, &f)) {
		if (f.is_name)
			print_octets(f.name.wire, f.name.len);
		else
			print_octets(f.octets, f.len);
	}
}

static void print_records(const struct response *r)
{
	for (unsigned s = 0; s < DNS_SECTIONS; s++) {
		struct response_cursor c = response_section(r, (enum dns_section)s);
		struct response_record record;
		while (response_next(r, &c, &record)) {
			struct name owner;
			response_owner(r, &record, &owner);
			printf("%u ", s);
			print_octets(owner.wire, owner.len);
			printf(" %u %u %u ", record.type, record.rclass, (unsigned)record.ttl_s);
			print_rdata(r, &record);
			printf("\n");
		}
	}
}

static void as_it_is(void *arg, const struct response_place *place, struct name *n)
{
	(void)arg;
	(void)place;
	(void)n;
}

static void print_message(const uint8_t *bytes, size_t len)
{
	static uint8_t again[DNS_TCP_SIZE_MAX];
	static const char *const verdicts[] = {[RESPONSE_OK] = "ok", [RESPONSE_NONE] = "none", [RESPONSE_MALFORMED] = "malformed"};
	struct response r;
	enum response_verdict verdict = response_parse(&r, bytes, len);
	printf("%s\n", verdicts[verdict]);
	if (verdict == RESPONSE_OK) {
		print_records(&r);
		printf("again ");
		print_octets(again, response_map_names(&r, as_it_is, NULL, again, sizeof again));
		printf("\n");
	}
	printf(".\n");
}

int main(void)
{
	uint8_t head[2];
	while (fread(head, 1, sizeof head, stdin) == sizeof head) {
		size_t len = wire_load_u16(head);
		uint8_t *bytes = malloc(len ? len : 1);
		if (!bytes || fread(bytes, 1, len, stdin) != len)
			return 1;
		print_message(bytes, len);
		free(bytes);
	}
	return 0;
}
