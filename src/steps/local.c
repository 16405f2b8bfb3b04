/* `local`: names that mean the machine that asks, and reverse zones that nobody outside has: they are answered here and never go upstream (RFC 6303,
 * RFC 6761 6.3). */
#include "dns/message.h"
#include "kinds.h"
#include <arpa/inet.h>
#include <string.h>

#define TTL_S 604800

/* Names as wire octets; the NUL of the literal is the root. */
static const char localhost[] = "\11localhost";
static const char *const reverse_zones[] = {"\1\60\7in-addr\4arpa", "\003127\7in-addr\4arpa", "\003255\7in-addr\4arpa"};
static const char reverse_localhost[] = "\1\61\1\60\1\60\003127\7in-addr\4arpa";

static const uint8_t v4[] = {127, 0, 0, 1}, v6[sizeof(struct in6_addr)] = {[15] = 1};
#define MAILBOX "\4root\11localhost"

enum local_name {
	LOCAL_NONE,
	LOCAL_HOST,         /* localhost. */
	LOCAL_BESIDE,       /* below it, or with it before */
	LOCAL_REVERSE_ZONE, /* an apex */
	LOCAL_REVERSE_HOST,
	LOCAL_REVERSE, /* below an apex */
};

struct found {
	enum local_name is;
	unsigned apex; /* how many octets before that of its zone */
};

/* n is wire, or below it; *before: how many octets below. */
static bool is_in(const struct name *n, const char *wire, unsigned *before)
{
	const size_t len = strlen(wire) + 1;
	for (unsigned i = 0; i < n->labels; i++) {
		if ((size_t)(n->len - n->offset[i]) == len && memcmp(n->wire + n->offset[i], wire, len) == 0) {
			*before = n->offset[i];
			return true;
		}
	}
	return false;
}

static bool begins_with_localhost(const struct name *n)
{
	return n->labels && memcmp(n->wire, localhost, sizeof localhost - 1) == 0;
}

static struct found find(const struct local_options *o, const struct name *n)
{
	struct found f = {0};
	if (is_in(n, localhost, &f.apex)) {
		f.is = f.apex ? LOCAL_BESIDE : LOCAL_HOST;
		f.apex = 0;
		return f;
	}
	if (o->localhost_prefix && begins_with_localhost(n))
		return (struct found){.is = LOCAL_BESIDE};
	for (size_t i = 0; i < sizeof reverse_zones / sizeof *reverse_zones && !f.is; i++) {
		unsigned whole;
		if (!is_in(n, reverse_zones[i], &f.apex))
			continue;
		f.is = !f.apex ? LOCAL_REVERSE_ZONE : is_in(n, reverse_localhost, &whole) && !whole ? LOCAL_REVERSE_HOST : LOCAL_REVERSE;
	}
	return f;
}

/* --- writing --- */

/* The owner is the question's name without its first octets. */
static void put_head(struct wire_writer *w, unsigned without, uint16_t type, size_t len)
{
	wire_put_u16(w, (uint16_t)(0xc000 | (DNS_HEADER_LEN + without)));
	wire_put_u16(w, type);
	wire_put_u16(w, DNS_CLASS_IN);
	wire_put_u32(w, TTL_S);
	wire_put_u16(w, (uint16_t)len);
}

static void put_record(struct wire_writer *w, uint16_t type, const void *rdata, size_t len)
{
	put_head(w, 0, type, len);
	wire_put_bytes(w, rdata, len);
}

static void put_soa(struct wire_writer *w, unsigned without)
{
	put_head(w, without, DNS_TYPE_SOA, sizeof localhost + sizeof MAILBOX + 5 * sizeof(uint32_t));
	wire_put_bytes(w, localhost, sizeof localhost);
	wire_put_bytes(w, MAILBOX, sizeof MAILBOX);
	wire_put_u32(w, 1); /* serial; refresh, retry, expire; minimum */
	wire_put_u32(w, 0);
	wire_put_u32(w, 0);
	wire_put_u32(w, 0);
	wire_put_u32(w, TTL_S);
}

/* False: there is nothing of the type. */
static bool put_answer(struct wire_writer *w, enum local_name is, uint16_t type)
{
	bool is_host = is == LOCAL_HOST || is == LOCAL_BESIDE, is_apex = is == LOCAL_HOST || is == LOCAL_REVERSE_ZONE;
	if (is_host && type == DNS_TYPE_A)
		put_record(w, type, v4, sizeof v4);
	else if (is_host && type == DNS_TYPE_AAAA)
		put_record(w, type, v6, sizeof v6);
	else if (is_apex && type == DNS_TYPE_SOA)
		put_soa(w, 0);
	else if ((is_apex && type == DNS_TYPE_NS) || (is == LOCAL_REVERSE_HOST && type == DNS_TYPE_PTR))
		put_record(w, type, localhost, sizeof localhost);
	else
		return false;
	return true;
}

static bool leaves(const void *self, void *state, const struct exchange *x)
{
	(void)state;
	return find(self, &x->query.request.qname).is == LOCAL_NONE;
}

static enum step_verdict ask(const void *self, void *state, struct exchange *x)
{
	const struct request *r = &x->query.request;
	const struct found f = find(self, &r->qname);
	const enum dns_rcode rcode = f.is == LOCAL_REVERSE ? DNS_NXDOMAIN : DNS_NOERROR;
	struct wire_writer w = {.bytes = x->reply, .limit = x->reply_cap};
	bool answered;
	(void)state;
	if (f.is == LOCAL_NONE)
		return STEP_PASS;
	if (f.is == LOCAL_BESIDE && begins_with_localhost(&r->qname))
		exchange_count(x, TALLY_LOCALHOST);
	response_begin(&w, r, 0, rcode);
	answered = put_answer(&w, f.is, r->qtype);
	if (!answered)
		put_soa(&w, f.apex);
	response_end(&w, r, rcode, answered, !answered, 0, NULL);
	x->reply_len = w.len; /* less than 512 octets for any name */
	return STEP_ANSWER;
}

const struct step_kind local_step = {.name = "local", .leaves = leaves, .ask = ask};
