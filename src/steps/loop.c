#include "steps/loop.h"
#include "base/log.h"
#include "dns/message.h"
#include "forwarding_inside.h"
#include "kinds.h"
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define DIGITS   20                 /* of 64 bits. Digits have no case that somebody on the way could change */
#define MARK_LEN (2 * (1 + DIGITS)) /* octets of the two labels, as they stand in a message */

/* The question to one upstream. */
struct probe {
	struct upstreams *upstreams;
	unsigned index;
	uint16_t id;
	bool answered;
	struct name name; /* len 0: the zone leaves no room, nothing is asked */
	const struct name *zone;
};

struct loop {
	struct forwarding *forwarding;
	struct name zone;
	unsigned count;
	struct probe probes[];
};

static const struct upstream *upstream_of(const struct probe *p)
{
	return &p->upstreams->list[p->index];
}

/* --- the names --- */

static void put_label(struct name *n, uint64_t number)
{
	char text[DIGITS];
	for (unsigned i = DIGITS; i-- > 0; number /= 10)
		text[i] = (char)('0' + number % 10);
	name_append(n, text, sizeof text);
}

static enum err fill(struct probe *p)
{
	uint64_t random[3];
	if (getrandom(random, sizeof random, 0) != sizeof random)
		return ERR_SYS;
	p->id = (uint16_t)random[2];
	name_root(&p->name);
	put_label(&p->name, random[0]);
	put_label(&p->name, random[1]);
	if (name_append_name(&p->name, p->zone))
		p->name.len = 0;
	return OK;
}

/* An upstream may know the line's zone alone, and leave all else to us. */
static const struct name *zone_of(const struct loop *l, const struct forwarding_line *line)
{
	return line->from.count && name_in(&line->from.names[0], &l->zone) ? &line->from.names[0] : &l->zone;
}

static enum err fill_line(struct loop *l, const struct forwarding_line *line)
{
	enum err err = OK;
	for (unsigned i = 0; i < line->upstreams->count && !err; i++) {
		struct probe *p = &l->probes[l->count++];
		*p = (struct probe){.upstreams = line->upstreams, .index = i, .zone = zone_of(l, line)};
		err = fill(p);
	}
	return err;
}

enum err loop_new(struct forwarding *f, const struct name *zone, struct loop **out)
{
	enum err err = OK;
	unsigned count = 0;
	struct loop *l;
	*out = NULL;
	for (unsigned i = 0; i < f->count; i++)
		count += f->lines[i].upstreams->count;
	l = calloc(1, sizeof *l + count * sizeof l->probes[0]);
	if (!l)
		return ERR_NOMEM;
	l->forwarding = forwarding_ref(f);
	l->zone = *zone;
	name_lower(&l->zone);
	for (unsigned i = 0; i < f->count && !err; i++)
		err = fill_line(l, &f->lines[i]);
	if (err)
		loop_free(l);
	else
		*out = l;
	return err;
}

void loop_free(struct loop *l)
{
	if (!l)
		return;
	forwarding_unref(l->forwarding);
	free(l);
}

/* --- asking --- */

static void send_probe(const struct probe *p, int fd)
{
	const struct outgoing out = {
	        .id = p->id,
	        .flags = DNS_RD,
	        .qname = p->name.wire,
	        .qname_len = p->name.len,
	        .qtype = DNS_TYPE_HINFO,
	        .qclass = DNS_CLASS_IN,
	};
	const struct upstream *u = upstream_of(p);
	uint8_t bytes[REQUEST_LEN_MAX];
	size_t len = request_write(bytes, sizeof bytes, &out);
	(void)!sendto(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL, &u->at.sa, (socklen_t)upstream_address_len(u));
}

bool loop_ask(struct loop *l, int v4, int v6)
{
	bool any = false;
	for (unsigned i = 0; i < l->count; i++) {
		const struct probe *p = &l->probes[i];
		int fd = upstream_of(p)->at.sa.sa_family == AF_INET ? v4 : v6;
		if (!p->name.len || p->answered || fd < 0 || upstream_leads_back(p->upstreams, p->index))
			continue;
		send_probe(p, fd);
		any = true;
	}
	return any;
}

static bool is_from(const struct sockaddr *from, const struct upstream *u)
{
	struct upstream other = {0};
	if (from->sa_family != u->at.sa.sa_family)
		return false;
	memcpy(&other.at, from, upstream_address_len(u));
	return upstream_equal(&other, u);
}

static bool is_answer(const struct probe *p, const uint8_t *bytes, size_t len)
{
	unsigned id, rcode;
	if (len < DNS_HEADER_LEN + MARK_LEN)
		return false;
	id = (unsigned)bytes[0] << 8 | bytes[1];
	rcode = bytes[3] & 15;
	return id == p->id && bytes[2] & 0x80 && (rcode == DNS_NOERROR || rcode == DNS_NXDOMAIN) &&
	       memcmp(bytes + DNS_HEADER_LEN, p->name.wire, MARK_LEN) == 0;
}

void loop_hear(struct loop *l, const struct sockaddr *from, const uint8_t *bytes, size_t len)
{
	for (unsigned i = 0; i < l->count; i++) {
		struct probe *p = &l->probes[i];
		if (p->name.len && is_from(from, upstream_of(p)) && is_answer(p, bytes, len))
			p->answered = true;
	}
}

/* --- the step --- */

static void say(const struct probe *p, const union net_peer *peer)
{
	struct upstream from = {0};
	char from_text[UPSTREAM_TEXT_MAX], text[UPSTREAM_TEXT_MAX], zone[NAME_TEXT_MAX];
	memcpy(&from.at, peer, sizeof *peer);
	upstream_format(&from, from_text);
	upstream_format(upstream_of(p), text);
	name_to_text(p->zone, zone);
	log_line(LOG_ERROR,
	         "loop: Loop (%s -> here) detected for zone \"%.255s\": what the upstream %s is asked comes back, so it is asked no more. "
	         "Is it named by a resolv.conf that names this server, or a stub such as 127.0.0.53? `forward` wants the resolvers behind "
	         "it, "
	         "for example /run/systemd/resolve/resolv.conf",
	         from_text, zone, text);
}

static const struct probe *find(const struct loop *l, const struct name *qname)
{
	if (qname->len < MARK_LEN)
		return NULL;
	for (unsigned i = 0; i < l->count; i++) {
		if (l->probes[i].name.len == qname->len && memcmp(l->probes[i].name.wire, qname->wire, MARK_LEN) == 0)
			return &l->probes[i];
	}
	return NULL;
}

static enum step_verdict ask(const void *self, void *state, struct exchange *x)
{
	static const struct ede why = EDE_SAYING(DNS_EDE_NETWORK_ERROR, "the upstream leads back here");
	const struct request *r = &x->query.request;
	const struct probe *p;
	(void)state;
	if (r->qtype != DNS_TYPE_HINFO || r->qclass != DNS_CLASS_IN)
		return STEP_PASS;
	p = find(self, &r->qname);
	if (!p)
		return STEP_PASS;
	if (upstream_mark_leads_back(p->upstreams, p->index))
		say(p, x->peer);
	return exchange_error(x, DNS_SERVFAIL, &why);
}

const struct step_kind loop_step = {.name = "loop", .ask = ask};
