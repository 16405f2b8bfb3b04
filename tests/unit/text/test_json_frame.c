#include "json_frame.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char out[4 * JSON_DEPTH_MAX];
static size_t out_len;

__attribute__((format(printf, 1, 2))) static void put(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	out_len += (size_t)vsnprintf(out + out_len, sizeof out - out_len, format, args);
	va_end(args);
	assert_true(out_len < sizeof out);
}

static void put_part(const struct json_frame *f, enum json_part part, const char *window, const struct diag *d)
{
	put("%s", out_len ? " | " : "");
	if (part == JSON_BAD)
		put("%u: %s", d->line, d->text);
	else if (part == JSON_LIST)
		put("%u list %s %s", f->line, f->kind, f->api_version);
	else
		put("%u %s%.*s", f->line, part == JSON_ITEM ? "+ " : "", (int)(f->end - f->start), window + f->start);
}

/* All parts of the text, given `step` octets at a time in a window from which is dropped what is done: "LINE text", "+ " before an
 * item, "LINE list KIND VERSION"; " | …" if the text ends inside of something. */
static const char *frame_all(const char *text, size_t step)
{
	struct json_frame f;
	size_t text_len = strlen(text), given = 0, dropped = 0;
	enum json_part part = JSON_MORE;
	json_frame_init(&f);
	out_len = 0;
	out[0] = '\0';
	while (part != JSON_BAD && (given < text_len || part != JSON_MORE)) {
		struct diag d = {0};
		char *window;
		if (part == JSON_MORE) {
			size_t done = json_frame_done(&f);
			json_frame_drop(&f, done);
			dropped += done;
			given = given + step < text_len ? given + step : text_len;
		}
		window = malloc(given - dropped + 1); /* of its own size, so that reading past it shows */
		assert_non_null(window);
		memcpy(window, text + dropped, given - dropped);
		part = json_frame_next(&f, window, given - dropped, &d);
		if (part != JSON_MORE)
			put_part(&f, part, window, &d);
		free(window);
	}
	if (part != JSON_BAD && !json_frame_at_rest(&f))
		put(" | …");
	return out;
}

