#include "dns/edns.h"
#include "packet.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* Options as "code:octets in hexadecimal", with a space after each. */
static const struct {
	const char *what, *octets, *want;
} cases[] = {
        {"none", "", ""},
        {"NSID asked for", "0003 0000", "3: "},
        {"cookie, client subnet, padding", "000a 0008 6162636465666768 0008 0007 0001 18 00 c00002 000c 0002 0000",
         "10:6162636465666768 8:00011800c00002 12:0000 "},
        {"unknown code", "ffff 0001 07", "65535:07 "},
        {"the same twice", "0003 0000 0003 0001 00", "3: 3:00 "},
        {"cut in the code", "0003 0000 00", "3: "},
        {"cut in the length", "0003 0000 000a 00", "3: "},
        {"cut in the data", "0003 0000 000a 0003 6162", "3: "},
};

static void describe(struct edns_options left, char *text)
{
	struct edns_option o;
	*text = '\0';
	while (edns_next(&left, &o)) {
		text += sprintf(text, "%u:", o.code);
		for (unsigned i = 0; i < o.len; i++)
			text += sprintf(text, "%02x", o.bytes[i]);
		text += sprintf(text, " ");
	}
	assert_int_equal(left.len, 0);
	assert_false(edns_next(&left, &o));
}

static void test_next(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[256];
		size_t len;
		uint8_t *bytes = packet_from_text(cases[i].octets, &len);
		describe((struct edns_options){bytes, len}, text);
		if (strcmp(text, cases[i].want) != 0)
			fail_msg("%s: %s", cases[i].what, text);
		free(bytes);
	}
}

static void test_without_octets(void **state)
{
	struct edns_option o;
	(void)state;
	assert_false(edns_find((struct edns_options){0}, EDNS_NSID, &o));
}

static void test_find(void **state)
{
	size_t len;
	uint8_t *bytes = packet_from_text("0003 0000 000a 0002 6162 000a 0001 63", &len);
	struct edns_options options = {bytes, len};
	struct edns_option o;
	(void)state;
	assert_true(edns_find(options, EDNS_COOKIE, &o));
	assert_int_equal(o.len, 2);
	assert_memory_equal(o.bytes, "ab", 2);
	assert_true(edns_find(options, EDNS_NSID, &o));
	assert_int_equal(o.len, 0);
	assert_false(edns_find(options, EDNS_PADDING, &o));
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_next),
	        cmocka_unit_test(test_without_octets),
	        cmocka_unit_test(test_find),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
