#include "forward/cache.h"
#include "cache_options.h"
#include "stripe.h"
#include <stdlib.h>
#include <string.h>

/* An entry of one or two addresses, whole. */

struct cache {
	struct cache_options options;
	struct stripes *stripes;
};

static unsigned at_least(unsigned capacity)
{
	return capacity < CACHE_CAPACITY_MIN ? CACHE_CAPACITY_MIN : capacity;
}

struct cache *cache_new(const struct cache_options *o)
{
	const unsigned entries_max[CACHE_KINDS] = {
	        [CACHE_SUCCESS] = at_least(o->success.capacity),
	        [CACHE_DENIAL] = at_least(o->denial.capacity),
	        [CACHE_FAILURE] = at_least(o->denial.capacity),
	};
	struct cache *c = malloc(sizeof *c);
	if (!c)
		return NULL;
	if (cache_options_copy(&c->options, o)) {
		free(c);
		return NULL;
	}
	c->stripes = stripes_new(entries_max);
	if (!c->stripes) {
		cache_free(c);
		return NULL;
	}
	return c;
}

void cache_free(struct cache *c)
{
	if (!c)
		return;
	stripes_free(c->stripes);
	cache_options_free(&c->options);
	free(c);
}

const struct cache_options *cache_options(const struct cache *c)
{
	return &c->options;
}

bool cache_covers(const struct cache *c, const struct name *qname)
{
	return cache_names_cover(&c->options.zones, qname);
}

void cache_usage(const struct cache *c, enum cache_kind kind, struct cache_usage *usage)
{
	const struct cache_total *t = &c->stripes->totals[kind];
	usage->entries = atomic_load_explicit(&t->entries, memory_order_relaxed);
	usage->octets = atomic_load_explicit(&t->octets, memory_order_relaxed);
}

/* --- asking --- */

static const struct ede stale_answer = EDE_SAYING(DNS_EDE_STALE_ANSWER, "");
static const struct ede cached_error = EDE_SAYING(DNS_EDE_CACHED_ERROR, "");

/* Why the answer is what it is, for people who look into it. */
static const struct ede *explanation(const struct entry *e, enum cache_result result)
{
	if (e->kind == CACHE_FAILURE)
		return &cached_error;
	return result == CACHE_STALE ? &stale_answer : NULL;
}

static uint32_t ttl_to_show(const struct cache_options *o, const struct entry *e, enum cache_result result, uint32_t now_s)
{
	if (result == CACHE_STALE && o->stale_ttl_s)
		return o->stale_ttl_s;
	if (o->keep_ttl)
		return e->ttl_s;
	return result == CACHE_STALE ? 0 : e->ttl_s - entry_age(e, now_s);
}

/* Whoever is told so asks an upstream; others are not told so meanwhile, nor for a while after a failure. */
static bool take_refresh(struct entry *e, uint32_t now_s)
{
	if (now_s < e->refresh_until_s || now_s < e->failed_until_s)
		return false;
	e->refresh_until_s = now_s + CACHE_REFRESH_S;
	return true;
}

/* Counts a hit, and tells whether it is one of so many that the answer is to be asked for anew before its end. */
static bool wants_prefetch(const struct cache_options *o, struct entry *e, uint32_t now_s)
{
	if (!o->prefetch_amount)
		return false;
	bool gap = e->hits == 0 || now_s > e->last_hit_s + (uint64_t)o->prefetch_gap_s;
	e->hits = gap ? 1 : e->hits + 1;
	e->last_hit_s = now_s;
	uint64_t last_part = ((uint64_t)e->ttl_s * o->prefetch_percent + 99) / 100;
	return e->hits >= o->prefetch_amount && e->ttl_s - entry_age(e, now_s) <= last_part;
}

static enum cache_result judge_age(const struct cache_options *o, const struct entry *e, uint32_t now_s, bool last_resort)
{
	if (!e || !entry_is_usable(e, now_s, o->stale_s))
		return CACHE_MISS;
	if (entry_is_fresh(e, now_s))
		return CACHE_FRESH;
	bool verify = o->stale_verify && !last_resort && now_s >= e->failed_until_s;
	return verify ? CACHE_VERIFY : CACHE_STALE;
}

static bool wants_refresh(const struct cache_options *o, struct entry *e, enum cache_result result, uint32_t now_s)
{
	if (e->kind == CACHE_FAILURE)
		return false;
	bool wanted = result == CACHE_FRESH ? wants_prefetch(o, e, now_s) : !o->stale_verify;
	return wanted && take_refresh(e, now_s);
}

/* What is done with the entry while nobody else touches it. */
struct taken {
	enum cache_result result;
	uint16_t rcode;
	const struct ede *ede;
};

static void take_hit(const struct cache *c, struct entry *e, const struct cache_asked *asked, bool last_resort, struct taken *taken,
                     struct cache_hit *hit)
{
	const struct cache_options *o = &c->options;
	struct reply reply;
	entry_reply(e, &reply);
	const struct reply_terms terms = {.ttl_s = ttl_to_show(o, e, taken->result, asked->now_s), .rotation = asked->rotation};
	hit->kind = (enum cache_kind)e->kind;
	hit->refresh = !last_resort && wants_refresh(o, e, taken->result, asked->now_s);
	hit->len = reply_copy(&reply, &terms, asked->out, reply_limit(asked->request, asked->cap));
	taken->rcode = e->rcode;
	taken->ede = asked->explain ? explanation(e, taken->result) : NULL;
	sieve_visit(&e->node);
}

