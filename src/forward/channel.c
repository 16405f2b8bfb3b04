#include "channel.h"
#include "base/log.h"
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RTT_MAX_US 10000000
#define TROUBLE_MS 60000 /* from one line about an upstream to the next */

enum err channel_begin(struct channel *c, struct forward_worker *w, struct upstreams *u, unsigned index, struct traffic *t,
                       void (*on_trouble)(struct channel *), void *arg)
{
	*c = (struct channel){.worker = w, .upstreams = u, .upstream = &u->list[index], .index = index, .traffic = &t->upstreams[index]};
	c->on_trouble = on_trouble;
	c->arg = arg;
	LIST_INIT(&c->datagrams.all);
	streams_begin(&c->streams);
	return chain_table_begin(&c->by_id) ? OK : ERR_NOMEM;
}

void channel_end(struct channel *c)
{
	datagrams_end(&c->datagrams);
	streams_end(&c->streams);
	https_end(c->https);
	tls_session_forget(&c->session);
	ledger_free(c->udp);
	ledger_free(c->tcp);
	chain_table_end(&c->by_id);
}

static enum err bind_source(int fd, const struct upstream *to, const struct addr *source)
{
	struct upstream from = {.at.sa.sa_family = to->at.sa.sa_family};
	if (source->family == ADDR_V4 && from.at.sa.sa_family == AF_INET)
		memcpy(&from.at.v4.sin_addr, source->octets, 4);
	else if (source->family == ADDR_V6 && from.at.sa.sa_family == AF_INET6)
		memcpy(&from.at.v6.sin6_addr, source->octets, 16);
	else
		return OK;
	return bind(fd, &from.at.sa, (socklen_t)upstream_address_len(&from)) ? ERR_SYS : OK;
}

