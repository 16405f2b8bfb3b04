/* What a block that says `errors` has logged of queries that fail. */
#include "base/log.h"
#include "failures.h"
#include "fixture.h"
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct {
	pthread_mutex_t lock;
	unsigned count;
	char last[1024];
} logged = {.lock = PTHREAD_MUTEX_INITIALIZER};

void __wrap_log_plugin(enum log_level level, const char *plugin, const char *format, ...);

/* Called on the workers' threads. */
void __wrap_log_plugin(enum log_level level, const char *plugin, const char *format, ...)
{
	va_list args;
	(void)level;
	assert_string_equal(plugin, "errors");
	pthread_mutex_lock(&logged.lock);
	logged.count++;
	va_start(args, format);
	vsnprintf(logged.last, sizeof logged.last, format, args);
	va_end(args);
	pthread_mutex_unlock(&logged.lock);
}

/* So many lines since the last time, the last one of which is this. */
static void assert_logged(unsigned count, const char *last)
{
	pthread_mutex_lock(&logged.lock);
	assert_string_equal(logged.last, last);
	assert_int_equal(logged.count, count);
	logged.count = 0;
	logged.last[0] = '\0';
	pthread_mutex_unlock(&logged.lock);
}

static const struct errors_options plain;

static int begin(struct fixture *f, const struct server_options *o, bool errors)
{
	start(f, o);
	f->errors = errors ? &plain : NULL;
	serve(f, &late_kind, 1);
	return client(f, SOCK_DGRAM, 0);
}

static void finish(struct fixture *f, int fd)
{
	close(fd);
	stop(f);
}

static void assert_rcode(int fd, const char *name, unsigned rcode)
{
	ask(fd, 1, name);
	assert_int_equal(reply(fd).rcode, rcode);
}

/* A line for each failure; the name as CoreDNS writes it. */
static void test_a_failure(void **state)
{
	struct fixture f;
	int fd = begin(&f, &(struct server_options){0}, true);
	(void)state;
	assert_rcode(fd, "Bad.Test", SERVFAIL);
	assert_logged(1, "2 bad.test. A: broken, 7");
	assert_rcode(fd, "bad\\032\\010.test", SERVFAIL);
	assert_logged(1, "2 bad\\ \\010.test. A: broken, 7");
	finish(&f, fd);
}

/* An rcode that a step has as its answer is none. */
static void test_answers_are_no_failures(void **state)
{
	struct fixture f;
	int fd = begin(&f, &(struct server_options){0}, true);
	(void)state;
	assert_rcode(fd, "now.test", NOERROR);
	assert_rcode(fd, "fall.test", NXDOMAIN);
	assert_rcode(fd, "pass.test", REFUSED);
	assert_rcode(fd, "other", REFUSED);
	assert_logged(0, "");
	finish(&f, fd);
}

static void test_not_without_the_directive(void **state)
{
	struct fixture f;
	int fd = begin(&f, &(struct server_options){0}, false);
	(void)state;
	assert_rcode(fd, "bad.test", SERVFAIL);
	assert_rcode(fd, "brief.test", SERVFAIL);
	assert_logged(0, "");
	finish(&f, fd);
}

/* It is the question within that fails. */
static void test_a_question_within(void **state)
{
	struct fixture f;
	int fd = begin(&f, &(struct server_options){0}, true);
	(void)state;
	assert_rcode(fd, "ask.bad.test", SERVFAIL);
	assert_logged(1, "2 bad.test. A: broken, 7");
	finish(&f, fd);
}

static void test_no_answer_in_time(void **state)
{
	struct fixture f;
	int fd = begin(&f, &(struct server_options){0}, true);
	(void)state;
	assert_rcode(fd, "brief.test", SERVFAIL);
	assert_logged(1, "2 brief.test. A: no answer came in time");
	finish(&f, fd);
}

static void test_no_room(void **state)
{
	struct fixture f;
	int fd = begin(&f, &(struct server_options){.pending_max = 1}, true);
	(void)state;
	ask(fd, 2, "wait.test");
	late_await(&f.late[0], 1);
	assert_rcode(fd, "wait2.test", SERVFAIL);
	assert_logged(1, "2 wait2.test. A: too many queries wait for an answer");
	late_resume_all(&f.late[0], STEP_ANSWER);
	assert_int_equal(reply(fd).rcode, NOERROR);
	finish(&f, fd);
}

/* --- consolidate --- */

static struct error_pattern patterns[] = {
        {.period_ms = 0, .text = "^broken, \\d$", .level = LOG_WARNING},
        {.period_ms = 90500, .text = "too many|in time", .level = LOG_INFO, .show_first = true},
};
static const struct errors_options consolidated = {.patterns = patterns, .pattern_count = 2};

