/* Files as the whole of a store: what counts, what is refused, and what stays then. */
#include "fail_alloc.h"
#include "manifest_source.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SERVICE(name) "apiVersion: v1\nkind: Service\nmetadata: {name: " name "}\nspec: {clusterIP: None}\n---\n"

struct fixture {
	char path[40];
	const char *files[1];
	struct manifest_options options;
	struct manifest_source source;
	struct intern *pool;
	struct store *store;
	unsigned changed, gone; /* that the store has told */
};

static enum err on_changed(void *arg, const struct service_view *view)
{
	struct fixture *f = arg;
	(void)view;
	f->changed++;
	return OK;
}

static void on_gone(void *arg, enum object_kind kind, const char *ns, const char *name)
{
	struct fixture *f = arg;
	(void)kind, (void)ns, (void)name;
	f->gone++;
}

static enum err on_namespace(void *arg, const char *ns, bool exists)
{
	(void)arg, (void)ns, (void)exists;
	return OK;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	strcpy(f->path, "/tmp/test-manifest-source.XXXXXX");
	close(mkstemp(f->path));
	f->files[0] = f->path;
	f->pool = intern_new();
	f->store = store_new(f->pool, &(struct store_callbacks){on_changed, on_gone, on_namespace, NULL, NULL, f});
	assert_int_equal(cidr_parse("10.244.0.0/16", &f->options.pod_cidr), OK);
	assert_int_equal(cidr_parse("10.0.0.0/24", &f->options.service_cidr), OK);
	assert_int_equal(cidr_parse("fd00:10:244::/56", &f->options.pod_cidr6), OK);
	assert_int_equal(cidr_parse("fd00:10:96::/112", &f->options.service_cidr6), OK);
	f->source = (struct manifest_source){.files = f->files, .file_count = 1, .options = &f->options};
	assert_int_equal(manifest_source_init(&f->source, NULL), OK);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	store_free(f->store);
	intern_free(f->pool);
	unlink(f->path);
	free(f);
	return 0;
}

/* The source's load of that text; what the store told is counted anew. */
static enum err load(struct fixture *f, const char *text)
{
	FILE *file = fopen(f->path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	f->changed = f->gone = 0;
	return manifest_source_load(&f->source, f->store, f->pool);
}

static const struct {
	const char *what, *text;
	enum err err;
	unsigned changed, gone, errors;
	size_t services; /* afterwards */
} steps[] = {
        {"nothing, where there was nothing", "", OK, 0, 0, 0, 0},
        {"the first", SERVICE("a") SERVICE("b"), OK, 2, 0, 0, 2},
        {"the same", SERVICE("b") SERVICE("a"), OK, 0, 0, 0, 2},
        {"one comes, one goes", SERVICE("b") SERVICE("c"), OK, 1, 1, 0, 2},
        {"one is wrong", SERVICE("c") SERVICE("B!") SERVICE("d"), ERR_SYNTAX, 0, 0, 1, 2},
        {"two are", SERVICE("B!") SERVICE("C!"), ERR_SYNTAX, 0, 0, 2, 2},
        {"all are gone", "", ERR_MISSING, 0, 0, 1, 2},
        {"good again", SERVICE("c"), OK, 0, 1, 0, 1},
};

static void test_loads_one_after_the_other(void **state)
{
	struct fixture *f = *state;
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		assert_int_equal(load(f, steps[i].text), steps[i].err);
		assert_int_equal(f->changed, steps[i].changed);
		assert_int_equal(f->gone, steps[i].gone);
		assert_int_equal(f->source.errors, steps[i].errors);
		assert_int_equal(store_counts(f->store).services, steps[i].services);
	}
}

static void test_a_file_that_is_not_there(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(load(f, SERVICE("a")), OK);
	unlink(f->path);
	assert_int_not_equal(manifest_source_load(&f->source, f->store, f->pool), OK);
	assert_int_equal(f->source.errors, 1);
	assert_int_equal(store_counts(f->store).services, 1);
}

/* One load more mends whatever was left undone for want of memory. */
static void test_every_allocation_may_fail(void **state)
{
	struct fixture *f = *state;
	bool failed = true;
	for (unsigned n = 1; failed; n++) {
		const char *text = n % 2 ? SERVICE("a") SERVICE("b") : SERVICE("b") SERVICE("c") SERVICE("d");
		enum err err;
		assert_int_equal(load(f, SERVICE("x")), OK);
		fail_alloc_at(n);
		err = load(f, text);
		failed = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, failed ? ERR_NOMEM : OK);
		assert_int_equal(load(f, text), OK);
		assert_int_equal(store_counts(f->store).services, n % 2 ? 2 : 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_loads_one_after_the_other, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_a_file_that_is_not_there, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_every_allocation_may_fail, setup, teardown),
	};
	return cmocka_run_group_tests_name("manifest_source", tests, NULL, NULL);
}
