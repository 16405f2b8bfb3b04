#include "loopback.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

/* "10.0.0.1 fd00::1", sorted as given. */
static size_t read_set(const char *text, struct addr set[8])
{
	size_t n = 0;
	while (*text) {
		size_t len = strcspn(text, " ");
		assert_int_equal(addr_parse(text, len, &set[n++]), OK);
		text += len + (text[len] == ' ');
	}
	return n;
}

static void note(void *arg, const struct addr *a, bool added)
{
	char *text = arg, one[ADDR_TEXT_MAX];
	addr_format(a, one);
	snprintf(text + strlen(text), 256 - strlen(text), "%c%s ", added ? '+' : '-', one);
}

static const struct {
	const char *old, *new, *want;
} differences[] = {
        {"", "", ""},
        {"", "10.0.0.1 10.0.0.2", "+10.0.0.1 +10.0.0.2 "},
        {"10.0.0.1 10.0.0.2", "", "-10.0.0.1 -10.0.0.2 "},
        {"10.0.0.1 fd00::1", "10.0.0.1 fd00::1", ""},
        {"10.0.0.1 10.0.0.3 fd00::1", "10.0.0.2 10.0.0.3 fd00::2", "-10.0.0.1 -fd00::1 +10.0.0.2 +fd00::2 "},
        {"10.0.0.1", "10.0.0.1 10.0.0.2", "+10.0.0.2 "},
        {"10.0.0.1 10.0.0.2", "10.0.0.2", "-10.0.0.1 "},
};

static void test_difference(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof differences / sizeof *differences; i++) {
		struct addr old[8], new[8];
		size_t old_n = read_set(differences[i].old, old), new_n = read_set(differences[i].new, new);
		char got[256] = "";
		loopback_compare(old, old_n, new, new_n, note, got);
		assert_string_equal(got, differences[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_difference)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
