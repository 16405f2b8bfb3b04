#include "room.h"

#include "fail_alloc.h"
#include "unit.h"

/* --- what a room needs of others --- */

static struct {
	enum err enter_err;
	bool no_thread;
	unsigned no_semaphore; /* the n-th fails; 0: none */
	const struct sandbox *entered;
	uv_thread_t inside;
	int semaphores;
} around;

enum err __wrap_sandbox_enter(const struct sandbox *s, struct diag *d);
int __real_uv_thread_create(uv_thread_t *thread, uv_thread_cb entry, void *arg);
int __wrap_uv_thread_create(uv_thread_t *thread, uv_thread_cb entry, void *arg);
int __real_uv_sem_init(uv_sem_t *s, unsigned value);
int __wrap_uv_sem_init(uv_sem_t *s, unsigned value);
void __real_uv_sem_destroy(uv_sem_t *s);
void __wrap_uv_sem_destroy(uv_sem_t *s);

enum err __wrap_sandbox_enter(const struct sandbox *s, struct diag *d)
{
	around.entered = s;
	around.inside = uv_thread_self();
	return around.enter_err ? diag_set(d, around.enter_err, "forbidden") : OK;
}

int __wrap_uv_thread_create(uv_thread_t *thread, uv_thread_cb entry, void *arg)
{
	return around.no_thread ? UV_EAGAIN : __real_uv_thread_create(thread, entry, arg);
}

int __wrap_uv_sem_init(uv_sem_t *s, unsigned value)
{
	if (around.no_semaphore && --around.no_semaphore == 0)
		return UV_ENOMEM;
	around.semaphores++;
	return __real_uv_sem_init(s, value);
}

void __wrap_uv_sem_destroy(uv_sem_t *s)
{
	around.semaphores--;
	__real_uv_sem_destroy(s);
}

static int setup(void **state)
{
	static struct sandbox s;
	around = (__typeof__(around)){0};
	*state = &s;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(around.semaphores, 0);
	return 0;
}

/* --- work --- */

struct work {
	unsigned done;
	bool inside;
};

static enum err work(void *arg, struct diag *d)
{
	struct work *w = arg;
	uv_thread_t self = uv_thread_self();
	w->inside = uv_thread_equal(&self, &around.inside);
	w->done++;
	return w->done == 2 ? diag_set(d, ERR_SYS, "the second") : OK;
}

/* All in one thread, which is not the caller's, one after the other. */
static void test_work_is_done_inside(void **state)
{
	struct work w = {0};
	struct room *r;
	struct diag d;
	uv_thread_t self = uv_thread_self();
	assert_int_equal(room_open(&r, *state, &d), OK);
	assert_ptr_equal(around.entered, *state);
	assert_false(uv_thread_equal(&self, &around.inside));
	assert_int_equal(room_call(r, work, &w, &d), OK);
	assert_true(w.inside);
	assert_int_equal(room_call(r, work, &w, &d), ERR_SYS);
	assert_string_equal(d.text, "the second");
	assert_int_equal(room_call(r, work, &w, &d), OK);
	assert_int_equal(w.done, 3);
	room_close(r);
	room_close(NULL);
}

static void test_may_not_enter(void **state)
{
	struct room *r;
	struct diag d;
	around.enter_err = ERR_DENIED;
	assert_int_equal(room_open(&r, *state, &d), ERR_DENIED);
	assert_string_equal(d.text, "forbidden");
}

static void test_cannot_start(void **state)
{
	struct room *r;
	struct diag d;
	around.no_thread = true;
	assert_int_equal(room_open(&r, *state, &d), ERR_SYS);
	around.no_thread = false;
	for (unsigned n = 1; n <= 2; n++) {
		around.no_semaphore = n;
		assert_int_equal(room_open(&r, *state, &d), ERR_SYS);
	}
	fail_alloc_at(1);
	assert_int_equal(room_open(&r, *state, &d), ERR_NOMEM);
	fail_alloc_at(0);
	assert_null(around.entered);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_work_is_done_inside, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_may_not_enter, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_cannot_start, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
