#include "ledger.h"
#include <ares.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

/* The number of the socket that c-ares thinks it has. It is given to nobody but us. */
#define INVENTED_SOCKET 0

/* c-ares's own deadlines begin after this; ours end all before. */
#define NEVER_MS 500000

struct ledger {
	ares_channel ares;
	const struct upstream *at;
	struct attempt *adding;
	const uint8_t *reply; /* what c-ares reads next */
	size_t len;
	bool tcp;
	unsigned length_read; /* TCP: octets of the length that were handed out */
	struct attempts orphans;
};

static ares_socket_t on_socket(int family, int type, int protocol, void *arg)
{
	(void)family;
	(void)type;
	(void)protocol;
	(void)arg;
	return INVENTED_SOCKET;
}

static int on_close(ares_socket_t socket, void *arg)
{
	(void)socket;
	(void)arg;
	return 0;
}

static int on_connect(ares_socket_t socket, const struct sockaddr *to, ares_socklen_t len, void *arg)
{
	(void)socket;
	(void)to;
	(void)len;
	(void)arg;
	return 0;
}

static ares_ssize_t nothing_now(void)
{
	errno = EAGAIN;
	return -1;
}

/* One read of a stream: first the two octets of length, then what they announce. */
static ares_ssize_t read_stream(struct ledger *l, uint8_t *bytes, size_t cap)
{
	size_t n = 0;
	for (; l->length_read < 2 && n < cap; l->length_read++)
		bytes[n++] = (uint8_t)(l->length_read ? l->len : l->len >> 8);
	if (n)
		return (ares_ssize_t)n;
	n = l->len < cap ? l->len : cap;
	memcpy(bytes, l->reply, n);
	l->reply += n;
	l->len -= n;
	return (ares_ssize_t)n;
}

static ares_ssize_t on_receive(ares_socket_t socket, void *bytes, size_t cap, int flags, struct sockaddr *from, ares_socklen_t *from_len,
                               void *arg)
{
	struct ledger *l = arg;
	(void)socket;
	(void)flags;
	if (!l->reply || !l->len)
		return nothing_now();
	if (from && from_len && *from_len >= upstream_address_len(l->at)) {
		*from_len = (ares_socklen_t)upstream_address_len(l->at);
		memcpy(from, &l->at->at, *from_len);
	}
	if (l->tcp)
		return read_stream(l, bytes, cap);
	size_t n = l->len < cap ? l->len : cap;
	memcpy(bytes, l->reply, n);
	l->reply = NULL;
	return (ares_ssize_t)n;
}

/* What is to leave. It fits unless c-ares has added to it, which would be a query that nobody here asked. */
static ares_ssize_t on_send(ares_socket_t socket, const struct iovec *parts, int count, void *arg)
{
	struct ledger *l = arg;
	struct attempt *e = l->adding;
	size_t len = 0;
	(void)socket;
	for (int i = 0; i < count; i++) {
		if (e && len + parts[i].iov_len <= e->cap)
			memcpy(e->octets + len, parts[i].iov_base, parts[i].iov_len);
		len += parts[i].iov_len;
	}
	if (!e || len > e->cap) {
		errno = EMSGSIZE;
		return -1;
	}
	e->len = (uint16_t)len;
	return (ares_ssize_t)len;
}

static const struct ares_socket_functions socket_functions = {
        .asocket = on_socket,
        .aclose = on_close,
        .aconnect = on_connect,
        .arecvfrom = on_receive,
        .asendv = on_send,
};

static void on_ended(void *arg, int status, int timeouts, unsigned char *bytes, int len)
{
	struct attempt *e = arg;
	(void)status; /* whatever it is, c-ares knows e no more */
	(void)timeouts;
	(void)bytes;
	(void)len;
	e->in_ledger = false;
	if (e->orphan) {
		attempt_move(e, NULL);
		free(e);
	}
}

static enum err set_server(struct ledger *l)
{
	struct ares_addr_port_node node = {.family = l->at->at.sa.sa_family};
	if (node.family == AF_INET) {
		memcpy(&node.addr.addr4, &l->at->at.v4.sin_addr, sizeof node.addr.addr4);
		node.udp_port = node.tcp_port = ntohs(l->at->at.v4.sin_port);
	} else {
		memcpy(&node.addr.addr6, &l->at->at.v6.sin6_addr, sizeof node.addr.addr6);
		node.udp_port = node.tcp_port = ntohs(l->at->at.v6.sin6_port);
	}
	return ares_set_servers_ports(l->ares, &node) == ARES_SUCCESS ? OK : ERR_NOMEM;
}

