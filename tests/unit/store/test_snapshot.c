#include "base/file.h"
#include "fail_alloc.h"
#include "store/snapshot.h"
#include "unit.h"
#include "world.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ORIGIN "https://10.0.0.1:6443"
#define OBJECTS                                                                                                                            \
	"namespace default\nnamespace empty\n"                                                                                             \
	"svc web headless publish sel=app:web,x:y families=46 port=http:80:web port=dns:53:53:UDP\n"                                       \
	"svc ip ip=10.0.0.1,fd00::1 port=a:1\nsvc ext external=example.org\nsvc other/far headless\n"                                      \
	"pod web-0 labels=app:web,x:y ip=10.1.0.1,fd00::7 ready host=web-0 sub=web port=web:8080 port=web:53:UDP\n"                        \
	"pod web-1 labels=app:web,x:y ip=10.1.0.2 deleting\npod web-2 labels=app:web,x:y\npod done labels=app:web,x:y phase=Failed\n"      \
	"pod unknown labels=app:web,x:y ip=10.1.0.3 phase=Unknown\n"                                                                       \
	"slice far-1 of=web port=http:80 ep=10.9.0.1,host=h,pod=far,zone=z ep=10.9.0.2+10.9.0.3,notready\nslice other/f of=far port=any "  \
	"ep=fd00::9\n"                                                                                                                     \
	"slice web-1 of=web controller ep=10.9.0.4\nslice lost ep=10.9.0.5\nendpoints ip ep=10.8.0.1 ep=10.8.0.2,notready\nendpoints x "   \
	"skip\nimport web headless\nimport set ip=10.7.0.1\nslice set-1 import=web cluster=c1 ep=10.8.0.9,host=h\n"

static struct buffer written(const char *objects)
{
	struct world *w = world_new();
	struct buffer out = {0};
	world_play(w, objects);
	assert_int_equal(snapshot_write(w->store, ORIGIN, &out), OK);
	world_free(w);
	return out;
}

/* What is read is what was written: the same is published, and the same objects once more change nothing. */
static void check_round_trip(const char *objects, const char *again)
{
	char want[WORLD_TEXT], got[WORLD_TEXT];
	struct world *w = world_new(), *copy = world_new();
	struct buffer out = {0};
	struct diag d = {0};
	world_play(w, objects);
	world_state(w, want);
	assert_int_equal(snapshot_write(w->store, ORIGIN, &out), OK);
	if (snapshot_read(copy->store, copy->pool, ORIGIN, out.data, out.len, &d))
		fail_msg("%s", d.text);
	world_play(copy, "");
	world_state(copy, got);
	assert_string_equal(got, want);
	*copy->log = '\0';
	world_play(copy, "mark namespace svc pod slice cslice endpoints import");
	world_play(copy, again);
	world_play(copy, "sweep namespace svc pod slice cslice endpoints import");
	assert_string_equal(copy->log, "");
	assert_int_equal(store_counts(copy->store).pods, store_counts(w->store).pods);
	assert_int_equal(store_counts(copy->store).slices, store_counts(w->store).slices);
	buffer_free(&out);
	world_free(w);
	world_free(copy);
}

static void test_round_trip(void **state)
{
	(void)state;
	check_round_trip("", "");
	check_round_trip(OBJECTS, OBJECTS);
	check_round_trip(OBJECTS "use slices", OBJECTS);
}

/* A Service that waits is written as it is to be. */
static void test_what_waits(void **state)
{
	struct buffer out = written(
	        "watched\nnamespace default\nsvc s headless sel=v:1\npod a labels=v:1 ip=10.9.0.1 ready\nflush\nsvc s headless sel=v:2");
	struct world *copy = world_new();
	struct diag d = {0};
	(void)state;
	assert_int_equal(snapshot_read(copy->store, copy->pool, ORIGIN, out.data, out.len, &d), OK);
	assert_string_equal(store_service(copy->store, "default", "s")->selector->labels[0].value, "2");
	buffer_free(&out);
	world_free(copy);
}

/* A store to read into; unlike a world it ends without a grace period, which makes thousands of them slow. */
struct target {
	struct intern *pool;
	struct store *store;
	struct diag d;
};

static void target_open(struct target *t)
{
	static const struct store_callbacks nobody = {0};
	*t = (struct target){.pool = intern_new()};
	t->store = store_new(t->pool, &nobody);
	assert_non_null(t->store);
}

static void target_close(struct target *t)
{
	store_free(t->store);
	intern_free(t->pool); /* asserts that every string was given back */
}

static enum err target_read(struct target *t, const struct buffer *b)
{
	return snapshot_read(t->store, t->pool, ORIGIN, b->data, b->len, &t->d);
}

