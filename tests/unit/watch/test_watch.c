/* Which resources a watch has, and what it makes of what their reflectors say, with reflectors that say what the test wants. */
#include "watch/watch.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "fail_alloc.h"
#include "reflector.h"
#include "unit.h"

#define REFLECTORS_MAX 16
#define REFUSED_TICKS  5 /* of Pods that could be listed once */

/* --- what the watch has around it --- */

struct fake {
	const struct resource *resource; /* NULL: freed */
	char labels[5000];
	struct reflector_handlers handlers;
	struct reflector_counts counts;
};

static struct {
	struct fake reflectors[REFLECTORS_MAX];
	unsigned reflector_count;
	bool refuse; /* reflector_new() has no memory */
	int apis;
	unsigned errors; /* that were said */
	uv_timer_t *tick;
	uv_timer_cb on_tick;
	unsigned again_ms; /* of the last timer but the tick; 0: none */
	uv_timer_t *again;
	uv_timer_cb on_again;
} around;

struct reflector *__wrap_reflector_new(uv_loop_t *loop, struct api *api, const struct resource *resource, const char *labels,
                                       struct intern *pool, struct json_arena *arena, const struct reflector_limits *limits,
                                       const struct object_sink *sink, const struct reflector_handlers *handlers);
void __wrap_reflector_free(struct reflector *r);
struct reflector_counts __wrap_reflector_counts(const struct reflector *r);
struct api *__wrap_api_new(uv_loop_t *loop, const struct api_endpoint *e);
void __wrap_api_free(struct api *a);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb cb, uint64_t ms, uint64_t repeat);
void __wrap_log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct reflector *__wrap_reflector_new(uv_loop_t *loop, struct api *api, const struct resource *resource, const char *labels,
                                       struct intern *pool, struct json_arena *arena, const struct reflector_limits *limits,
                                       const struct object_sink *sink, const struct reflector_handlers *handlers)
{
	struct fake *f = &around.reflectors[around.reflector_count];
	(void)loop, (void)api, (void)pool, (void)arena, (void)limits, (void)sink;
	if (around.refuse)
		return NULL;
	assert_true(around.reflector_count++ < REFLECTORS_MAX);
	assert_true(strlen(labels) < sizeof f->labels);
	f->resource = resource;
	f->handlers = *handlers;
	strcpy(f->labels, labels);
	return (struct reflector *)f;
}

void __wrap_reflector_free(struct reflector *r)
{
	if (r)
		((struct fake *)r)->resource = NULL;
}

struct reflector_counts __wrap_reflector_counts(const struct reflector *r)
{
	return ((const struct fake *)r)->counts;
}

struct api *__wrap_api_new(uv_loop_t *loop, const struct api_endpoint *e)
{
	(void)loop, (void)e;
	around.apis++;
	return (struct api *)&around;
}

void __wrap_api_free(struct api *a)
{
	around.apis -= a != NULL;
}

/* No time passes. */
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb cb, uint64_t ms, uint64_t repeat)
{
	if (repeat) {
		around.tick = timer;
		around.on_tick = cb;
		return 0;
	}
	around.again = timer;
	around.on_again = cb;
	around.again_ms = (unsigned)ms;
	return 0;
}

void __wrap_log_line(enum log_level level, const char *format, ...)
{
	(void)format;
	around.errors += level == LOG_ERROR;
}

/* --- the watch, and who is told --- */

struct fixture {
	uv_loop_t loop;
	struct watch_options options;
	struct watch *watch;
	const char *unselected;
	unsigned flushes, synced, sweeps[OBJECT_KINDS];
	enum err flush_err;
	unsigned again_ms; /* that the flush asks for; 0: none */
	int uses_slices;   /* -1: was not told */
};

static void on_use_slices(void *arg, bool use)
{
	((struct fixture *)arg)->uses_slices = use;
}

static void on_unselected(void *arg, struct buffer *names)
{
	const char *text = ((struct fixture *)arg)->unselected;
	assert_int_equal(names->len, 0); /* else who appends would begin with ',' */
	buffer_append(names, text, strlen(text));
}

static enum err on_flush(void *arg, unsigned *again_ms)
{
	struct fixture *f = arg;
	f->flushes++;
	assert_true(*again_ms == UINT32_MAX);
	if (f->again_ms)
		*again_ms = f->again_ms;
	return f->flush_err;
}

static void on_synced(void *arg)
{
	((struct fixture *)arg)->synced++;
}

static void on_mark(void *arg, enum object_kind kind)
{
	(void)arg, (void)kind;
}

