/* The input is a file such as /etc/hosts, read without and with a zone. Whatever it says, what is found is well-formed, and a name of an address has that
 * address. */
#include "fuzz.h"
#include "hosts_table.h"
#include <stdlib.h>
#include <string.h>

#define LOOKS_MAX 64 /* at what is found of one input */

static bool has_address(const struct hosts_table *t, const struct name *n, const struct addr *a)
{
	struct hosts_cursor c = hosts_table_addresses(t, n, a->family);
	const uint8_t *octets;
	size_t len;
	while ((octets = hosts_next(&c, &len))) {
		assert(len == addr_len(a));
		if (memcmp(octets, a->octets, len) == 0)
			return true;
	}
	return false;
}

static void check_address(const struct hosts_table *t, const struct addr *a, unsigned *looks)
{
	struct hosts_cursor c = hosts_table_names(t, a);
	const uint8_t *wire;
	size_t len;
	while ((wire = hosts_next(&c, &len)) && (*looks)++ < LOOKS_MAX) {
		struct name n;
		assert(name_from_wire(&n, wire, len) == len);
		assert(has_address(t, &n, a));
	}
}

/* Each word of the input is looked up, as a name and as an address. */
static void look_up(const struct hosts_table *t, const char *text, size_t len)
{
	static const struct addr none = {.family = ADDR_V6};
	unsigned looks = 0;
	for (size_t i = 0, word; i < len && looks++ < LOOKS_MAX; i += word + 1) {
		struct name n;
		struct addr a;
		for (word = 0; i + word < len && !strchr(" \t\n\v\f\r", text[i + word]);)
			word++;
		if (name_from_text(&n, text + i, word) == OK) {
			name_lower(&n);
			has_address(t, &n, &none);
		}
		if (addr_parse(text + i, word, &a) == OK)
			check_address(t, &a, &looks);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct name zone;
	struct hosts_rules rules = {.reverse = true};
	char *text = malloc(size + !size); /* so that reading beyond its end is seen */
	assert(text && name_from_text(&zone, "x", 1) == OK);
	if (size)
		memcpy(text, data, size);
	for (unsigned inside = 0; inside < 2; inside++) {
		struct hosts_table *t;
		struct hosts_slips slips;
		rules.zones = (struct name_list){&zone, inside};
		assert(hosts_table_new(text, size, &rules, &t, &slips) == OK);
		assert(slips.count <= size && slips.first <= size);
		look_up(t, text, size);
		hosts_table_free(t);
	}
	free(text);
	return 0;
}
