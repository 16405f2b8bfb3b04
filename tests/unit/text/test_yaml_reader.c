#include "fail_alloc.h"
#include "text/repeated_key.h"
#include "text/yaml_reader.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FFFD "\xef\xbf\xbd"
#define BOM  "\xef\xbb\xbf"

static char out[8192];
static size_t out_len;

__attribute__((format(printf, 1, 2))) static void put(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	out_len += (size_t)vsnprintf(out + out_len, sizeof out - out_len, format, args);
	va_end(args);
	assert_true(out_len < sizeof out);
}

static void put_repeated(void *arg, const char *key, unsigned line, unsigned first)
{
	(void)arg;
	put(" (%s in line %u, first %u)", key, line, first);
}

static void drop_repeated(cJSON *tree)
{
	for (cJSON *child = tree->child, *next; child; child = next) {
		next = child->next;
		if (is_repeated_key(child))
			cJSON_Delete(cJSON_DetachItemViaPointer(tree, child));
		else
			drop_repeated(child);
	}
}

static void put_tree(cJSON *tree)
{
	cJSON *copy = cJSON_Duplicate(tree, true);
	char *json;
	drop_repeated(copy);
	json = cJSON_PrintUnformatted(copy);
	assert_non_null(json);
	put("%s", json);
	repeated_keys_each(tree, put_repeated, NULL);
	cJSON_free(json);
	cJSON_Delete(copy);
}

/* Every part of the text: documents as JSON, and then the keys that came more than once; items with "+ " before; what is wrong as "LINE: text";
 * parted by " | ". */
static const char *read_all(const char *text, size_t len)
{
	static struct text_reader reader;
	struct yaml_reader *y;
	enum yaml_part part = YAML_DOCUMENT;
	bool more = true;
	text_reader_memory(&reader, text, len);
	y = yaml_reader_new(&reader);
	assert_non_null(y);
	out_len = 0;
	out[0] = '\0';
	while (more) {
		struct diag d = {0};
		cJSON *tree;
		enum err err = yaml_read(y, &part, &tree, &d);
		more = err || part != YAML_END;
		assert_int_equal(tree != NULL, !err && part != YAML_END);
		if (out_len && (err || tree))
			put(" | ");
		if (err)
			put("%u: %s", d.line, d.text);
		else if (part == YAML_ITEM)
			put("+ ");
		if (tree)
			put_tree(tree);
		cJSON_Delete(tree);
	}
	yaml_reader_free(y);
	return out;
}