int channel_socket(const struct channel *c, int type)
{
	const struct upstream *to = c->upstream;
	const int on = 1;
	int fd = socket(to->at.sa.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (type == SOCK_STREAM)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* a query is one write; without it that is merely slower */
	if (!bind_source(fd, to, &c->upstreams->options.source) &&
	    (connect(fd, &to->at.sa, (socklen_t)upstream_address_len(to)) == 0 || errno == EINPROGRESS))
		return fd;
	close(fd);
	return -1;
}

/* --- asking --- */

static bool id_is_taken(const struct channel *c, uint16_t id)
{
	return chain_first(&c->by_id, id) != NULL;
}

static struct attempt *new_attempt(struct channel *c, const struct question *q, struct channel_way way)
{
	bool edns = !way.plain && uv_now(c->worker->loop) >= c->plain_until_ms;
	size_t cap = (way.tcp ? 2u : 0u) + DNS_HEADER_LEN + question_len(q) + (edns ? (size_t)QUERY_EDNS_LEN : 0);
	uint8_t query[QUERY_LEN_MAX];
	uint16_t id;
	struct attempt *e = malloc(sizeof *e + cap);
	if (!e)
		return NULL;
	do
		id = dice_u16(&c->worker->dice);
	while (id_is_taken(c, id));
	*e = (struct attempt){.channel = c, .tcp = way.tcp, .edns = edns, .probe = way.probe, .cap = (uint16_t)cap, .len = (uint16_t)cap};
	e->mixed = !way.tcp && c->misspelt < CHANNEL_MISSPELT_MAX;
	e->question_len = (uint16_t)question_len(q);
	size_t len = query_write(query, q, id, edns, e->mixed ? &c->worker->dice : NULL);
	memcpy(attempt_query(e), query, len);
	chain_insert(&c->by_id, &e->by_id, id);
	return e;
}

/* One is 74 KB, so there is none for what is never asked. */
static enum err want_ledger(struct channel *c, bool tcp)
{
	struct ledger **ledger = tcp ? &c->tcp : &c->udp;
	return *ledger ? OK : ledger_new(tcp, c->upstream, ledger);
}

static struct ledger *ledger_of(const struct attempt *e)
{
	return e->tcp ? e->channel->tcp : e->channel->udp;
}

/* Out of every list; false: the ledger has kept it. */
static bool take_out(struct attempt *e, const uint8_t *reply, size_t len)
{
	chain_remove(&e->channel->by_id, &e->by_id);
	attempt_move(e, NULL);
	return ledger_end(ledger_of(e), e, reply, len);
}

static void count_request(struct attempt *e)
{
	e->asked_ns = uv_hrtime();
	if (!e->probe)
		traffic_add(&e->channel->traffic->requests, 1);
}

void channel_count_socket(const struct attempt *e, bool opened)
{
	bool tls = e->channel->upstream->transport == UPSTREAM_TLS;
	enum traffic_protocol p = tls ? TRAFFIC_TLS : e->tcp ? TRAFFIC_TCP : TRAFFIC_UDP;
	struct traffic_numbers *n = e->channel->traffic;
	if (!e->probe)
		traffic_add(opened ? &n->opened[p] : &n->reused[p], 1);
}

static enum err send_off(struct channel *c, struct attempt *e)
{
	if (c->upstream->transport == UPSTREAM_HTTPS)
		return https_send(&c->https, c, e);
	return e->tcp ? streams_send(&c->streams, c, e) : datagrams_send(&c->datagrams, c, e);
}

struct attempt *channel_ask(struct channel *c, const struct question *q, struct channel_way way, attempt_done *done, void *arg)
{
	if (c->by_id.count >= CHANNEL_EXCHANGES_MAX || want_ledger(c, way.tcp))
		return NULL;
	struct attempt *e = new_attempt(c, q, way);
	if (!e)
		return NULL;
	e->done = done;
	e->arg = arg;
	count_request(e);
	if (ledger_add(ledger_of(e), e) == OK) {
		enum err err = send_off(c, e);
		if (!err)
			return e;
	}
	if (take_out(e, NULL, 0))
		free(e);
	return NULL;
}

/* --- ending --- */

/* The socket or connection may go with it. */
static void leave(struct udp_socket *socket, struct stream *stream, bool replied)
{
	if (socket)
		datagrams_forget(socket);
	if (stream)
		streams_forget(stream, replied);
}

void channel_finish(struct attempt *e, enum attempt_end end, const uint8_t *reply, size_t len)
{
	struct udp_socket *socket = e->socket;
	struct stream *stream = e->stream;
	https_forget(e->request);
	bool is_ours = take_out(e, reply, len);
	leave(socket, stream, end != ATTEMPT_FAILED);
	e->done(e->arg, e, end, reply, len);
	if (is_ours)
		free(e);
}

void channel_cancel(struct attempt *e)
{
	struct udp_socket *socket = e->socket;
	struct stream *stream = e->stream;
	https_forget(e->request);
	if (take_out(e, NULL, 0))
		free(e);
	leave(socket, stream, false);
}

void channel_on_trouble(struct channel *c)
{
	c->on_trouble(c);
}

void channel_tell_trouble(struct channel *c, const char *trouble)
{
	const char *name = c->upstream->server_name;
	_Atomic(uint64_t) *told_ms = &c->upstreams->health[c->index].told_ms;
	uint64_t now_ms = uv_now(c->worker->loop) + 1, before_ms = atomic_load(told_ms);
	char at[UPSTREAM_TEXT_MAX];
	if (!trouble || (before_ms && now_ms < before_ms + TROUBLE_MS) || !atomic_compare_exchange_strong(told_ms, &before_ms, now_ms))
		return;
	upstream_format(c->upstream, at);
	log_line(LOG_ERROR, "upstream %s://%s%s%s: %s", c->upstream->transport == UPSTREAM_HTTPS ? "https" : "tls", at, name[0] ? "%" : "",
	         name, trouble);
}

/* --- round-trip times --- */

static uint32_t distance(uint32_t a, uint32_t b)
{
	return a > b ? a - b : b - a;
}

/* As TCP's (RFC 6298 2), which each attempt may feed: it has a time of its own, so it is known which query a reply is for. */
static void learn_rtt(struct channel *c, const struct attempt *e, uint64_t now_ns)
{
	uint64_t us = (now_ns - e->sent_ns) / 1000;
	uint32_t rtt_us = us < 1 ? 1 : us > RTT_MAX_US ? RTT_MAX_US : (uint32_t)us;
	if (e->tcp && !channel_is_stream_only(c))
		return;
	if (c->rtt_us) {
		c->deviation_us = (3 * c->deviation_us + distance(c->rtt_us, rtt_us)) / 4;
		c->rtt_us = (7 * c->rtt_us + rtt_us) / 8;
	} else {
		c->rtt_us = rtt_us;
		c->deviation_us = rtt_us / 2;
	}
	c->cost_us = c->rtt_us;
}

bool channel_is_stream_only(const struct channel *c)
{
	return c->upstream->transport != UPSTREAM_PLAIN || c->upstreams->options.force_tcp;
}

static unsigned most_ms(const struct channel *c)
{
	return (2 * c->rtt_us + 4 * c->deviation_us) / 1000;
}

unsigned channel_usual_ms(const struct channel *c)
{
	return c->rtt_us && c->cost_us == c->rtt_us ? most_ms(c) + 1 : 0;
}

unsigned channel_patience_ms(const struct channel *c)
{
	if (!c->rtt_us)
		return (FORWARD_TRY_MS_MIN + FORWARD_TRY_MS_MAX) / 2;
	unsigned ms = most_ms(c);
	return ms < FORWARD_TRY_MS_MIN ? FORWARD_TRY_MS_MIN : ms > FORWARD_TRY_MS_MAX ? FORWARD_TRY_MS_MAX : ms;
}

void channel_on_silence(struct channel *c)
{
	uint32_t doubled = 2 * (c->cost_us ? c->cost_us : 1000 * FORWARD_TRY_MS_MIN / 2);
	c->cost_us = doubled < 1000 * FORWARD_TRY_MS_MAX ? doubled : 1000 * FORWARD_TRY_MS_MAX;
}

void channel_on_delay(struct channel *c, unsigned ms)
{
	if (c->cost_us < 1000 * ms)
		c->cost_us = 1000 * ms;
}

/* --- replies --- */

static void on_misspelt(struct attempt *e)
{
	struct channel *c = e->channel;
	if (!e->mixed) {
		channel_finish(e, ATTEMPT_BROKEN, NULL, 0);
		return;
	}
	if (c->misspelt < CHANNEL_MISSPELT_MAX)
		c->misspelt++;
	channel_finish(e, ATTEMPT_MISSPELT, NULL, 0);
}

/* An answer that came only because the question had no OPT record: the next ones won't have one. */
static void on_answer(struct attempt *e, uint8_t *bytes, size_t len)
{
	struct channel *c = e->channel;
	uint64_t now_ms = uv_now(c->worker->loop);
	if (!e->edns && now_ms >= c->plain_until_ms && message_rcode(bytes) != DNS_FORMERR)
		c->plain_until_ms = now_ms + CHANNEL_PLAIN_MS;
	query_unmix(bytes, e->question_len);
	channel_finish(e, ATTEMPT_ANSWERED, bytes, len);
}

/* False: it is not for e. */
static bool on_message(struct attempt *e, uint8_t *bytes, size_t len, uint64_t now_ns)
{
	enum reply_verdict verdict = query_check_reply(attempt_query(e), e->question_len, e->edns, bytes, len);
	if (verdict == REPLY_FOREIGN)
		return false;
	learn_rtt(e->channel, e, now_ns);
	if (!e->probe && verdict != REPLY_BROKEN)
		traffic_count_reply(e->channel->traffic, message_rcode(bytes), now_ns - e->asked_ns);
	switch (verdict) {
	case REPLY_FOREIGN:
		break;
	case REPLY_ANSWER:
		on_answer(e, bytes, len);
		break;
	case REPLY_MISSPELT:
		on_misspelt(e);
		break;
	case REPLY_TRUNCATED:
		channel_finish(e, e->tcp ? ATTEMPT_BROKEN : ATTEMPT_TRUNCATED, NULL, 0);
		break;
	case REPLY_NO_EDNS:
		channel_finish(e, ATTEMPT_NO_EDNS, NULL, 0);
		break;
	case REPLY_BROKEN:
		channel_finish(e, ATTEMPT_BROKEN, NULL, 0);
		break;
	}
	return true;
}

void channel_on_https_message(struct attempt *e, uint8_t *bytes, size_t len)
{
	if (len >= DNS_HEADER_LEN)
		memcpy(bytes, attempt_query(e), 2);
	if (!on_message(e, bytes, len, uv_hrtime()))
		channel_finish(e, ATTEMPT_BROKEN, NULL, 0);
}

static struct attempt *find(const struct channel *c, const uint8_t *bytes, size_t len)
{
	if (len < DNS_HEADER_LEN)
		return NULL;
	struct chain *found = chain_first(&c->by_id, message_u16(bytes));
	return found ? (struct attempt *)((char *)found - offsetof(struct attempt, by_id)) : NULL;
}

void channel_on_datagram(struct channel *c, struct udp_socket *s, uint8_t *bytes, size_t len, uint64_t now_ns)
{
	struct attempt *e = find(c, bytes, len);
	/* What has not been sent yet can't have a reply. */
	if (e && e->socket == s && e->list == &s->waiting)
		on_message(e, bytes, len, now_ns);
}

bool channel_on_stream_message(struct channel *c, struct stream *s, uint8_t *bytes, size_t len, uint64_t now_ns)
{
	struct attempt *e = find(c, bytes, len);
	if (!e || e->stream != s)
		return false;
	if (e != TAILQ_FIRST(&s->waiting))
		c->streams.shares = true;
	on_message(e, bytes, len, now_ns);
	return true;
}