static enum cache_result look_up(struct cache *c, const struct cache_key *k, const struct cache_asked *asked, bool last_resort,
                                 struct cache_hit *hit)
{
	struct stripe *part = stripe_of(c->stripes, k->hash);
	struct taken taken;
	stripe_lock(part);
	struct entry *e = stripe_find(c->stripes, part, k);
	taken.result = judge_age(&c->options, e, asked->now_s, last_resort);
	bool found = taken.result == CACHE_FRESH || taken.result == CACHE_STALE;
	if (found)
		take_hit(c, e, asked, last_resort, &taken, hit);
	stripe_unlock(part);
	if (found)
		hit->len = reply_finish(asked->out, hit->len, asked->cap, asked->request, taken.rcode, taken.ede);
	return taken.result;
}

enum cache_result cache_get(struct cache *c, const struct cache_key *k, const struct cache_asked *asked, struct cache_hit *hit)
{
	return look_up(c, k, asked, false, hit);
}

enum cache_result cache_get_last_resort(struct cache *c, const struct cache_key *k, const struct cache_asked *asked, struct cache_hit *hit)
{
	return look_up(c, k, asked, true, hit);
}

/* --- keeping --- */

/* True if what is new must not displace old. */
static bool must_stay(const struct cache_options *o, const struct entry *old, const struct cache_judgement *j, uint32_t now_s)
{
	if (!old || old->kind == CACHE_FAILURE || !entry_is_usable(old, now_s, o->stale_s))
		return false;
	if (j->kind == CACHE_FAILURE)
		return true;
	bool prefer = o->stale_prefer_positive && o->stale_s && old->kind == CACHE_SUCCESS && old->answering;
	return prefer && !(j->kind == CACHE_SUCCESS && j->answering);
}

/* The old answer stays. If what came was a failure, it will not be asked for anew for a while. */
static void end_refresh(const struct cache_options *o, struct entry *old, const struct cache_judgement *j, uint32_t now_s)
{
	old->refresh_until_s = 0;
	if (!j->refreshes)
		old->failed_until_s = now_s + (o->stale_recheck_s ? o->stale_recheck_s : o->servfail_s);
}

/* A name that was popular still is. Hits count on where the answer was asked for anew before its end. */
static void inherit(struct entry *e, const struct entry *old)
{
	e->node.visited = old->node.visited;
	if (!old->refresh_until_s)
		return;
	e->hits = old->hits;
	e->last_hit_s = old->last_hit_s;
}

/* Puts e in the place of the old entry of its key. False: the old one stays, and e is still the caller's. */
static bool replace(struct cache *c, const struct cache_key *k, struct entry *e, const struct cache_judgement *j, uint32_t now_s,
                    struct entry **replaced, struct entry **evicted)
{
	struct stripe *part = stripe_of(c->stripes, k->hash);
	stripe_lock(part);
	struct entry *old = stripe_find(c->stripes, part, k);
	bool stays = must_stay(&c->options, old, j, now_s);
	if (stays) {
		end_refresh(&c->options, old, j, now_s);
	} else {
		if (old) {
			inherit(e, old);
			stripe_remove(c->stripes, part, old, replaced);
		}
		stripe_reserve(c->stripes, part, j->kind, e->size, evicted);
		stripe_insert(c->stripes, part, e);
	}
	stripe_unlock(part);
	return !stays;
}

static bool is_disabled(const struct cache_options *o, const struct cache_key *k, enum cache_kind kind)
{
	return cache_names_hold(kind == CACHE_SUCCESS ? &o->no_success : &o->no_denial, k->name, k->name_len);
}

/* What came is not kept, but what is there may have waited for it. */
static void keep_old(struct cache *c, const struct cache_key *k, const struct cache_judgement *j, uint32_t now_s)
{
	struct stripe *part = stripe_of(c->stripes, k->hash);
	stripe_lock(part);
	struct entry *old = stripe_find(c->stripes, part, k);
	if (old)
		end_refresh(&c->options, old, j, now_s);
	stripe_unlock(part);
}

void cache_put(struct cache *c, const struct cache_key *k, const struct reply *reply, const struct cache_judgement *j, uint32_t now_s,
               struct cache_change *change)
{
	struct entry *replaced = NULL, *evicted = NULL, *e = NULL;
	*change = (struct cache_change){0};
	if (j->keep && j->ttl_s && !is_disabled(&c->options, k, j->kind))
		e = entry_new(k, reply, j, now_s);
	if (!e) {
		keep_old(c, k, j, now_s);
		return;
	}
	change->kept = replace(c, k, e, j, now_s, &replaced, &evicted);
	if (change->kept)
		stripes_settle(c->stripes, stripe_of(c->stripes, k->hash), j->kind, &evicted);
	else
		free(e);
	entries_free(replaced);
	change->evicted[j->kind] = entries_free(evicted);
}

/* Header and question with SERVFAIL: what a client gets if nobody else said anything. Returns its length. */
static uint16_t write_failure(const struct cache_key *k, uint8_t *bytes)
{
	static const uint8_t header[DNS_HEADER_LEN] = {0, 0, DNS_QR >> 8, DNS_SERVFAIL, 0, 1};
	struct wire_writer w = {.bytes = bytes, .limit = DNS_UDP_SIZE_MIN};
	wire_put_bytes(&w, header, sizeof header);
	wire_put_bytes(&w, k->name, k->name_len);
	wire_put_u16(&w, k->type);
	wire_put_u16(&w, k->class);
	return (uint16_t)w.len;
}

void cache_fail(struct cache *c, const struct cache_key *k, uint32_t now_s, struct cache_change *change)
{
	uint8_t bytes[DNS_UDP_SIZE_MIN];
	const struct reply reply = {.bytes = bytes, .len = write_failure(k, bytes), .rcode = DNS_SERVFAIL};
	const struct cache_judgement j = {.kind = CACHE_FAILURE, .keep = true, .ttl_s = c->options.servfail_s};
	cache_put(c, k, &reply, &j, now_s, change);
}
