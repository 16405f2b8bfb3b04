/* A Corefile's words as blocks of lines, with imports, snippets and environment variables. */
#include "fail_alloc.h"
#include "syntax.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MAX 1024

struct text {
	char at[TEXT_MAX];
	size_t len;
};

static void put(struct text *t, const char *what, const char *word)
{
	t->len += (size_t)snprintf(t->at + t->len, TEXT_MAX - t->len, "%s%s", what, word);
}

static void put_lines(struct text *t, const struct line *lines, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		put(t, i ? "; " : "", "");
		for (unsigned w = 0; w < lines[i].count; w++)
			put(t, w ? " " : "", lines[i].words[w].text);
		if (lines[i].has_body) {
			put(t, " {", "");
			put_lines(t, lines[i].body, lines[i].body_count);
			put(t, "}", "");
		}
	}
}

/* "KEY KEY [LINE; LINE {LINE; LINE}]", one after the other. */
static void describe(const struct syntax *s, struct text *t)
{
	t->len = 0;
	t->at[0] = 0;
	for (unsigned i = 0; i < s->block_count; i++) {
		const struct syntax_block *b = &s->blocks[i];
		for (unsigned k = 0; k < b->key_count; k++)
			put(t, i || k ? " " : "", b->keys[k].text);
		put(t, " [", "");
		put_lines(t, b->lines, b->line_count);
		put(t, "]", "");
	}
}

static enum err parse(const char *text, const char *file, struct syntax *s, struct diag *d)
{
	const struct syntax_options options = {.file = file};
	return syntax_parse(text, strlen(text), &options, s, d);
}

static void check(const char *what, const char *text, const char *file, const char *want)
{
	struct syntax s;
	struct diag d = {0};
	struct text t;
	if (parse(text, file, &s, &d))
		fail_msg("%s: %s", what, d.text);
	describe(&s, &t);
	if (strcmp(t.at, want) != 0)
		fail_msg("%s: %s", what, t.at);
	syntax_free(&s);
}

static const struct {
	const char *what, *text, *want;
} good[] = {
        {"nothing", "", ""},
        {"comments alone", "# a\n", ""},
        {"a block", "a {\n b\n}\n", "a [b]"},
        {"two", "a {\n b\n}\n\nc {\n d e\n}", "a [b] c [d e]"},
        {"an empty one", "a {\n}\n", "a []"},
        {"keys alone", "a b\n", "a b []"},
        {"no braces", "a\nb\nc d\n", "a [b; c d]"},
        {"the brace below", "a\n{\n b\n}\n", "a [b]"},
        {"the first line beside the brace", "a { b\n c\n}\n", "a [b; c]"},
        {"several keys", "a b {\n c\n}\n", "a b [c]"},
        {"a comma goes on below", "a,\nb, c {\n d\n}\n", "a b c [d]"},
        {"a key that is empty", "\"\" a {\n b\n}\n", "a [b]"},
        {"a body", "a {\n b c {\n  d e\n  f\n }\n g\n}\n", "a [b c {d e; f}; g]"},
        {"an empty body", "a {\n b {\n }\n c { }\n}\n", "a [b {}; c {}]"},
        {"a body in a body", "a {\n b {\n  c {\n   d\n  }\n  e\n }\n}\n", "a [b {c {d}; e}]"},
        {"a body's first line beside the brace", "a {\n b { c\n d\n }\n}\n", "a [b {c; d}]"},
        {"a line break in quotes", "a {\n b \"c\nd\" e\n f\n}\n", "a [b c\nd e; f]"},
        {"a block begins behind another", "a {\n b\n} c {\n d\n}\n", "a [b] c [d]"},
        {"a snippet", "(s) {\n b\n c d\n}\na {\n import s\n e\n}\n", "a [b; c d; e]"},
        {"twice", "(s) {\n b\n}\na {\n import s\n import s\n}\n", "a [b; b]"},
        {"in a body", "(s) {\n b\n c\n}\na {\n d {\n  import s\n  e\n }\n}\n", "a [d {b; c; e}]"},
        {"with a body", "(s) {\n b {\n  c\n }\n}\na {\n import s\n}\n", "a [b {c}]"},
        {"a snippet in a snippet", "(s) {\n b\n}\n(t) {\n import s\n c\n}\na {\n import t\n}\n", "a [b; c]"},
        {"defined behind the one that has it", "(t) {\n import s\n c\n}\n(s) {\n b\n}\na {\n import t\n}\n", "a [b; c]"},
        {"a snippet of blocks", "(s) {\n a {\n  b\n }\n}\nimport s\nc {\n d\n}\n", "a [b] c [d]"},
        {"an empty snippet", "(s) {\n}\na {\n import s\n b\n}\n", "a [b]"},
        {"the variables", "{$A}.b:{$PORT} {\n {$DIRECTIVE} {%A%}{$A} x{$UNSET}\n}\n", "aa.b:53 [whoami aaaa x]"},
        {"a variable in a variable", "a {\n b {$OUTER}\n}\n", "a [b <aa>]"},
        {"no variables", "a {\n b {$} {%} {%%} {$A\n}\n", "a [b {$} {%} {%%} {$A]"},
        {"a value's blanks part no words", "a {\n b {$BLANKS} c\n}\n", "a [b x y c]"},
        {"a pattern that fits nothing", "import /nonexistent/*.conf\na {\n b\n}\n", "a [b]"},
        {"a pattern that fits nothing at the end", "a {\n b\n}\nimport /nonexistent/*.conf\n", "a [b]"},
        {"an empty snippet at the end", "(s) {\n}\na {\n b\n}\nimport s\n", "a [b]"},
        {"import is a word elsewhere", "a {\n b import c\n}\n", "a [b import c]"},
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		check(good[i].what, good[i].text, "f", good[i].want);
}

