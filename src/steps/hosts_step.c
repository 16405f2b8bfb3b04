/* `hosts`: A, AAAA and PTR from a file and from lines of the Corefile, as CoreDNS has them: there is no SOA, so a name that is not there is somebody
 * else's, or a failure, and never NXDOMAIN. */
#include "dns/message.h"
#include "hosts_names.h"
#include "kinds.h"
#include <stdlib.h>
#include <sys/random.h>

#define SOURCES 2 /* the file, and then the Corefile */

/* Of one worker. */
struct hosts_state {
	uint64_t dice;
};

static bool is_in(const struct name *n, const struct name *zones, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (name_in(n, &zones[i]))
			return true;
	}
	return false;
}

/* Marsaglia's xorshift: who guesses it knows the order of some addresses. */
static uint32_t draw(struct hosts_state *s)
{
	s->dice ^= s->dice << 13;
	s->dice ^= s->dice >> 7;
	s->dice ^= s->dice << 17;
	return (uint32_t)(s->dice >> 32);
}

/* --- what there is --- */

/* The file is the one of this read section. */
static void find_tables(const struct hosts *h, const struct hosts_table *tables[SOURCES])
{
	tables[0] = atomic_load_explicit(&h->file, memory_order_acquire);
	tables[1] = h->lines;
}

static void find_addresses(const struct hosts *h, const struct name *n, enum addr_family family, struct hosts_cursor found[SOURCES])
{
	const struct hosts_table *tables[SOURCES];
	find_tables(h, tables);
	for (unsigned i = 0; i < SOURCES; i++)
		found[i] = hosts_table_addresses(tables[i], n, family);
}

static void find_names(const struct hosts *h, const struct addr *a, struct hosts_cursor found[SOURCES])
{
	const struct hosts_table *tables[SOURCES];
	find_tables(h, tables);
	for (unsigned i = 0; i < SOURCES; i++)
		found[i] = hosts_table_names(tables[i], a);
}

static unsigned count_all(const struct hosts_cursor found[SOURCES])
{
	unsigned count = 0;
	for (unsigned i = 0; i < SOURCES; i++) {
		struct hosts_cursor c = found[i];
		size_t len;
		while (hosts_next(&c, &len))
			count++;
	}
	return count;
}

static bool is_known(const struct hosts *h, const struct name *n)
{
	struct hosts_cursor v4[SOURCES], v6[SOURCES];
	find_addresses(h, n, ADDR_V4, v4);
	find_addresses(h, n, ADDR_V6, v6);
	return count_all(v4) || count_all(v6);
}

/* --- writing it --- */

/* CoreDNS's cache stands before hosts: what it keeps has its bounds. */
static uint32_t ttl_of(const struct hosts *h, const struct name *n)
{
	const uint32_t ttl_s = h->setting.options->ttl_s;
	const struct cache_options *o = h->setting.cache ? &h->setting.cache->options : NULL;
	if (!o || (o->zones.count && !is_in(n, o->zones.list, o->zones.count)) || is_in(n, o->no_success.list, o->no_success.count))
		return ttl_s;
	if (ttl_s >= o->success.ttl_max_s)
		return o->success.ttl_max_s;
	return ttl_s < o->success.ttl_min_s ? o->success.ttl_min_s : ttl_s;
}

struct answer {
	struct wire_writer w;
	uint16_t type, count;
	uint32_t ttl_s;
};

/* False: it does not fit. */
static bool put_record(struct answer *a, const uint8_t *rdata, size_t len)
{
	const size_t before = a->w.len;
	wire_put_u16(&a->w, 0xc000 | DNS_HEADER_LEN); /* the name of the question (RFC 1035 4.1.4) */
	wire_put_u16(&a->w, a->type);
	wire_put_u16(&a->w, DNS_CLASS_IN);
	wire_put_u32(&a->w, a->ttl_s);
	wire_put_u16(&a->w, (uint16_t)len);
	wire_put_bytes(&a->w, rdata, len);
	if (!a->w.overflow) {
		a->count++;
		return true;
	}
	a->w.len = before;
	a->w.overflow = false;
	response_set_flags(&a->w, DNS_TC, 0);
	return false;
}

/* Those from number `from` up to `to`, of all of them. */
static bool put_some(struct answer *a, const struct hosts_cursor found[SOURCES], unsigned from, unsigned to)
{
	unsigned i = 0;
	for (unsigned k = 0; k < SOURCES; k++) {
		struct hosts_cursor c = found[k];
		const uint8_t *rdata;
		size_t len;
		for (; i < to && (rdata = hosts_next(&c, &len)); i++) {
			if (i >= from && !put_record(a, rdata, len))
				return false;
		}
	}
	return true;
}

