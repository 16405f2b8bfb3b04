#include "base/file.h"
#include "fail_alloc.h"
#include "unit.h"
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
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
	assert_int_equal(file_read(&b, in_folder("f"), FILE_REGULAR, 100, &d), OK);
	assert_int_equal(b.len, strlen(want));
	assert_memory_equal(b.data, want, b.len);
	buffer_free(&b);
}

static void test_replace(void **state)
{
	struct stat st;
	struct diag d;
	(void)state;
	assert_int_equal(file_replace(in_folder("f"), "first", 5, 0600, &d), OK);
	check_content("first");
	assert_int_equal(file_replace(in_folder("f"), "second", 6, 0600, &d), OK);
	check_content("second");
	assert_int_equal(stat(in_folder("f"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_not_equal(access(in_folder("f.new"), F_OK), 0);
}

/* A file of one octet at most is as good as a full disk. */
static enum err replace_on_a_full_disk(const char *text, struct diag *d)
{
	struct rlimit before, one;
	void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	one = (struct rlimit){1, before.rlim_max};
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &one), 0);
	enum err err = file_replace(in_folder("f"), text, strlen(text), 0600, d);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, handler);
	return err;
}

/* The old content stays, and nothing is left beside it. */
static void test_failure(void **state)
{
	struct diag d;
	(void)state;
	fail_alloc_at(1);
	enum err err = file_replace(in_folder("f"), "third", 5, 0600, &d);
	fail_alloc_at(0);
	assert_true(err == OK || err == ERR_NOMEM); /* asprintf's own allocation is the C library's */
	assert_int_equal(file_replace(in_folder("f"), "second", 6, 0600, &d), OK);
	assert_int_equal(replace_on_a_full_disk("third", &d), ERR_SYS);
	assert_non_null(strstr(d.text, "f.new: File too large"));
	check_content("second");
	assert_int_not_equal(access(in_folder("f.new"), F_OK), 0);
	assert_int_equal(mkdir(in_folder("f.new"), 0700), 0);
	assert_int_equal(file_replace(in_folder("f"), "third", 5, 0600, &d), ERR_SYS);
	check_content("second");
	assert_int_equal(rmdir(in_folder("f.new")), 0);
	assert_int_equal(file_replace(in_folder("no/f"), "x", 1, 0600, &d), ERR_SYS);
	assert_non_null(strstr(d.text, "no/f.new: No such file"));
}

/* --- what is no file --- */

enum thing { A_FILE, A_LINK, A_FOLDER, A_PIPE, A_SOCKET, A_DEVICE, NOTHING };

static void make_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	close(fd);
}

static void put_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* Puts it at "f"; the link leads to "other". */
static void make(enum thing thing)
{
	unlink(in_folder("f"));
	rmdir(in_folder("f"));
	put_file(in_folder("other"), "other");
	switch (thing) {
	case A_FILE:
		put_file(in_folder("f"), "text");
		break;
	case A_LINK:
		assert_int_equal(symlink("other", in_folder("f")), 0);
		break;
	case A_FOLDER:
		assert_int_equal(mkdir(in_folder("f"), 0700), 0);
		break;
	case A_PIPE:
		assert_int_equal(mkfifo(in_folder("f"), 0600), 0);
		break;
	case A_SOCKET:
		make_socket(in_folder("f"));
		break;
	case A_DEVICE:
		assert_int_equal(symlink("/dev/zero", in_folder("f")), 0);
		break;
	case NOTHING:
		break;
	}
}

static const struct {
	enum thing thing;
	enum err read, replace;
	const char *text;
} things[] = {
        {A_FILE, OK, OK, ""},
        {A_LINK, OK, OK, ""},
        {NOTHING, ERR_MISSING, OK, "No such file or directory"},
        {A_FOLDER, ERR_SYNTAX, ERR_SYNTAX, "is a folder, where a file is wanted"},
        {A_PIPE, ERR_SYNTAX, ERR_SYNTAX, "is a pipe, where a file is wanted"},
        {A_SOCKET, ERR_SYNTAX, ERR_SYNTAX, "is a socket, where a file is wanted"},
        {A_DEVICE, ERR_SYNTAX, ERR_SYNTAX, "is a device, where a file is wanted"},
};

/* Nothing but a file is read or replaced, and nothing waits. */
static void test_things(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof things / sizeof *things; i++) {
		struct buffer b = {0};
		struct diag d = {0};
		make(things[i].thing);
		for (enum file_kind kind = FILE_REGULAR; kind <= FILE_GIVEN; kind++) {
			assert_int_equal(file_read(&b, in_folder("f"), kind, 100, &d), things[i].read);
			if (things[i].read)
				assert_string_equal(d.text + strlen(in_folder("f: ")), things[i].text);
		}
		assert_int_equal(file_check(in_folder("f"), &d), things[i].read);
		assert_int_equal(file_replace(in_folder("f"), "new", 3, 0600, &d), things[i].replace);
		if (things[i].replace)
			assert_string_equal(d.text + strlen(in_folder("f: ")), things[i].text);
		else
			check_content("new");
		buffer_free(&b);
	}
	make(NOTHING);
	unlink(in_folder("other"));
}

