/* `tsig`: queries that must be signed, and responses that are (RFC 8945). Who signs is answered with a signature; what is wrong with one is
 * answered with the error, and nothing else. The signature is put last, when every step has done its part of the response. */
#include "dns/tsig.h"
#include "base/log.h"
#include "dns/message.h"
#include "kinds.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct seal {
	struct exchange_seal base; /* the first member */
	struct tsig_chain *chain;
};

static uint64_t now_s(void)
{
	return (uint64_t)time(NULL);
}

/* --- the response --- */

/* What the client takes: no less than what everybody does. */
static size_t room_of(const struct exchange *x, size_t cap)
{
	size_t udp = x->query.request.edns_udp_size;
	return x->query.transport == QUERY_TCP || cap < udp ? cap : udp;
}

/* Without records, and truncated: over TCP there is room for them and the signature (RFC 8945 5.3). */
static size_t cut(const struct exchange *x, uint8_t *bytes, size_t cap)
{
	const struct request *r = &x->query.request;
	struct wire_writer w = {.bytes = bytes, .limit = cap};
	enum dns_rcode rcode = (enum dns_rcode)(bytes[3] & 15U);
	response_begin(&w, r, DNS_TC, rcode);
	response_end(&w, r, rcode, 0, 0, 0, NULL);
	return w.len;
}

/* 0: there is no memory, and nothing that the client would believe. */
static size_t apply(struct exchange_seal *s, const struct exchange *x, uint8_t *bytes, size_t len, size_t cap)
{
	struct tsig_chain *chain = ((struct seal *)s)->chain;
	const size_t room = tsig_room(chain);
	if (len + room > room_of(x, cap) && x->query.transport == QUERY_UDP)
		len = cut(x, bytes, cap);
	return tsig_sign(chain, bytes, len, cap, now_s());
}

static void seal_free(struct exchange_seal *s)
{
	tsig_free(((struct seal *)s)->chain);
	free(s);
}

/* --- the query --- */

static bool is_about(const struct tsig_options *o, const struct name *qname)
{
	for (unsigned i = 0; i < o->zones.count; i++) {
		if (name_in(qname, &o->zones.names[i]))
			return true;
	}
	return !o->zones.count;
}

static bool must_be_signed(const struct tsig_options *o, const struct request *r)
{
	for (unsigned i = 0; i < o->type_count; i++) {
		if (o->types[i] == r->qtype)
			return true;
	}
	return o->all_types || o->opcodes & 1U << DNS_OPCODE_QUERY;
}

/* Room for the signature, of what the steps after this one may write. */
static void keep_room(struct exchange *x, size_t room)
{
	struct request *r = &x->query.request;
	size_t udp = r->edns_udp_size < DNS_UDP_SIZE_CAP ? r->edns_udp_size : DNS_UDP_SIZE_CAP;
	if (x->query.transport == QUERY_TCP)
		x->reply_cap -= room;
	else if (udp >= DNS_UDP_SIZE_MIN + room)
		x->reply_cap = udp - room;
}

static enum step_verdict no_memory(struct exchange *x)
{
	return exchange_fail(x, DNS_SERVFAIL, NULL, "out of memory");
}

static enum step_verdict refuse(struct exchange *x, enum tsig_error error)
{
	static const char *const texts[] = {[TSIG_BADSIG] = "BADSIG", [TSIG_BADKEY] = "BADKEY", [TSIG_BADTIME] = "BADTIME"};
	log_line(LOG_DEBUG, "tsig: a query was not believed: %s", texts[error]);
	return exchange_error(x, DNS_NOTAUTH, NULL);
}

static enum step_verdict ask_signed(const struct tsig_options *o, struct exchange *x, const struct tsig_record *r)
{
	struct tsig_chain *chain = tsig_accept(o->keys, o->key_count, x->query.request.bytes, r, now_s());
	struct seal *s = chain ? malloc(sizeof *s) : NULL;
	if (!s) {
		tsig_free(chain);
		return no_memory(x);
	}
	*s = (struct seal){{apply, seal_free}, chain};
	x->seal = &s->base;
	keep_room(x, tsig_room(chain));
	return tsig_error(chain) ? refuse(x, tsig_error(chain)) : STEP_PASS;
}

/* A query that has waited is not at hand any more. */
static enum tsig_presence find(const struct exchange *x, struct tsig_record *r)
{
	return x->message ? tsig_find(x->message->bytes, x->message->len, r) : TSIG_ABSENT;
}

static enum step_verdict ask(const void *self, void *state, struct exchange *x)
{
	static const struct ede unsigned_query = EDE_SAYING(DNS_EDE_PROHIBITED, "queries must be signed (TSIG) here");
	const struct tsig_options *o = self;
	struct tsig_record r;
	(void)state;
	if (!x->request_len || !is_about(o, &x->query.request.qname))
		return STEP_PASS; /* a question of ours is not signed */
	switch (find(x, &r)) {
	case TSIG_ABSENT:
		break;
	case TSIG_MALFORMED:
		return exchange_error(x, DNS_FORMERR, NULL);
	case TSIG_PRESENT:
		return ask_signed(o, x, &r);
	}
	return must_be_signed(o, &x->query.request) ? exchange_error(x, DNS_REFUSED, &unsigned_query) : STEP_PASS;
}

const struct step_kind tsig_step = {.name = "tsig", .ask = ask};
