#include "base/rcu.h"
#include "dns/message.h"
#include "fail_alloc.h"
#include "records/transfer_reader.h"
#include "zone_text.h"
#include <stdio.h>

#define ID 4711

#define SOA1 "example. 60 IN SOA ns. a. 1 2 3 4 5\n"
#define SOA2 "example. 60 IN SOA ns. a. 2 2 3 4 5\n"
#define SOA3 "example. 60 IN SOA ns. a. 3 2 3 4 5\n"
#define A    "a.example. 60 IN A 10.0.0.1\n"
#define B    "b.example. 60 IN A 10.0.0.2\n"
#define PTR  "m.example. 60 IN PTR a.example.\n"

/* A message under construction. */
struct made {
	uint8_t bytes[DNS_TCP_SIZE_MAX];
	size_t len;
};

static enum err put_record(void *arg, const struct record *r)
{
	struct wire_writer *w = arg;
	wire_put_name(w, r->owner);
	wire_put_u16(w, r->type);
	wire_put_u16(w, DNS_CLASS_IN);
	wire_put_u32(w, r->ttl_s);
	wire_put_u16(w, (uint16_t)r->rdata_len);
	wire_put_bytes(w, r->rdata, r->rdata_len);
	return OK;
}

/* type 0: without question. */
static struct made *message(uint16_t type, const char *lines)
{
	static struct made m;
	static struct record_text t;
	struct wire_writer w = {.bytes = m.bytes, .limit = sizeof m.bytes};
	const struct name apex = name_of("EXAMPLE.");
	unsigned count = 0;
	for (const char *at = lines; *at; at = strchr(at, '\n') + 1)
		count++;
	wire_put_u16(&w, ID);
	wire_put_u16(&w, DNS_QR | DNS_AA);
	wire_put_u16(&w, type != 0);
	wire_put_u16(&w, (uint16_t)count);
	wire_put_u32(&w, 0);
	if (type) {
		wire_put_name(&w, &apex);
		wire_put_u16(&w, type);
		wire_put_u16(&w, DNS_CLASS_IN);
	}
	for (; *lines; lines = strchr(lines, '\n') + 1) {
		struct diag why = {0};
		if (record_from_text(lines, strcspn(lines, "\n"), &t, &why))
			fail_msg("%s: %s", lines, why.text);
		put_record(&w, &(struct record){&t.owner, t.type, t.ttl_s, t.rdata, t.rdata_len});
	}
	assert_false(w.overflow);
	m.len = w.len;
	return &m;
}

static struct transfer_reader *reader_of(enum transfer_kind kind, struct zone_data *base)
{
	const struct name apex = name_of("example.");
	const struct transfer_request q = {.kind = kind, .apex = &apex, .base = base, .id = ID};
	return transfer_reader_new(&q);
}

static const uint16_t types[] = {DNS_TYPE_SOA, DNS_TYPE_IXFR, DNS_TYPE_AXFR};

#define PARTS 4

