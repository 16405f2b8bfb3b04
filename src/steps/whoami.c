/* `whoami`: every name answers who asked, in the additional section: the client's address, and its port as a SRV record of _udp or _tcp below
 * the name. Some clusters use it as a name that is always there. */
#include "dns/message.h"
#include "kinds.h"

#define RDATA_SRV_LEN 7 /* priority, weight, port, and the root */
#define LABEL_LEN     5 /* of _udp or _tcp, with its length */

/* What stands between owner and rdata. The class is the question's, and TTL 0: the next one who asks is another. */
static void put_record_head(struct wire_writer *w, const struct request *r, uint16_t type, uint16_t len)
{
	wire_put_u16(w, type);
	wire_put_u16(w, r->qclass);
	wire_put_u32(w, 0);
	wire_put_u16(w, len);
}

/* The name of the question, which begins behind the header (RFC 1035 4.1.4). */
static void put_question_name(struct wire_writer *w)
{
	wire_put_u16(w, 0xc000 | DNS_HEADER_LEN);
}

static void put_address(struct wire_writer *w, const struct request *r, const union net_peer *peer)
{
	put_question_name(w);
	if (peer->sa.sa_family == AF_INET) {
		put_record_head(w, r, DNS_TYPE_A, sizeof peer->v4.sin_addr);
		wire_put_bytes(w, &peer->v4.sin_addr, sizeof peer->v4.sin_addr);
	} else {
		put_record_head(w, r, DNS_TYPE_AAAA, sizeof peer->v6.sin6_addr);
		wire_put_bytes(w, &peer->v6.sin6_addr, sizeof peer->v6.sin6_addr);
	}
}

static void put_port(struct wire_writer *w, const struct request *r, enum query_transport transport, const union net_peer *peer)
{
	wire_put_bytes(w, transport == QUERY_TCP ? "\4_tcp" : "\4_udp", LABEL_LEN);
	put_question_name(w);
	put_record_head(w, r, DNS_TYPE_SRV, RDATA_SRV_LEN);
	wire_put_u32(w, 0); /* priority and weight */
	wire_put_u16(w, ntohs(peer->sa.sa_family == AF_INET ? peer->v4.sin_port : peer->v6.sin6_port));
	wire_put_bytes(w, "", 1);
}

static enum step_verdict ask(const void *self, void *state, struct exchange *x)
{
	struct wire_writer w = {.bytes = x->reply, .limit = x->reply_cap};
	const struct request *r = &x->query.request;
	bool has_port = r->qname.len + LABEL_LEN <= NAME_WIRE_MAX; /* there may be no room for the label */
	(void)self;
	(void)state;
	response_begin(&w, r, DNS_AA, DNS_NOERROR);
	put_address(&w, r, x->peer);
	if (has_port)
		put_port(&w, r, x->query.transport, x->peer);
	response_end(&w, r, DNS_NOERROR, 0, 0, has_port ? 2 : 1, NULL);
	x->reply_len = w.len; /* less than 512 octets for any name */
	return STEP_ANSWER;
}

const struct step_kind whoami_step = {.name = "whoami", .ask = ask};