static const struct {
	const char *text, *want; /* how the message begins */
} bad[] = {
        {"a {\n b\n", "f:1: the \"{\" of this server block is not closed"},
        {"a {\n b {\n c\n", "f:2: the \"{\" of this line is not closed"},
        {"a {\n b\n}\n}\n", "f:4: \"}\" closes nothing"},
        {"a, {\n b\n}\n", "f:1: another key is wanted after the comma"},
        {"a,\n", "f:1: the file ends where another key is wanted"},
        {"a {\n b }\n}\n", "f:2: \"}\" must stand on a line of its own"},
        {"a {\n b { c }\n}\n", "f:2: \"}\" must stand on a line of its own"},
        {"a {\n b\n {\n c\n }\n}\n", "f:3: \"{\" must stand at the end of the line"},
        {"a {\n b {\n c\n } d\n}\n", "f:4: \"d\" must stand on a line of its own"},
        {"a {\n import\n}\n", "f:2: import: a file, a pattern or the name of a snippet"},
        {"a {\n import {$UNSET}\n}\n", "f:2: import: a file, a pattern or the name of a snippet"},
        {"a {\n import b c\n}\n", "f:2: import takes one argument: \"c\""},
        {"a {\n import /nonexistent\n}\n", "f:2: import: there is neither a snippet (/nonexistent) nor a file /nonexistent"},
        {"import a*b*\n", "f:1: import: a pattern may have one *"},
        {"import a[bc]\n", "f:1: import: a pattern may have one *"},
        {"(s) {\n import s\n}\na {\n import s\n}\n", "f:2: more than 10000 imports: something imports itself"},
        {"(s) {\n import t\n}\n(t) {\n import s\n}\nimport s\n", "f:"},
        {"(s) {\n a\n}\n(s) {\n b\n}\n", "f:4: there is a snippet (s) already"},
        {"(s)\n", "f:1: snippet (s): \"{\" is wanted"},
        {"(s) {\n a {\n }\n", "f:1: the \"{\" of snippet (s) is not closed"},
        {"a {\n b {$LOOP}\n}\n", "f:2: \"{$LOOP}\": environment variables that name each other"},
        {"a {\n b {$BOMB}\n}\n", "f:2: \"{$BOMB}"},
        {"a {\n b { \n c {\n d {\n e {\n f {\n g {\n h {\n i {\n j {\n", "f:10: more than 8 braces"},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct syntax s;
		struct diag d = {0};
		assert_int_not_equal(parse(bad[i].text, "f", &s, &d), OK);
		if (strncmp(d.text, bad[i].want, strlen(bad[i].want)) != 0)
			assert_string_equal(d.text, bad[i].want);
		syntax_free(&s);
	}
}

/* --- imported files --- */