/* The version that is there is a zone of SOA1, A and PTR. */
static const struct {
	const char *what;
	enum transfer_kind kind;
	bool from_nothing;
	const char *parts[PARTS]; /* messages */
	enum transfer_verdict want;
	enum transfer_fault fault;
	const char *zone; /* of TRANSFER_WHOLE */
} cases[] = {
        {"a whole zone", TRANSFER_AXFR, true, {SOA1 A SOA1}, TRANSFER_WHOLE, 0, SOA1 A},
        {"in several messages", TRANSFER_AXFR, true, {SOA1, A, PTR, SOA1}, TRANSFER_WHOLE, 0, SOA1 A PTR},
        {"of a SOA alone", TRANSFER_AXFR, true, {SOA1 SOA1}, TRANSFER_WHOLE, 0, SOA1},
        {"names elsewhere are left out", TRANSFER_AXFR, true, {SOA1 "a.test. 1 IN A 1.2.3.4\n" SOA1}, TRANSFER_WHOLE, 0, SOA1},
        {"half of one", TRANSFER_AXFR, true, {SOA1 A}, TRANSFER_MORE, 0, NULL},
        {"no SOA first", TRANSFER_AXFR, true, {A SOA1}, TRANSFER_WRONG, TRANSFER_FAULT_MALFORMED, NULL},
        {"another SOA first", TRANSFER_AXFR, true, {"test. 60 IN SOA ns. a. 1 2 3 4 5\n"}, TRANSFER_WRONG, TRANSFER_FAULT_MALFORMED, NULL},
        {"another SOA last", TRANSFER_AXFR, true, {SOA1 A, SOA2}, TRANSFER_WRONG, TRANSFER_FAULT_MALFORMED, NULL},
        {"more behind the end", TRANSFER_AXFR, true, {SOA1 A SOA1 B}, TRANSFER_WRONG, TRANSFER_FAULT_MALFORMED, NULL},
        {"no records", TRANSFER_AXFR, true, {""}, TRANSFER_WRONG, TRANSFER_FAULT_MALFORMED, NULL},
        {"a message without", TRANSFER_AXFR, true, {SOA1 A, ""}, TRANSFER_WRONG, TRANSFER_FAULT_MALFORMED, NULL},
        {"a SOA below", TRANSFER_AXFR, true, {SOA1 "a.example. 60 IN SOA ns. a. 1 2 3 4 5\n"}, TRANSFER_WRONG, TRANSFER_FAULT_ZONE, NULL},
        {"a CNAME beside others",
         TRANSFER_AXFR,
         true,
         {SOA1 A "a.example. 1 IN CNAME b.example.\n" SOA1},
         TRANSFER_WHOLE,
         TRANSFER_FAULT_ZONE,
         NULL},
        {"AXFR does not ask what is here", TRANSFER_AXFR, false, {SOA1 B SOA1}, TRANSFER_WHOLE, 0, SOA1 B},

        {"nothing new", TRANSFER_IXFR, false, {SOA1}, TRANSFER_CURRENT, 0, NULL},
        {"something old", TRANSFER_IXFR, false, {"example. 60 IN SOA ns. a. 4294967295 2 3 4 5\n"}, TRANSFER_BEHIND, 0, NULL},
        {"a change", TRANSFER_IXFR, false, {SOA2 SOA1 A SOA2 B SOA2}, TRANSFER_WHOLE, 0, SOA2 B PTR},
        {"a change, record by record", TRANSFER_IXFR, false, {SOA2, SOA1 A, SOA2 B, SOA2}, TRANSFER_WHOLE, 0, SOA2 B PTR},
        {"a change of the serial alone", TRANSFER_IXFR, false, {SOA2 SOA1 SOA2 SOA2}, TRANSFER_WHOLE, 0, SOA2 A PTR},
        {"two changes", TRANSFER_IXFR, false, {SOA3 SOA1 A SOA2 B SOA2 B SOA3 A SOA3}, TRANSFER_WHOLE, 0, SOA3 A PTR},
        {"names below others' rdata",
         TRANSFER_IXFR,
         false,
         {SOA2 SOA1 "M.example. 0 IN PTR A.Example.\n" SOA2 SOA2},
         TRANSFER_WHOLE,
         0,
         SOA2 A},
        {"the whole zone in their place", TRANSFER_IXFR, false, {SOA2 B SOA2}, TRANSFER_WHOLE, 0, SOA2 B},
        {"the whole zone, which is a SOA", TRANSFER_IXFR, false, {SOA2, SOA2}, TRANSFER_WHOLE, 0, SOA2},
        {"what is not here is removed", TRANSFER_IXFR, false, {SOA2 SOA1 B SOA2 SOA2}, TRANSFER_WHOLE, TRANSFER_FAULT_ZONE, NULL},
        {"of another version", TRANSFER_IXFR, false, {SOA3 SOA2 A SOA3 SOA3}, TRANSFER_WRONG, TRANSFER_FAULT_MALFORMED, NULL},
        {"a gap", TRANSFER_IXFR, false, {SOA3 SOA1 A SOA2 B SOA1}, TRANSFER_WRONG, TRANSFER_FAULT_MALFORMED, NULL},
        {"back again", TRANSFER_IXFR, false, {SOA3 SOA1 A SOA1}, TRANSFER_WRONG, TRANSFER_FAULT_MALFORMED, NULL},
        {"beyond the last", TRANSFER_IXFR, false, {SOA2 SOA1 A SOA3}, TRANSFER_WRONG, TRANSFER_FAULT_MALFORMED, NULL},
        {"half a change", TRANSFER_IXFR, false, {SOA2 SOA1 A SOA2 B}, TRANSFER_MORE, 0, NULL},
        {"more behind a change", TRANSFER_IXFR, false, {SOA2 SOA1 SOA2 SOA2 A}, TRANSFER_WRONG, TRANSFER_FAULT_MALFORMED, NULL},

        {"a serial, and nothing here", TRANSFER_SERIAL, true, {SOA1}, TRANSFER_WHOLE, 0, NULL},
        {"a newer serial", TRANSFER_SERIAL, false, {SOA2}, TRANSFER_WHOLE, 0, NULL},
        {"the same serial", TRANSFER_SERIAL, false, {SOA1}, TRANSFER_CURRENT, 0, NULL},
        {"an older serial", TRANSFER_SERIAL, false, {"example. 60 IN SOA ns. a. 0 2 3 4 5\n"}, TRANSFER_BEHIND, 0, NULL},
        {"a CNAME in its place", TRANSFER_SERIAL, false, {"example. 60 IN CNAME a.\n"}, TRANSFER_WRONG, TRANSFER_FAULT_MALFORMED, NULL},
};
#define CASES (sizeof cases / sizeof *cases)

