#include "base/file.h"
#include "fail_alloc.h"
#include "input_copy.h"
#include "unit.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Standard input becomes a pipe that holds text; returns what it was. */
static int feed_stdin(const char *text)
{
	int ends[2], before = dup(STDIN_FILENO);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], text, strlen(text)), (ssize_t)strlen(text));
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	return before;
}

static void expect_stdin(const char *want)
{
	struct buffer b = {0};
	assert_int_equal(file_read(&b, "-", FILE_GIVEN, 4096, NULL), OK);
	assert_int_equal(b.len, strlen(want));
	if (b.len)
		assert_memory_equal(b.data, want, b.len);
	buffer_free(&b);
}

static const struct {
	const char *paths[3];
	unsigned count;
	bool kept;
	const char *again; /* what a second reading gives */
} cases[] = {
        {{"-"}, 1, true, "text"},
        {{"a.yaml", "-", "b"}, 3, true, "text"},
        {{"a.yaml", "--", "-b"}, 3, false, ""},
        {{NULL}, 0, false, ""},
};

static void test_kept_if_asked_for(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int before = feed_stdin("text");
		bool kept;
		assert_int_equal(input_copy_make(cases[i].paths, cases[i].count, &kept, NULL), OK);
		assert_int_equal(kept, cases[i].kept);
		expect_stdin("text");
		input_copy_rewind();
		expect_stdin(cases[i].again);
		dup2(before, STDIN_FILENO);
		close(before);
	}
}

/* A pipe under another name is kept as well, and a file is left where it is. */
static void test_other_descriptors(void **state)
{
	struct buffer b = {0};
	char name[32];
	const char *paths[] = {name, name};
	int ends[2], file = open("/proc/self/status", O_RDONLY);
	struct stat before, after;
	bool kept = true;
	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "text", 4), 4);
	close(ends[1]);
	snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
	assert_int_equal(input_copy_make(paths, 2, &kept, NULL), OK);
	assert_false(kept);
	for (unsigned i = 1; i <= 2; i++) {
		assert_int_equal(file_read(&b, name, FILE_GIVEN, 4096, NULL), OK);
		assert_int_equal(b.len, 4 * i);
	}
	snprintf(name, sizeof name, "/dev/fd/%d", file);
	assert_int_equal(fstat(file, &before), 0);
	assert_int_equal(input_copy_make(paths, 2, &kept, NULL), OK);
	assert_int_equal(fstat(file, &after), 0);
	assert_true(before.st_dev == after.st_dev && before.st_ino == after.st_ino);
	close(ends[0]);
	close(file);
	buffer_free(&b);
}

static void test_no_memory(void **state)
{
	const char *paths[] = {"-"};
	int before = feed_stdin("text");
	struct diag d;
	bool kept = true;
	(void)state;
	fail_alloc_at(1);
	assert_int_equal(input_copy_make(paths, 1, &kept, &d), ERR_NOMEM);
	fail_alloc_at(0);
	assert_false(kept);
	assert_string_equal(d.text, "stdin: out of memory");
	dup2(before, STDIN_FILENO);
	close(before);
}

static void test_unreadable(void **state)
{
	const char *paths[] = {"-"};
	int before = dup(STDIN_FILENO);
	struct diag d;
	bool kept = true;
	(void)state;
	close(STDIN_FILENO);
	assert_int_equal(input_copy_make(paths, 1, &kept, &d), ERR_SYS);
	assert_false(kept);
	assert_string_equal(d.text, "stdin: Bad file descriptor");
	dup2(before, STDIN_FILENO);
	close(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_kept_if_asked_for),
	        cmocka_unit_test(test_other_descriptors),
	        cmocka_unit_test(test_no_memory),
	        cmocka_unit_test(test_unreadable),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
