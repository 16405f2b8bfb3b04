#include "late.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <uv.h>

struct waiter {
	TAILQ_ENTRY(waiter) others;
	struct exchange *x;
};

/* The state of one worker. */
struct late_worker {
	uv_async_t wake;
	struct late *late;
	TAILQ_HEAD(waiter_list, waiter) waiters;
	_Atomic(enum step_verdict) verdict;
};

/* --- answering --- */

static enum step_verdict answer(struct exchange *x)
{
	struct wire_writer w = {.bytes = x->reply, .limit = x->reply_cap};
	static const uint8_t record[] = {0xc0, DNS_HEADER_LEN, 0, 1, 0, 1, 0, 0, 0, 5, 0, 4};
	response_begin(&w, &x->query.request, DNS_RA, DNS_NOERROR);
	wire_put_bytes(&w, record, sizeof record);
	wire_put_bytes(&w, LATE_ADDRESS, 4);
	response_end(&w, &x->query.request, DNS_NOERROR, 1, 0, 0, NULL);
	x->reply_len = w.len;
	return STEP_ANSWER;
}

static bool begins(const struct exchange *x, const char *with)
{
	size_t len, want = strlen(with);
	const uint8_t *label = x->query.request.qname.labels ? name_label(&x->query.request.qname, 0, &len) : NULL;
	return label && len >= want && memcmp(label, with, want) == 0;
}

static enum step_verdict keep(struct late_worker *w, struct exchange *x, unsigned timeout_ms)
{
	struct waiter *one = malloc(sizeof *one);
	struct exchange *kept;
	enum step_verdict v;
	if (!one)
		return exchange_error(x, DNS_SERVFAIL, NULL);
	v = exchange_keep(x, timeout_ms, &kept);
	if (v != STEP_WAIT) {
		free(one);
		return v;
	}
	one->x = kept;
	kept->waiting = one;
	TAILQ_INSERT_TAIL(&w->waiters, one, others);
	atomic_fetch_add(&w->late->waiting, 1);
	sem_post(&w->late->arrived);
	return STEP_WAIT;
}

/* The name without its first label. */
static enum step_verdict ask_rest(struct exchange *x)
{
	const struct name *all = &x->query.request.qname;
	struct name rest;
	if (all->labels < 2)
		return exchange_error(x, DNS_NXDOMAIN, NULL);
	name_from_wire(&rest, all->wire + all->offset[1], all->len - all->offset[1]);
	return exchange_ask(x, &rest, x->query.request.qtype);
}

static enum step_verdict ask(const void *self, void *state, struct exchange *x)
{
	(void)self;
	if (begins(x, "now"))
		return answer(x);
	if (begins(x, "fall")) {
		exchange_error(x, DNS_NXDOMAIN, NULL);
		return STEP_FALLTHROUGH;
	}
	if (begins(x, "drop"))
		return STEP_DROP;
	if (begins(x, "wait"))
		return keep(state, x, 0);
	if (begins(x, "brief") || begins(x, "patient"))
		return keep(state, x, BRIEF_MS);
	if (begins(x, "bad"))
		return exchange_fail(x, DNS_SERVFAIL, NULL, "%s, %d", "broken", 7);
	if (begins(x, "back"))
		return exchange_error(x, DNS_NXDOMAIN, NULL);
	if (begins(x, "ask"))
		return ask_rest(x);
	return STEP_PASS;
}

static enum step_verdict reconsider(const void *self, void *state, struct exchange *x)
{
	(void)self;
	(void)state;
	return begins(x, "back") ? ask_rest(x) : STEP_ANSWER;
}

static void answered(const void *self, void *state, struct exchange *x)
{
	struct late *l = (struct late *)self;
	(void)state;
	assert_true(x->reply_len >= DNS_HEADER_LEN);
	atomic_fetch_add(&l->answered, 1);
}

static enum step_verdict heard(const void *self, void *state, struct exchange *x, const uint8_t *bytes, size_t len)
{
	struct late *l = (struct late *)self;
	(void)state;
	atomic_fetch_add(&l->heard, 1);
	if (len && (bytes[3] & 15) == DNS_NOERROR)
		return answer(x);
	return exchange_error(x, len ? (enum dns_rcode)(bytes[3] & 15) : DNS_SERVFAIL, NULL);
}

