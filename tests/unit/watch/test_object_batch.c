#include "fail_alloc.h"
#include "object_batch.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

struct taken {
	struct intern *pool;
	char text[256];
	bool full; /* nothing more is taken */
};

static void note(struct taken *t, char sign, const char *name)
{
	size_t len = strlen(t->text);
	snprintf(t->text + len, sizeof t->text - len, "%c%s ", sign, name);
}

static enum err on_upsert(void *arg, struct object *o)
{
	struct taken *t = arg;
	note(t, '+', o->name);
	object_free(o, t->pool);
	return t->full ? ERR_NOMEM : OK;
}

static void on_gone(void *arg, enum object_kind kind, const char *ns, const char *name)
{
	assert_int_equal(kind, OBJECT_POD);
	assert_string_equal(ns, "default");
	note(arg, '-', name);
}

static enum err add(struct object_batch *b, const char *name)
{
	struct object *o = object_new(OBJECT_POD);
	if (!o)
		return ERR_NOMEM;
	o->octets = 7;
	o->ns = intern_str(b->pool, "default");
	o->name = intern_str(b->pool, name);
	if (o->ns && o->name)
		return object_batch_add(b, o);
	object_free(o, b->pool);
	return ERR_NOMEM;
}

static enum err fill(struct object_batch *b)
{
	enum err err = add(b, "a");
	if (!err)
		err = add(b, "b");
	if (!err)
		err = object_batch_add_gone(b, OBJECT_POD, "default", "a");
	return err ? err : add(b, "a");
}

static void all_of_it_in_order(void **state)
{
	struct object_batch b = {.pool = intern_new()};
	struct taken t = {.pool = b.pool};
	(void)state;
	assert_int_equal(fill(&b), OK);
	assert_int_equal(b.amount.objects, 3);
	assert_int_equal(b.amount.octets, 21);
	assert_int_equal(object_batch_give(&b, &(struct object_sink){.upsert = on_upsert, .gone = on_gone, .arg = &t}), OK);
	assert_string_equal(t.text, "+a +b -a +a ");
	assert_int_equal(b.count + b.amount.objects + b.amount.octets, 0);
	assert_int_equal(fill(&b), OK);
	object_batch_clear(&b);
	assert_int_equal(b.count + b.amount.objects + b.amount.octets, 0);
	intern_free(b.pool);
}

static void the_rest_is_freed_after_an_error(void **state)
{
	struct object_batch b = {.pool = intern_new()};
	struct taken t = {.pool = b.pool, .full = true};
	(void)state;
	assert_int_equal(fill(&b), OK);
	assert_int_equal(object_batch_give(&b, &(struct object_sink){.upsert = on_upsert, .gone = on_gone, .arg = &t}), ERR_NOMEM);
	assert_string_equal(t.text, "+a ");
	intern_free(b.pool);
}

static void memory_is_short(void **state)
{
	bool hit = true;
	(void)state;
	for (unsigned n = 1; hit; n++) {
		struct object_batch b = {.pool = intern_new()};
		enum err err;
		fail_alloc_at(n);
		err = fill(&b);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, hit ? ERR_NOMEM : OK);
		object_batch_clear(&b);
		intern_free(b.pool);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(all_of_it_in_order),
	        cmocka_unit_test(the_rest_is_freed_after_an_error),
	        cmocka_unit_test(memory_is_short),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
