/* The input is taken for a name's text and for its wire form; whatever is accepted must survive every other way of writing it. */
#include "check_name.h"
#include "dns/name.h"
#include "fuzz.h"
#include <string.h>

static void check_same(const struct name *a, const struct name *b)
{
	check_name(a);
	assert(a->len == b->len && a->labels == b->labels);
	assert(memcmp(a->wire, b->wire, a->len) == 0);
}

static void check_forms(const struct name *n)
{
	char text[NAME_TEXT_MAX];
	struct name back;
	size_t len = name_to_text(n, text);
	assert(len > 0 && len < sizeof text && strlen(text) == len && text[len - 1] == '.');
	assert(name_from_text(&back, text, len) == OK);
	check_same(&back, n);
	assert(name_from_wire(&back, n->wire, n->len) == n->len);
	check_same(&back, n);
}

/* Taken apart into labels and put together from either end, and from two parts. */
static void check_parts(const struct name *n)
{
	struct name forth, back, left, right;
	name_root(&forth);
	name_root(&back);
	for (unsigned i = 0; i < n->labels; i++) {
		size_t len;
		const uint8_t *label = name_label(n, i, &len);
		assert(name_append(&forth, label, len) == OK);
		label = name_label(n, n->labels - 1 - i, &len);
		assert(name_prepend(&back, label, len) == OK);
	}
	check_same(&forth, n);
	check_same(&back, n);

	name_root(&left);
	name_root(&right);
	for (unsigned i = 0; i < n->labels; i++) {
		size_t len;
		const uint8_t *label = name_label(n, i, &len);
		assert(name_append(i < n->labels / 2 ? &left : &right, label, len) == OK);
	}
	assert(name_in(n, &right));
	assert(name_append_name(&left, &right) == OK);
	check_same(&left, n);
}

static void check_case(const struct name *n)
{
	struct name low = *n, again;
	name_lower(&low);
	check_name(&low);
	assert(name_equal(&low, n) && name_equal(n, &low) && name_in(n, &low));
	for (size_t i = 0; i < low.len; i++)
		assert(low.wire[i] < 'A' || low.wire[i] > 'Z');
	again = low;
	name_lower(&again);
	check_same(&again, &low);
}

static void check_all(const struct name *n)
{
	check_name(n);
	check_forms(n);
	check_parts(n);
	check_case(n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct name n;
	enum err err = name_from_text(&n, (const char *)data, size);
	assert(err == OK || err == ERR_SYNTAX || err == ERR_RANGE);
	assert(err == OK || n.len == 1);
	check_all(&n);

	size_t taken = name_from_wire(&n, data, size);
	assert(taken <= size);
	assert(taken == (taken ? n.len : 0));
	check_all(&n);
	return 0;
}
