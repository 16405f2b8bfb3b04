/* What of a list is given out when: what is known at once, what is new or gone when it is whole, and nothing of one that never is. */
#include "fail_alloc.h"
#include "listing.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
	struct intern *pool;
	struct listing_outlet outlet;
	struct listing listing;
	char known[64]; /* names that the sink has, one letter each */
	char log[256]; /* what it was told: "mark", "changing", "+NAME", "-NAME", "sweep", a space after each; "changing NAME" of one object */
	struct object_amount amount;
	enum err refuse; /* what upsert returns */
};

static void note(struct fixture *f, const char *what, const char *name)
{
	size_t len = strlen(f->log);
	assert_true(snprintf(f->log + len, sizeof f->log - len, "%s%s ", what, name) < (int)(sizeof f->log - len));
}

static void on_changing(void *arg, const struct object *o)
{
	note(arg, o ? "changing " : "changing", o ? o->name : "");
}

static enum err on_upsert(void *arg, struct object *o)
{
	struct fixture *f = arg;
	if (!f->refuse)
		note(f, "+", o->name);
	object_free(o, f->pool);
	return f->refuse;
}

static void on_gone(void *arg, enum object_kind kind, const char *ns, const char *name)
{
	(void)ns;
	assert_int_equal(kind, OBJECT_NAMESPACE);
	note(arg, "-", name);
}

static void on_mark(void *arg, enum object_kind kind)
{
	assert_int_equal(kind, OBJECT_NAMESPACE);
	note(arg, "mark", "");
}

static void on_sweep(void *arg, enum object_kind kind)
{
	assert_int_equal(kind, OBJECT_NAMESPACE);
	note(arg, "sweep", "");
}

static bool on_knows(void *arg, const struct object *o)
{
	struct fixture *f = arg;
	return strchr(f->known, *o->name);
}

static struct object_amount on_amount(void *arg, enum object_kind kind)
{
	struct fixture *f = arg;
	(void)kind;
	return f->amount;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	f->pool = intern_new();
	f->outlet = (struct listing_outlet){{on_upsert, on_gone, on_mark, on_sweep, on_knows, on_amount, f}, on_changing, f};
	listing_init(&f->listing, &f->outlet, OBJECT_NAMESPACE, f->pool);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	listing_drop(&f->listing);
	intern_free(f->pool);
	free(f);
	return 0;
}

static enum err take(struct fixture *f, const char *name)
{
	struct object *o = object_new(OBJECT_NAMESPACE);
	if (!o)
		return ERR_NOMEM;
	o->ns = intern_str(f->pool, "");
	o->name = intern_str(f->pool, name);
	if (o->ns && o->name)
		return listing_take(&f->listing, o);
	object_free(o, f->pool);
	return ERR_NOMEM;
}

static const struct list_bounds bounds = {.objects = 4, .bytes = 1 << 20};

static enum err finish(struct fixture *f, bool *doubtful)
{
	struct diag d;
	return listing_finish(&f->listing, &bounds, "namespaces", doubtful, &d);
}

static void test_known_at_once_and_new_at_the_end(void **state)
{
	struct fixture *f = *state;
	bool doubtful;
	strcpy(f->known, "bd");
	listing_begin(&f->listing);
	assert_int_equal(take(f, "a"), OK);
	assert_string_equal(f->log, "");
	assert_int_equal(take(f, "b"), OK);
	assert_int_equal(take(f, "c"), OK);
	assert_int_equal(take(f, "d"), OK);
	assert_string_equal(f->log, "mark changing b +b changing d +d ");
	assert_int_equal(finish(f, &doubtful), OK);
	assert_string_equal(f->log, "mark changing b +b changing d +d changing +a +c sweep ");
	assert_false(doubtful);
}

/* From the first that goes on, all is kept, in its order: the last word about one object counts. */
static void test_what_goes_meanwhile(void **state)
{
	struct fixture *f = *state;
	bool doubtful;
	strcpy(f->known, "ab");
	listing_begin(&f->listing);
	assert_int_equal(take(f, "a"), OK);
	assert_int_equal(listing_take_gone(&f->listing, "", "a"), OK);
	assert_int_equal(take(f, "b"), OK);
	assert_int_equal(take(f, "a"), OK);
	assert_int_equal(finish(f, &doubtful), OK);
	assert_string_equal(f->log, "mark changing a +a changing -a +b +a sweep ");
}

static void test_given_up(void **state)
{
	struct fixture *f = *state;
	bool doubtful;
	listing_begin(&f->listing);
	assert_int_equal(take(f, "a"), OK);
	assert_int_equal(listing_take_gone(&f->listing, "", "b"), OK);
	listing_drop(&f->listing);
	listing_begin(&f->listing);
	strcpy(f->known, "c");
	assert_int_equal(take(f, "c"), OK); /* nothing has gone in this one */
	assert_int_equal(finish(f, &doubtful), OK);
	assert_string_equal(f->log, "mark changing c +c changing sweep ");
}

/* Half is not most. */
static void test_doubtful(void **state)
{
	struct fixture *f = *state;
	bool doubtful;
	listing_begin(&f->listing);
	listing_add_counts(&f->listing, (struct stream_counts){1, 0});
	listing_add_counts(&f->listing, (struct stream_counts){1, 1});
	assert_int_equal(finish(f, &doubtful), OK);
	assert_false(doubtful);
	*f->log = '\0';
	listing_begin(&f->listing);
	listing_add_counts(&f->listing, (struct stream_counts){1, 0});
	listing_add_counts(&f->listing, (struct stream_counts){2, 2});
	assert_int_equal(take(f, "a"), OK);
	assert_int_equal(finish(f, &doubtful), OK);
	assert_true(doubtful);
	assert_string_equal(f->log, "mark changing +a ");
	/* what stays and what comes add up */
	f->amount = (struct object_amount){.objects = 4};
	listing_add_counts(&f->listing, (struct stream_counts){1, 1});
	assert_int_equal(take(f, "b"), OK);
	assert_int_equal(finish(f, &doubtful), ERR_RANGE);
	assert_string_equal(f->log, "mark changing +a ");
}

static void test_a_sink_that_refuses(void **state)
{
	struct fixture *f = *state;
	bool doubtful;
	listing_begin(&f->listing);
	assert_int_equal(take(f, "a"), OK);
	f->refuse = ERR_NOMEM;
	assert_int_equal(finish(f, &doubtful), ERR_NOMEM);
	assert_string_equal(f->log, "mark changing ");
}

static void test_every_allocation_may_fail(void **state)
{
	struct fixture *f = *state;
	bool failed = true, doubtful;
	for (unsigned n = 1; failed; n++) {
		enum err err;
		listing_begin(&f->listing);
		fail_alloc_at(n);
		err = take(f, "a");
		err = err ? err : listing_take_gone(&f->listing, "", "b");
		err = err ? err : take(f, "c");
		err = err ? err : finish(f, &doubtful);
		failed = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, failed ? ERR_NOMEM : OK);
		assert_int_equal(!!strstr(f->log, "sweep"), !failed);
		listing_drop(&f->listing);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_known_at_once_and_new_at_the_end, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_what_goes_meanwhile, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_given_up, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_doubtful, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_a_sink_that_refuses, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_every_allocation_may_fail, setup, teardown),
	};
	return cmocka_run_group_tests_name("listing", tests, NULL, NULL);
}
