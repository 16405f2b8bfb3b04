/* Lines in braces by a table: values, bounds, what was given, what is said of what is wrong. */
#include "fail_alloc.h"
#include "option.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 4

struct values {
	bool flag, word, on;
	unsigned number, choice;
	uint64_t ms, open_ms;
	char *text;
	struct text_list texts;
	struct name_list zones;
	char called[64];
};

static enum err on_call(void *values, const struct words *w, struct diag *d)
{
	struct values *v = values;
	if (w->count && strcmp(w->texts[0], "bad") == 0)
		return diag_set(d, ERR_SYNTAX, "not that");
	snprintf(v->called, sizeof v->called, "%s/%u", w->name, w->count);
	return OK;
}

#define AT(field) offsetof(struct values, field)
static const struct option lines[] = {
        {"flag", "", 0, 0, OPTION_FLAG, 0, AT(flag), 0, 0, NULL},
        {"word", "this", 1, 1, OPTION_FLAG, 1u << 4, AT(word), 0, 0, NULL},
        {"on", "on|off", 1, 1, OPTION_ON_OFF, 0, AT(on), 0, 0, NULL},
        {"number", "N", 1, 1, OPTION_NUMBER, 0, AT(number), 2, 9, NULL},
        {"choice", "a|b|c", 1, 1, OPTION_CHOICE, 0, AT(choice), 0, 0, NULL},
        {"lasting", "DURATION", 1, 1, OPTION_DURATION, 0, AT(ms), 500, 60000, NULL},
        {"unbounded", "DURATION", 1, 1, OPTION_DURATION, 0, AT(open_ms), 1000, 0, NULL},
        {"text", "FILE", 1, 1, OPTION_TEXT, OPTION_ONCE, AT(text), 0, 0, NULL},
        {"texts", "NAME...", 1, OPTION_ANY_NUMBER, OPTION_TEXTS, 0, AT(texts), 0, 0, NULL},
        {"zones", "[ZONE...]", 0, OPTION_ANY_NUMBER, OPTION_ZONES, 0, AT(zones), 0, 0, NULL},
        {"call", "[X]", 0, 1, OPTION_CALL, 0, 0, 0, 0, on_call},
};
static const struct option_table table = {"thing", lines, sizeof lines / sizeof *lines, NULL};
static const struct option_table open_table = {"thing", lines, sizeof lines / sizeof *lines, on_call};

/* Takes "flag; number 5". */
static enum err take(const struct option_table *t, struct values *v, option_set *given, const char *text, struct diag *d)
{
	char copy[256], *rest = copy, *line;
	enum err err = OK;
	snprintf(copy, sizeof copy, "%s", text);
	while (!err && (line = strsep(&rest, ";"))) {
		const char *words[WORDS_MAX + 1];
		unsigned count = 0;
		char *word;
		while ((word = strsep(&line, " "))) {
			if (*word)
				words[count++] = strcmp(word, "''") == 0 ? "" : word;
		}
		const struct words w = {words[0], words + 1, count - 1};
		err = option_take(t, v, given, &w, d);
	}
	return err;
}

static void clear(struct values *v)
{
	free(v->text);
	texts_clear(&v->texts);
	names_clear(&v->zones);
}

static void test_values(void **state)
{
	struct values v = {.on = true, .choice = 7};
	option_set given = 0;
	struct diag d;
	(void)state;
	if (take(&table, &v, &given, "flag; word this; on off; number 9; choice c; lasting 1m; unbounded 1h; text f; texts a b; texts c",
	         &d))
		fail_msg("%s", d.text);
	assert_true(v.flag && v.word && !v.on);
	assert_int_equal(v.number, 9);
	assert_int_equal(v.choice, 2);
	assert_int_equal(v.ms, 60000);
	assert_int_equal(v.open_ms, 3600000);
	assert_string_equal(v.text, "f");
	assert_int_equal(v.texts.count, 3);
	assert_int_equal(take(&table, &v, &given, "on on; choice b; zones a 10.0.0.0/15; zones B.; call", &d), OK);
	assert_true(v.on);
	assert_int_equal(v.choice, 1);
	assert_int_equal(v.zones.count, 1);
	assert_int_equal(v.zones.names[0].wire[1], 'b');
	assert_string_equal(v.called, "call/0");
	clear(&v);
}