/* first: which one is first; those before it come last. */
static enum step_verdict answer(const struct hosts *h, struct exchange *x, const struct hosts_cursor found[SOURCES], unsigned first)
{
	const struct request *r = &x->query.request;
	struct answer a = {.w = {.bytes = x->reply, .limit = exchange_room(x)}, .type = r->qtype, .ttl_s = ttl_of(h, &r->qname)};
	response_begin(&a.w, r, DNS_AA, DNS_NOERROR);
	if (put_some(&a, found, first, UINT32_MAX))
		put_some(&a, found, 0, first);
	response_end(&a.w, r, DNS_NOERROR, a.count, 0, 0, NULL);
	x->reply_len = a.w.len;
	return STEP_ANSWER;
}

/* --- the step --- */

static bool falls_through(const struct hosts *h, const struct name *n)
{
	const struct hosts_options *o = h->setting.options;
	return o->fallthrough && (!o->fallthrough_zones.count || is_in(n, o->fallthrough_zones.names, o->fallthrough_zones.count));
}

static enum step_verdict answer_unknown(const struct hosts *h, struct exchange *x)
{
	static const struct ede why = EDE_SAYING(DNS_EDE_OTHER, "hosts has no such name, and does not fall through");
	if (falls_through(h, &x->query.request.qname))
		return STEP_PASS;
	return exchange_error(x, DNS_SERVFAIL, h->setting.explain ? &why : NULL);
}

/* Wherever it is: reverse zones need not be named. */
static bool has_names(const struct hosts *h, const struct name *qname, struct hosts_cursor found[SOURCES])
{
	struct addr a;
	if (!name_to_addr(qname, &a))
		return false;
	find_names(h, &a, found);
	return found[0].at < found[0].end || found[1].at < found[1].end;
}

static enum step_verdict answer_reverse(const struct hosts *h, struct exchange *x)
{
	struct hosts_cursor found[SOURCES];
	return has_names(h, &x->query.request.qname, found) ? answer(h, x, found, 0) : STEP_PASS;
}

static enum step_verdict answer_forward(const struct hosts *h, struct hosts_state *s, struct exchange *x)
{
	const struct request *r = &x->query.request;
	struct hosts_cursor found[SOURCES] = {{0}};
	unsigned count = 0;
	if (r->qtype == DNS_TYPE_A || r->qtype == DNS_TYPE_AAAA) {
		find_addresses(h, &r->qname, r->qtype == DNS_TYPE_A ? ADDR_V4 : ADDR_V6, found);
		count = count_all(found);
	} else if (h->setting.options->fallthrough_unsupported && falls_through(h, &r->qname)) {
		return STEP_PASS;
	}
	if (!count && !is_known(h, &r->qname))
		return answer_unknown(h, x);
	return answer(h, x, found, h->setting.rotate && count > 1 ? draw(s) % count : 0);
}

static bool leaves(const void *self, void *state, const struct exchange *x)
{
	const struct hosts *h = self;
	const struct request *r = &x->query.request;
	struct hosts_cursor found[SOURCES];
	(void)state;
	if (r->qtype == DNS_TYPE_PTR)
		return !has_names(h, &r->qname, found);
	return !is_in(&r->qname, h->rules.zones.names, h->rules.zones.count) || (falls_through(h, &r->qname) && !is_known(h, &r->qname));
}

static enum step_verdict ask(const void *self, void *state, struct exchange *x)
{
	const struct hosts *h = self;
	const struct request *r = &x->query.request;
	if (r->qtype == DNS_TYPE_PTR)
		return answer_reverse(h, x);
	return is_in(&r->qname, h->rules.zones.names, h->rules.zones.count) ? answer_forward(h, state, x) : STEP_PASS;
}

static void *begin(const void *self, unsigned worker, struct uv_loop_s *loop)
{
	struct hosts_state *s = malloc(sizeof *s);
	(void)self;
	(void)loop;
	if (!s)
		return NULL;
	if (getrandom(&s->dice, sizeof s->dice, GRND_NONBLOCK) != (ssize_t)sizeof s->dice || !s->dice)
		s->dice = worker + 1u; /* never 0, which stays 0 */
	return s;
}

static void end(void *state)
{
	free(state);
}

const struct step_kind hosts_step = {.name = "hosts", .leaves = leaves, .ask = ask, .begin = begin, .end = end};
