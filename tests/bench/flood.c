/* flood - A queries for names that there are not, half of them in the zone and half in no zone of the server's, as fast as one thread sends them:
 * 64 datagrams by one call, which the kernel cuts apart (UDP_SEGMENT). It reads no answer. It serves flood.py, and sends to 127.0.0.1 alone, for
 * 60 s at most.
 * flood PORT SECONDS RATE ZONE  RATE: queries a second, 0: as fast as it goes. Prints how many were sent. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define SEGMENTS    64 /* of one call; the kernel's limit of old */
#define CLIENTS     8  /* sockets for each kind of name, so that the kernel sees more than one client */
#define SECONDS_MAX 60
#define HEAD        12
#define NAME_DIGITS 12
#define QUERY_MAX   512

/* Queries of one length, one after the other, and who sends them. */
struct kind {
	uint8_t bytes[SEGMENTS * QUERY_MAX];
	size_t len; /* of one */
	int fds[CLIENTS];
};

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static size_t put_label(uint8_t *at, const char *label, size_t len)
{
	*at = (uint8_t)len;
	memcpy(at + 1, label, len);
	return len + 1;
}

/* Header, a label of digits, the labels of suffix, type A, class IN. */
static size_t make_query(uint8_t *q, const char *suffix)
{
	static const uint8_t head[HEAD] = {0, 0, 1, 0, 0, 1}, tail[5] = {0, 0, 1, 0, 1};
	size_t len = HEAD;
	memcpy(q, head, sizeof head);
	len += put_label(q + len, "000000000000", NAME_DIGITS);
	while (*suffix) {
		size_t label = strcspn(suffix, ".");
		if (len + label + sizeof tail + 1 > QUERY_MAX)
			exit(2);
		len += put_label(q + len, suffix, label);
		suffix += label + (suffix[label] == '.');
	}
	memcpy(q + len, tail, sizeof tail);
	return len + sizeof tail;
}

static void change_names(struct kind *k, uint64_t *state)
{
	for (int i = 0; i < SEGMENTS; i++) {
		uint8_t *q = k->bytes + (size_t)i * k->len;
		uint64_t bits = next_random(state);
		for (int d = 0; d < NAME_DIGITS; d++, bits >>= 4)
			q[HEAD + 1 + d] = (uint8_t)('a' + (bits & 15));
		q[0] = (uint8_t)bits;
	}
}

static int connect_to(uint16_t port, size_t segment)
{
	const struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int least = 1, each = (int)segment;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&at, sizeof at) || setsockopt(fd, SOL_UDP, UDP_SEGMENT, &each, sizeof each)) {
		perror("flood: cannot send");
		exit(1);
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof least); /* answers are not read */
	return fd;
}

static void make_kind(struct kind *k, const char *suffix, uint16_t port)
{
	k->len = make_query(k->bytes, suffix);
	for (size_t i = 1; i < SEGMENTS; i++)
		memcpy(k->bytes + i * k->len, k->bytes, k->len);
	for (int i = 0; i < CLIENTS; i++)
		k->fds[i] = connect_to(port, k->len);
}

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void wait_until(double when_s)
{
	double left = when_s - now_s();
	if (left > 0)
		nanosleep(&(struct timespec){.tv_nsec = (long)(left < 0.5 ? left * 1e9 : 5e8)}, NULL);
}

int main(int argc, char **argv)
{
	static struct kind kinds[2];
	uint64_t sent = 0, state = 0x9e3779b97f4a7c15;
	if (argc != 5) {
		fprintf(stderr, "flood PORT SECONDS RATE ZONE\n");
		return 2;
	}
	double seconds = strtod(argv[2], NULL), rate = strtod(argv[3], NULL), begin = now_s();
	make_kind(&kinds[0], argv[4], (uint16_t)strtoul(argv[1], NULL, 10));
	make_kind(&kinds[1], "flood.example", (uint16_t)strtoul(argv[1], NULL, 10));
	for (unsigned turn = 0; now_s() < begin + (seconds < SECONDS_MAX ? seconds : SECONDS_MAX); turn++) {
		struct kind *k = &kinds[turn % 2];
		change_names(k, &state);
		if (send(k->fds[turn / 2 % CLIENTS], k->bytes, SEGMENTS * k->len, 0) > 0)
			sent += SEGMENTS;
		if (rate > 0)
			wait_until(begin + (double)sent / rate);
	}
	printf("%llu\n", (unsigned long long)sent);
	return 0;
}
