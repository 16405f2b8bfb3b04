/* The first line is a pattern, the rest the text: whatever is compiled matches within its bounds, and what is found lies in the text. */
#include "base/regexp.h"
#include "fuzz.h"
#include <stdlib.h>
#include <string.h>

static void check_parts(const struct regexp *re, const struct regexp_match *m, const char *text, size_t size)
{
	const char *part;
	size_t len;
	assert(regexp_part(m, 0, &part, &len));
	for (unsigned i = 0; i <= regexp_groups(re); i++) {
		const char *name = regexp_group_name(re, i);
		if (regexp_part(m, i, &part, &len))
			assert(len == 0 || (part >= text && part + len <= text + size));
		assert(!name || regexp_group_number(re, name) == i);
	}
	assert(!regexp_part(m, regexp_groups(re) + 1, &part, &len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	size_t len = end ? (size_t)(end - data) : size;
	char *pattern = strndup(size ? (const char *)data : "", len);
	const char *text = (const char *)(end ? end + 1 : data + len);
	struct regexp_match *m = regexp_match_new(REGEXP_GROUPS_MAX);
	struct regexp *re = NULL;
	struct diag d = {0};
	enum err err = regexp_new(pattern, &re, &d);
	assert((err == OK) == (re != NULL));
	assert(!err || d.text[0]);
	if (re && regexp_find(re, text, end ? size - len - 1 : 0, m) == REGEXP_FOUND)
		check_parts(re, m, text, end ? size - len - 1 : 0);
	regexp_free(re);
	regexp_match_free(m);
	free(pattern);
	return 0;
}
