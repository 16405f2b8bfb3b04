#include "base/log.h"
#include "unit.h"
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIPE_BYTES 4096
#define FLOOD      20000

/* stderr as a small pipe, in a process of its own, which writes what() into it; returns the end to read from. */
struct writer {
	pid_t pid;
	int out;
};

static struct writer start(void (*what)(void))
{
	struct writer w;
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES);
	w.pid = fork();
	assert_true(w.pid >= 0);
	if (w.pid == 0) {
		close(ends[0]);
		dup2(ends[1], STDERR_FILENO);
		close(ends[1]);
		if (log_start())
			_exit(9);
		what();
		log_stop();
		_exit(0);
	}
	close(ends[1]);
	w.out = ends[0];
	return w;
}

static int end_status(const struct writer *w)
{
	int status;
	assert_int_equal(waitpid(w->pid, &status, 0), w->pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* All that comes, whole; the caller frees it. */
static char *read_all(const struct writer *w)
{
	size_t cap = 1 << 22, len = 0;
	char *text = malloc(cap);
	ssize_t n;
	assert_non_null(text);
	while ((n = read(w->out, text + len, cap - len - 1)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	close(w->out);
	return text;
}

static void three_lines(void)
{
	log_line(LOG_INFO, "one");
	log_line(LOG_DEBUG, "not this one");
	log_line(LOG_WARNING, "two\n%s", "\x01");
	log_line(LOG_ERROR, "three");
}

static void test_lines(void **state)
{
	struct writer w = start(three_lines);
	char *text = read_all(&w);
	(void)state;
	assert_string_equal(text, "headns: info: one\nheadns: warning: two\\x0a\\x01\nheadns: error: three\n");
	assert_int_equal(end_status(&w), 0);
	free(text);
}

/* More than queue and pipe hold, while nobody reads; returns to say so, by a file. */
static int told[2];

static void flood_then_last_words(void)
{
	for (int i = 0; i < FLOOD; i++)
		log_line(LOG_WARNING, "line %d", i);
	log_line(LOG_ERROR, "the last words");
	(void)!write(told[1], "", 1);
	raise(SIGSTOP); /* until somebody reads */
}

static void test_a_reader_that_stalls_and_comes_back(void **state)
{
	struct writer w;
	char *text, *at, go;
	int status, next = 0, lost = 0;
	bool last = false;
	(void)state;
	assert_int_equal(pipe(told), 0);
	w = start(flood_then_last_words);
	assert_int_equal(read(told[0], &go, 1), 1); /* it did not wait for us */
	waitpid(w.pid, &status, WUNTRACED);
	kill(w.pid, SIGCONT);
	text = read_all(&w);
	assert_int_equal(end_status(&w), 0);
	for (at = strtok(text, "\n"); at; at = strtok(NULL, "\n")) {
		int n, thousands, rest;
		if (sscanf(at, "headns: warning: line %d", &n) == 1) {
			assert_int_equal(n, next); /* in order, none missing in between */
			next++;
		} else if (sscanf(at, "headns: warning: lines lost here: %d,%d (stderr did not take them)", &thousands, &rest) == 2) {
			lost += thousands * 1000 + rest;
		} else {
			assert_string_equal(at, "headns: error: the last words"); /* they have room of their own */
			last = true;
		}
	}
	assert_int_equal(next + lost, FLOOD);
	assert_true(next > 5000 && lost > 1000);
	assert_true(last);
	free(text);
	close(told[0]);
	close(told[1]);
}

static void flood(void)
{
	for (int i = 0; i < FLOOD; i++)
		log_line(LOG_WARNING, "line %d", i);
}

/* The writer ends, though nobody reads: no wait for this test but that for its end. */
static void test_a_reader_that_never_comes(void **state)
{
	struct writer w = start(flood);
	(void)state;
	assert_int_equal(end_status(&w), 0);
	close(w.out);
}

static void make_nonblocking(void)
{
	fcntl(STDERR_FILENO, F_SETFL, fcntl(STDERR_FILENO, F_GETFL) | O_NONBLOCK);
	for (int i = 0; i < 2000; i++) /* more than the pipe, less than the queue */
		log_line(LOG_WARNING, "line %d", i);
}

static void test_a_pipe_that_somebody_made_nonblocking(void **state)
{
	struct writer w = start(make_nonblocking);
	char *text = read_all(&w);
	int next = 0, n;
	(void)state;
	assert_int_equal(end_status(&w), 0);
	for (char *at = strtok(text, "\n"); at; at = strtok(NULL, "\n"), next++) {
		assert_int_equal(sscanf(at, "headns: warning: line %d", &n), 1);
		assert_int_equal(n, next);
	}
	assert_int_equal(next, 2000);
	free(text);
}

/* A file that may not grow: what is lost is told, to the line, where it may again. */
static void fill_a_file(void)
{
	struct rlimit limit;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = 1000;
	setrlimit(RLIMIT_FSIZE, &limit);
	for (int i = 0; i < 100; i++) {
		log_line(LOG_WARNING, "line %02d", i); /* 25 octets: 40 lines go in */
		log_flush();
	}
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_FSIZE, &limit);
	log_line(LOG_WARNING, "again");
}

static void test_a_file_that_may_not_grow(void **state)
{
	char path[] = "/tmp/headns-log-XXXXXX", text[4096];
	int fd = mkstemp(path), status, lines = 0, lost = 0, more;
	bool again = false;
	pid_t pid = fork();
	ssize_t n;
	(void)state;
	if (pid == 0) {
		dup2(fd, STDERR_FILENO);
		if (log_start())
			_exit(9);
		fill_a_file();
		log_stop();
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	n = pread(fd, text, sizeof text - 1, 0);
	assert_true(n > 0);
	text[n] = '\0';
	for (char *at = strtok(text, "\n"); at; at = strtok(NULL, "\n")) {
		if (sscanf(at, "headns: warning: lines lost here: %d", &more) == 1)
			lost += more;
		else if (strcmp(at, "headns: warning: again") == 0)
			again = true;
		else
			lines += strncmp(at, "headns: warning: line ", 22) == 0;
	}
	assert_true(again);
	assert_int_equal(lines, 40);
	assert_int_equal(lost, 60);
	close(fd);
	unlink(path);
}

/* --- series --- */

static void a_series(void)
{
	struct log_series s = {0};
	for (int i = 0; i < 1224; i++) {
		log_series_line(&s, LOG_WARNING, "odd: %d", i);
		if (i % 50 == 0)
			log_series_line(&s, LOG_ERROR, "bad: %d", i);
	}
	log_series_end(&s);
	log_series_end(&s); /* an empty one says nothing */
	log_series_line(&s, LOG_WARNING, "odd: %d", 7);
	log_series_end(&s);
}

static void test_series(void **state)
{
	struct writer w = start(a_series);
	char *text = read_all(&w), want[4096] = "";
	size_t len = 0;
	(void)state;
	assert_int_equal(end_status(&w), 0);
	for (char *at = strtok(text, "\n"); at; at = strtok(NULL, "\n")) {
		int n;
		bool odd = sscanf(at, "headns: warning: odd: %d", &n) == 1, bad = sscanf(at, "headns: error: bad: %d", &n) == 1;
		if (!(odd && n < 20) && !(bad && n < 1000))
			len += (size_t)snprintf(want + len, sizeof want - len, "%s\n", at);
	}
	assert_string_equal(want, "headns: warning: and 1,204 more like: odd: 20 (--log-level debug shows all)\n"
	                          "headns: error: and 5 more like: bad: 1000 (--log-level debug shows all)\n");
	free(text);
}

static void many_kinds(void)
{
	static const char *const formats[] = {"a %d", "b %d", "c %d", "d %d", "e %d", "f %d", "g %d", "h %d", "i %d", "j %d"};
	struct log_series s = {0};
	for (int i = 0; i < 100; i++)
		for (unsigned k = 0; k < sizeof formats / sizeof *formats; k++)
			log_series_line(&s, LOG_WARNING, formats[k], i);
	log_series_end(&s);
}

static void test_more_kinds_than_a_series_tells_apart(void **state)
{
	struct writer w = start(many_kinds);
	char *text = read_all(&w);
	unsigned lines = 0;
	(void)state;
	assert_int_equal(end_status(&w), 0);
	for (char *at = strtok(text, "\n"); at; at = strtok(NULL, "\n"))
		lines++;
	assert_int_equal(lines, LOG_SERIES_KINDS * (LOG_SERIES_LINES + 1));
	free(text);
}

static void a_long_series(void)
{
	struct log_series s = {0};
	for (int i = 0; i < 30; i++)
		log_series_line(&s, LOG_WARNING, "odd: %d", i);
	s.begun_s -= LOG_SERIES_S;
	log_series_line(&s, LOG_WARNING, "odd: %d", 30);
}

static void test_a_series_without_end(void **state)
{
	struct writer w = start(a_long_series);
	char *text = read_all(&w);
	(void)state;
	assert_int_equal(end_status(&w), 0);
	assert_non_null(strstr(
	        text, "odd: 19\nheadns: warning: and 10 more like: odd: 20 (--log-level debug shows all)\nheadns: warning: odd: 30\n"));
	free(text);
}

static void all_of_a_series(void)
{
	log_set_level(LOG_DEBUG);
	struct log_series s = {0};
	for (int i = 0; i < 100; i++)
		log_series_line(&s, LOG_WARNING, "odd: %d", i);
	log_series_end(&s);
}

static void test_debug_shows_all(void **state)
{
	struct writer w = start(all_of_a_series);
	char *text = read_all(&w);
	(void)state;
	assert_int_equal(end_status(&w), 0);
	assert_non_null(strstr(text, "odd: 98\nheadns: warning: odd: 99\n"));
	assert_null(strstr(text, "more like"));
	free(text);
}

/* --- threads --- */

static void *log_lines(void *arg)
{
	for (int i = 0; i < 500; i++)
		log_line(LOG_INFO, "%s %d", (const char *)arg, i);
	return NULL;
}

static void from_threads(void)
{
	pthread_t threads[3];
	static char *const names[] = {"a", "b", "c"};
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, log_lines, names[i]);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}

static void test_lines_of_threads_stay_whole(void **state)
{
	struct writer w = start(from_threads);
	char *text = read_all(&w);
	int next[3] = {0};
	(void)state;
	assert_int_equal(end_status(&w), 0);
	for (char *at = strtok(text, "\n"); at; at = strtok(NULL, "\n")) {
		char who;
		int n;
		assert_int_equal(sscanf(at, "headns: info: %c %d", &who, &n), 2);
		assert_int_equal(n, next[who - 'a']++);
	}
	assert_true(next[0] == 500 && next[1] == 500 && next[2] == 500);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_lines),
	        cmocka_unit_test(test_a_reader_that_stalls_and_comes_back),
	        cmocka_unit_test(test_a_reader_that_never_comes),
	        cmocka_unit_test(test_a_pipe_that_somebody_made_nonblocking),
	        cmocka_unit_test(test_a_file_that_may_not_grow),
	        cmocka_unit_test(test_series),
	        cmocka_unit_test(test_more_kinds_than_a_series_tells_apart),
	        cmocka_unit_test(test_a_series_without_end),
	        cmocka_unit_test(test_debug_shows_all),
	        cmocka_unit_test(test_lines_of_threads_stay_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
