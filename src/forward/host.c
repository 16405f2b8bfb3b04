#include "forward/host.h"
#include "base/sockaddr.h"
#include "dns/response.h"
#include "query.h"
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void add(struct host_addresses *out, const struct addr *a)
{
	for (unsigned i = 0; i < out->count; i++) {
		if (addr_equal(&out->list[i], a))
			return;
	}
	if (out->count < HOST_ADDRESSES_MAX)
		out->list[out->count++] = *a;
}

/* --- the system --- */

static enum err ask_system(const char *name, struct host_addresses *out, struct diag *d)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_DGRAM};
	struct addrinfo *found;
	int error = getaddrinfo(name, NULL, &hints, &found);
	if (error)
		return diag_set(d, error == EAI_MEMORY ? ERR_NOMEM : ERR_MISSING, "upstream %s: %s", name, gai_strerror(error));
	for (const struct addrinfo *f = found; f; f = f->ai_next) {
		const struct addr a = sockaddr_addr(f->ai_addr);
		if (a.family)
			add(out, &a);
	}
	freeaddrinfo(found);
	return out->count ? OK : diag_set(d, ERR_MISSING, "upstream %s has no address", name);
}

/* --- resolvers --- */

static void take_addresses(const uint8_t *bytes, size_t len, uint16_t type, struct host_addresses *out)
{
	struct response_record record;
	struct response r;
	if (response_parse(&r, bytes, len) != RESPONSE_OK)
		return;
	struct response_cursor c = response_section(&r, DNS_ANSWER);
	while (response_next(&r, &c, &record)) {
		struct addr a = {.family = type == DNS_TYPE_A ? ADDR_V4 : ADDR_V6};
		if (record.type != type || record.rclass != DNS_CLASS_IN)
			continue;
		memcpy(a.octets, bytes + record.rdata_at, record.rdata_len); /* which is that of its type */
		add(out, &a);
	}
}

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void receive(int fd, const uint8_t *query, const struct question *q, struct host_addresses *out)
{
	const int64_t end_ms = now_ms() + HOST_WAIT_MS;
	uint8_t reply[QUERY_UDP_REPLY_MAX];
	for (int64_t left_ms = HOST_WAIT_MS; left_ms > 0; left_ms = end_ms - now_ms()) {
		struct pollfd waits = {.fd = fd, .events = POLLIN};
		if (poll(&waits, 1, (int)left_ms) <= 0)
			continue;
		ssize_t len = recv(fd, reply, sizeof reply, 0);
		if (len < 0)
			return; /* nobody is there */
		enum reply_verdict verdict = query_check_reply(query, question_len(q), false, reply, (size_t)len);
		if (verdict == REPLY_ANSWER)
			take_addresses(reply, (size_t)len, q->type, out);
		if (verdict != REPLY_FOREIGN)
			return;
	}
}

static void ask(const struct upstream *resolver, const struct name *name, uint16_t type, struct host_addresses *out)
{
	const struct question q = {.name = name->wire, .name_len = name->len, .type = type, .class = DNS_CLASS_IN, .flags = DNS_RD};
	uint8_t query[QUERY_LEN_MAX];
	uint16_t id;
	int fd = socket(resolver->at.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (getrandom(&id, sizeof id, 0) == sizeof id && connect(fd, &resolver->at.sa, (socklen_t)upstream_address_len(resolver)) == 0) {
		size_t len = query_write(query, &q, id, false, NULL);
		if (send(fd, query, len, 0) == (ssize_t)len)
			receive(fd, query, &q, out);
	}
	close(fd);
}

static enum err ask_resolvers(const char *text, const struct upstream *resolvers, unsigned count, struct host_addresses *out,
                              struct diag *d)
{
	struct name name;
	if (name_from_text(&name, text, strlen(text)))
		return diag_set(d, ERR_SYNTAX, "\"%s\" is no name", text);
	name_lower(&name);
	for (unsigned i = 0; i < count && !out->count; i++) {
		ask(&resolvers[i], &name, DNS_TYPE_A, out);
		ask(&resolvers[i], &name, DNS_TYPE_AAAA, out);
	}
	return out->count ? OK : diag_set(d, ERR_MISSING, "upstream %s: no resolver of it knows an address", text);
}

enum err host_find(const char *name, const struct upstream *resolvers, unsigned count, struct host_addresses *out, struct diag *d)
{
	out->count = 0;
	return count ? ask_resolvers(name, resolvers, count, out, d) : ask_system(name, out, d);
}
