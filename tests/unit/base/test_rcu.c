#include "base/rcu.h"
#include "unit.h"
#include <dirent.h>
#include <signal.h>
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

static void test_what_waits_is_counted_and_freed(void **state)
{
	struct block {
		struct rcu_garbage garbage;
		char rest[100];
	} *b = malloc(sizeof *b);
	(void)state;
	rcu_thread_begin();
	rcu_free_later(NULL, 1);
	assert_int_equal(rcu_garbage_bytes(), 0);
	rcu_reader_lock();
	rcu_free_later(&b->garbage, sizeof *b);
	assert_int_equal(rcu_garbage_bytes(), sizeof *b);
	rcu_reader_unlock();
	rcu_free_all();
	assert_int_equal(rcu_garbage_bytes(), 0);
	rcu_thread_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_the_freeing_thread_takes_no_signals),
	        cmocka_unit_test(test_what_waits_is_counted_and_freed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