enum err ledger_new(bool tcp, const struct upstream *at, struct ledger **out)
{
	/* Without EDNS among the flags replies are cut to 512 octets, silently. IGNTC: where TC is seen to, it is seen to by us. */
	struct ares_options options = {
	        .flags = ARES_FLAG_EDNS | ARES_FLAG_NOCHECKRESP | ARES_FLAG_STAYOPEN | ARES_FLAG_IGNTC | (tcp ? ARES_FLAG_USEVC : 0),
	        .timeout = NEVER_MS,
	        .tries = 1,
	        .ednspsz = QUERY_UDP_REPLY_MAX,
	        .resolvconf_path = (char[]){"/dev/null"},
	        .lookups = (char[]){"b"},
	};
	int which = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ | ARES_OPT_RESOLVCONF | ARES_OPT_LOOKUPS;
#ifdef ARES_OPT_QUERY_CACHE
	which |= ARES_OPT_QUERY_CACHE; /* of none: qcache_max_ttl is 0 */
#endif
	struct ledger *l = calloc(1, sizeof *l);
	*out = NULL;
	if (!l)
		return ERR_NOMEM;
	l->at = at;
	l->tcp = tcp;
	TAILQ_INIT(&l->orphans);
	int status = ares_init_options(&l->ares, &options, which);
	if (status != ARES_SUCCESS) {
		free(l);
		return status == ARES_ENOMEM ? ERR_NOMEM : ERR_SYS;
	}
	ares_set_socket_functions(l->ares, &socket_functions, l);
	if (set_server(l)) {
		ledger_free(l);
		return ERR_NOMEM;
	}
	*out = l;
	return OK;
}

void ledger_free(struct ledger *l)
{
	if (!l)
		return;
	ares_destroy(l->ares); /* ends the orphans */
	free(l);
}

enum err ledger_add(struct ledger *l, struct attempt *e)
{
	size_t frame = l->tcp ? 2 : 0;
	e->in_ledger = true;
	l->adding = e;
	ares_send(l->ares, e->octets + frame, (int)(e->len - frame), on_ended, e);
	if (l->tcp) /* which only queues; the queue is written out here, so there is never more in it than e */
		ares_process_fd(l->ares, ARES_SOCKET_BAD, INVENTED_SOCKET);
	l->adding = NULL;
	return e->in_ledger ? OK : ERR_NOMEM;
}

/* A TCP reply takes two reads, and c-ares does one at a time. */
static void hand_over(struct ledger *l, const uint8_t *reply, size_t len)
{
	l->reply = reply;
	l->len = len;
	l->length_read = 0;
	for (unsigned reads = l->tcp ? 2 : 1; reads; reads--)
		ares_process_fd(l->ares, INVENTED_SOCKET, ARES_SOCKET_BAD);
	l->reply = NULL;
}

/* The query itself, said to be a reply that failed. */
static void hand_over_made(struct ledger *l, struct attempt *e)
{
	uint8_t made[QUERY_LEN_MAX];
	size_t len = DNS_HEADER_LEN + (size_t)e->question_len;
	memcpy(made, attempt_query(e), len);
	made[2] |= DNS_QR >> 8;
	made[3] = DNS_SERVFAIL;
	memset(made + 6, 0, 6); /* no records */
	hand_over(l, made, len);
}

bool ledger_end(struct ledger *l, struct attempt *e, const uint8_t *reply, size_t len)
{
	/* FORMERR would make c-ares send the query anew and leave EDNS off from then on. */
	if (e->in_ledger && reply && message_rcode(reply) != DNS_FORMERR)
		hand_over(l, reply, len);
	if (e->in_ledger)
		hand_over_made(l, e);
	if (!e->in_ledger)
		return true;
	/* It had no memory to compare questions. */
	e->orphan = true;
	e->by_id = (struct chain){0};
	e->list = NULL;
	attempt_move(e, &l->orphans);
	return false;
}
