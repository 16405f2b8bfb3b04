#include "snapshot_writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "fail_alloc.h"
#include "unit.h"
#include "world.h"

#define ORIGIN   "https://10.0.0.1:6443"
#define QUIET_MS 2000
#define EVERY_MS 30000

/* --- what libuv and the log are told --- */

static struct {
	uint64_t ms; /* that the timer was last started with */
	unsigned times;
	unsigned refuse; /* so many works are not taken */
	bool hold;       /* a work is kept until let_go() */
	uv_work_t *held;
	uv_work_cb held_cb;
	uv_after_work_cb held_after;
	unsigned warnings;
	char warning[512]; /* the last */
} seen;

int __real_uv_timer_start(uv_timer_t *timer, uv_timer_cb cb, uint64_t ms, uint64_t repeat);
int __real_uv_queue_work(uv_loop_t *loop, uv_work_t *work, uv_work_cb cb, uv_after_work_cb after);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb cb, uint64_t ms, uint64_t repeat);
int __wrap_uv_queue_work(uv_loop_t *loop, uv_work_t *work, uv_work_cb cb, uv_after_work_cb after);
void __wrap_log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Notes the time and does not wait for it. */
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb cb, uint64_t ms, uint64_t repeat)
{
	seen.ms = ms;
	seen.times++;
	return __real_uv_timer_start(timer, cb, 0, repeat);
}

int __wrap_uv_queue_work(uv_loop_t *loop, uv_work_t *work, uv_work_cb cb, uv_after_work_cb after)
{
	if (seen.refuse) {
		seen.refuse--;
		return UV_ENOMEM;
	}
	if (seen.hold) {
		seen.held = work;
		seen.held_cb = cb;
		seen.held_after = after;
		return 0;
	}
	return __real_uv_queue_work(loop, work, cb, after);
}

static void let_go(uv_loop_t *loop)
{
	assert_non_null(seen.held);
	assert_int_equal(__real_uv_queue_work(loop, seen.held, seen.held_cb, seen.held_after), 0);
	seen.hold = false;
}

void __wrap_log_line(enum log_level level, const char *format, ...)
{
	va_list args;
	if (level > LOG_WARNING)
		return;
	va_start(args, format);
	vsnprintf(seen.warning, sizeof seen.warning, format, args);
	va_end(args);
	seen.warnings++;
}

/* --- a store and its file --- */

struct fixture {
	uv_loop_t loop;
	char folder[64], path[128];
	struct world *world;
	struct snapshot_writer *writer;
};

static void use_path(struct fixture *f, const char *name)
{
	snprintf(f->path, sizeof f->path, "%s/%s", f->folder, name);
}

static void start(struct fixture *f)
{
	f->writer = snapshot_writer_new(&f->loop, f->path, ORIGIN, f->world->store);
	assert_non_null(f->writer);
}

