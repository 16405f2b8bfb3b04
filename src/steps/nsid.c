/* `nsid DATA`: who asks which server this is, is told (RFC 5001). */
#include "dns/response.h"
#include "kinds.h"
#include <string.h>

#define OPTION_HEAD_LEN 4 /* code and length */
#define OPT_LENGTH_LEN  2 /* before the options of an OPT record stands how long they are */

static size_t option_len(const struct nsid_options *o)
{
	return OPTION_HEAD_LEN + strlen(o->data);
}

/* How long a response may be that the option is added to. It costs no record that there is room for otherwise, unless the client takes hardly more
 * than it has to; then it is left out of what is too long. */
static uint16_t make_room(struct request *r, enum query_transport transport, size_t len)
{
	size_t size = DNS_TCP_SIZE_MAX;
	if (transport == QUERY_UDP)
		size = r->edns_udp_size < DNS_UDP_SIZE_CAP ? r->edns_udp_size : DNS_UDP_SIZE_CAP;
	if (size < len)
		return 0;
	if (transport == QUERY_UDP && size - len >= DNS_UDP_SIZE_MIN)
		r->edns_udp_size = (uint16_t)(size - len);
	return (uint16_t)(size - len);
}

static enum step_verdict ask(const void *self, void *state, struct exchange *x)
{
	struct request *r = &x->query.request;
	struct edns_option asked;
	(void)state;
	x->nsid_room = 0;
	if (edns_find(request_options(r), EDNS_NSID, &asked))
		x->nsid_room = make_room(r, x->query.transport, option_len(self));
	return STEP_PASS;
}

/* At the end of the OPT record, which is the message's last. */
static void answered(const void *self, void *state, struct exchange *x)
{
	const struct nsid_options *o = self;
	size_t len = option_len(o);
	struct response r;
	uint8_t *end = x->reply + x->reply_len, *length;
	(void)state;
	if (x->reply_len > x->nsid_room || x->reply_len + len > x->reply_cap)
		return;
	if (response_parse(&r, x->reply, x->reply_len) != RESPONSE_OK || !r.edns || r.options.bytes + r.options.len != end)
		return;
	length = end - r.options.len - OPT_LENGTH_LEN;
	wire_store_u16(length, (unsigned)(r.options.len + len));
	wire_store_u16(end, EDNS_NSID);
	wire_store_u16(end + 2, (unsigned)(len - OPTION_HEAD_LEN));
	memcpy(end + OPTION_HEAD_LEN, o->data, len - OPTION_HEAD_LEN);
	x->reply_len += len;
}

const struct step_kind nsid_step = {.name = "nsid", .ask = ask, .answered = answered};
