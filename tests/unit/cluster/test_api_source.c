/* What becomes of a store that an API server fills, with a watch that says what the test wants: snapshot, first reading, changes. */
#include "api_source.h"
#include "fail_alloc.h"
#include "unit.h"
#include "world.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- what it has around it --- */

static struct {
	struct watch_options options; /* of the watch that was begun */
	bool watching, refuse;
	unsigned kinds;
	unsigned warnings;
	char said[512]; /* the last warning */
} around;

enum err __wrap_watch_start(uv_loop_t *loop, const struct watch_options *options, struct watch **out);
unsigned __wrap_watch_kinds(const struct watch *w);
void __wrap_watch_stop(struct watch *w);
void __wrap_log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

enum err __wrap_watch_start(uv_loop_t *loop, const struct watch_options *options, struct watch **out)
{
	(void)loop;
	if (around.refuse)
		return ERR_NOMEM;
	around.options = *options;
	around.watching = true;
	*out = (struct watch *)&around;
	return OK;
}

unsigned __wrap_watch_kinds(const struct watch *w)
{
	assert_ptr_equal(w, &around);
	return around.kinds;
}

void __wrap_watch_stop(struct watch *w)
{
	if (w)
		around.watching = false;
}

void __wrap_log_line(enum log_level level, const char *format, ...)
{
	va_list args;
	if (level > LOG_WARNING)
		return;
	va_start(args, format);
	vsnprintf(around.said, sizeof around.said, format, args);
	va_end(args);
	around.warnings++;
}

/* --- a source --- */

struct fixture {
	uv_loop_t loop;
	char folder[48], path[64];
	struct kubernetes_options options;
	struct api_endpoint endpoint;
	struct log_series lines;
	struct world *world;
	struct api_source source;
	unsigned read, flushed; /* times that it was said */
};

static void init(struct fixture *f)
{
	f->world = world_new();
	api_source_init(&f->source, &f->options, &f->endpoint, f->world->store, f->world->pool, &f->lines);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	memset(&around, 0, sizeof around);
	around.kinds = STORE_EVERY_KIND;
	strcpy(f->folder, "/tmp/test-api-source.XXXXXX");
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->path, sizeof f->path, "%s/snapshot", f->folder);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	kubernetes_options_init(&f->options);
	f->options.handover_ms = 0; /* what goes, goes at once */
	f->endpoint.url = (char *)"https://10.0.0.1:6443";
	init(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	api_source_end(&f->source);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0); /* every handle was closed */
	world_free(f->world);
	unlink(f->path);
	rmdir(f->folder);
	free(f);
	return 0;
}

static void on_read(void *arg, unsigned ms)
{
	struct fixture *f = arg;
	(void)ms;
	f->read++;
	assert_int_equal(f->source.state, API_SOURCE_CLUSTER);
}

static void on_flushed(void *arg)
{
	struct fixture *f = arg;
	f->flushed++;
}

static void begin(struct fixture *f)
{
	struct diag d;
	assert_int_equal(api_source_begin(&f->source, &f->loop, on_read, on_flushed, f, &d), OK);
	assert_true(around.watching);
}

/* A turn of the loop that brought something. */
static enum err flush(struct fixture *f)
{
	unsigned again_ms = UINT_MAX, before = f->flushed;
	enum err err = around.options.handlers.flush(around.options.handlers.arg, &again_ms);
	assert_int_equal(f->flushed, before + 1);
	return err;
}

static void synced(void)
{
	around.options.handlers.synced(around.options.handlers.arg);
}

/* Another start, which finds the file that the one before has written. */
static void start_again(struct fixture *f)
{
	api_source_end(&f->source);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	world_free(f->world);
	init(f);
}

static void test_first_reading(void **state)
{
	struct fixture *f = *state;
	begin(f);
	assert_int_equal(f->source.state, API_SOURCE_NOTHING);
	assert_int_equal(world_do(f->world, "svc web ip=10.0.0.1"), OK);
	assert_int_equal(flush(f), OK);
	assert_non_null(strstr(f->world->log, "default/web"));
	synced();
	assert_int_equal(f->read, 1);
	assert_int_equal(world_do(f->world, "svc db ip=10.0.0.2"), OK);
	assert_int_equal(flush(f), OK);
	assert_non_null(strstr(f->world->log, "default/db"));
	assert_int_equal(around.warnings, 0);
}

/* What is left over of a flush is taken when the watch comes again, and said. */
static void test_a_flush_that_fails(void **state)
{
	struct fixture *f = *state;
	begin(f);
	assert_int_equal(world_do(f->world, "svc web ip=10.0.0.1"), OK);
	f->world->refuse = 1;
	assert_int_equal(flush(f), ERR_NOMEM);
	assert_non_null(strstr(f->lines.kinds[0].format, "could not be applied whole"));
	assert_int_equal(flush(f), OK);
	assert_non_null(strstr(f->world->log, "default/web"));
}

