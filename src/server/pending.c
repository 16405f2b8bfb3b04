#include "pending.h"
#include "base/hash.h"
#include <stdlib.h>
#include <string.h>

#define CHUNK 64   /* taken from the heap at once */
#define TWINS 4096 /* lists of the questions that wait; a power of two */
#define WHEEL 512  /* ticks, more than anybody may wait; a power of two */

_Static_assert(WHEEL *PENDING_TICK_MS > EXCHANGE_WAIT_MAX_MS + 2 * PENDING_TICK_MS, "a deadline comes before the wheel has turned once");

struct chunk {
	SLIST_ENTRY(chunk) others;
	struct pending all[CHUNK];
};

struct pending_pool {
	unsigned max, count;
	SLIST_HEAD(, chunk) chunks;
	SLIST_HEAD(, pending) free;
	struct pending_queue by_age;
	uint64_t tick;                    /* deadlines up to here have been seen to */
	struct pending_list wheel[WHEEL]; /* by deadline */
	struct pending_list twins[TWINS]; /* by hash */
	unsigned clients[PENDING_CLIENTS];
};

/* --- memory --- */

struct pending_pool *pending_pool_new(unsigned max)
{
	struct pending_pool *pool = calloc(1, sizeof *pool);
	if (!pool)
		return NULL;
	pool->max = max;
	TAILQ_INIT(&pool->by_age);
	return pool;
}

static void free_chunks(struct pending_pool *pool)
{
	struct chunk *c;
	while ((c = SLIST_FIRST(&pool->chunks))) {
		SLIST_REMOVE_HEAD(&pool->chunks, others);
		free(c);
	}
	SLIST_INIT(&pool->free);
}

void pending_pool_free(struct pending_pool *pool)
{
	if (pool)
		free_chunks(pool);
	free(pool);
}

static struct pending *take(struct pending_pool *pool)
{
	struct pending *p = SLIST_FIRST(&pool->free);
	struct chunk *c;
	if (pool->count == pool->max)
		return NULL;
	if (!p) {
		c = malloc(sizeof *c);
		if (!c)
			return NULL;
		SLIST_INSERT_HEAD(&pool->chunks, c, others);
		for (unsigned i = 0; i < CHUNK; i++)
			SLIST_INSERT_HEAD(&pool->free, &c->all[i], free);
		p = SLIST_FIRST(&pool->free);
	}
	SLIST_REMOVE_HEAD(&pool->free, free);
	pool->count++;
	return p;
}

/* What a busy hour took goes back to the heap when it is over. */
static void give_back(struct pending_pool *pool, struct pending *p)
{
	SLIST_INSERT_HEAD(&pool->free, p, free);
	if (!--pool->count && SLIST_NEXT(SLIST_FIRST(&pool->chunks), others))
		free_chunks(pool);
}

unsigned pending_count(const struct pending_pool *pool)
{
	return pool->count;
}

unsigned pending_max(const struct pending_pool *pool)
{
	return pool->max;
}

/* --- who asks what --- */

static uint64_t hash_address(const union net_peer *p)
{
	return p->sa.sa_family == AF_INET ? hash_bytes(&p->v4.sin_addr, sizeof p->v4.sin_addr)
	                                  : hash_bytes(&p->v6.sin6_addr, sizeof p->v6.sin6_addr);
}

unsigned pending_client(const union net_peer *client)
{
	return (unsigned)(hash_address(client) & (PENDING_CLIENTS - 1));
}

static uint16_t port_of(const union net_peer *p)
{
	return p->sa.sa_family == AF_INET ? p->v4.sin_port : p->v6.sin6_port;
}

static bool same_peer(const union net_peer *a, const union net_peer *b)
{
	if (a->sa.sa_family != b->sa.sa_family || port_of(a) != port_of(b))
		return false;
	if (a->sa.sa_family == AF_INET)
		return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	return memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof a->v6.sin6_addr) == 0 && a->v6.sin6_scope_id == b->v6.sin6_scope_id;
}

/* Header and question as they came, so with the ID. */
static const uint8_t *sent(const struct exchange *x, size_t *len)
{
	const struct request *r = &x->query.request;
	*len = DNS_HEADER_LEN + (size_t)(x->asked ? x->asked_len : r->question_len);
	return x->asked ? x->asked : r->bytes;
}

static uint64_t hash_question(const struct exchange *x)
{
	size_t len;
	const uint8_t *bytes = sent(x, &len);
	return hash_mix(hash_bytes(bytes, len), hash_address(x->peer) + port_of(x->peer));
}

static bool same_question(const struct exchange *a, const struct exchange *b)
{
	size_t len, other_len;
	const uint8_t *bytes = sent(a, &len), *others = sent(b, &other_len);
	return a->query.transport == b->query.transport && a->address == b->address && same_peer(a->peer, b->peer) && len == other_len &&
	       memcmp(bytes, others, len) == 0;
}

