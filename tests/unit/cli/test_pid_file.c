#include "base/file.h"
#include "cli/pid_file.h"
#include "fail_alloc.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/headns-pid-XXXXXX", path[64];

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof path, "%s/pid", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

static void check_content(const char *want)
{
	struct buffer b = {0};
	assert_int_equal(file_read(&b, path, FILE_REGULAR, 100, NULL), OK);
	assert_int_equal(b.len, strlen(want));
	assert_memory_equal(b.data, want, b.len);
	buffer_free(&b);
}

static void test_it_comes_and_goes(void **state)
{
	char own[32];
	struct diag d;
	(void)state;
	snprintf(own, sizeof own, "%d\n", (int)getpid());
	assert_int_equal(pid_file_write(path, &d), OK);
	check_content(own);
	assert_int_equal(pid_file_write(path, &d), OK); /* in the place of what is there */
	check_content(own);
	pid_file_end(path);
	assert_int_equal(access(path, F_OK), -1);
	pid_file_end(path); /* nothing there */
}

static void test_none_is_wanted(void **state)
{
	struct diag d;
	(void)state;
	assert_int_equal(pid_file_write(NULL, &d), OK);
	pid_file_end(NULL);
}

static void test_that_of_another_stays(void **state)
{
	struct diag d;
	(void)state;
	assert_int_equal(file_replace(path, "1\n", 2, 0600, &d), OK);
	pid_file_end(path);
	check_content("1\n");
	unlink(path);
}

static void test_no_place(void **state)
{
	struct diag d;
	(void)state;
	assert_int_equal(pid_file_write("/no/such/folder/pid", &d), ERR_SYS);
	assert_non_null(strstr(d.text, "--pidfile /no/such/folder/pid"));
}

/* Whatever fails for want of memory: it is there or it is not, and nobody is harmed. */
static void test_out_of_memory(void **state)
{
	struct diag d;
	bool hit = true;
	(void)state;
	for (unsigned n = 1; hit; n++) {
		fail_alloc_at(n);
		if (!pid_file_write(path, &d))
			pid_file_end(path);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
	}
	assert_int_equal(pid_file_write(path, &d), OK);
	pid_file_end(path);
	assert_int_equal(access(path, F_OK), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_it_comes_and_goes),     cmocka_unit_test(test_none_is_wanted),
	        cmocka_unit_test(test_that_of_another_stays), cmocka_unit_test(test_no_place),
	        cmocka_unit_test(test_out_of_memory),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