static const struct {
	const char *what, *text, *want;
} cases[] = {
        {"nothing", "", ""},
        {"a comment", "# nothing yet\n", ""},
        {"empty documents", "---\n---\n...\n", "null | null"},
        {"a mapping", "a: 1\nb: x\n", "{\"a\":1,\"b\":\"x\"}"},
        {"nested", "a:\n  b: [1, {c: d}]\n", "{\"a\":{\"b\":[1,{\"c\":\"d\"}]}}"},
        {"several documents", "a: 1\n---\nb: 2\n", "{\"a\":1} | {\"b\":2}"},
        {"a scalar and a sequence", "x\n--- \n- 1\n", "\"x\" | [1]"},
        {"strings are what they are quoted as", "a: \"80\"\nb: '80'\nc: |\n  80\nd: !!str 80\n",
         "{\"a\":\"80\",\"b\":\"80\",\"c\":\"80\\n\",\"d\":\"80\"}"},
        {"keys that are no strings", "80: a\nyes: b\n~: c\n1.5: d\n", "{\"80\":\"a\",\"true\":\"b\",\"null\":\"c\",\"1.5\":\"d\"}"},
        {"JSON is YAML", "{\"a\": [1, true, null, \"x\\u00e9\"]}", "{\"a\":[1,true,null,\"x\xc3\xa9\"]}"},
        {"a byte order mark",
         "\xef\xbb\xbf"
         "a: 1\n",
         "{\"a\":1}"},
        {"alias of a scalar", "a: &x 80\nb: *x\n", "{\"a\":80,\"b\":80}"},
        {"alias of a mapping", "a: &x {b: 1}\nc: *x\n", "{\"a\":{\"b\":1},\"c\":{\"b\":1}}"},
        {"alias as a key", "a: &x b\n*x : 1\n", "{\"a\":\"b\",\"b\":1}"},
        {"an anchor used again means the new node", "a: &x 1\nb: *x\nc: &x 2\nd: *x\n", "{\"a\":1,\"b\":1,\"c\":2,\"d\":2}"},
        {"an alias without anchor", "a: *x\n", "1: the alias *x has no anchor before it"},
        {"an anchor of the document before", "a: &x 1\n---\nb: *x\n", "{\"a\":1} | 3: the alias *x has no anchor before it"},
        {"an alias inside what it names", "a: &x\n  b: 1\n  c: *x\n", "3: the alias *x stands inside what it names"},
        {"a merge", "a: &x {b: 1, c: 2}\nd:\n  <<: *x\n  c: 3\n", "{\"a\":{\"b\":1,\"c\":2},\"d\":{\"b\":1,\"c\":3}}"},
        {"a key before the merge wins too", "a: &x {b: 1, c: 2}\nd:\n  c: 3\n  <<: *x\n",
         "{\"a\":{\"b\":1,\"c\":2},\"d\":{\"c\":3,\"b\":1}}"},
        {"the first of several merges wins", "a: &x {b: 1}\nc: &y {b: 2, e: 3}\nd:\n  <<: [*x, *y]\n",
         "{\"a\":{\"b\":1},\"c\":{\"b\":2,\"e\":3},\"d\":{\"b\":1,\"e\":3}}"},
        {"a quoted << is a key", "a:\n  \"<<\": {b: 1}\n", "{\"a\":{\"<<\":{\"b\":1}}}"},
        {"a merge of no mapping", "a:\n  <<: 3\n", "2: << names something other than a mapping"},
        {"a merge of no mappings", "a:\n  <<: [{b: 1}, 3]\n", "2: << names something other than mappings"},
        {"a key twice", "a: 1\nb: 2\na: 3\n", "{\"b\":2,\"a\":3} (a in line 3, first 1)"},
        {"a key twice in a line", "{a: 1, a: 3}\n", "{\"a\":3} (a in line 1, first 1)"},
        {"a key three times", "a: 1\na: {b: 2}\na: 3\n", "{\"a\":3} (a in line 2, first 1) (a in line 3, first 1)"},
        {"a key twice, deep", "a:\n- b: 1\n  c: 2\n  b: 2\n", "{\"a\":[{\"c\":2,\"b\":2}]} (b in line 4, first 2)"},
        {"a key twice in two spellings", "yes: 1\non: 2\n", "{\"true\":2} (true in line 2, first 1)"},
        {"a key twice, and merged too", "a: &x {b: 1}\nc:\n  b: 2\n  <<: *x\n  b: 3\n",
         "{\"a\":{\"b\":1},\"c\":{\"b\":3}} (b in line 5, first 3)"},
        {"a key twice in what is merged", "a: &x {b: 1, b: 2}\nc:\n  <<: *x\n", "{\"a\":{\"b\":2},\"c\":{\"b\":2}} (b in line 1, first 1)"},
        {"a mapping as a key", "a: 1\n? {b: 1}\n: 2\n", "2: a mapping key is neither a string nor a number"},
        {"a NUL in a string", "a: \"x\\0y\"\n", "{\"a\":\"x" FFFD "y\"}"},
        {"a tag that does not fit", "a: 1\nb: !!int x\n", "2: \"x\" is not a !!int"},
        {"not closed", "a: 1\nb: {c: d\n",
         "3: not YAML: did not find expected ',' or '}' while parsing a flow mapping that starts at line 2"},
        {"a tab as indentation", "a:\n\tb: 1\n", "2: not YAML: a line is indented by a tab; write blanks"},
        {"what begins no value", "a: 1\nb: %c\n", "2: not YAML: no value begins with '%'; put it in quotes"},
        {"octets that are no UTF-8", "a: \xff\xe4x # \xfc\nb: \xc3\xa9\xe2\x82\n",
         "{\"a\":\"" FFFD FFFD "x\",\"b\":\"\xc3\xa9" FFFD FFFD "\"}"},
        {"overlong, surrogate, beyond Unicode", "a: \xc0\xaf \xed\xa0\x80 \xf4\x90\x80\x80.\n",
         "{\"a\":\"" FFFD FFFD " " FFFD " " FFFD ".\"}"},
        {"control characters, and what stands for a colon", "a: \x1b \x7f \xc2\x9b \xef\xb7\x90.\n",
         "{\"a\":\"" FFFD " " FFFD " " FFFD " " FFFD ".\"}"},
        {"surrogates that JSON escapes", "{\"a\": \"\\ud83d\\uDE00 \\ud83d \\ude00 \\ud83d\\ud83d \\u0041 \\/ \\\\ud83d\"}",
         "{\"a\":\"\xf0\x9f\x98\x80 " FFFD " " FFFD " " FFFD FFFD " A / \\\\ud83d\"}"},
        {"colons within words", "a: [1, 001:db8::]\nb: [::1, fd00::, '::']\nc: {d: ::, e: a:}\nf:: [g:, \"h:\"]\n",
         "{\"a\":[1,\"001:db8::\"],\"b\":[\"::1\",\"fd00::\",\"::\"],\"c\":{\"d\":\"::\",\"e\":\"a:\"},\"f:\":[\"g:\",\"h:\"]}"},
        {"colons that part", "{\"a\":1,\"b\":[],\"c\":{},'d':x, ? e : f, \"g\":}",
         "{\"a\":1,\"b\":[],\"c\":{},\"d\":\"x\",\"e\":\"f\",\"g\":null}"},
        {"byte order marks where lines begin", BOM "a: 1\n---\n" BOM "b: 2\n" BOM "---\n# x\n" BOM "c: 3\n",
         "{\"a\":1} | {\"b\":2} | {\"c\":3}"},
        {"a mark within a line is text", "a: x" BOM "y\n", "{\"a\":\"x" BOM "y\"}"},
        {"line breaks of Windows and old Macs", "a: 1\r\n---\r\nb: [\r\n---\rc: 3\r---\rd: ]\r",
         "{\"a\":1} | 4: not YAML: did not find expected node content while parsing a flow node that starts at line 4 | {\"c\":3} | "
         "7: not YAML: did not find expected node content while parsing a block node that starts at line 7"},
        {"directives", "# x\n%YAML 1.1\n---\na: 1\n...\n# y\n%TAG !x! tag:yaml.org,2002:\n--- !x!str 2\n--- 3\n", "{\"a\":1} | \"2\" | 3"},
        {"a document after the end of another", "a: 1\n...\nb: 2\n", "{\"a\":1} | {\"b\":2}"},
        {"what only looks like the end", "a: |\n  ---\n  ...\nb: ---\n----: c\n", "{\"a\":\"---\\n...\\n\",\"b\":\"---\",\"----\":\"c\"}"},
        {"documents that are wrong cost no other", "a: 1\n---\nb: ]\n---\nc: *x\nd: [\n---\ne: 2\n--- {\n---\nf: 3\n",
         "{\"a\":1} | 3: not YAML: did not find expected node content while parsing a block node that starts at line 3 | "
         "5: the alias *x has no anchor before it | {\"e\":2} | "
         "10: not YAML: did not find expected node content while parsing a flow node that starts at line 10 | {\"f\":3}"},
        {"a quote without end", "a: \"x\nb: 1\n---\nc: 2\n",
         "3: not YAML: found unexpected end of stream while scanning a quoted scalar that starts at line 1 | {\"c\":2}"},
        {"an anchor of a document that was wrong", "a: &x 1\nb: ]\n---\nc: *x\n",
         "2: not YAML: did not find expected node content while parsing a block node that starts at line 2 | 4: the alias *x has no "
         "anchor before it"},
        {"a list that is wrong in the middle", "kind: List\nitems:\n- a: 1\n- b: ]\n- c: 2\n---\nd: 3\n",
         "+ {\"a\":1} | 4: not YAML: did not find expected node content while parsing a block node that starts at line 4 | {\"d\":3}"},
        {"a list", "kind: List\nitems:\n- a: 1\n- b\n", "+ {\"a\":1} | + \"b\" | {\"kind\":\"List\",\"items\":[]}"},
        {"a list whose kind comes last", "items:\n- a: 1\nkind: PodList\n", "+ {\"a\":1} | {\"items\":[],\"kind\":\"PodList\"}"},
        {"items of something else", "kind: Menu\nitems:\n- a: 1\n", "{\"kind\":\"Menu\",\"items\":[{\"a\":1}]}"},
        {"items that are no sequence", "kind: List\nitems: {a: 1}\n", "{\"kind\":\"List\",\"items\":{\"a\":1}}"},
        {"items further down", "a:\n  items:\n  - b: 1\n", "{\"a\":{\"items\":[{\"b\":1}]}}"},
        {"items by alias", "x: &x {a: 1}\nitems:\n- *x\n- &y {b: 2}\n- *y\nkind: List\n",
         "+ {\"a\":1} | + {\"b\":2} | + {\"b\":2} | {\"x\":{\"a\":1},\"items\":[],\"kind\":\"List\"}"},
        {"items that are named are read whole", "items: &x\n- a: 1\nmore: *x\n", "{\"items\":[{\"a\":1}],\"more\":[{\"a\":1}]}"},
        {"a list that is not whole", "items:\n- a: 1\n- b: [\n",
         "+ {\"a\":1} | 4: not YAML: did not find expected node content while "
         "parsing a flow node that starts at line 4"},
};

