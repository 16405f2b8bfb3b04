/* `autopath`: a stub resolver that goes through its search list asks for a name below its first entry, and the answer is the first one there is below the whole
 * list: a CNAME, and what it leads to. So it asks once. The list is a file's, or that of the client's pod, where exactly one pod has its address.
 *
 * The client's own question is answered as it would be without this step; where it has no such name the others are asked for, one by one. A name that exists
 * without records of the type ends the walk, so that A and AAAA have the same one. */
#include "base/sockaddr.h"
#include "cluster/cluster.h"
#include "config/corefile.h"
#include "dns/response_copy.h"
#include "dns/writer.h"
#include "kinds.h"
#include <stdlib.h>

#define RCODE_MASK 15u

struct autopath_step {
	const struct autopath_options *options; /* borrowed */
	const struct clients *clients;          /* borrowed from the cluster; NULL: the list is the file's alone */
	struct name_list clusters;              /* zones of it; borrowed */
	struct name_list keys;                  /* zones of the block */
};

static const struct step_kind kind;

/* --- the list --- */

/* The longest one that the name is in; NULL: none. */
static const struct name *find_zone(const struct name *n, const struct name_list *zones)
{
	const struct name *best = NULL;
	for (unsigned i = 0; i < zones->count; i++) {
		if (name_in(n, &zones->names[i]) && (!best || zones->names[i].labels > best->labels))
			best = &zones->names[i];
	}
	return best;
}

/* Names below which the client looks for names, in their order. The root is the last one. */
struct search {
	struct name pod[CLIENTS_SEARCH];
	unsigned pod_count;
	const struct name_list *rest;
};

static unsigned search_count(const struct search *s)
{
	return s->pod_count + s->rest->count + 1;
}

static const struct name *search_at(const struct search *s, unsigned i)
{
	static const struct name root = {.len = 1};
	if (i < s->pod_count)
		return &s->pod[i];
	i -= s->pod_count;
	return i < s->rest->count ? &s->rest->names[i] : &root;
}

/* False: there is none that the question is about. */
static bool find_search(const struct autopath_step *a, const struct exchange *x, struct search *s)
{
	const struct name *qname = &x->query.request.qname, *zone;
	struct addr client;
	*s = (struct search){.rest = &a->options->search};
	if (!find_zone(qname, a->options->zones.count ? &a->options->zones : &a->keys))
		return false;
	if (a->options->kubernetes) {
		zone = find_zone(qname, &a->clusters);
		client = sockaddr_addr(&x->peer->sa);
		if (!a->clients || !zone || !clients_search_list(a->clients, &client, zone, s->pod))
			return false;
		s->pod_count = CLIENTS_SEARCH;
	}
	return search_count(s) > 1 && name_in(qname, search_at(s, 0)) && qname->labels > search_at(s, 0)->labels;
}

/* What the client looks for, below the i-th of the list; false: that is no name. */
static bool name_below(const struct search *s, const struct name *qname, unsigned i, struct name *out)
{
	unsigned labels = (unsigned)(qname->labels - search_at(s, 0)->labels);
	enum err err = OK;
	name_root(out);
	for (unsigned l = 0; l < labels && !err; l++) {
		size_t len;
		const uint8_t *label = name_label(qname, l, &len);
		err = name_append(out, label, len);
	}
	return !err && name_append_name(out, search_at(s, i)) == OK;
}

/* --- the walk --- */

/* Asks for the next one after the i-th; behind the last, for the client's own name once more, since nobody has kept that answer. STEP_PASS: nothing can be
 * asked. */
static enum step_verdict ask_next(const struct search *s, struct exchange *x, unsigned i)
{
	const struct name *qname = &x->query.request.qname;
	struct name next;
	do {
		i++;
	} while (i < search_count(s) && !name_below(s, qname, i, &next));
	if (i >= search_count(s))
		next = *qname;
	x->waiting = (void *)(uintptr_t)i;
	return exchange_ask(x, &next, x->query.request.qtype);
}

static enum step_verdict ask(const void *self, void *state, struct exchange *x)
{
	(void)self;
	(void)state;
	(void)x;
	return STEP_PASS;
}

