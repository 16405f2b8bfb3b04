#include "span.h"
#include "unit.h"
#include <string.h>

#define BLOCK    64
#define TEXT_LEN (3 * BLOCK)
#define ROUNDS   20000

/* --- the plain truth, an octet at a time --- */

static size_t walk(struct span *s, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		bool escaped = s->escaped, was_string = s->in_string;
		s->escaped = !escaped && c == '\\';
		if (c == '"' && !escaped)
			s->in_string = !was_string;
		if (!s->depth && !s->in_string)
			s->ended = true;
		else if (!was_string && (c == '{' || c == '['))
			s->depth++;
		else if (s->depth && !was_string && (c == '}' || c == ']'))
			s->ended = !--s->depth;
		if (s->ended)
			return i + 1;
	}
	return len;
}

/* --- texts dense with what matters; backslashes stand within strings alone, as in JSON --- */

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 16;
}

static void write_text(char *text, uint32_t *random, bool in_string)
{
	static const char inside[] = "\\\\\"\"{}[] abcdefg", outside[] = "\"\"{{}][, 1234567890";
	bool escaped = false;
	for (size_t i = 0; i < TEXT_LEN; i++) {
		const char *alphabet = in_string ? inside : outside;
		char c = text[i] = alphabet[next_random(random) % strlen(alphabet)];
		if (c == '"' && !escaped)
			in_string = !in_string;
		escaped = !escaped && c == '\\';
	}
}

static struct span begin(uint32_t *random)
{
	struct span s = next_random(random) % 4 ? span_brackets() : span_string();
	if (s.depth)
		s.depth += next_random(random) % 40;
	return s;
}

static void assert_same(const struct span *a, const struct span *b)
{
	assert_int_equal(a->ended, b->ended);
	if (a->ended)
		return;
	assert_int_equal(a->depth, b->depth);
	assert_int_equal(a->escaped, b->escaped);
	if (a->depth)
		assert_int_equal(a->in_string, b->in_string);
}

/* In pieces of any size, with the best that this processor has. */
static void any_pieces(void **state)
{
	uint32_t random = 1;
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct span fed = begin(&random), walked = fed;
		char text[TEXT_LEN];
		size_t taken = 0;
		write_text(text, &random, fed.in_string);
		while (!fed.ended && taken < TEXT_LEN) {
			size_t left = TEXT_LEN - taken, piece = 1 + next_random(&random) % 150;
			taken += span_feed(&fed, text + taken, piece < left ? piece : left);
		}
		assert_int_equal(taken, walk(&walked, text, TEXT_LEN));
		assert_same(&fed, &walked);
	}
}

static void whole_blocks_on_any_processor(void **state)
{
	uint32_t random = 2;
	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct span fed = begin(&random), walked = fed;
		char text[TEXT_LEN];
		write_text(text, &random, fed.in_string);
		assert_int_equal(span_feed_blocks(&fed, text, TEXT_LEN), walk(&walked, text, TEXT_LEN));
		assert_same(&fed, &walked);
	}
}

static void less_than_a_block_is_no_block(void **state)
{
	struct span s = span_brackets();
	(void)state;
	assert_int_equal(span_feed_blocks(&s, "}", 1), 0);
	assert_false(s.ended);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(any_pieces),
	        cmocka_unit_test(whole_blocks_on_any_processor),
	        cmocka_unit_test(less_than_a_block_is_no_block),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