static void test_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *got = read_all(cases[i].text, strlen(cases[i].text));
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s:\n got  %s\n want %s", cases[i].what, got, cases[i].want);
	}
}

/* What is looked at together may lie across the ends of the pieces that a text comes in. */
static void test_ends_of_pieces(void **state)
{
	static const char head[] = "#", tail[] = "\n" BOM "---\na: \"\\ud83d\\ude00 \xc3\xa9 \xff\"\nb: [fd00::, ::1]\r\n" BOM
	                                         "...\r\n--- ]\n---\nc: 1\n";
	static const char want[] =
	        "{\"a\":\"\xf0\x9f\x98\x80 \xc3\xa9 " FFFD "\",\"b\":[\"fd00::\",\"::1\"]} | "
	        "6: not YAML: did not find expected node content while parsing a block node that starts at line 6 | {\"c\":1}";
	static char text[4 * TEXT_PIECE];
	(void)state;
	for (size_t piece = TEXT_PIECE / 2; piece <= TEXT_PIECE / 2 + TEXT_PIECE; piece += TEXT_PIECE) {
		for (size_t before = 0; before < sizeof tail + 2; before++) {
			size_t len = piece - before;
			memset(text, 'x', len);
			memcpy(text, head, sizeof head - 1);
			memcpy(text + len, tail, sizeof tail - 1);
			assert_string_equal(read_all(text, len + sizeof tail - 1), want);
		}
	}
}

