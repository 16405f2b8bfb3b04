/* What is known of an object is the same whichever way it came: decoded from the whole tree of a manifest, from a watch or a list, whose octets
 * are pruned of what nothing reads, or from a snapshot. A field that one of them forgets is found here. */
#include "base/rcu.h"
#include "describe.h"
#include "kube/object_decode.h"
#include "resource.h"
#include "store/snapshot.h"
#include "stream.h"
#include "text/documents.h"
#include "unit.h"
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX    4096
#define OBJECTS_MAX 256

struct fixture {
	struct intern *pool;
	struct json_arena *arena;
	struct store *store;
	char *texts[OBJECTS_MAX]; /* of what the store has, as decoded from whole trees */
	size_t count;
	struct object *streamed;
	unsigned compared;
};

static const struct resource *resource_of(enum object_kind kind)
{
	static const struct resource *const resources[] = {
	        &resource_namespaces,     &resource_services,          &resource_pods,
	        &resource_foreign_slices, &resource_controller_slices, &resource_service_imports};
	for (size_t i = 0; i < sizeof resources / sizeof *resources; i++)
		if (resources[i]->kind == kind)
			return resources[i];
	return NULL;
}

/* All but what only manifests are asked for (object.h). Good until the next call. */
static const char *describe(struct object *o)
{
	const struct pod_manifest *manifest = NULL;
	struct pod *p = o->kind == OBJECT_POD ? (struct pod *)o : NULL;
	const char *text;
	if (p) {
		manifest = p->manifest;
		p->manifest = NULL;
	}
	if (o->kind == OBJECT_SERVICE)
		((struct service *)o)->affinity_s = 0;
	text = describe_object(o);
	if (p)
		p->manifest = manifest;
	return text;
}

/* --- from a stream --- */

static enum err on_upsert(void *arg, struct object *o)
{
	((struct fixture *)arg)->streamed = o;
	return OK;
}

static enum err on_gone(void *arg, const char *ns, const char *name)
{
	(void)arg;
	fail_msg("%s/%s is gone", ns, name);
	return OK;
}

static void on_seen(void *arg, const char *ns, const char *name, const char *version, bool deleted)
{
	(void)arg, (void)ns, (void)name, (void)version, (void)deleted;
}

static enum err on_version(void *arg, const char *version, enum stream_mark mark)
{
	(void)arg, (void)version, (void)mark;
	return OK;
}

static void on_list(void *arg, const char *version, const char *continuation)
{
	(void)arg, (void)version, (void)continuation;
}

static void on_error(void *arg, unsigned code, const char *message)
{
	(void)arg;
	fail_msg("%u %s", code, message);
}

/* before, the object's JSON and after, as a response says it. */
static void check_stream(struct fixture *f, const struct resource *r, enum scan_form form, const char *before, const char *json,
                         const char *after, const char *want)
{
	const struct stream_handlers handlers = {on_upsert, on_gone, on_seen, on_version, on_list, on_error, f};
	struct log_series lines = {0};
	struct stream *s = stream_new(r, form, f->pool, f->arena, &lines, &handlers);
	struct diag d;
	f->streamed = NULL;
	assert_int_equal(stream_feed(s, before, strlen(before), &d), OK);
	assert_int_equal(stream_feed(s, json, strlen(json), &d), OK);
	assert_int_equal(stream_feed(s, after, strlen(after), &d), OK);
	assert_non_null(f->streamed);
	assert_string_equal(describe(f->streamed), want);
	object_free(f->streamed, f->pool);
	stream_free(s);
	f->compared++;
}

static void check_streams(struct fixture *f, const struct object *o, const cJSON *tree, const char *want)
{
	const struct resource *r = resource_of(o->kind);
	char head[128], *json = cJSON_PrintUnformatted(tree);
	if (r) {
		check_stream(f, r, SCAN_WATCH, "{\"type\":\"ADDED\",\"object\":", json, "}\n", want);
		snprintf(head, sizeof head, "{\"kind\":\"%sList\",\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[",
		         object_kind_name(r->kind));
		check_stream(f, r, SCAN_LIST, head, json, "]}", want);
	}
	cJSON_free(json);
}