static enum transfer_verdict take_parts(struct transfer_reader *r, unsigned i, struct diag *d)
{
	enum transfer_verdict v = TRANSFER_MORE;
	for (unsigned k = 0; k < PARTS && cases[i].parts[k]; k++) {
		const struct made *m = message(k ? 0 : types[cases[i].kind], cases[i].parts[k]);
		assert_int_equal(v, TRANSFER_MORE);
		v = transfer_reader_take(r, m->bytes, m->len, d);
	}
	return v;
}

static void check_whole(struct transfer_reader *r, unsigned i)
{
	struct zone_data *z;
	struct diag d = {0};
	const enum err err = transfer_reader_finish(r, &z, &d);
	assert_int_equal(transfer_reader_fault(r), cases[i].fault);
	assert_int_equal(err != OK, cases[i].fault != TRANSFER_FAULT_NONE);
	assert_int_equal(*d.text != 0, err != OK);
	if (err) {
		assert_null(z);
		return;
	}
	assert_records(z, cases[i].zone);
	assert_int_equal(zone_data_serial(z), transfer_reader_serial(r));
	zone_data_drop(z);
}

static void test_cases(void **state)
{
	(void)state;
	for (unsigned i = 0; i < CASES; i++) {
		struct zone_data *base = cases[i].from_nothing ? NULL : zone_of("example.", SOA1 A PTR);
		struct transfer_reader *r = reader_of(cases[i].kind, base);
		struct diag d = {0};
		const enum transfer_verdict v = take_parts(r, i, &d);
		zone_data_drop(base);
		if (v != cases[i].want)
			fail_msg("%s: verdict %d: %s", cases[i].what, v, d.text);
		assert_int_equal(*d.text != 0, v == TRANSFER_WRONG);
		if (v == TRANSFER_WHOLE && cases[i].kind != TRANSFER_SERIAL)
			check_whole(r, i);
		else
			assert_int_equal(transfer_reader_fault(r), cases[i].fault);
		transfer_reader_free(r);
	}
	transfer_reader_free(NULL);
}

/* A response with two octets of it changed. */
static const struct {
	const char *what;
	unsigned at;
	uint16_t value;
	enum transfer_fault fault;
} headers[] = {
        {"another id", 0, ID + 1, TRANSFER_FAULT_MALFORMED},        {"a query", 2, 0, TRANSFER_FAULT_MALFORMED},
        {"a NOTIFY", 2, 0xa000, TRANSFER_FAULT_MALFORMED},          {"REFUSED", 2, DNS_QR | DNS_REFUSED, TRANSFER_FAULT_RCODE},
        {"cut", 2, DNS_QR | DNS_TC, TRANSFER_FAULT_MALFORMED},      {"another name", 13, 'x' << 8 | 'y', TRANSFER_FAULT_MALFORMED},
        {"another type", 21, DNS_TYPE_A, TRANSFER_FAULT_MALFORMED}, {"another class", 23, 3, TRANSFER_FAULT_MALFORMED},
        {"a record too few", 6, 4, TRANSFER_FAULT_MALFORMED},       {"a record of another class", 36, 3, TRANSFER_FAULT_MALFORMED},
};

static void test_headers(void **state)
{
	(void)state;
	for (unsigned i = 0; i < sizeof headers / sizeof *headers; i++) {
		struct made *m = message(DNS_TYPE_AXFR, SOA1 A SOA1);
		struct transfer_reader *r = reader_of(TRANSFER_AXFR, NULL);
		struct diag d = {0};
		wire_store_u16(m->bytes + headers[i].at, headers[i].value);
		if (transfer_reader_take(r, m->bytes, m->len, &d) != TRANSFER_WRONG)
			fail_msg("%s is taken", headers[i].what);
		assert_int_equal(transfer_reader_fault(r), headers[i].fault);
		transfer_reader_free(r);
	}
}

/* The first message must have the question. */
static void test_no_question(void **state)
{
	const struct made *m = message(0, SOA1 A SOA1);
	struct transfer_reader *r = reader_of(TRANSFER_AXFR, NULL);
	struct diag d = {0};
	(void)state;
	assert_int_equal(transfer_reader_take(r, m->bytes, m->len, &d), TRANSFER_WRONG);
	transfer_reader_free(r);
}

