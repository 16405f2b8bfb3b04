/* Names of types, there and back. */
#include "dns/type.h"
#include "unit.h"

static void test_names(void **state)
{
	static const struct {
		uint16_t type;
		const char *name;
	} cases[] = {
	        {1, "A"}, {28, "AAAA"}, {255, "ANY"}, {257, "CAA"}, {32769, "DLV"}, {23, "NSAP-PTR"}, {0, "TYPE0"}, {65535, "TYPE65535"},
	};
	(void)state;
	for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[TYPE_TEXT_MAX];
		uint16_t type = 4711;
		type_to_text(cases[i].type, text);
		assert_string_equal(text, cases[i].name);
		assert_true(type_from_text(cases[i].name, &type));
		assert_int_equal(type, cases[i].type);
	}
}

static void test_every_number(void **state)
{
	(void)state;
	for (unsigned i = 0; i <= UINT16_MAX; i++) {
		char text[TYPE_TEXT_MAX];
		uint16_t type;
		type_to_text((uint16_t)i, text);
		assert_true(type_from_text(text, &type));
		assert_int_equal(type, i);
	}
}

static void test_no_names(void **state)
{
	static const char *const none[] = {"", "a", "TYPE", "TYPE-1", "TYPE65536", "TYPE000001", "TYPE1x", "AA"};
	uint16_t type;
	(void)state;
	for (unsigned i = 0; i < sizeof none / sizeof *none; i++)
		assert_false(type_from_text(none[i], &type));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_names),
	        cmocka_unit_test(test_every_number),
	        cmocka_unit_test(test_no_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
