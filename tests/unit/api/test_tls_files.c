#include "fail_alloc.h"
#include "tls_files.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/headns-tls-XXXXXX";

/* What is at "/F/NAME", and what is said of it; text NULL: nothing is there. */
static const struct {
	const char *name, *text;
	size_t len;
	const char *want; /* NULL: the text */
} files[] = {
        {"good", "PEM\n", 4, NULL},
        {"empty", "", 0, "holds no PEM text"},
        {"binary", "PEM\0x", 5, "holds no PEM text"},
        {"missing", NULL, 0, "No such file or directory"},
};

static void write_file(const char *path, const char *text, size_t len)
{
	FILE *f = fopen(path, "we");
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, len, f), len);
	assert_int_equal(fclose(f), 0);
}

/* In each of the three places, over https and not. */
static void test_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		char path[64], want[128];
		snprintf(path, sizeof path, "%s/%s", folder, files[i].name);
		if (files[i].text)
			write_file(path, files[i].text, files[i].len);
		snprintf(want, sizeof want, "%s: %s", path, files[i].want ? files[i].want : "");
		for (unsigned place = 0; place < 6; place++) {
			struct api_endpoint e = {.url = place < 3 ? "HTTPS://a" : "http://a"};
			struct tls_files got;
			struct diag d = {0};
			*(place % 3 == 0 ? &e.ca_file : place % 3 == 1 ? &e.cert_file : &e.key_file) = path;
			bool bad = files[i].want && place < 3;
			assert_int_equal(tls_files_read(&e, &got, &d) != OK, bad);
			if (bad)
				assert_string_equal(d.text, want);
			const char *text = place % 3 == 0 ? got.ca : place % 3 == 1 ? got.cert : got.key;
			assert_int_equal(text != NULL, !files[i].want && place < 3);
			if (text)
				assert_string_equal(text, files[i].text);
			tls_files_clear(&got);
			assert_true(!got.ca && !got.cert && !got.key);
		}
		unlink(path);
	}
}

static void test_texts(void **state)
{
	struct api_endpoint e = {.url = "https://a", .ca_pem = "ca", .ca_file = "/nonexistent", .cert_pem = "cert", .key_pem = "key"};
	struct tls_files got;
	struct diag d;
	(void)state;
	assert_int_equal(tls_files_read(&e, &got, &d), OK);
	assert_string_equal(got.ca, "ca"); /* and the file is not looked at */
	assert_string_equal(got.cert, "cert");
	assert_string_equal(got.key, "key");
	tls_files_clear(&got);
}

static void test_no_memory(void **state)
{
	char path[64];
	bool hit = true;
	(void)state;
	snprintf(path, sizeof path, "%s/f", folder);
	write_file(path, "PEM", 3);
	for (unsigned n = 1; hit; n++) {
		struct api_endpoint e = {.url = "https://a", .ca_file = path, .cert_file = path, .key_file = path};
		struct tls_files got;
		struct diag d;
		fail_alloc_at(n);
		enum err err = tls_files_read(&e, &got, &d);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, hit ? ERR_NOMEM : OK);
		assert_true(!hit == (got.ca && got.cert && got.key));
		tls_files_clear(&got);
	}
	unlink(path);
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_files), cmocka_unit_test(test_texts), cmocka_unit_test(test_no_memory)};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
