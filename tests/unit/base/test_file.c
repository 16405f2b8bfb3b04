#include "base/buffer.h"
#include "base/file.h"
#include "fail_alloc.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/headns-file-XXXXXX";

static const char *in_folder(const char *name)
{
	static char path[64];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	return path;
}

static void check_content(const char *want)
{
	struct buffer b = {0};
	struct diag d;
	assert_int_equal(buffer_read_file(&b, in_folder("f"), 100, &d), OK);
	assert_int_equal(b.len, strlen(want));
	assert_memory_equal(b.data, want, b.len);
	buffer_free(&b);
}

static void test_replace(void **state)
{
	struct stat st;
	struct diag d;
	(void)state;
	assert_int_equal(file_replace(in_folder("f"), "first", 5, &d), OK);
	check_content("first");
	assert_int_equal(file_replace(in_folder("f"), "second", 6, &d), OK);
	check_content("second");
	assert_int_equal(stat(in_folder("f"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_not_equal(access(in_folder("f.new"), F_OK), 0);
}

/* The old content stays, and nothing is left beside it. */
static void test_failure(void **state)
{
	struct diag d;
	(void)state;
	fail_alloc_at(1);
	enum err err = file_replace(in_folder("f"), "third", 5, &d);
	fail_alloc_at(0);
	assert_true(err == OK || err == ERR_NOMEM); /* asprintf's own allocation is the C library's */
	assert_int_equal(file_replace(in_folder("f"), "second", 6, &d), OK);
	assert_int_equal(symlink("/dev/full", in_folder("f.new")), 0);
	assert_int_equal(file_replace(in_folder("f"), "third", 5, &d), ERR_SYS);
	check_content("second");
	assert_int_not_equal(access(in_folder("f.new"), F_OK), 0);
	assert_int_equal(file_replace(in_folder("no/f"), "x", 1, &d), ERR_SYS);
	assert_non_null(strstr(d.text, "no/f.new: No such file"));
}

static void test_same_place(void **state)
{
	static const struct {
		const char *a, *b;
		bool same;
	} cases[] = {
	        {"%s/a", "%s/a", true},      {"%s/a", "%s/./a", true},    {"%s/a", "%s//a", true},   {"%s/a", "%s/../%s/a", true},
	        {"%s/a", "%s/b", false},     {"%s/a", "%s/link/a", true}, {"a", "./a", true},        {"a", "%s/a", false},
	        {"%s/a", "%s/sub/a", false}, {"no/a", "no/a", true},      {"no/a", "./no/a", false},
	};
	(void)state;
	assert_int_equal(mkdir(in_folder("sub"), 0700), 0);
	assert_int_equal(symlink(".", in_folder("link")), 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char a[128], b[128];
		snprintf(a, sizeof a, cases[i].a, folder);
		snprintf(b, sizeof b, cases[i].b, folder, strrchr(folder, '/') + 1);
		if (file_same_place(a, b) != cases[i].same || file_same_place(b, a) != cases[i].same)
			fail_msg("%s and %s", a, b);
	}
	unlink(in_folder("link"));
	rmdir(in_folder("sub"));
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(in_folder("f"));
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_replace), cmocka_unit_test(test_failure),
	                                   cmocka_unit_test(test_same_place)};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
