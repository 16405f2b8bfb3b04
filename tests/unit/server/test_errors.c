/* What a block that says `errors` has logged of queries that fail. */
#include "base/log.h"
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

void __wrap_log_line(enum log_level level, const char *format, ...);

/* Called on the workers' threads. */
void __wrap_log_line(enum log_level level, const char *format, ...)
{
	va_list args;
	if (level != LOG_ERROR)
		return;
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

static int begin(struct fixture *f, const struct server_options *o, bool errors)
{
	start(f, o);
	f->errors = errors;
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
	assert_logged(1, "[ERROR] plugin/errors: 2 bad.test. A: broken, 7");
	assert_rcode(fd, "bad\\032\\010.test", SERVFAIL);
	assert_logged(1, "[ERROR] plugin/errors: 2 bad\\032\\010.test. A: broken, 7");
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
	assert_logged(1, "[ERROR] plugin/errors: 2 bad.test. A: broken, 7");
	finish(&f, fd);
}

static void test_no_answer_in_time(void **state)
{
	struct fixture f;
	int fd = begin(&f, &(struct server_options){0}, true);
	(void)state;
	assert_rcode(fd, "brief.test", SERVFAIL);
	assert_logged(1, "[ERROR] plugin/errors: 2 brief.test. A: no answer came in time");
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
	assert_logged(1, "[ERROR] plugin/errors: 2 wait2.test. A: too many queries wait for an answer");
	late_resume_all(&f.late[0], STEP_ANSWER);
	assert_int_equal(reply(fd).rcode, NOERROR);
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
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