static enum step_verdict reconsider(const void *self, void *state, struct exchange *x)
{
	struct search s;
	enum step_verdict v;
	(void)state;
	if ((x->reply[3] & RCODE_MASK) != DNS_NXDOMAIN || x->query.request.qclass != DNS_CLASS_IN || exchange_is_for(x, &kind) ||
	    !find_search(self, x, &s))
		return STEP_ANSWER;
	v = ask_next(&s, x, 0);
	return v == STEP_PASS ? STEP_ANSWER : v;
}

/* --- the answer --- */

/* From the name that was asked for to the first other one. */
static void put_cname(const struct response *r, const struct name *qname, struct writer *w)
{
	struct response_cursor c = response_section(r, DNS_ANSWER);
	struct response_record record;
	while (response_next(r, &c, &record)) {
		struct name owner;
		response_owner(r, &record, &owner);
		if (!name_equal(&owner, qname)) {
			const struct rdata target = {owner.wire, owner.len};
			writer_put(w, DNS_ANSWER, qname, DNS_TYPE_CNAME, DNS_CLASS_IN, record.ttl_s, &target);
			return;
		}
	}
}

static void put_records(const struct response *r, struct writer *w)
{
	for (unsigned s = 0; s < DNS_SECTIONS; s++) {
		struct response_cursor c = response_section(r, (enum dns_section)s);
		struct response_record record;
		while (response_next(r, &c, &record))
			response_put_record(r, &record, (enum dns_section)s, w);
	}
}

/* What another question was answered with, for the client's. */
static enum step_verdict answer(struct exchange *x, const struct response *r)
{
	const struct request *q = &x->query.request;
	const struct opt opt = {.udp_size = DNS_UDP_SIZE_CAP, .dnssec_ok = q->edns_do, .rcode = r->rcode};
	const unsigned kept = DNS_AA | DNS_RA | RCODE_MASK;
	struct name qname;
	struct writer w;
	name_from_wire(&qname, q->bytes + DNS_HEADER_LEN, q->question_len);
	writer_begin(&w, x->reply, exchange_room(x), q->id, (uint16_t)(DNS_QR | (r->flags & kept) | (q->flags & DNS_RD)));
	if (!writer_put_question(&w, &qname, q->qtype, q->qclass) || (q->edns && !writer_reserve_opt(&w, 0)))
		return exchange_fail(x, DNS_SERVFAIL, NULL, "autopath has no room for an answer");
	put_cname(r, &qname, &w);
	put_records(r, &w);
	x->reply_len = writer_end(&w, q->edns ? &opt : NULL);
	x->query.rcode = (uint8_t)r->rcode;
	x->query.absence = ABSENCE_NONE;
	return STEP_ANSWER;
}

static enum step_verdict heard(const void *self, void *state, struct exchange *x, const uint8_t *bytes, size_t len)
{
	unsigned at = (unsigned)(uintptr_t)x->waiting;
	struct search s;
	struct response r;
	(void)state;
	if (response_parse(&r, bytes, len) != RESPONSE_OK)
		return exchange_fail(x, DNS_SERVFAIL, NULL, "autopath has no answer to look at");
	if (r.rcode == DNS_NXDOMAIN && find_search(self, x, &s) && at < search_count(&s)) {
		enum step_verdict v = ask_next(&s, x, at);
		if (v != STEP_PASS)
			return v;
	}
	return answer(x, &r);
}

/* --- making it --- */

static void step_free(void *self)
{
	struct autopath_step *a = self;
	names_clear(&a->keys);
	free(a);
}

static const struct step_kind kind = {.name = "autopath", .ask = ask, .reconsider = reconsider, .heard = heard, .free = step_free};

enum err autopath_step_new(const struct corefile_block *block, const struct cluster *cluster, struct server_step *step)
{
	struct autopath_step *a = calloc(1, sizeof *a);
	if (!a || corefile_zones(block, &a->keys)) {
		free(a);
		return ERR_NOMEM;
	}
	a->options = corefile_values(block, DIRECTIVE_AUTOPATH);
	if (cluster) {
		const struct kubernetes_options *k = cluster_options(cluster)->kubernetes;
		a->clients = k->pods == KUBERNETES_PODS_VERIFIED ? cluster_clients(cluster) : NULL;
		a->clusters = k->zones;
	}
	*step = (struct server_step){&kind, a, true};
	return OK;
}