static void on_sweep(void *arg, enum object_kind kind)
{
	((struct fixture *)arg)->sweeps[kind]++;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	memset(&around, 0, sizeof around);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	f->unselected = "";
	f->uses_slices = -1;
	f->options = (struct watch_options){
	        .sink = {.mark = on_mark, .sweep = on_sweep, .arg = f},
	        .handlers = {on_use_slices, on_unselected, on_flush, on_synced, f},
	};
	*state = f;
	return 0;
}

static void turn(struct fixture *f)
{
	uv_run(&f->loop, UV_RUN_NOWAIT);
}

static void start(struct fixture *f)
{
	assert_int_equal(watch_start(&f->loop, &f->options, &f->watch), OK);
	turn(f);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	watch_stop(f->watch);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	assert_int_equal(around.apis, 0);
	for (unsigned i = 0; i < around.reflector_count; i++)
		assert_null(around.reflectors[i].resource);
	free(f);
	return 0;
}

/* The one under way; NULL: there is none. */
static struct fake *find(const struct resource *resource)
{
	struct fake *found = NULL;
	for (unsigned i = 0; i < around.reflector_count; i++) {
		if (around.reflectors[i].resource == resource) {
			assert_null(found);
			found = &around.reflectors[i];
		}
	}
	return found;
}

static void sync_one(const struct resource *resource)
{
	struct fake *r = find(resource);
	assert_non_null(r);
	r->counts.synced = true;
	r->counts.refused_status = 0;
	r->handlers.synced(r->handlers.arg, resource->kind);
}

static void sync_basics(struct fixture *f)
{
	sync_one(&resource_namespaces);
	sync_one(&resource_services);
	sync_one(&resource_foreign_slices);
	turn(f);
}

static void refuse(const struct resource *resource, unsigned status)
{
	find(resource)->counts.refused_status = status;
}

static void tick(struct fixture *f, unsigned times)
{
	while (times--)
		around.on_tick(around.tick);
	turn(f);
}

/* A Service that has no selector, or has no more. */
static void change_unselected(struct fixture *f, const char *unselected)
{
	struct fake *r = find(&resource_services);
	const struct service s = {.object.kind = OBJECT_SERVICE};
	f->unselected = unselected;
	r->handlers.changing(r->handlers.arg, &s.object);
	turn(f);
}

/* --- when it flushes --- */

static void test_all_kinds_first(void **state)
{
	struct fixture *f = *state;
	start(f);
	assert_int_equal(watch_kinds(f->watch),
	                 1u << OBJECT_NAMESPACE | 1u << OBJECT_SERVICE | 1u << OBJECT_ENDPOINT_SLICE | 1u << OBJECT_POD);
	sync_basics(f);
	assert_int_equal(f->flushes, 0);
	sync_one(&resource_pods);
	assert_int_equal(f->uses_slices, false);
	turn(f);
	assert_int_equal(f->flushes, 1);
	assert_int_equal(f->synced, 1);
	turn(f);
	assert_int_equal(f->flushes, 1); /* nothing has changed */
	find(&resource_pods)->handlers.changing(find(&resource_pods)->handlers.arg, NULL);
	turn(f);
	assert_int_equal(f->flushes, 2);
	assert_int_equal(f->synced, 1);
}

static void test_a_flush_that_fails(void **state)
{
	struct fixture *f = *state;
	start(f);
	f->flush_err = ERR_NOMEM;
	sync_basics(f);
	sync_one(&resource_pods);
	turn(f);
	assert_int_equal(f->flushes, 1);
	assert_int_equal(f->synced, 0);
	assert_true(around.again_ms > 0);
	f->flush_err = OK;
	around.on_again(around.again);
	turn(f);
	assert_int_equal(f->flushes, 2);
	assert_int_equal(f->synced, 1);
}

static void test_a_flush_that_wants_another(void **state)
{
	struct fixture *f = *state;
	start(f);
	f->again_ms = 7;
	sync_basics(f);
	sync_one(&resource_pods);
	turn(f);
	assert_int_equal(around.again_ms, 7);
	f->again_ms = 0;
	around.on_again(around.again);
	turn(f);
	assert_int_equal(f->flushes, 2);
}

/* --- which resources --- */

static void test_labels(void **state)
{
	struct fixture *f = *state;
	f->options.labels = "team=a";
	f->options.namespace_labels = "env in (x,y)";
	f->unselected = "db";
	start(f);
	sync_basics(f);
	assert_string_equal(find(&resource_namespaces)->labels, "env in (x,y)");
	assert_string_equal(find(&resource_services)->labels, "team=a");
	assert_string_equal(find(&resource_foreign_slices)->labels, "team=a");
	assert_string_equal(find(&resource_pods)->labels, "");
	assert_string_equal(find(&resource_controller_slices)->labels, "team=a,kubernetes.io/service-name in (db)");
}

