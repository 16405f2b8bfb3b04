#include "fail_alloc.h"
#include "io/filewatch.h"
#include "unit.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WATCHDOG_MS 20000 /* only a test that fails waits so long */

struct world {
	uv_loop_t loop;
	uv_timer_t watchdog;
	struct filewatch *watch, *witness;
	unsigned changes, witnessed;
	bool stop_on_change;
};

/* --- files, in a folder of this test's own --- */

static char folder[] = "/tmp/headns-filewatch-XXXXXX";

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? chdir(folder) : -1;
}

static int remove_folder(void **state)
{
	char command[sizeof folder + 16];
	(void)state;
	snprintf(command, sizeof command, "rm -r %s", folder);
	return system(command);
}

static void write_file(const char *path, const char *text, int flags)
{
	int fd = open(path, O_WRONLY | O_CREAT | flags, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void make_link(const char *to, const char *path)
{
	assert_int_equal(symlink(to, path), 0);
}

/* --- the loop --- */

static void on_change(void *arg)
{
	struct world *w = arg;
	w->changes++;
	if (w->stop_on_change) {
		filewatch_stop(w->watch);
		w->watch = NULL;
	}
}

static void on_witness_change(void *arg)
{
	((struct world *)arg)->witnessed++;
}

static void on_watchdog(uv_timer_t *timer)
{
	(void)timer;
	fail_msg("nothing happened for %d ms", WATCHDOG_MS);
}

static void begin(struct world *w)
{
	*w = (struct world){0};
	assert_int_equal(uv_loop_init(&w->loop), 0);
	uv_timer_init(&w->loop, &w->watchdog);
	uv_timer_start(&w->watchdog, on_watchdog, WATCHDOG_MS, 0);
}

static void watch(struct world *w, const char *path)
{
	assert_int_equal(filewatch_start(&w->loop, &path, 1, false, on_change, w, &w->watch), OK);
}

static void wait_for(struct world *w, const unsigned *counter, unsigned value)
{
	while (*counter < value)
		uv_run(&w->loop, UV_RUN_ONCE);
	assert_int_equal(*counter, value);
}

static void end(struct world *w)
{
	filewatch_stop(w->watch);
	filewatch_stop(w->witness);
	uv_close((uv_handle_t *)&w->watchdog, NULL);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&w->loop), 0); /* no handle is left */
}

/* A second watch, started after the first, of another file in the same folder: when it has told of a change, the burst is over for the
 * first one too, whose timer was started before. */
static void watch_witness(struct world *w, const char *path)
{
	write_file(path, "1", O_TRUNC);
	assert_int_equal(filewatch_start(&w->loop, &path, 1, false, on_witness_change, w, &w->witness), OK);
}

static void wait_for_witness(struct world *w, const char *path)
{
	write_file(path, "more", O_APPEND);
	wait_for(w, &w->witnessed, w->witnessed + 1);
}

/* --- ways to change a file --- */

static void edit_in_place(const char *path)
{
	write_file(path, "new", 0);
}

static void truncate_and_write(const char *path)
{
	write_file(path, "newer", O_TRUNC);
}

static void rename_over(const char *path)
{
	write_file(".next", "next", O_TRUNC);
	assert_int_equal(rename(".next", path), 0);
}

static void remove_file(const char *path)
{
	assert_int_equal(unlink(path), 0);
}

static void remove_and_make(const char *path)
{
	remove_file(path);
	write_file(path, "made", O_EXCL);
}

/* As the kubelet does. */
static void swap_configmap(const char *path)
{
	(void)path;
	assert_int_equal(mkdir("c/..2", 0700), 0);
	write_file("c/..2/m.yaml", "two", O_EXCL);
	make_link("..2", "c/..data_tmp");
	assert_int_equal(rename("c/..data_tmp", "c/..data"), 0);
	remove_file("c/..1/m.yaml");
	assert_int_equal(rmdir("c/..1"), 0);
}

static void edit_link_target(const char *path)
{
	(void)path;
	truncate_and_write("elsewhere/target.yaml");
}

static void retarget_link(const char *path)
{
	make_link("elsewhere/other.yaml", ".link");
	assert_int_equal(rename(".link", path), 0);
}

static void add_to_folder(const char *path)
{
	(void)path;
	write_file("d/new.json", "{}", O_EXCL);
}

static void remove_from_folder(const char *path)
{
	(void)path;
	remove_file("d/m.yaml");
}