static void write_file(const char *folder, const char *name, const char *text)
{
	char path[128];
	FILE *file;
	snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static const struct {
	const char *name, *text;
} files[] = {
        {"lines", "b\nc d\n"},
        {"sites/1.conf", "x {\n import ../lines\n}\n"},
        {"sites/2.conf", "y {\n e\n}\n"},
        {"broken", "\n\nb }\n"},
        {"loop", "import loop\n"},
        {"snippets", "(s) {\n b\n}\n"},
};

static int setup(void **state)
{
	char *folder = strdup("/tmp/test-syntax.XXXXXX"), sites[64];
	assert_non_null(mkdtemp(folder));
	snprintf(sites, sizeof sites, "%s/sites", folder);
	assert_int_equal(mkdir(sites, 0700), 0);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		write_file(folder, files[i].name, files[i].text);
	*state = folder;
	return 0;
}

static int teardown(void **state)
{
	char *folder = *state, path[128];
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, files[i].name);
		unlink(path);
	}
	snprintf(path, sizeof path, "%s/sites", folder);
	rmdir(path);
	rmdir(folder);
	free(folder);
	return 0;
}

static const struct {
	const char *what, *text, *want;
} imports[] = {
        {"lines of a file", "a {\n import lines\n e\n}\n", "a [b; c d; e]"},
        {"a pattern, in order, each relative to its own folder", "import sites/*.conf\nz {\n f\n}\n", "x [b; c d] y [e] z [f]"},
        {"a snippet goes before a file", "(lines) {\n g\n}\na {\n import lines\n}\n", "a [g]"},
        {"snippets of a file", "import snippets\na {\n import s\n}\n", "a [b]"},
};

static void test_imported_files(void **state)
{
	char file[64];
	snprintf(file, sizeof file, "%s/Corefile", (char *)*state);
	for (size_t i = 0; i < sizeof imports / sizeof *imports; i++)
		check(imports[i].what, imports[i].text, file, imports[i].want);
}

static const struct {
	const char *text, *file, *want; /* the file that is named, what follows it */
} wrong_imports[] = {
        {"a {\n import broken\n}\n", "broken", ":3: \"}\" must stand on a line of its own"},
        {"import loop\n", "loop", ":1: more than 10000 imports"},
        {"a {\n import sites\n}\n", "Corefile", ":2: import: "},
};

static void test_wrong_imports(void **state)
{
	char file[64], want[256];
	snprintf(file, sizeof file, "%s/Corefile", (char *)*state);
	for (size_t i = 0; i < sizeof wrong_imports / sizeof *wrong_imports; i++) {
		struct syntax s;
		struct diag d = {0};
		assert_int_not_equal(parse(wrong_imports[i].text, file, &s, &d), OK);
		snprintf(want, sizeof want, "%s/%s%s", (char *)*state, wrong_imports[i].file, wrong_imports[i].want);
		if (strncmp(d.text, want, strlen(want)) != 0)
			assert_string_equal(d.text, want);
		syntax_free(&s);
	}
}

static void test_no_imports(void **state)
{
	const struct syntax_options options = {.file = "f", .no_imports = true};
	const char *text = "a {\n import lines\n}\n";
	struct syntax s;
	struct diag d;
	(void)state;
	assert_int_equal(syntax_parse(text, strlen(text), &options, &s, &d), ERR_DENIED);
	syntax_free(&s);
}

static void test_no_memory(void **state)
{
	const char *text = "(s) {\n b\n}\na, c {\n import s\n d {$A} {\n  e\n }\n}\n";
	bool failed = true;
	(void)state;
	for (unsigned n = 1; failed; n++) {
		struct syntax s;
		struct diag d;
		enum err err;
		fail_alloc_at(n);
		err = parse(text, "f", &s, &d);
		failed = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, failed ? ERR_NOMEM : OK);
		syntax_free(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_good),
	        cmocka_unit_test(test_bad),
	        cmocka_unit_test_setup_teardown(test_imported_files, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_wrong_imports, setup, teardown),
	        cmocka_unit_test(test_no_imports),
	        cmocka_unit_test(test_no_memory),
	};
	setenv("A", "aa", 1);
	setenv("PORT", "53", 1);
	setenv("DIRECTIVE", "whoami", 1);
	setenv("OUTER", "<{$A}>", 1);
	setenv("BLANKS", "x y", 1);
	setenv("LOOP", "{$LOOP}", 1);
	setenv("BOMB", "{$BOMB}{$BOMB}{$BOMB}{$BOMB}{$BOMB}{$BOMB}{$BOMB}{$BOMB}", 1);
	unsetenv("UNSET");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