/* How one that is not as it must be is refused: with that text, and nothing of it is in the store. */
static void check_refused(const struct buffer *b, const char *want)
{
	struct target t;
	target_open(&t);
	assert_int_equal(target_read(&t, b), ERR_SYNTAX);
	if (!strstr(t.d.text, want))
		fail_msg("said \"%s\" and not \"%s\"", t.d.text, want);
	assert_int_equal(store_counts(t.store).namespaces, 0);
	target_close(&t);
}

static const char *problem_at(size_t octet)
{
	return octet < 8 ? "no snapshot" : octet < 16 ? "version" : octet < 24 ? "octets of the" : "checksum";
}

static void test_every_octet_counts(void **state)
{
	struct buffer out = written(OBJECTS);
	(void)state;
	for (size_t i = 0; i < out.len; i++) {
		for (unsigned bit = 0; bit < 8; bit += i < SNAPSHOT_HEADER_LEN ? 1 : 7) {
			out.data[i] ^= (char)(1 << bit);
			check_refused(&out, problem_at(i));
			out.data[i] ^= (char)(1 << bit);
		}
	}
	for (size_t len = out.len; len--;)
		check_refused(&(struct buffer){.data = out.data, .len = len}, len < SNAPSHOT_HEADER_LEN ? "no snapshot" : "octets of the");
	buffer_append(&out, "x", 1);
	check_refused(&out, "octets of the");
	buffer_free(&out);
}

/* A body whose checksum is right, and which is nonsense. */
static void test_nonsense(void **state)
{
	struct buffer out = written(OBJECTS);
	uint8_t *octets = (uint8_t *)out.data;
	(void)state;
	for (size_t i = SNAPSHOT_HEADER_LEN; i < out.len; i++) {
		struct target t;
		target_open(&t);
		octets[i] ^= 0x81;
		snapshot_put_header(octets, octets + SNAPSHOT_HEADER_LEN, out.len - SNAPSHOT_HEADER_LEN);
		enum err err = target_read(&t, &out);
		assert_true(err == OK || err == ERR_SYNTAX);
		octets[i] ^= 0x81;
		target_close(&t);
	}
	buffer_free(&out);
}

static void test_of_another_cluster(void **state)
{
	struct buffer out = {0};
	struct world *w = world_new();
	(void)state;
	assert_int_equal(snapshot_write(w->store, "https://10.0.0.2", &out), OK);
	check_refused(&out, "it is of the cluster at https://10.0.0.2");
	buffer_free(&out);
	world_free(w);
}

static void test_out_of_memory(void **state)
{
	struct buffer out = written(OBJECTS);
	enum err err = ERR_NOMEM;
	(void)state;
	for (unsigned n = 1; err; n++) {
		struct target t;
		target_open(&t);
		fail_alloc_at(n);
		err = target_read(&t, &out);
		fail_alloc_at(0);
		assert_true(err == OK || err == ERR_NOMEM);
		target_close(&t);
	}
	buffer_free(&out);
}

static void test_writing_out_of_memory(void **state)
{
	struct world *w = world_new();
	enum err err = ERR_NOMEM;
	(void)state;
	world_play(w, OBJECTS);
	for (unsigned n = 1; err; n++) {
		struct buffer out = {0};
		fail_alloc_at(n);
		err = snapshot_write(w->store, ORIGIN, &out);
		fail_alloc_at(0);
		assert_true(err == OK || err == ERR_NOMEM);
		buffer_free(&out);
	}
	world_free(w);
}

/* The fuzz target's seeds are good bodies of today's format, so that it begins behind the checks. */
static void test_seeds(void **state)
{
	DIR *folder = opendir(SEEDS);
	unsigned seeds = 0;
	(void)state;
	assert_non_null(folder);
	for (struct dirent *e; (e = readdir(folder));) {
		struct world *w = world_new();
		struct buffer bytes = {0}, body = {0};
		struct diag d = {0};
		char path[512];
		snprintf(path, sizeof path, "%s/%s", SEEDS, e->d_name);
		if (e->d_name[0] != '.') {
			assert_int_equal(file_read(&body, path, FILE_REGULAR, SNAPSHOT_MAX, &d), OK);
			buffer_append(&bytes, (char[SNAPSHOT_HEADER_LEN]){0}, SNAPSHOT_HEADER_LEN);
			buffer_append(&bytes, body.data, body.len);
			snapshot_put_header((uint8_t *)bytes.data, body.data, body.len);
			if (snapshot_read(w->store, w->pool, "", bytes.data, bytes.len, &d))
				fail_msg("%s: %s", path, d.text);
			seeds++;
		}
		buffer_free(&bytes);
		buffer_free(&body);
		world_free(w);
	}
	closedir(folder);
	assert_true(seeds > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_round_trip),
	        cmocka_unit_test(test_what_waits),
	        cmocka_unit_test(test_every_octet_counts),
	        cmocka_unit_test(test_nonsense),
	        cmocka_unit_test(test_of_another_cluster),
	        cmocka_unit_test(test_out_of_memory),
	        cmocka_unit_test(test_writing_out_of_memory),
	        cmocka_unit_test(test_seeds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