static void rename_folder(const char *path)
{
	assert_int_equal(rename(path, "away"), 0);
}

static void edit_link_target_in_folder(const char *path)
{
	(void)path;
	truncate_and_write("elsewhere/other.yaml");
}

static void prepare(void)
{
	write_file("m.yaml", "old", O_TRUNC);
	mkdir("c", 0700);
	mkdir("c/..1", 0700);
	write_file("c/..1/m.yaml", "one", O_TRUNC);
	make_link("..1", "c/..data");
	make_link("..data/m.yaml", "c/m.yaml");
	mkdir("elsewhere", 0700);
	write_file("elsewhere/target.yaml", "old", O_TRUNC);
	write_file("elsewhere/other.yaml", "old", O_TRUNC);
	make_link("elsewhere/target.yaml", "link.yaml");
	mkdir("d", 0700);
	write_file("d/m.yaml", "old", O_TRUNC);
	make_link("../elsewhere/other.yaml", "d/link.yaml");
}

static void clean_up(void)
{
	assert_int_equal(system("rm -rf ./* ./.next ./.link"), 0);
}

static void test_changes_are_told(void **state)
{
	static const struct {
		const char *what, *path;
		void (*change)(const char *path);
	} ways[] = {
	        {"in place", "m.yaml", edit_in_place},
	        {"truncated and written", "m.yaml", truncate_and_write},
	        {"renamed over", "m.yaml", rename_over},
	        {"removed", "m.yaml", remove_file},
	        {"removed and made", "m.yaml", remove_and_make},
	        {"made", "none.yaml", truncate_and_write},
	        {"ConfigMap", "c/m.yaml", swap_configmap},
	        {"ConfigMap, the folder", "c", swap_configmap},
	        {"behind a link", "link.yaml", edit_link_target},
	        {"the link", "link.yaml", retarget_link},
	        {"added to a folder", "d", add_to_folder},
	        {"removed from a folder", "d/", remove_from_folder},
	        {"a folder goes", "d", rename_folder},
	        {"behind a link in a folder", "d", edit_link_target_in_folder},
	        {"a whole path", folder, truncate_and_write},
	};
	(void)state;
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		struct world w;
		print_message("%s\n", ways[i].what);
		prepare();
		begin(&w);
		watch(&w, ways[i].path);
		ways[i].change(ways[i].path == folder ? "m.yaml" : ways[i].path);
		wait_for(&w, &w.changes, 1);
		end(&w);
		clean_up();
	}
}

/* What is watched is what the paths mean then, not what they meant at first. */
static void test_changes_after_changes_are_told(void **state)
{
	struct world w;
	(void)state;
	prepare();
	begin(&w);
	watch(&w, "d");
	rename_folder("d");
	wait_for(&w, &w.changes, 1);
	assert_int_equal(mkdir("d", 0700), 0);
	write_file("d/x.yaml", "x", O_EXCL);
	wait_for(&w, &w.changes, 2);
	truncate_and_write("d/x.yaml");
	wait_for(&w, &w.changes, 3);
	end(&w);
	clean_up();
}

static void test_a_folder_that_is_not_there_yet(void **state)
{
	struct world w;
	(void)state;
	begin(&w);
	watch(&w, "x/y/m.yaml");
	assert_int_equal(mkdir("x", 0700), 0);
	watch_witness(&w, "x/witness");
	wait_for_witness(&w, "x/witness"); /* by now x is watched */
	assert_int_equal(mkdir("x/y", 0700), 0);
	write_file("x/y/m.yaml", "x", O_EXCL);
	wait_for(&w, &w.changes, 1);
	end(&w);
	clean_up();
}

static void test_what_is_no_change_is_not_told(void **state)
{
	struct world w;
	(void)state;
	prepare();
	write_file("d/.hidden.yaml", "x", O_TRUNC);
	begin(&w);
	watch(&w, "d");
	watch_witness(&w, "d/notes.txt");
	truncate_and_write("d/.hidden.yaml");
	assert_int_equal(mkdir("d/sub.yaml", 0700), 0);
	assert_int_equal(chmod("d/m.yaml", 0400), 0);
	assert_int_equal(rename("d/m.yaml", "d/n.yaml"), 0);
	assert_int_equal(rename("d/n.yaml", "d/m.yaml"), 0);
	wait_for_witness(&w, "d/notes.txt");
	/* A file written within the kernel clock's last tick before the watch began counts as changed once. */
	assert_true(w.changes <= 1);
	w.changes = 0;
	wait_for_witness(&w, "d/notes.txt");
	assert_int_equal(w.changes, 0);
	end(&w);
	clean_up();
}