/* The line of every item of a tree that is no number, in order. */
static void put_lines(const cJSON *node)
{
	if (!cJSON_IsNumber(node))
		put("%d ", node->valueint);
	for (const cJSON *child = node->child; child; child = child->next)
		put_lines(child);
}

static void test_lines(void **state)
{
	static struct text_reader reader;
	const char text[] = "# one\na: x\nb:\n  c: true\n  d:\n  - null\n  - e: &f y\ng: 1\nh: *f\n";
	struct yaml_reader *y;
	struct diag d = {0};
	enum yaml_part part;
	cJSON *tree;
	(void)state;
	text_reader_memory(&reader, text, sizeof text - 1);
	y = yaml_reader_new(&reader);
	assert_int_equal(yaml_read(y, &part, &tree, &d), OK);
	out_len = 0;
	put_lines(tree);
	assert_string_equal(out, "2 2 4 4 6 6 7 7 7 "); /* what an alias stands for says where that is written */
	cJSON_Delete(tree);
	yaml_reader_free(y);
}

/* head, then n times again, then tail; malloc'ed. */
static char *repeat(const char *head, const char *again, size_t n, const char *tail, size_t *len)
{
	size_t head_len = strlen(head), again_len = strlen(again), tail_len = strlen(tail);
	char *text = malloc(head_len + n * again_len + tail_len);
	assert_non_null(text);
	memcpy(text, head, head_len);
	for (size_t i = 0; i < n; i++)
		memcpy(text + head_len + i * again_len, again, again_len);
	memcpy(text + head_len + n * again_len, tail, tail_len);
	*len = head_len + n * again_len + tail_len;
	return text;
}