static void test_slices_of_services_without_a_selector(void **state)
{
	struct fixture *f = *state;
	static char many[5000];
	struct fake *before;
	start(f);
	change_unselected(f, "early");
	assert_null(find(&resource_controller_slices)); /* not before all Services are known */
	f->unselected = "";
	sync_basics(f);
	sync_one(&resource_pods);
	assert_null(find(&resource_controller_slices));
	change_unselected(f, "a,b");
	before = find(&resource_controller_slices);
	assert_string_equal(before->labels, "kubernetes.io/service-name in (a,b)");
	change_unselected(f, "a,b");
	assert_ptr_equal(find(&resource_controller_slices), before); /* the same are not asked for again */
	change_unselected(f, "a");
	assert_string_equal(find(&resource_controller_slices)->labels, "kubernetes.io/service-name in (a)");
	memset(many, 'x', sizeof many - 1);
	change_unselected(f, many);
	assert_string_equal(find(&resource_controller_slices)->labels, "");
	assert_int_equal(f->sweeps[OBJECT_CONTROLLER_SLICE], 0);
	change_unselected(f, "");
	assert_null(find(&resource_controller_slices));
	assert_int_equal(f->sweeps[OBJECT_CONTROLLER_SLICE], 1);
}

/* What a Service with a selector says of itself is no reason to look. */
static void test_other_changes(void **state)
{
	struct fixture *f = *state;
	const struct label_set selector = {0};
	const struct service selects = {.object.kind = OBJECT_SERVICE, .selector = (struct label_set *)(uintptr_t)&selector};
	const struct service alias = {.object.kind = OBJECT_SERVICE, .type = SERVICE_EXTERNAL_NAME};
	struct fake *r;
	start(f);
	sync_basics(f);
	f->unselected = "a";
	r = find(&resource_services);
	r->handlers.changing(r->handlers.arg, &selects.object);
	r->handlers.changing(r->handlers.arg, &alias.object);
	turn(f);
	assert_null(find(&resource_controller_slices));
}

static void test_slices(void **state)
{
	struct fixture *f = *state;
	f->options.endpoints = WATCH_SLICES;
	start(f);
	assert_null(find(&resource_pods));
	assert_string_equal(find(&resource_controller_slices)->labels, "");
	assert_int_equal(f->uses_slices, true);
	sync_basics(f);
	assert_int_equal(f->flushes, 0);
	sync_one(&resource_controller_slices);
	turn(f);
	assert_int_equal(f->flushes, 1);
}

/* --- what may not be listed --- */

static void test_pods_may_not_be_listed(void **state)
{
	struct fixture *f = *state;
	start(f);
	sync_basics(f);
	refuse(&resource_pods, 403);
	tick(f, 1);
	assert_string_equal(find(&resource_controller_slices)->labels, "");
	assert_int_equal(f->flushes, 0);
	sync_one(&resource_controller_slices);
	assert_int_equal(f->uses_slices, true);
	turn(f);
	assert_int_equal(f->flushes, 1);
	sync_one(&resource_pods); /* the rules have changed */
	assert_int_equal(f->uses_slices, false);
	turn(f);
	assert_null(find(&resource_controller_slices));
}

/* An API server that has just started refuses everything for a moment. */
static void test_pods_are_refused_for_a_moment(void **state)
{
	struct fixture *f = *state;
	start(f);
	sync_basics(f);
	sync_one(&resource_pods);
	turn(f);
	refuse(&resource_pods, 403);
	tick(f, REFUSED_TICKS - 1);
	refuse(&resource_pods, 0);
	tick(f, 1);
	refuse(&resource_pods, 403);
	tick(f, REFUSED_TICKS - 1);
	assert_null(find(&resource_controller_slices));
	tick(f, 1);
	assert_non_null(find(&resource_controller_slices));
	refuse(&resource_pods, 0); /* its watch goes on, without a list */
	tick(f, REFUSED_TICKS);
	assert_null(find(&resource_controller_slices));
	assert_int_equal(f->uses_slices, false);
}

static void test_all_is_refused(void **state)
{
	struct fixture *f = *state;
	start(f);
	sync_basics(f);
	refuse(&resource_services, 403);
	refuse(&resource_pods, 403);
	tick(f, 2 * REFUSED_TICKS);
	assert_null(find(&resource_controller_slices));
}