static void test_every_end(void **state)
{
	const struct made *m = message(DNS_TYPE_AXFR, SOA1 A PTR SOA1);
	(void)state;
	for (size_t len = 0; len < m->len; len++) {
		struct transfer_reader *r = reader_of(TRANSFER_AXFR, NULL);
		struct diag d = {0};
		assert_int_equal(transfer_reader_take(r, m->bytes, len, &d), TRANSFER_WRONG);
		transfer_reader_free(r);
	}
}

static void test_endless(void **state)
{
	const struct name apex = name_of("example.");
	struct zone_data *base = zone_of("example.", SOA1);
	(void)state;
	for (enum transfer_kind kind = TRANSFER_IXFR; kind <= TRANSFER_AXFR; kind++) {
		const struct transfer_request q = {kind, &apex, base, ID, 4096};
		struct transfer_reader *r = transfer_reader_new(&q);
		struct diag d = {0};
		const struct made *m = message(types[kind], SOA2 SOA1 A);
		enum transfer_verdict v = kind == TRANSFER_AXFR ? TRANSFER_MORE : transfer_reader_take(r, m->bytes, m->len, &d);
		unsigned times = 0;
		m = message(types[kind], kind == TRANSFER_AXFR ? SOA2 A : A);
		while (v == TRANSFER_MORE && times++ < 200) {
			v = transfer_reader_take(r, m->bytes, m->len, &d);
			m = message(0, A);
		}
		assert_int_equal(v, TRANSFER_WRONG);
		assert_int_equal(transfer_reader_fault(r), TRANSFER_FAULT_SIZE);
		transfer_reader_free(r);
	}
	zone_data_drop(base);
}

static void test_requests(void **state)
{
	struct zone_data *base = zone_of("example.", SOA1);
	const struct name apex = name_of("example.");
	uint8_t bytes[TRANSFER_REQUEST_MAX];
	(void)state;
	for (enum transfer_kind kind = TRANSFER_SERIAL; kind <= TRANSFER_AXFR; kind++) {
		const struct transfer_request q = {kind, &apex, base, ID, 0};
		struct request r;
		const size_t len = transfer_request_write(&q, bytes);
		assert_int_equal(request_parse(&r, bytes, len), REQUEST_OK);
		assert_int_equal(wire_load_u16(bytes), ID);
		assert_int_equal(wire_load_u16(bytes + 21), types[kind]);
		assert_int_equal(wire_load_u32(bytes + len - 20) == 1, kind == TRANSFER_IXFR);
	}
	zone_data_drop(base);
}

static void test_serials(void **state)
{
	(void)state;
	assert_true(transfer_serial_newer(2, 1));
	assert_false(transfer_serial_newer(1, 2));
	assert_false(transfer_serial_newer(1, 1));
	assert_true(transfer_serial_newer(0, UINT32_MAX));
	assert_false(transfer_serial_newer(0x80000001, 1)); /* undefined, by the RFC: not newer */
}

static void take_all(enum transfer_kind kind, const char *lines, struct zone_data *base)
{
	const struct made *m = message(types[kind], lines);
	struct transfer_reader *r = reader_of(kind, base);
	struct zone_data *z = NULL;
	struct diag d = {0};
	enum transfer_verdict v;
	if (!r)
		return;
	v = transfer_reader_take(r, m->bytes, m->len, &d);
	if (v == TRANSFER_WHOLE && !transfer_reader_finish(r, &z, &d))
		assert_int_equal(zone_data_serial(z), 2);
	else
		assert_true(fail_alloc_hit() && transfer_reader_fault(r) == TRANSFER_FAULT_MEMORY);
	zone_data_drop(z);
	transfer_reader_free(r);
}

static void test_no_memory(void **state)
{
	struct zone_data *base = zone_of("example.", SOA1 A);
	bool hit = true;
	(void)state;
	for (unsigned n = 1; hit; n++) {
		fail_alloc_at(n);
		take_all(TRANSFER_AXFR, SOA2 A PTR SOA2, NULL);
		hit = fail_alloc_hit();
	}
	hit = true;
	for (unsigned n = 1; hit; n++) {
		fail_alloc_at(n);
		take_all(TRANSFER_IXFR, SOA2 SOA1 A SOA2 B PTR SOA2, base);
		hit = fail_alloc_hit();
	}
	fail_alloc_at(0);
	zone_data_drop(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_cases),     cmocka_unit_test(test_headers),   cmocka_unit_test(test_no_question),
	        cmocka_unit_test(test_every_end), cmocka_unit_test(test_endless),   cmocka_unit_test(test_requests),
	        cmocka_unit_test(test_serials),   cmocka_unit_test(test_no_memory),
	};
	int failed;
	rcu_thread_begin();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rcu_free_all();
	rcu_thread_end();
	return failed;
}