static void take_off(struct late_worker *w, struct exchange *x)
{
	struct waiter *one = x->waiting;
	TAILQ_REMOVE(&w->waiters, one, others);
	atomic_fetch_sub(&w->late->waiting, 1);
	free(one);
	x->waiting = NULL;
}

static enum step_verdict expired(const void *self, void *state, struct exchange *x)
{
	struct late *l = (struct late *)self;
	take_off(state, x);
	atomic_fetch_add(&l->expired, 1);
	return begins(x, "patient") ? answer(x) : exchange_error(x, DNS_NXDOMAIN, NULL);
}

/* One that asked for another name is not on the list. */
static void forget(const void *self, void *state, struct exchange *x)
{
	struct late *l = (struct late *)self;
	if (x->waiting)
		take_off(state, x);
	atomic_fetch_add(&l->forgotten, 1);
}

/* --- its life --- */

static void on_wake(uv_async_t *handle)
{
	struct late_worker *w = handle->data;
	struct late *late = w->late;
	enum step_verdict verdict = atomic_load(&w->verdict);
	struct waiter *one;
	while ((one = TAILQ_LAST(&w->waiters, waiter_list))) {
		struct exchange *x = one->x;
		take_off(w, x);
		if (verdict == STEP_ANSWER)
			answer(x);
		exchange_resume(x, verdict);
	}
	sem_post(&late->done);
}

static void *begin(const void *self, unsigned worker, uv_loop_t *loop)
{
	struct late *l = (struct late *)self;
	struct late_worker *w = calloc(1, sizeof *w);
	if (!w)
		return NULL;
	assert_int_equal(uv_async_init(loop, &w->wake, on_wake), 0);
	w->wake.data = w;
	w->late = l;
	TAILQ_INIT(&w->waiters);
	atomic_store(&l->workers[worker], w);
	atomic_fetch_add(&l->begun, 1);
	return w;
}

static void on_closed(uv_handle_t *handle)
{
	struct late_worker *w = handle->data;
	free(w);
}

static void end(void *state)
{
	struct late_worker *w = state;
	assert_true(TAILQ_EMPTY(&w->waiters));
	for (unsigned i = 0; i < LATE_WORKERS; i++) {
		if (atomic_load(&w->late->workers[i]) == w)
			atomic_store(&w->late->workers[i], NULL);
	}
	atomic_fetch_add(&w->late->ended, 1);
	uv_close((uv_handle_t *)&w->wake, on_closed);
}

static void freed(void *self)
{
	struct late *l = self;
	assert_int_equal(atomic_load(&l->begun), atomic_load(&l->ended));
	atomic_fetch_add(&l->freed, 1);
}

#define LATE_KIND                                                                                                                          \
	.name = "late", .ask = ask, .answered = answered, .heard = heard, .forget = forget, .begin = begin, .end = end, .free = freed
const struct step_kind late_kind = {LATE_KIND};
const struct step_kind late_expiring = {LATE_KIND, .expired = expired};
const struct step_kind late_reconsidering = {LATE_KIND, .reconsider = reconsider};

void late_init(struct late *l)
{
	memset(l, 0, sizeof *l);
	sem_init(&l->arrived, 0, 0);
	sem_init(&l->done, 0, 0);
}

void late_clear(struct late *l)
{
	assert_int_equal(atomic_load(&l->waiting), 0);
	assert_int_equal(atomic_load(&l->begun), atomic_load(&l->ended));
	sem_destroy(&l->arrived);
	sem_destroy(&l->done);
}

void late_resume_all(struct late *l, enum step_verdict verdict)
{
	for (unsigned i = 0; i < LATE_WORKERS; i++) {
		struct late_worker *w = atomic_load(&l->workers[i]);
		if (!w)
			continue;
		atomic_store(&w->verdict, verdict);
		uv_async_send(&w->wake);
		while (sem_wait(&l->done))
			;
	}
}

void late_await(struct late *l, unsigned n)
{
	while (n)
		n -= sem_wait(&l->arrived) == 0;
}