/* All that there is to do is done when it returns. */
static void stop(struct fixture *f)
{
	snapshot_writer_close(f->writer);
	f->writer = NULL;
	uv_run(&f->loop, UV_RUN_DEFAULT);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	memset(&seen, 0, sizeof seen);
	strcpy(f->folder, "/tmp/test-snapshot-writer.XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	assert_int_equal(uv_loop_init(&f->loop), 0);
	f->world = world_new();
	world_play(f->world, "namespace default\nsvc web headless sel=app:web\npod web-0 labels=app:web ip=10.1.0.1 ready");
	use_path(f, "snapshot");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(uv_loop_close(&f->loop), 0);
	world_free(f->world);
	use_path(f, "snapshot");
	unlink(f->path);
	assert_int_equal(rmdir(f->folder), 0); /* nothing half written is left */
	free(f);
	return 0;
}

/* Pods in the file, or -1: there is none. */
static int pods_in_file(const struct fixture *f)
{
	struct world *copy = world_new();
	struct diag d = {0};
	bool found;
	if (snapshot_writer_read(f->path, ORIGIN, copy->store, copy->pool, &found, &d))
		fail_msg("%s", d.text);
	int pods = found ? (int)store_counts(copy->store).pods : -1;
	world_free(copy);
	return pods;
}

static bool is_there(const struct fixture *f)
{
	return access(f->path, F_OK) == 0;
}

/* --- reading --- */

static void test_no_file(void **state)
{
	assert_int_equal(pods_in_file(*state), -1);
}

static void test_damaged_file(void **state)
{
	struct fixture *f = *state;
	struct diag d = {0};
	bool found;
	FILE *file = fopen(f->path, "w");
	assert_non_null(file);
	assert_true(fputs("no snapshot", file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(snapshot_writer_read(f->path, ORIGIN, f->world->store, f->world->pool, &found, &d), ERR_SYNTAX);
	assert_true(found);
	assert_int_equal(strncmp(d.text, f->path, strlen(f->path)), 0);
}

static void test_not_a_file(void **state)
{
	struct fixture *f = *state;
	struct diag d = {0};
	bool found;
	assert_int_not_equal(snapshot_writer_read(f->folder, ORIGIN, f->world->store, f->world->pool, &found, &d), OK);
	assert_true(found);
	assert_non_null(strstr(d.text, f->folder));
}

/* --- writing --- */

static void test_nothing_changed(void **state)
{
	struct fixture *f = *state;
	start(f);
	stop(f);
	assert_false(is_there(f));
	assert_int_equal(seen.times, 0);
}

static void test_written_when_changes_have_settled(void **state)
{
	struct fixture *f = *state;
	struct stat s;
	start(f);
	snapshot_writer_changed(f->writer);
	assert_int_equal(seen.ms, QUIET_MS);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(pods_in_file(f), 1);
	assert_int_equal(stat(f->path, &s), 0);
	assert_int_equal(s.st_mode & 0777, 0600);
	assert_int_equal(seen.times, 1);
	stop(f);
}

/* The second waits for as long as must be between two, and the end does not wait. */
static void test_not_too_often(void **state)
{
	struct fixture *f = *state;
	start(f);
	snapshot_writer_changed(f->writer);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	world_play(f->world, "pod web-1 labels=app:web ip=10.1.0.2 ready");
	snapshot_writer_changed(f->writer);
	assert_in_range(seen.ms, EVERY_MS - QUIET_MS, EVERY_MS);
	stop(f);
	assert_int_equal(pods_in_file(f), 2);
}

static void test_written_at_the_end(void **state)
{
	struct fixture *f = *state;
	start(f);
	snapshot_writer_changed(f->writer);
	stop(f);
	assert_int_equal(pods_in_file(f), 1);
}

/* A snapshot is being written, and is not done before let_go(). */
static void start_held(struct fixture *f)
{
	seen.hold = true;
	start(f);
	snapshot_writer_changed(f->writer);
	while (!seen.held)
		uv_run(&f->loop, UV_RUN_ONCE);
}

/* What changes while it is being written is written later, or at the end, which waits for the first. */
static void test_changes_while_it_is_written(void **state)
{
	struct fixture *f = *state;
	start_held(f);
	world_play(f->world, "pod web-1 labels=app:web ip=10.1.0.2 ready");
	snapshot_writer_changed(f->writer);
	assert_int_equal(seen.times, 1);
	let_go(&f->loop);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(seen.times, 2);
	assert_int_equal(seen.ms, EVERY_MS);
	assert_int_equal(pods_in_file(f), 2);
	stop(f);
}

static void test_the_end_while_it_is_written(void **state)
{
	struct fixture *f = *state;
	start_held(f);
	world_play(f->world, "pod web-1 labels=app:web ip=10.1.0.2 ready");
	snapshot_writer_changed(f->writer);
	snapshot_writer_close(f->writer);
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_false(is_there(f));
	let_go(&f->loop);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(pods_in_file(f), 2);
}

/* --- what fails --- */

/* That is said once, and tried again; the next failure after a success is news. */
static void test_a_file_that_cannot_be_written(void **state)
{
	struct fixture *f = *state;
	use_path(f, "no-such-folder/snapshot");
	start(f);
	snapshot_writer_changed(f->writer);
	while (!seen.warnings)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_non_null(strstr(seen.warning, "no-such-folder"));
	assert_int_equal(seen.ms, EVERY_MS);
	stop(f); /* tries once more */
	assert_int_equal(seen.warnings, 1);
}

static void test_no_thread_takes_it(void **state)
{
	struct fixture *f = *state;
	seen.refuse = 1;
	start(f);
	snapshot_writer_changed(f->writer);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(seen.times, 2);
	assert_int_equal(seen.ms, EVERY_MS);
	assert_int_equal(pods_in_file(f), 1);
	stop(f);
}

static void test_without_memory(void **state)
{
	struct fixture *f = *state;
	fail_alloc_at(1);
	assert_null(snapshot_writer_new(&f->loop, f->path, ORIGIN, f->world->store));
	for (unsigned n = 1;; n++) {
		start(f);
		snapshot_writer_changed(f->writer);
		fail_alloc_at(n);
		stop(f);
		if (!fail_alloc_hit())
			break;
		assert_true(!is_there(f) || pods_in_file(f) == 1);
		unlink(f->path);
	}
	fail_alloc_at(0);
	assert_int_equal(pods_in_file(f), 1);
}

static void test_reading_without_memory(void **state)
{
	struct fixture *f = *state;
	enum err err;
	start(f);
	snapshot_writer_changed(f->writer);
	stop(f);
	unsigned n = 0;
	do {
		struct world *copy = world_new();
		struct diag d = {0};
		bool found;
		fail_alloc_at(++n);
		err = snapshot_writer_read(f->path, ORIGIN, copy->store, copy->pool, &found, &d);
		assert_int_equal(err, fail_alloc_hit() ? ERR_NOMEM : OK);
		assert_true(found);
		if (err)
			assert_true(strlen(d.text) > 0);
		bool hit = fail_alloc_hit();
		fail_alloc_at(0);
		world_free(copy);
		if (!hit)
			break;
	} while (true);
	assert_true(n > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_no_file, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_damaged_file, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_not_a_file, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_nothing_changed, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_written_when_changes_have_settled, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_not_too_often, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_written_at_the_end, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_changes_while_it_is_written, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_the_end_while_it_is_written, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_a_file_that_cannot_be_written, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_no_thread_takes_it, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_without_memory, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_reading_without_memory, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