/* A place is as good for file_clear as for file_replace, and then nothing is there. */
static void test_clear(void **state)
{
	struct diag d;
	(void)state;
	for (size_t i = 0; i < sizeof things / sizeof *things; i++) {
		make(things[i].thing);
		assert_int_equal(file_clear(in_folder("f"), &d), things[i].replace);
		assert_int_equal(access(in_folder("f"), F_OK), things[i].replace ? 0 : -1);
		assert_int_not_equal(access(in_folder("f.new"), F_OK), 0);
		assert_int_equal(access(in_folder("other"), F_OK), 0);
	}
	assert_int_equal(file_clear(in_folder("no/f"), &d), ERR_SYS);
	assert_non_null(strstr(d.text, "no/f.new: No such file"));
	make(NOTHING);
	unlink(in_folder("other"));
}

/* Neither a file that has the place's name too, nor one that path.new leads to or is another name of, is written into. */
static void test_other_names(void **state)
{
	struct diag d;
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		char other[64], at[64];
		make(NOTHING);
		snprintf(other, sizeof other, "%s", in_folder("other"));
		snprintf(at, sizeof at, "%s", in_folder(i < 2 ? "f" : "f.new"));
		assert_int_equal(i % 2 ? link(other, at) : symlink(other, at), 0);
		assert_int_equal(file_replace(in_folder("f"), "new", 3, 0600, &d), OK);
		check_content("new");
		assert_int_equal(rename(other, in_folder("f")), 0);
		check_content("other");
	}
	assert_int_equal(mkfifo(in_folder("f.new"), 0600), 0);
	assert_int_equal(file_replace(in_folder("f"), "new", 3, 0600, &d), OK);
	check_content("new");
	make(NOTHING);
	unlink(in_folder("other"));
}

/* Before anything of it is read, and also where it grows meanwhile or has no size (/proc). */
static void test_too_large(void **state)
{
	struct buffer b = {0};
	struct diag d;
	(void)state;
	put_file(in_folder("f"), "12345");
	assert_int_equal(file_read(&b, in_folder("f"), FILE_REGULAR, 5, &d), OK);
	assert_int_equal(b.len, 5);
	assert_int_equal(truncate(in_folder("f"), (off_t)1 << 40), 0);
	assert_int_equal(file_read(&b, in_folder("f"), FILE_REGULAR, 1 << 30, &d), ERR_RANGE);
	assert_string_equal(d.text + strlen(in_folder("f: ")), "larger than 1073741824 octets");
	assert_int_equal(b.len, 5);
	assert_int_equal(file_read(&b, "/proc/self/status", FILE_REGULAR, 10, &d), ERR_RANGE);
	buffer_free(&b);
}

static void test_no_memory(void **state)
{
	bool hit = true;
	(void)state;
	put_file(in_folder("f"), "12345");
	for (unsigned n = 1; hit; n++) {
		struct buffer b = {0};
		struct diag d;
		fail_alloc_at(n);
		enum err err = file_read(&b, in_folder("f"), FILE_REGULAR, 100, &d);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, hit ? ERR_NOMEM : OK);
		assert_int_equal(b.len, hit ? 0 : 5);
		buffer_free(&b);
	}
}

/* --- what we were given --- */

static void test_given(void **state)
{
	static const struct {
		const char *path;
		int fd;
	} cases[] = {{"-", 0},
	             {"/dev/stdin", 0},
	             {"/dev/stdout", 1},
	             {"/dev/stderr", 2},
	             {"/dev/fd/0", 0},
	             {"/dev/fd/63", 63},
	             {"/proc/self/fd/7", 7},
	             {"/dev/fd/", -1},
	             {"/dev/fd/7x", -1},
	             {"/dev/fd/-1", -1},
	             {"/dev/fd/123456", -1},
	             {"7", -1},
	             {"stdin", -1},
	             {"", -1}};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(file_given(cases[i].path), cases[i].fd);
}

/* A pipe that was made non-blocking is waited for; one of our own making is not meant. */
static void test_given_pipe(void **state)
{
	struct buffer b = {0};
	struct diag d;
	char path[32];
	int ends[2], other;
	(void)state;
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
	pid_t writer = fork();
	if (!writer) {
		struct pollfd never = {.fd = -1};
		poll(&never, 1, 10); /* the reader may find nothing yet, or not: both must do */
		_exit(write(ends[1], "text", 4) != 4);
	}
	close(ends[1]);
	assert_int_equal(file_read(&b, path, FILE_REGULAR, 100, &d), ERR_SYNTAX);
	assert_int_equal(file_read(&b, path, FILE_GIVEN, 100, &d), OK);
	assert_int_equal(b.len, 4);
	assert_int_equal(waitpid(writer, &other, 0), writer);
	assert_int_equal(fcntl(ends[0], F_SETFD, FD_CLOEXEC), 0);
	assert_int_equal(file_read(&b, path, FILE_GIVEN, 100, &d), ERR_SYS);
	close(ends[0]);
	buffer_free(&b);
	assert_int_equal(file_replace("/dev/stdout", "x", 1, 0600, &d), ERR_SYNTAX);
	assert_int_equal(file_replace("/dev/null", "x", 1, 0600, &d), ERR_SYNTAX);
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
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_replace),     cmocka_unit_test(test_failure),
	                                   cmocka_unit_test(test_things),      cmocka_unit_test(test_clear),
	                                   cmocka_unit_test(test_other_names), cmocka_unit_test(test_too_large),
	                                   cmocka_unit_test(test_no_memory),   cmocka_unit_test(test_given),
	                                   cmocka_unit_test(test_given_pipe),  cmocka_unit_test(test_same_place)};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