/* Whatever the line says, the default too; and not where it was wrong. */
static void test_given(void **state)
{
	struct values v = {.on = true, .number = 5};
	option_set given = 0;
	struct diag d;
	(void)state;
	assert_int_equal(take(&table, &v, &given, "on on; number 5", &d), OK);
	assert_true(option_given(&table, given, "on"));
	assert_true(option_given(&table, given, "number"));
	assert_false(option_given(&table, given, "flag"));
	assert_null(option_first(&table, given, 1u << 4));
	assert_int_equal(take(&table, &v, &given, "word that", &d), ERR_SYNTAX);
	assert_null(option_first(&table, given, 1u << 4));
	assert_int_equal(take(&table, &v, &given, "word this", &d), OK);
	assert_string_equal(option_first(&table, given, 1u << 4), "word");
	clear(&v);
}

static const struct {
	const char *line, *want;
} bad[] = {
        {"frobnicate", "thing has no \"frobnicate\"; it has: flag, word, on, number, choice, lasting, unbounded, text, texts, zones, call"},
        {"flog", "thing has no \"flog\": is flag meant?"},
        {"flag x", "flag: it is written: flag"},
        {"word", "word: it is written: word this"},
        {"word that", "word: this is wanted, not \"that\""},
        {"on maybe", "on: on or off is wanted, not \"maybe\""},
        {"number 1", "number: a number from 2 to 9 is wanted"},
        {"number 2 3", "number: it is written: number N"},
        {"choice d", "choice: a, b or c is wanted, not \"d\""},
        {"choice a|b", "choice: a, b or c is wanted, not \"a|b\""},
        {"choice ''", "choice: a, b or c is wanted, not \"\""},
        {"lasting 1", "lasting: a duration such as 5s, 500ms or 1m30s is wanted"},
        {"lasting 100ms", "lasting: a duration from 500ms to 60s is wanted"},
        {"lasting 61s", "lasting: a duration from 500ms to 60s is wanted"},
        {"unbounded 999ms", "unbounded: at least 1s is wanted"},
        {"text ''", "text: nothing is said between the quotes; an environment variable that is not set?"},
        {"text a; text b", "text: it has been said already"},
        {"zones a b..c", "zones: \"b..c\" is no zone"},
        {"call bad", "call: not that"},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct values v = {0};
		option_set given = 0;
		struct diag d = {0};
		assert_int_not_equal(take(&table, &v, &given, bad[i].line, &d), OK);
		if (strncmp(d.text, bad[i].want, strlen(bad[i].want)) != 0)
			assert_string_equal(d.text, bad[i].want);
		clear(&v);
	}
}

static void test_lines_of_no_option(void **state)
{
	struct values v = {0};
	option_set given = 0;
	struct diag d;
	(void)state;
	assert_int_equal(take(&open_table, &v, &given, "10.0.0.1 a b", &d), OK);
	assert_string_equal(v.called, "10.0.0.1/2");
	assert_int_equal(given, 0);
}

static void test_no_memory(void **state)
{
	bool failed = true;
	(void)state;
	for (unsigned n = 1; failed; n++) {
		struct values v = {0};
		option_set given = 0;
		struct diag d;
		enum err err;
		fail_alloc_at(n);
		err = take(&table, &v, &given, "text a; texts b c; texts d; zones e 10.0.0.0/15; zones f", &d);
		failed = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, failed ? ERR_NOMEM : OK);
		clear(&v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_values),    cmocka_unit_test(test_given),
	        cmocka_unit_test(test_bad),       cmocka_unit_test(test_lines_of_no_option),
	        cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