static const struct {
	const char *what, *text, *want;
} cases[] = {
        {"nothing", "", ""},
        {"white space", " \n\t\r\n", ""},
        {"an object", "{}", "1 {}"},
        {"members of every kind", "{\"a\":1,\"b\":[1,{}],\"c\":{\"d\":null},\"e\":\"x\" , \"f\" : true}",
         "1 {\"a\":1,\"b\":[1,{}],\"c\":{\"d\":null},\"e\":\"x\" , \"f\" : true}"},
        {"several", "{}{\"a\":1}\n\n{}", "1 {} | 1 {\"a\":1} | 3 {}"},
        {"parted as YAML documents", "---\n{}\n---\n---\n{}\n---\n", "2 {} | 5 {}"},
        {"dashes that part nothing", "{}\n--\n{}", "1 {} | 3: not JSON: an object is wanted, beginning with {"},
        {"dashes at the end", "{}\n--", "1 {} | …"},
        {"brackets, quotes and backslashes in strings", "{\"a\":\"}{][\\\"\\\\\",\"b\":\"\\\\\"}{}",
         "1 {\"a\":\"}{][\\\"\\\\\",\"b\":\"\\\\\"} | 1 {}"},
        {"a list", "{\"kind\":\"List\",\"apiVersion\":\"v1\",\"items\":[{\"a\":1},\n{\"b\":[2]}\n]}",
         "1 + {\"a\":1} | 2 + {\"b\":[2]} | 1 list List v1"},
        {"kubectl's order",
         "\n{\n\"apiVersion\": \"v1\",\n\"items\": [\n {\"a\":1}\n ],\n\"kind\": \"List\",\n\"metadata\": {\"items\":[{}]}\n}\n",
         "5 + {\"a\":1} | 2 list List v1"},
        {"a typed list", "{\"kind\":\"PodList\",\"items\":[{}]}", "1 + {} | 1 list PodList "},
        {"an empty list", "{\"items\":[ ],\"kind\":\"List\"}", "1 list List "},
        {"a list without kind", "{\"items\":[{}]}", "1 + {} | 1 list  "},
        {"items of something else", "{\"kind\":\"Menu\",\"items\":[{}]}", "1 {\"kind\":\"Menu\",\"items\":[{}]}"},
        {"items further down", "{\"a\":{\"items\":[{}]}}", "1 {\"a\":{\"items\":[{}]}}"},
        {"items that are no array", "{\"kind\":\"List\",\"items\":{\"a\":[{}]}}", "1 {\"kind\":\"List\",\"items\":{\"a\":[{}]}}"},
        {"a key that begins like items", "{\"item\":[{}],\"itemss\":[{}]}", "1 {\"item\":[{}],\"itemss\":[{}]}"},
        {"the list before says nothing of the next", "{\"kind\":\"Menu\"}{\"items\":[{}]}", "1 {\"kind\":\"Menu\"} | 1 + {} | 1 list  "},
        {"two lists", "{\"kind\":\"AList\",\"items\":[{}]}{\"kind\":\"BList\",\"items\":[{}]}",
         "1 + {} | 1 list AList  | 1 + {} | 1 list BList "},
        {"a kind too long to be one", "{\"kind\":\"aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffList\",\"items\":[{}]}",
         "1 + {} | 1 list  "},
        {"an escaped kind is not read", "{\"kind\":\"Lis\\u0074\",\"items\":[{}]}", "1 + {} | 1 list  "},
        {"a kind that is no string", "{\"kind\":12,\"items\":[{}]}", "1 + {} | 1 list  "},
        {"an array at the top", "\n[{}]", "2: not JSON: an array at the top: objects are wanted, or a List of them"},
        {"a number at the top", "80", "1: not JSON: an object is wanted, beginning with {"},
        {"words after the end", "{}\n}\n", "1 {} | 2: not JSON: an object is wanted, beginning with {"},
        {"a missing comma", "{\"a\":1 \"b\":2}", "1: not JSON: a comma is wanted"},
        {"a missing comma between items", "{\"items\":[{}\n{}]}", "1 + {} | 2: not JSON: a comma is wanted"},
        {"a missing colon", "{\"a\" 1}", "1: not JSON: a colon is wanted"},
        {"a missing value", "{\"a\":,\"b\":1}", "1: not JSON: a value is wanted"},
        {"no value at the end", "{\"a\":}", "1: not JSON: a value is wanted"},
        {"a comma too many", "{\"a\":1,}", "1: not JSON: a key is wanted, in quotes"},
        {"a comma too many between items", "{\"items\":[{},]}", "1 + {} | 1: not JSON: an item of a list is wanted, beginning with {"},
        {"a key without quotes", "{a:1}", "1: not JSON: a key is wanted, in quotes"},
        {"an item that is no object", "{\"items\":[\n1]}", "2: not JSON: an item of a list is wanted, beginning with {"},
        {"a bracket of the wrong kind", "{\"a\":[1}\n}", "1: not JSON: a bracket of the wrong kind"},
        {"a quote missing", "{\"a\":\"b\n,\"c\":1}", "1: not JSON: a string without end in its line"},
        {"a control character", "{\"a\":[\x01]}", "1: not JSON: an octet that has no meaning here"},
        {"cut in a string", "{\"a\":\"b", " | …"},
        {"cut in an escape", "{\"a\":\"b\\", " | …"},
        {"cut in a list", "{\"items\":[{},", "1 + {} | …"},
        {"cut after the items", "{\"items\":[]", " | …"},
};

/* Whatever pieces the text comes in, the parts are the same. */
static void test_streams(void **state)
{
	static const size_t steps[] = {100000, 1, 2, 3, 7};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (size_t k = 0; k < sizeof steps / sizeof *steps; k++) {
			const char *got = frame_all(cases[i].text, steps[k]);
			if (strcmp(got, cases[i].want) != 0)
				fail_msg("%s, %zu octets at a time:\n got  %s\n want %s", cases[i].what, steps[k], got, cases[i].want);
		}
	}
}

/* n opening brackets in a member, and what closes them. */
static const char *nested(unsigned n)
{
	static char text[2 * JSON_DEPTH_MAX + 16] = "{\"a\":";
	size_t len = strlen("{\"a\":");
	memset(text + len, '[', n);
	memset(text + len + n, ']', n);
	text[len + 2 * n] = '}';
	text[len + 2 * n + 1] = '\0';
	return frame_all(text, strlen(text));
}

static void test_depth(void **state)
{
	(void)state;
	assert_memory_equal(nested(JSON_DEPTH_MAX - 1), "1 {", 3);
	assert_string_equal(nested(JSON_DEPTH_MAX), "1: not JSON: nested deeper than 10000 levels");
}

/* What the caller must keep of a list is the item that it is in, not what came before. */
static void test_items_are_done_with(void **state)
{
	const char text[] = "{\"metadata\":{},\"items\":[{\"a\":1},{\"b\":";
	struct json_frame f;
	struct diag d = {0};
	(void)state;
	json_frame_init(&f);
	assert_int_equal(json_frame_next(&f, text, sizeof text - 1, &d), JSON_ITEM);
	assert_int_equal(json_frame_next(&f, text, sizeof text - 1, &d), JSON_MORE);
	assert_string_equal(text + json_frame_done(&f), "{\"b\":");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_streams),
	        cmocka_unit_test(test_depth),
	        cmocka_unit_test(test_items_are_done_with),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
