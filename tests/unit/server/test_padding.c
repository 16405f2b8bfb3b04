/* Lengths that tell little: the option at the end of the OPT record, up to the next multiple of 468. */
#include "dns/edns.h"
#include "dns/response.h"
#include "dns/wire.h"
#include "padding.h"
#include "unit.h"
#include <string.h>

#define HEAD 12

/* A response with an answer of so many octets of rdata, and an OPT record with so many octets in an option of its own where has_opt. */
static size_t put(uint8_t *at, size_t rdata, bool has_opt, size_t option)
{
	struct wire_writer w = {.bytes = at, .limit = 65535};
	const uint8_t question[] = {1, 'a', 0, 0, 16, 0, 1};
	memset(at, 0, 65535);
	wire_put_u16(&w, 7);
	wire_put_u16(&w, 0x8180);
	wire_put_u16(&w, 1);
	wire_put_u16(&w, 1);
	wire_put_u16(&w, 0);
	wire_put_u16(&w, has_opt);
	wire_put_bytes(&w, question, sizeof question);
	wire_put_bytes(&w, question, sizeof question);
	wire_put_u32(&w, 5);
	wire_put_u16(&w, (uint16_t)rdata);
	w.len += rdata;
	if (!has_opt)
		return w.len;
	wire_put_bytes(&w, (const uint8_t[]){0, 0, 41, 4, 208, 0, 0, 0, 0}, 9);
	wire_put_u16(&w, (uint16_t)(option ? option + 4 : 0));
	if (option) {
		wire_put_u16(&w, EDNS_NSID);
		wire_put_u16(&w, (uint16_t)option);
		w.len += option;
	}
	return w.len;
}

static void test_every_length(void **state)
{
	(void)state;
	static uint8_t bytes[65535];
	for (size_t rdata = 0; rdata < 1500; rdata++) {
		for (size_t option = 0; option < 10; option += 9) {
			struct response r;
			struct edns_option found;
			size_t before = put(bytes, rdata, true, option), len = padding_add(bytes, before, sizeof bytes);
			assert_int_equal(len % PADDING_BLOCK, 0);
			assert_true(len >= before + 4 && len < before + 4 + PADDING_BLOCK);
			assert_int_equal(response_parse(&r, bytes, len), RESPONSE_OK);
			assert_true(edns_find(r.options, EDNS_PADDING, &found));
			assert_int_equal(found.len, len - before - 4);
			assert_int_equal(edns_find(r.options, EDNS_NSID, &found), option != 0);
		}
	}
}

static void test_what_stays(void **state)
{
	(void)state;
	static uint8_t bytes[65535];
	size_t len = put(bytes, 100, false, 0);
	assert_int_equal(padding_add(bytes, len, sizeof bytes), len); /* no OPT */
	assert_int_equal(padding_add(bytes, 0, sizeof bytes), 0);     /* no response */
	len = put(bytes, 100, true, 0);
	assert_int_equal(padding_add(bytes, len, PADDING_BLOCK - 1), len); /* no room */
	len = put(bytes, 65480, true, 0);
	assert_int_equal(padding_add(bytes, len, sizeof bytes), len);
	len = put(bytes, 100, true, 0);
	bytes[11] = 2; /* a record behind it, as TSIG is */
	memcpy(bytes + len, (const uint8_t[]){0, 0, 250, 0, 255, 0, 0, 0, 0, 0, 0}, 11);
	assert_int_equal(padding_add(bytes, len + 11, sizeof bytes), len + 11);
	assert_int_equal(padding_add(bytes, HEAD - 1, sizeof bytes), HEAD - 1); /* none that can be read */
}

static void test_who_wants_it(void **state)
{
	(void)state;
	uint8_t query[] = {0, 7, 1, 0,  0, 1,   0, 0, 0, 0, 0, 1, 1, 'a',          0, 0, 1, 0,
	                   1, 0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 4, 0, EDNS_PADDING, 0, 0};
	struct request r;
	assert_int_equal(request_parse(&r, query, sizeof query), REQUEST_OK);
	assert_true(padding_is_wanted(&r));
	query[sizeof query - 3] = EDNS_NSID;
	assert_int_equal(request_parse(&r, query, sizeof query), REQUEST_OK);
	assert_false(padding_is_wanted(&r));
	query[11] = 0;
	assert_int_equal(request_parse(&r, query, 19), REQUEST_OK);
	assert_false(padding_is_wanted(&r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_every_length),
	        cmocka_unit_test(test_what_stays),
	        cmocka_unit_test(test_who_wants_it),
	};
	return cmocka_run_group_tests_name("padding", tests, NULL, NULL);
}
