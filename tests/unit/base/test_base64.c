#include "base/base64.h"
#include "fail_alloc.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

static void test_both_ways(void **state)
{
	static const struct {
		const char *text, *bytes; /* bytes NULL: not base64 */
	} rows[] = {
	        {"", ""},
	        {"Zg==", "f"},
	        {"Zm8=", "fo"},
	        {"Zm9v", "foo"},
	        {"Zm9vYg==", "foob"},
	        {"Zm9\nv\r\n ", "foo"},
	        {"+/+/", "\xfb\xff\xbf"},
	        {"Zg", NULL},
	        {"Zg=", NULL},
	        {"Z===", NULL},
	        {"Zg==Zg==", NULL},
	        {"Zm9v!", NULL},
	        {"=", NULL},
	        {"Zm-_", NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		size_t len;
		char *bytes = base64_decode(rows[i].text, &len), *text;
		if (!rows[i].bytes) {
			assert_null(bytes);
			continue;
		}
		assert_string_equal(bytes, rows[i].bytes);
		assert_int_equal(len, strlen(rows[i].bytes));
		text = base64_encode(bytes, len);
		if (!strpbrk(rows[i].text, "\n "))
			assert_string_equal(text, rows[i].text);
		free(text);
		free(bytes);
	}
}

static void test_without_memory(void **state)
{
	size_t len;
	(void)state;
	fail_alloc_at(1);
	assert_null(base64_decode("Zg==", &len));
	fail_alloc_at(1);
	assert_null(base64_encode("f", 1));
	fail_alloc_at(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_both_ways),
	        cmocka_unit_test(test_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