/* --- from a snapshot --- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void add_text(char **texts, size_t *count, const struct object *o)
{
	assert_true(*count < OBJECTS_MAX);
	texts[*count] = strdup(describe((struct object *)(uintptr_t)o));
	++*count;
}

static size_t all_of(const struct store *s, char **texts)
{
	struct store_cursor pods = {0};
	size_t count = 0, cursor = 0;
	const struct object *o;
	const struct service *v;
	const struct pod *p;
	while ((o = store_each_other(s, &cursor)))
		add_text(texts, &count, o);
	for (cursor = 0; (v = store_each_service(s, &cursor));)
		add_text(texts, &count, &v->object);
	while ((p = store_each_pod(s, &pods)))
		add_text(texts, &count, &p->object);
	qsort(texts, count, sizeof *texts, by_text);
	return count;
}

static void check_snapshot(struct fixture *f)
{
	const struct store_callbacks none = {0};
	struct store *again = store_new(f->pool, &none);
	struct buffer octets = {0};
	char *texts[OBJECTS_MAX];
	size_t count;
	struct diag d;
	assert_int_equal(snapshot_write(f->store, "here", &octets), OK);
	assert_int_equal(snapshot_read(again, f->pool, "here", octets.data, octets.len, &d), OK);
	count = all_of(again, texts);
	assert_int_equal(count, f->count);
	qsort(f->texts, f->count, sizeof *f->texts, by_text);
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(texts[i], f->texts[i]);
		free(texts[i]);
	}
	buffer_free(&octets);
	store_free(again);
}

/* --- all fixtures --- */

static bool is_kept(enum object_kind kind)
{
	return resource_of(kind) || kind == OBJECT_ENDPOINTS;
}

static enum err on_tree(void *arg, cJSON *tree)
{
	struct fixture *f = arg;
	struct object *o = NULL;
	struct diag d;
	char want[TEXT_MAX];
	assert_int_equal(object_decode(tree, OBJECT_STRICT, f->pool, &o, &d), OK);
	if (o && is_kept(o->kind)) {
		snprintf(want, sizeof want, "%s", describe(o));
		check_streams(f, o, tree, want);
		add_text(f->texts, &f->count, o);
		assert_int_equal(store_upsert(f->store, o), OK);
		o = NULL;
	}
	object_free(o, f->pool);
	cJSON_Delete(tree);
	return OK;
}

static enum err on_wrong(void *arg, enum err err, const struct diag *d)
{
	(void)arg;
	fail_msg("line %u: %s", d->line, d->text);
	return err;
}

static void check_file(struct fixture *f, const char *path)
{
	const struct document_handlers handlers = {on_tree, on_wrong, f};
	const struct store_callbacks none = {0};
	struct text_reader *text = calloc(1, sizeof *text);
	struct diag d;
	f->store = store_new(f->pool, &none);
	f->count = 0;
	assert_int_equal(text_reader_open(text, path, &d), OK);
	assert_int_equal(documents_read(text, DOCUMENT_YAML, &handlers), OK);
	text_reader_close(text);
	free(text);
	check_snapshot(f);
	for (size_t i = 0; i < f->count; i++)
		free(f->texts[i]);
	store_free(f->store);
}

static void each_way_says_the_same(void **state)
{
	struct fixture f = {.pool = intern_new(), .arena = json_arena_new()};
	glob_t files;
	(void)state;
	assert_int_equal(glob(SOURCE "/zones/*.yaml", 0, NULL, &files), 0);
	assert_int_equal(glob(SOURCE "/tests/blackbox/manifests/*.yaml", GLOB_APPEND, NULL, &files), 0);
	assert_int_equal(glob(SOURCE "/tests/unit/cluster/every_field.yaml", GLOB_APPEND, NULL, &files), 0);
	for (size_t i = 0; i < files.gl_pathc; i++)
		check_file(&f, files.gl_pathv[i]);
	assert_true(f.compared > 2 * 10); /* every_field.yaml alone has ten that are watched */
	globfree(&files);
	json_arena_free(f.arena);
	rcu_free_all();
	intern_free(f.pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(each_way_says_the_same)};
	json_arena_install();
	rcu_thread_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