static void test_limits(void **state)
{
	static const struct {
		const char *what, *head, *again, *tail;
		size_t n;
		const char *want;
	} limits[] = {
	        {"brackets", "a: ", "[", "", 100000, "1: nested deeper than 1000 levels"},
	        {"99 levels of brackets and one of the mapping", "a: ", "[",
	         "x]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"
	         "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
	         99, NULL},
	        {"many nodes", "a:\n", "- x\n", "", 1100000, "not a manifest: an object of more than 64 MiB"},
	        {"one scalar", "a: ", "x", "\n", (size_t)17 << 20, "1: not a manifest: a value of more than 16 MiB"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		size_t len;
		char *text = repeat(limits[i].head, limits[i].again, limits[i].n, limits[i].tail, &len);
		const char *got = read_all(text, len);
		if (limits[i].want ? !strstr(got, limits[i].want) : strchr("[{", got[0]) == NULL)
			fail_msg("%s: got %s", limits[i].what, got);
		free(text);
	}
}

/* Ten aliases of ten aliases of …: each line ten times the one before. */
static void test_billion_laughs(void **state)
{
	char text[2048];
	size_t len = (size_t)snprintf(text, sizeof text, "a0: &a0 [ha,ha,ha,ha,ha,ha,ha,ha,ha,ha]\n");
	(void)state;
	for (int i = 1; i < 12; i++) {
		len += (size_t)snprintf(text + len, sizeof text - len, "a%d: &a%d [", i, i);
		for (int k = 0; k < 10; k++)
			len += (size_t)snprintf(text + len, sizeof text - len, "*a%d,", i - 1);
		len += (size_t)snprintf(text + len, sizeof text - len, "]\n");
	}
	assert_string_equal(read_all(text, len), "6: anchors and aliases expand to more than 64 MiB");
}

/* Each alias puts a level around the one before, so the depth is that of no text. */
static void test_aliases_grow_no_deeper(void **state)
{
	char text[8192];
	size_t len = (size_t)snprintf(text, sizeof text, "- &a0 []\n");
	(void)state;
	for (int i = 1; i < 200; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "- &a%d [*a%d]\n", i, i - 1);
	assert_string_equal(read_all(text, len), "101: nested deeper than 100 levels");
}

static void test_many_anchors(void **state)
{
	char text[32768];
	size_t len = 0;
	(void)state;
	for (int i = 0; i <= 1000; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "- &a%d x\n", i);
	assert_string_equal(read_all(text, len), "1001: more than 1000 anchors");
}

/* Lists are longer than any one tree may be. */
static void test_a_long_list_is_read_in_items(void **state)
{
	static struct text_reader reader;
	size_t len, items = 0;
	char *text = repeat("items:\n", "- {a: b, c: [d, e, f, g, h]}\n", 100000, "kind: List\n", &len);
	struct diag d = {0};
	struct yaml_reader *y;
	enum yaml_part part;
	cJSON *tree;
	(void)state;
	text_reader_memory(&reader, text, len);
	y = yaml_reader_new(&reader);
	do {
		assert_int_equal(yaml_read(y, &part, &tree, &d), OK);
		assert_int_equal(cJSON_GetArraySize(yaml_list(y) && part == YAML_ITEM ? cJSON_GetObjectItem(yaml_list(y), "items") : NULL),
		                 0);
		items += part == YAML_ITEM;
		cJSON_Delete(tree);
	} while (part != YAML_END);
	assert_int_equal(items, 100000);
	yaml_reader_free(y);
	free(text);
}

/* Through functions of our own, so that these allocations fail too. */
static void *counted_malloc(size_t size)
{
	return malloc(size);
}

static void counted_free(void *block)
{
	free(block);
}

static void test_allocation_failures(void **state)
{
	static struct text_reader reader;
	const char text[] = "a: &x {b: 1, c: [2, 3]}\nd:\n  <<: *x\n  e: &y f\n  80: *y\nitems:\n- g: h\n- *x\n---\ni: j\n";
	cJSON_Hooks hooks = {counted_malloc, counted_free};
	(void)state;
	cJSON_InitHooks(&hooks);
	for (unsigned n = 1, whole = 0; !whole; n++) {
		struct diag d = {0};
		struct yaml_reader *y;
		enum yaml_part part = YAML_DOCUMENT;
		enum err err;
		text_reader_memory(&reader, text, sizeof text - 1);
		fail_alloc_at(n);
		y = yaml_reader_new(&reader);
		err = y ? OK : ERR_NOMEM;
		while (!err && part != YAML_END) {
			cJSON *tree;
			err = yaml_read(y, &part, &tree, &d);
			cJSON_Delete(tree);
		}
		whole = !fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, whole ? OK : ERR_NOMEM);
		yaml_reader_free(y);
	}
	cJSON_InitHooks(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_texts),
	        cmocka_unit_test(test_ends_of_pieces),
	        cmocka_unit_test(test_lines),
	        cmocka_unit_test(test_limits),
	        cmocka_unit_test(test_billion_laughs),
	        cmocka_unit_test(test_aliases_grow_no_deeper),
	        cmocka_unit_test(test_many_anchors),
	        cmocka_unit_test(test_a_long_list_is_read_in_items),
	        cmocka_unit_test(test_allocation_failures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