static void test_without_addresses(void **state)
{
	struct fixture *f = *state;
	f->options.endpoints = WATCH_SLICES;
	f->options.addresses = true;
	start(f);
	sync_basics(f);
	sync_one(&resource_controller_slices);
	turn(f);
	assert_int_equal(f->flushes, 0);
	refuse(&resource_pods, 403);
	tick(f, 1);
	assert_int_equal(f->flushes, 1);
	assert_int_equal(f->uses_slices, true);
}

static void test_without_imports(void **state)
{
	struct fixture *f = *state;
	f->options.imports = true;
	start(f);
	sync_basics(f);
	sync_one(&resource_pods);
	refuse(&resource_service_imports, 500);
	tick(f, 1);
	assert_int_equal(f->flushes, 0); /* that will pass */
	refuse(&resource_service_imports, 404);
	tick(f, 1);
	assert_int_equal(f->flushes, 1);
	assert_int_equal(f->sweeps[OBJECT_SERVICE_IMPORT], 1);
	tick(f, 1);
	assert_int_equal(f->sweeps[OBJECT_SERVICE_IMPORT], 1);
}

/* --- memory --- */

static void test_without_memory(void **state)
{
	struct fixture *f = *state;
	unsigned n = 0;
	f->options.endpoints = WATCH_SLICES;
	for (;;) {
		around.reflector_count = 0;
		fail_alloc_at(++n);
		enum err err = watch_start(&f->loop, &f->options, &f->watch);
		assert_int_equal(err, fail_alloc_hit() ? ERR_NOMEM : OK);
		if (!err)
			break;
		f->watch = NULL;
		uv_run(&f->loop, UV_RUN_DEFAULT); /* until all is closed */
		assert_int_equal(around.apis, 0);
	}
	fail_alloc_at(0);
	assert_true(n > 3);
}

/* Slices that can't be asked for now are asked for as soon as that can be, without another reason. */
static void test_without_memory_for_slices(void **state)
{
	struct fixture *f = *state;
	start(f);
	sync_basics(f);
	sync_one(&resource_pods);
	around.refuse = true;
	change_unselected(f, "a");
	turn(f);
	assert_null(find(&resource_controller_slices));
	assert_int_equal(around.errors, 1);
	around.refuse = false;
	turn(f);
	assert_string_equal(find(&resource_controller_slices)->labels, "kubernetes.io/service-name in (a)");
}

/* Want of memory is no reason to forget what the slices said. */
static void test_without_memory_for_names(void **state)
{
	struct fixture *f = *state;
	start(f);
	sync_basics(f);
	sync_one(&resource_pods);
	change_unselected(f, "a");
	for (unsigned n = 1;; n++) {
		const struct fake *before = find(&resource_controller_slices);
		fail_alloc_at(n);
		change_unselected(f, n % 2 ? "a,b" : "a");
		bool hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(f->sweeps[OBJECT_CONTROLLER_SLICE], 0);
		turn(f);
		assert_ptr_not_equal(find(&resource_controller_slices), before);
		assert_string_equal(find(&resource_controller_slices)->labels,
		                    n % 2 ? "kubernetes.io/service-name in (a,b)" : "kubernetes.io/service-name in (a)");
		if (!hit)
			break;
	}
}

static void test_status(void **state)
{
	struct fixture *f = *state;
	struct watch_status status[WATCH_STATUSES];
	start(f);
	find(&resource_pods)->counts = (struct reflector_counts){.synced = true, .lists = 3, .version = "77"};
	assert_int_equal(watch_status(f->watch, status), 4);
	assert_string_equal(status[3].resource, "pods");
	assert_true(status[3].synced);
	assert_int_equal(status[3].lists, 3);
	assert_string_equal(status[3].version, "77");
	assert_true(status[3].silent_ms == UINT64_MAX);
	assert_false(status[0].synced);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_all_kinds_first),
	        TEST(test_a_flush_that_fails),
	        TEST(test_a_flush_that_wants_another),
	        TEST(test_labels),
	        TEST(test_slices_of_services_without_a_selector),
	        TEST(test_other_changes),
	        TEST(test_slices),
	        TEST(test_pods_may_not_be_listed),
	        TEST(test_pods_are_refused_for_a_moment),
	        TEST(test_all_is_refused),
	        TEST(test_without_addresses),
	        TEST(test_without_imports),
	        TEST(test_without_memory),
	        TEST(test_without_memory_for_slices),
	        TEST(test_without_memory_for_names),
	        TEST(test_status),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