struct pending *pending_twin(struct pending_pool *pool, const struct exchange *x)
{
	uint64_t hash = hash_question(x);
	struct pending *p;
	LIST_FOREACH(p, &pool->twins[hash & (TWINS - 1)], twins)
	{
		if (p->hash == hash && same_question(&p->x, x))
			return p;
	}
	return NULL;
}

bool pending_too_many(const struct pending_pool *pool, const union net_peer *client)
{
	return pool->clients[pending_client(client)] >= (pool->max + 3) / 4;
}

/* --- coming and going --- */

static void list(struct pending_pool *pool, struct pending *p)
{
	p->hash = hash_question(&p->x);
	p->client_hash = pending_client(p->x.peer);
	LIST_INSERT_HEAD(&pool->twins[p->hash & (TWINS - 1)], p, twins);
	TAILQ_INSERT_TAIL(&pool->by_age, p, by_age);
	pool->clients[p->client_hash]++;
}

static void unlist(struct pending_pool *pool, struct pending *p)
{
	LIST_REMOVE(p, twins);
	TAILQ_REMOVE(&pool->by_age, p, by_age);
	pool->clients[p->client_hash]--;
}

struct pending *pending_new(struct pending_pool *pool, const struct exchange *x, struct pending *parent, uint64_t now_ms)
{
	struct pending *p = take(pool);
	size_t len = DNS_HEADER_LEN + (size_t)x->query.request.question_len;
	if (!p)
		return NULL;
	*p = (struct pending){
	        .x = *x, .parent = parent, .state = PENDING_RUNS, .since_ms = now_ms, .last_ms = now_ms + EXCHANGE_WAIT_MAX_MS};
	memcpy(p->question, x->query.request.bytes, len);
	p->x.query.request.bytes = p->question;
	if (x->asked) {
		memcpy(p->asked, x->asked, DNS_HEADER_LEN + (size_t)x->asked_len);
		p->x.asked = p->asked;
	}
	p->x.message = NULL;
	if (parent) {
		parent->child = p;
		p->depth = parent->depth + 1;
		p->last_ms = parent->last_ms;
	} else {
		list(pool, p);
	}
	return p;
}

void pending_free(struct pending_pool *pool, struct pending *p)
{
	pending_wake(p);
	if (p->parent)
		p->parent->child = NULL;
	else
		unlist(pool, p);
	give_back(pool, p);
}

struct pending *pending_oldest(struct pending_pool *pool, const struct pending *except, uint64_t now_ms)
{
	struct pending *p;
	TAILQ_FOREACH(p, &pool->by_age, by_age)
	{
		if (now_ms - p->since_ms <= PENDING_OLD_MS)
			return NULL;
		if (p->state == PENDING_WAITS && p != except)
			return p;
	}
	return NULL;
}

struct pending *pending_any(struct pending_pool *pool)
{
	return TAILQ_FIRST(&pool->by_age);
}

/* --- deadlines --- */

void pending_wait(struct pending_pool *pool, struct pending *p, uint64_t due_ms, uint64_t now_ms)
{
	uint64_t tick = due_ms / PENDING_TICK_MS + 1, next = now_ms / PENDING_TICK_MS + 1;
	pending_wake(p);
	p->state = PENDING_WAITS;
	p->due_tick = tick > next ? tick : next;
	LIST_INSERT_HEAD(&pool->wheel[p->due_tick & (WHEEL - 1)], p, by_due);
}

void pending_wake(struct pending *p)
{
	if (p->state == PENDING_WAITS)
		LIST_REMOVE(p, by_due);
	p->state = PENDING_RUNS;
}

/* Where the loop stood still for long, others of a later turn of the wheel may be there already. */
static struct pending *find_due(struct pending_list *spoke, uint64_t now)
{
	struct pending *p;
	LIST_FOREACH(p, spoke, by_due)
	{
		if (p->due_tick <= now)
			return p;
	}
	return NULL;
}

struct pending *pending_due(struct pending_pool *pool, uint64_t now_ms)
{
	uint64_t now = now_ms / PENDING_TICK_MS;
	if (now > pool->tick + WHEEL)
		pool->tick = now - WHEEL;
	for (; pool->tick <= now; pool->tick++) {
		struct pending *p = find_due(&pool->wheel[pool->tick & (WHEEL - 1)], now);
		if (p) {
			pending_wake(p);
			return p;
		}
	}
	pool->tick = now;
	return NULL;
}

static void hurry(struct pending_pool *pool, struct pending *p, uint64_t last_ms, uint64_t now_ms)
{
	for (; p; p = p->child) {
		if (p->last_ms > last_ms)
			p->last_ms = last_ms;
		if (p->state == PENDING_WAITS)
			pending_wait(pool, p, p->last_ms, now_ms);
	}
}

void pending_hurry(struct pending_pool *pool, uint64_t last_ms, uint64_t now_ms)
{
	struct pending *p;
	TAILQ_FOREACH(p, &pool->by_age, by_age)
	hurry(pool, p, last_ms, now_ms);
}
