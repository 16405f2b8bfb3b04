#include "base/rcu.h"
#include "unit.h"
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* True if the thread blocks the signal. */
static bool blocks(const char *thread, int signal_number)
{
	char path[300], line[256];
	unsigned long long mask = 0;
	snprintf(path, sizeof path, "/proc/self/task/%s/status", thread);
	FILE *status = fopen(path, "r");
	assert_non_null(status);
	while (fgets(line, sizeof line, status))
		if (strncmp(line, "SigBlk:", 7) == 0)
			mask = strtoull(line + 7, NULL, 16);
	fclose(status);
	return mask >> (signal_number - 1) & 1;
}

/* A signal that lands on the thread that frees would wake nobody who waits for it. */
static void test_the_freeing_thread_takes_no_signals(void **state)
{
	unsigned others = 0;
	(void)state;
	rcu_thread_begin();
	DIR *threads = opendir("/proc/self/task");
	assert_non_null(threads);
	for (struct dirent *e; (e = readdir(threads));) {
		if (e->d_name[0] == '.' || strtol(e->d_name, NULL, 10) == getpid())
			continue;
		others++;
		assert_true(blocks(e->d_name, SIGCHLD) && blocks(e->d_name, SIGTERM));
	}
	closedir(threads);
	assert_true(others > 0);
	rcu_thread_end();
}

struct block {
	struct rcu_garbage garbage;
	char rest[100];
};

/* That it is freed, and not before, is the sanitizer's to find. */
static void test_what_a_reader_holds_waits(void **state)
{
	struct block *b = malloc(sizeof *b);
	(void)state;
	rcu_thread_begin();
	rcu_free_later(NULL, 1);
	rcu_reader_lock();
	rcu_free_later(&b->garbage, sizeof *b);
	b->rest[0] = 1;
	rcu_reader_unlock();
	rcu_free_all();
	rcu_thread_end();
}

struct reader {
	atomic_bool reading, done;
};

static void *read_for_a_while(void *arg)
{
	struct reader *r = arg;
	rcu_thread_begin();
	rcu_reader_lock();
	r->reading = true;
	usleep(20000); /* for a writer that does not wait to go on */
	r->done = true;
	rcu_reader_unlock();
	rcu_thread_end();
	return NULL;
}

/* Above the bound the writer waits for the readers. */
static void test_what_waits_is_bounded(void **state)
{
	struct block *first = malloc(sizeof *first), *second = malloc(sizeof *second);
	struct reader r = {0};
	pthread_t thread;
	(void)state;
	rcu_thread_begin();
	assert_int_equal(pthread_create(&thread, NULL, read_for_a_while, &r), 0);
	while (!r.reading)
		usleep(100);
	rcu_free_later(&first->garbage, RCU_GARBAGE_MAX);
	rcu_free_later(&second->garbage, 1);
	assert_true(r.done);
	pthread_join(thread, NULL);
	rcu_free_all();
	rcu_thread_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_the_freeing_thread_takes_no_signals),
	        cmocka_unit_test(test_what_a_reader_holds_waits),
	        cmocka_unit_test(test_what_waits_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