/* `command >file`: emptied at once, written when the command comes to it. */
static void test_a_file_being_written_is_not_told(void **state)
{
	struct world w;
	int fd;
	(void)state;
	prepare();
	begin(&w);
	watch(&w, "m.yaml");
	watch_witness(&w, "notes.txt");
	fd = open("m.yaml", O_WRONLY | O_TRUNC);
	assert_true(fd >= 0);
	wait_for_witness(&w, "notes.txt");
	wait_for_witness(&w, "notes.txt");
	assert_int_equal(w.changes, 0);
	assert_int_equal(write(fd, "whole", 5), 5);
	close(fd);
	wait_for(&w, &w.changes, 1);
	end(&w);
	clean_up();
}

static void test_a_burst_is_told_once(void **state)
{
	struct world w;
	(void)state;
	prepare();
	begin(&w);
	watch(&w, "d");
	watch_witness(&w, "d/notes.txt");
	for (int i = 0; i < 100; i++)
		rename_over(i % 2 ? "d/m.yaml" : "d/n.yaml");
	wait_for(&w, &w.changes, 1);
	wait_for_witness(&w, "d/notes.txt");
	assert_true(w.changes <= 2); /* the last tick again */
	w.changes = 0;
	wait_for_witness(&w, "d/notes.txt");
	assert_int_equal(w.changes, 0);
	end(&w);
	clean_up();
}

static void on_write_more(uv_timer_t *timer)
{
	(void)timer;
	write_file("m.yaml", "x", O_APPEND);
}

/* There is always another event within FILEWATCH_QUIET_MS. */
static void test_writing_without_end_is_told(void **state)
{
	struct world w;
	uv_timer_t writer;
	(void)state;
	prepare();
	begin(&w);
	watch(&w, "m.yaml");
	uv_timer_init(&w.loop, &writer);
	uv_timer_start(&writer, on_write_more, 0, 1);
	while (w.changes < 3)
		uv_run(&w.loop, UV_RUN_ONCE);
	uv_close((uv_handle_t *)&writer, NULL);
	end(&w);
	clean_up();
}

static void test_stopping(void **state)
{
	struct world w;
	(void)state;
	prepare();
	begin(&w);
	w.stop_on_change = true;
	watch(&w, "d");
	truncate_and_write("d/m.yaml");
	wait_for(&w, &w.changes, 1);
	w.stop_on_change = false;
	watch(&w, "d");
	truncate_and_write("d/m.yaml");
	end(&w); /* with a change that nobody has heard of */
	assert_int_equal(w.changes, 1);
	clean_up();
}

static void test_stdin_is_not_watched(void **state)
{
	const char *paths[] = {"-", "m.yaml"};
	struct world w;
	(void)state;
	prepare();
	begin(&w);
	assert_int_equal(filewatch_start(&w.loop, paths, 2, false, on_change, &w, &w.watch), OK);
	write_file("-", "a file of that name", O_TRUNC);
	truncate_and_write("m.yaml");
	wait_for(&w, &w.changes, 1);
	end(&w);
	clean_up();
}

static void test_allocation_failures(void **state)
{
	const char *paths[] = {"d", "m.yaml", "link.yaml"};
	(void)state;
	prepare();
	for (unsigned n = 1, whole = 0; !whole; n++) {
		struct world w;
		enum err err;
		begin(&w);
		fail_alloc_at(n);
		err = filewatch_start(&w.loop, paths, 3, false, on_change, &w, &w.watch);
		whole = !fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, whole ? OK : ERR_NOMEM);
		assert_int_equal(w.watch != NULL, whole);
		end(&w);
	}
	clean_up();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_changes_are_told),
	        cmocka_unit_test(test_changes_after_changes_are_told),
	        cmocka_unit_test(test_a_folder_that_is_not_there_yet),
	        cmocka_unit_test(test_what_is_no_change_is_not_told),
	        cmocka_unit_test(test_a_file_being_written_is_not_told),
	        cmocka_unit_test(test_a_burst_is_told_once),
	        cmocka_unit_test(test_writing_without_end_is_told),
	        cmocka_unit_test(test_stopping),
	        cmocka_unit_test(test_stdin_is_not_watched),
	        cmocka_unit_test(test_allocation_failures),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