/* The snapshot is served until the cluster has been read; what is not in that goes then, and what is of a kind that nobody watches as well. */
static void test_snapshot(void **state)
{
	struct fixture *f = *state;
	struct diag d;
	f->options.snapshot = f->path;
	assert_int_equal(api_source_restore(&f->source, &d), OK);
	assert_int_equal(f->source.state, API_SOURCE_NOTHING); /* no file yet */
	begin(f);
	world_play(f->world, "svc web ip=10.0.0.1\nsvc db ip=10.0.0.2\nslice s of=web ep=10.1.0.1");
	assert_int_equal(flush(f), OK);
	synced();
	start_again(f);

	assert_int_equal(api_source_restore(&f->source, &d), OK);
	assert_int_equal(f->source.state, API_SOURCE_SNAPSHOT);
	assert_int_equal(store_counts(f->world->store).services, 2);
	around.kinds = STORE_EVERY_KIND & ~(1U << OBJECT_ENDPOINT_SLICE);
	begin(f);
	world_play(f->world, "mark namespace svc pod endpoints\nnamespace default\nsvc web ip=10.0.0.1\nsweep namespace svc pod endpoints");
	assert_int_equal(flush(f), OK);
	synced();
	assert_int_equal(f->source.state, API_SOURCE_CLUSTER);
	assert_int_equal(store_counts(f->world->store).services, 1);
	assert_int_equal(store_counts(f->world->store).endpoints, 0);
	start_again(f);
	assert_int_equal(api_source_restore(&f->source, &d), OK);
	assert_int_equal(store_counts(f->world->store).services, 1); /* the end has written it */
	f->options.snapshot = NULL;
}

static void test_a_snapshot_that_is_none(void **state)
{
	struct fixture *f = *state;
	struct diag d;
	FILE *file = fopen(f->path, "w");
	fputs("no snapshot", file);
	assert_int_equal(fclose(file), 0);
	f->options.snapshot = f->path;
	assert_int_equal(api_source_restore(&f->source, &d), ERR_SYNTAX);
	assert_non_null(strstr(d.text, f->path));
	assert_int_equal(f->source.state, API_SOURCE_NOTHING);
	f->options.snapshot = NULL;
}

/* Once, and only where the cluster has not been read by then. */
static void test_late(void **state)
{
	struct fixture *f = *state;
	f->options.startup_timeout_ms = 1;
	begin(f);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(around.warnings, 1);
	assert_non_null(strstr(around.said, "SERVFAIL until then"));
	start_again(f);
	begin(f);
	synced();
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(around.warnings, 1);
}

static void test_services_without_a_selector(void **state)
{
	struct fixture *f = *state;
	struct buffer names = {0};
	begin(f);
	world_play(f->world, "svc one/b ip=10.0.0.1\nsvc two/b ip=10.0.0.2\nsvc a headless\nsvc c sel=app:c\nsvc d external=example.org");
	around.options.handlers.unselected(around.options.handlers.arg, &names);
	assert_int_equal(names.len, 3);
	assert_memory_equal(names.data, "a,b", 3);
	buffer_free(&names);
}

static void test_what_is_watched(void **state)
{
	struct fixture *f = *state;
	f->options.endpoints = KUBERNETES_ENDPOINTS_SLICES;
	f->options.pods = KUBERNETES_PODS_VERIFIED;
	f->options.list_max_mib = 3;
	begin(f);
	assert_int_equal(around.options.endpoints, WATCH_SLICES);
	assert_true(around.options.addresses);
	assert_false(around.options.zones || around.options.imports);
	assert_int_equal(around.options.list_max_bytes, 3 << 20);
}

/* Whatever can't be had, the end leaves no handle behind. */
static void test_a_beginning_that_fails(void **state)
{
	struct fixture *f = *state;
	bool failed = true;
	f->options.snapshot = f->path;
	for (unsigned n = 1; failed; n++) {
		struct diag d;
		enum err err;
		fail_alloc_at(n);
		err = api_source_begin(&f->source, &f->loop, on_read, on_flushed, f, &d);
		failed = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, failed ? ERR_NOMEM : OK);
		start_again(f);
	}
	around.refuse = true;
	struct diag d;
	assert_int_equal(api_source_begin(&f->source, &f->loop, on_read, on_flushed, f, &d), ERR_NOMEM);
	assert_non_null(strstr(d.text, "memory"));
	start_again(f);
	f->options.snapshot = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_first_reading, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_a_flush_that_fails, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_snapshot, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_a_snapshot_that_is_none, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_late, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_services_without_a_selector, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_what_is_watched, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_a_beginning_that_fails, setup, teardown),
	};
	return cmocka_run_group_tests_name("api_source", tests, NULL, NULL);
}
