#include "echo.h"

#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static void wait_at_gate(struct echo *e)
{
	sem_post(&e->arrived);
	while (sem_wait(&e->gate))
		;
	sem_post(&e->gate); /* for the next one */
}

static void answer(struct net_message *m)
{
	size_t len = (size_t)m->bytes[10] << 8 | m->bytes[11];
	if (len == REPLY_NONE)
		return;
	if (len == REPLY_AS_LONG)
		len = m->len;
	if (len > m->reply_cap)
		len = m->reply_cap;
	memset(m->reply, 0, len);
	memcpy(m->reply, m->bytes, len < m->len ? len : m->len);
	m->reply[2] |= 0x80;
	m->reply_len = len;
}

void echo_handler(void *arg, unsigned worker, unsigned address, struct net_message *messages, unsigned n)
{
	struct echo *e = arg;
	(void)worker;
	(void)address;
	if (atomic_load(&e->gated))
		wait_at_gate(e);
	if (n > atomic_load(&e->largest_batch))
		atomic_store(&e->largest_batch, n);
	if (!atomic_load(&e->answered))
		pthread_sigmask(SIG_SETMASK, NULL, &e->signals);
	for (unsigned i = 0; i < n; i++)
		if (messages[i].len >= 12)
			answer(&messages[i]);
	atomic_fetch_add(&e->answered, n);
}

struct net_address address(const char *text)
{
	struct net_address a;
	struct diag d;
	assert_int_equal(net_address_parse(text, &a, &d), OK);
	return a;
}

void echo_start(struct echo *e, const char *const *addresses, unsigned count, const struct net_options *options)
{
	struct net_options o = options ? *options : (struct net_options){.workers = 1};
	struct net_address asked[4];
	struct diag d = {.text = ""};
	memset(e, 0, sizeof(*e));
	sem_init(&e->gate, 0, 0);
	sem_init(&e->arrived, 0, 0);
	for (unsigned i = 0; i < count; i++)
		asked[i] = address(addresses[i]);
	o.addresses = asked;
	o.address_count = count;
	o.handler = echo_handler;
	o.arg = e;
	if (net_start(&o, &e->net, &d))
		fail_msg("%s", d.text);
	unsigned bound;
	const struct net_address *got = net_addresses(e->net, &bound);
	assert_int_equal(bound, count);
	memcpy(e->at, got, count * sizeof(got[0]));
}

void echo_stop(struct echo *e)
{
	net_stop(e->net);
	sem_destroy(&e->gate);
	sem_destroy(&e->arrived);
}

void echo_close_gate(struct echo *e)
{
	atomic_store(&e->gated, true);
}

void echo_open_gate(struct echo *e)
{
	atomic_store(&e->gated, false);
	sem_post(&e->gate);
}

static int client(const struct net_address *a, int type)
{
	struct timeval deadline = {.tv_sec = CLIENT_DEADLINE_S};
	int fd = socket(a->sa.ss_family, type | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &deadline, sizeof(deadline)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &deadline, sizeof(deadline)), 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&a->sa, sizeof(a->sa)), 0);
	return fd;
}

int client_udp(const struct net_address *a)
{
	int fd = client(a, SOCK_DGRAM), room = 4 << 20; /* for the replies to some hundred queries */
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	return fd;
}

int client_tcp(const struct net_address *a)
{
	return client(a, SOCK_STREAM);
}

void query_write(uint8_t *at, uint32_t which, uint16_t reply_len)
{
	memset(at, 0, QUERY_LEN);
	at[10] = (uint8_t)(reply_len >> 8);
	at[11] = (uint8_t)reply_len;
	memcpy(at + 12, &which, sizeof(which));
}

uint32_t reply_which(const uint8_t *reply, size_t len)
{
	uint32_t which;
	assert_true(len >= QUERY_LEN);
	assert_int_equal(reply[2], 0x80);
	memcpy(&which, reply + 12, sizeof(which));
	return which;
}

void write_all(int fd, const void *bytes, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = send(fd, (const uint8_t *)bytes + done, len - done, MSG_NOSIGNAL);
		assert_true(n > 0);
		done += (size_t)n;
	}
}

void udp_ask(int fd, uint32_t which, uint16_t reply_len)
{
	uint8_t query[QUERY_LEN];
	query_write(query, which, reply_len);
	write_all(fd, query, sizeof(query));
}

uint32_t udp_reply(int fd)
{
	uint8_t reply[2048];
	ssize_t n = recv(fd, reply, sizeof(reply), 0);
	assert_true(n > 0);
	return reply_which(reply, (size_t)n);
}

void tcp_ask(int fd, uint32_t which, uint16_t reply_len)
{
	uint8_t frame[2 + QUERY_LEN] = {0, QUERY_LEN};
	query_write(frame + 2, which, reply_len);
	write_all(fd, frame, sizeof(frame));
}

uint32_t tcp_reply(int fd, size_t *len)
{
	uint8_t prefix[2];
	static _Thread_local uint8_t reply[65535];
	assert_int_equal(recv(fd, prefix, sizeof(prefix), MSG_WAITALL), sizeof(prefix));
	*len = (size_t)prefix[0] << 8 | prefix[1];
	assert_int_equal(recv(fd, reply, *len, MSG_WAITALL), *len);
	return reply_which(reply, *len);
}

void assert_closed(int fd)
{
	uint8_t octet;
	ssize_t n = recv(fd, &octet, 1, 0);
	assert_true(n == 0 || (n < 0 && errno == ECONNRESET));
}

unsigned open_descriptors(void)
{
	unsigned n = 0;
	DIR *d = opendir("/proc/self/fd");
	assert_non_null(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}