static int compile_patterns(void **state)
{
	struct diag d;
	(void)state;
	for (unsigned i = 0; i < 2; i++)
		assert_int_equal(regexp_new(patterns[i].text, &patterns[i].regexp, &d), OK);
	return 0;
}

static int free_patterns(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 2; i++)
		regexp_free(patterns[i].regexp);
	return 0;
}

static struct request request_of(const char *name)
{
	struct request r = {.qtype = 28};
	assert_int_equal(name_from_text(&r.qname, name, strlen(name)), OK);
	return r;
}

static void test_consolidate(void **state)
{
	struct regexp_match *m = regexp_match_new(0);
	uv_loop_t loop;
	uv_async_t news;
	struct failures *f;
	struct request r = request_of("a.test");
	(void)state;
	uv_loop_init(&loop);
	uv_async_init(&loop, &news, NULL);
	f = failures_new(&consolidated, &news);
	assert_int_equal(failures_tick(f, 1000), UINT64_MAX);
	failures_note(f, m, &r, DNS_SERVFAIL, "broken, 77");
	assert_logged(1, "2 a.test. AAAA: broken, 77"); /* no pattern matches */
	failures_note(f, m, &r, DNS_SERVFAIL, "broken, 7");
	failures_note(f, m, &r, DNS_SERVFAIL, "broken, 8");
	assert_logged(0, "");
	failures_note(f, m, &r, DNS_SERVFAIL, "no answer came in time");
	assert_logged(1, "2 a.test. AAAA: no answer came in time"); /* the first */
	failures_note(f, m, &r, DNS_REFUSED, "too many queries");
	assert_logged(0, "");
	assert_int_equal(failures_tick(f, 1000), 91500);
	assert_logged(1, "2 errors like '^broken, \\d$' occurred in last 0s");
	assert_int_equal(failures_tick(f, 91499), 91500);
	assert_logged(0, "");
	assert_int_equal(failures_tick(f, 91500), UINT64_MAX);
	assert_logged(1, "2 errors like 'too many|in time' occurred in last 1m30.5s");
	failures_note(f, m, &r, DNS_SERVFAIL, "no answer came in time");
	assert_int_equal(failures_tick(f, 91500), 182000);
	assert_logged(1, "2 a.test. AAAA: no answer came in time");
	failures_note(f, m, &r, DNS_SERVFAIL, "broken, 9");
	failures_free(f); /* of one whose first was shown nothing more is said */
	assert_logged(1, "1 errors like '^broken, \\d$' occurred in last 0s");
	uv_close((uv_handle_t *)&news, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	regexp_match_free(m);
}

/* Nobody would say counts: every line is written. */
static void test_without_a_loop(void **state)
{
	struct regexp_match *m = regexp_match_new(0);
	struct failures *f = failures_new(&consolidated, NULL);
	struct request r = request_of("a.test");
	(void)state;
	failures_note(f, m, &r, DNS_SERVFAIL, "broken, 7");
	assert_logged(1, "2 a.test. AAAA: broken, 7");
	failures_free(f);
	assert_logged(0, "");
	failures_free(NULL);
	regexp_match_free(m);
}

/* What a worker has counted, the control thread says. */
static void test_a_server_says_counts(void **state)
{
	struct fixture f;
	bool said = false;
	(void)state;
	start(&f, &(struct server_options){0});
	f.errors = &consolidated;
	serve(&f, &late_kind, 1);
	int fd = client(&f, SOCK_DGRAM, 0);
	assert_rcode(fd, "bad.test", SERVFAIL);
	while (!said) {
		uv_run(&f.loop, UV_RUN_ONCE);
		pthread_mutex_lock(&logged.lock);
		said = logged.count;
		pthread_mutex_unlock(&logged.lock);
	}
	assert_logged(1, "1 errors like '^broken, \\d$' occurred in last 0s");
	finish(&f, fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_a_failure),
	        cmocka_unit_test(test_answers_are_no_failures),
	        cmocka_unit_test(test_not_without_the_directive),
	        cmocka_unit_test(test_a_question_within),
	        cmocka_unit_test(test_no_answer_in_time),
	        cmocka_unit_test(test_no_room),
	        cmocka_unit_test(test_consolidate),
	        cmocka_unit_test(test_without_a_loop),
	        cmocka_unit_test(test_a_server_says_counts),
	};
	return cmocka_run_group_tests(tests, compile_patterns, free_patterns);
}
