#include "plugin_words.h"
#include "redact.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

#define JWT   "eyJhbGciOiJub25lIn0.eyJzdWIiOiJtZSJ9.c2lnbmF0dXJl"
#define GONE  REDACTED
#define KNOWN "from-the-plugin"

static const struct {
	const char *text, *want;
	bool cut;
} rows[] = {
        /* what helps stays */
        {"", "", false},
        {"Unable to connect: connection refused", "Unable to connect: connection refused", false},
        {"exec plugin: invalid apiVersion \"client.authentication.k8s.io/v1alpha1\"",
         "exec plugin: invalid apiVersion \"client.authentication.k8s.io/v1alpha1\"", false},
        {"fork/exec /usr/lib/google-cloud-sdk/bin/gke-gcloud-auth-plugin: no such file",
         "fork/exec /usr/lib/google-cloud-sdk/bin/gke-gcloud-auth-plugin: no such file", false},
        {"An error occurred (ExpiredTokenException): The security token included in the request is expired",
         "An error occurred (ExpiredTokenException): The security token included in the request is expired", false},
        {"tenant 72f988bf-86f1-41af-91ab-2d7cd011db47 not found", "tenant 72f988bf-86f1-41af-91ab-2d7cd011db47 not found", false},
        {"open https://microsoft.com/devicelogin and enter the code ABCD2345",
         "open https://microsoft.com/devicelogin and enter the code ABCD2345", false},
        {"2026-01-02T03:04:05Z E0102 main.go:42] a=b x==y", "2026-01-02T03:04:05Z E0102 main.go:42] a=b x==y", false},
        {"bearer of bad news", "bearer of bad news", false},
        /* what is a secret by its form */
        {"got " JWT ".", "got " GONE, false},
        {JWT, GONE, false},
        {"eyJhbGciOiJub25lIn0.e30.", GONE, false},
        {"k8s-aws-v1.aHR0cHM6Ly9zdHMuYW1hem9uYXdzLmNvbS8/QWN0aW9uPUdldENhbGxlcg==", GONE "==", false},
        {"ya29.a0AfH6SMBxJ3q9Zk2Vt7Lw5Ye1Rd8Uc4 expires", GONE " expires", false},
        {"sha 0123456789abcdef0123456789abcdef", "sha " GONE, false},
        {"(AKIAIOSFODNN7EXAMPLE)", "(" GONE ")", false},
        /* by what stands before it */
        {"Authorization: Bearer abc", "Authorization: " GONE, false},
        {"authorization: basic dXNlcg==, next", "authorization: " GONE ", next", false},
        {"sent Bearer abcdefgh to it", "sent Bearer " GONE " to it", false},
        {"{\"token\":\"abc\",\"a\":\"b\"}", "{\"token\":" GONE ",\"a\":\"b\"}", false},
        {"\"id_token\" : \"abc def\" x", "\"id_token\" : " GONE " x", false},
        {"'clientKeyData': 'a b c'", "'clientKeyData': " GONE, false},
        {"--client-secret=hunter2 --x=y", "--client-secret=" GONE " --x=y", false},
        {"AWS_SECRET_ACCESS_KEY=a/b+c", "AWS_SECRET_ACCESS_KEY=" GONE, false},
        {"password: hunter2", "password: " GONE, false},
        {"password=#!$% x", "password=" GONE " x", false},
        {"\"token\":\"never ends", "\"token\":" GONE, false},
        {"api_key= abc", "api_key= " GONE, false},
        {"token=", "token=", false},
        {"token:", "token:", false},
        {"x?access_token=abc&y=z", "x?access_token=" GONE "&y=z", false},
        /* because it is known */
        {"I got from-the-plugin and from-the-plugin.", "I got " GONE " and " GONE ".", false},
        {"<from-the-plugin>", "<" GONE ">", false},
        /* whole */
        {"{\"kind\":\"ExecCredential\",\"status\":{}}", GONE ": an ExecCredential", false},
        /* cut in the middle of a word */
        {"the end is eyJhb", "the end is " GONE, true},
        {"the end is here ", "the end is here ", true},
};

static void what_is_left_out(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char out[512];
		redact(rows[i].text, rows[i].cut, KNOWN, out, sizeof out);
		assert_string_equal(out, rows[i].want);
	}
}

static void a_known_one_that_is_too_short(void **state)
{
	char out[64];
	(void)state;
	redact("a test of tests", false, "test", out, sizeof out);
	assert_string_equal(out, "a test of tests");
	redact("a test of tests", false, NULL, out, sizeof out);
	assert_string_equal(out, "a test of tests");
}

static void it_fits(void **state)
{
	char out[16];
	(void)state;
	for (size_t cap = 1; cap <= sizeof out; cap++) {
		memset(out, 'x', sizeof out);
		redact("abc token=defgh ijklm", false, NULL, out, cap);
		assert_true(strlen(out) < cap);
		assert_int_equal(strncmp(out, "abc token=" GONE, strlen(out)), 0);
	}
}

/* --- lines --- */

static void held(struct plugin_words *w, const char *text)
{
	plugin_words_read(w, text, strlen(text));
}

static void lines_come_in_pieces(void **state)
{
	struct plugin_words w = {0};
	struct log_series s = {0};
	(void)state;
	held(&w, "one\ntw");
	held(&w, "o\n\nthr");
	assert_int_equal(w.count, 2);
	assert_string_equal(w.lines[1], "two");
	plugin_words_tell(&w, &s, "p", NULL, false);
	assert_int_equal(w.count, 0);
	held(&w, "ee\n");
	assert_string_equal(w.lines[0], "three");
	plugin_words_tell(&w, &s, "p", NULL, true);
	assert_int_equal(s.kinds[0].count, 3);
}

static void keys_are_left_out(void **state)
{
	struct plugin_words w = {0};
	(void)state;
	held(&w, "a -----BEGIN EC PRIVATE KEY-----\nabcd\nefgh\n-----END EC PRIVATE KEY-----\nb\n-----BEGIN X-----\\nabc\\n-----END "
	         "X-----\nc\n");
	assert_int_equal(w.count, 4);
	assert_string_equal(w.lines[0], "a " REDACTED);
	assert_string_equal(w.lines[1], "b");
	assert_string_equal(w.lines[2], REDACTED);
	assert_string_equal(w.lines[3], "c");
}

static void too_many_and_too_long(void **state)
{
	struct plugin_words w = {0};
	struct log_series s = {0};
	char line[2 * PLUGIN_LINE_MAX];
	(void)state;
	memset(line, 'x', sizeof line);
	line[sizeof line - 1] = '\0';
	held(&w, line);
	held(&w, "\n");
	assert_true(w.cut[0]);
	assert_int_equal(strlen(w.lines[0]), PLUGIN_LINE_MAX - 1);
	for (int i = 0; i < 100; i++)
		held(&w, "more\n");
	assert_int_equal(w.count, PLUGIN_LINES);
	assert_int_equal(w.more, 101 - PLUGIN_LINES);
	assert_false(w.cut[1]);
	held(&w, "the beginning of what is counted, ");
	plugin_words_tell(&w, &s, "p", NULL, false);
	held(&w, "and its end\nanew\n");
	assert_int_equal(w.count, 1);
	assert_string_equal(w.lines[0], "anew");
	assert_false(w.cut[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_is_left_out),  cmocka_unit_test(a_known_one_that_is_too_short),
	        cmocka_unit_test(it_fits),           cmocka_unit_test(lines_come_in_pieces),
	        cmocka_unit_test(keys_are_left_out), cmocka_unit_test(too_many_and_too_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
