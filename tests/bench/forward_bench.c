/* forward_bench - CPU time that a forwarded question costs this side, against an upstream in a process of its own that gives every query back with
 * one record. Distinct names, a number of them under way at any time, over UDP and over TCP. Prints microseconds per question (user and system), the
 * best of several rounds; judges nothing. `forward_bench SECONDS` goes on over UDP for so long, for a profiler to look at. */
#include "base/hash.h"
#include "forward/flight.h"
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#define ROUNDS    5
#define QUESTIONS 50000 /* of a round */
#define WINDOW    128   /* under way at any time */
#define BATCH     32
#define PEERS     16

static void check(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "forward_bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* --- the upstream --- */

/* Makes the query in place a reply. Returns its length. */
static size_t turn(uint8_t *m, size_t len)
{
	static const uint8_t record[] = {0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 30, 0, 4, 10, 1, 2, 3};
	size_t at = 12;
	while (at < len && m[at])
		at += 1u + m[at];
	at += 5;
	m[2] |= 0x80;
	m[7] = 1;
	m[11] = 0;
	memcpy(m + at, record, sizeof record);
	return at + sizeof record;
}

static void serve_udp(int fd)
{
	static uint8_t octets[BATCH][1500];
	struct sockaddr_in peers[BATCH];
	struct iovec parts[BATCH];
	struct mmsghdr messages[BATCH] = {0};
	for (unsigned i = 0; i < BATCH; i++) {
		parts[i] = (struct iovec){octets[i], 512};
		messages[i].msg_hdr =
		        (struct msghdr){.msg_name = &peers[i], .msg_namelen = sizeof peers[i], .msg_iov = &parts[i], .msg_iovlen = 1};
	}
	int n = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++)
		parts[i].iov_len = turn(octets[i], messages[i].msg_len);
	if (n > 0)
		sendmmsg(fd, messages, (unsigned)n, 0);
}

/* One query after the other, as CoreDNS does. */
static bool serve_tcp(int fd)
{
	uint8_t m[1500];
	if (recv(fd, m, 2, MSG_WAITALL) != 2)
		return false;
	size_t len = (size_t)(m[0] << 8 | m[1]);
	if (len > 512 || recv(fd, m + 2, len, MSG_WAITALL) != (ssize_t)len)
		return false;
	len = turn(m + 2, len);
	m[0] = (uint8_t)(len >> 8);
	m[1] = (uint8_t)len;
	return send(fd, m, len + 2, MSG_NOSIGNAL) == (ssize_t)len + 2;
}

static void serve(int udp, int tcp)
{
	struct pollfd fds[2 + PEERS] = {{.fd = udp, .events = POLLIN}, {.fd = tcp, .events = POLLIN}};
	for (unsigned i = 0; i < PEERS; i++)
		fds[2 + i] = (struct pollfd){.fd = -1, .events = POLLIN};
	while (poll(fds, 2 + PEERS, -1) > 0) {
		if (fds[0].revents)
			serve_udp(udp);
		for (unsigned i = 2; i < 2 + PEERS; i++) {
			if (fds[i].fd >= 0 && fds[i].revents && !serve_tcp(fds[i].fd)) {
				close(fds[i].fd);
				fds[i].fd = -1;
			}
			if (fds[i].fd < 0 && fds[1].revents) {
				fds[i].fd = accept(tcp, NULL, NULL);
				fds[1].revents = 0;
			}
		}
	}
}

/* Ends with this process. */
static struct upstream start_upstream(void)
{
	struct upstream u = {.at.v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof u.at.v4;
	int udp = socket(AF_INET, SOCK_DGRAM, 0), tcp = socket(AF_INET, SOCK_STREAM, 0);
	check(bind(tcp, &u.at.sa, len) == 0 && getsockname(tcp, &u.at.sa, &len) == 0 && listen(tcp, 128) == 0, "TCP");
	check(bind(udp, &u.at.sa, len) == 0, "UDP");
	pid_t parent = getpid(), child = fork();
	check(child >= 0, "fork");
	if (child)
		return u;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent)
		serve(udp, tcp);
	exit(0);
}

/* --- who asks --- */

struct asking {
	struct forwarder *forwarder;
	unsigned asked, done, failed, wanted;
	double until_s; /* 0: until wanted are done */
};

struct asker {
	struct flight_waiter waiter;
	struct asking *all;
};

static double seconds(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void ask(struct asker *a)
{
	/* svc-NNNNNNNN.example.com */
	uint8_t name[] = "\14svc-00000000\7example\3com";
	struct question q = {.name = name, .name_len = sizeof name, .type = DNS_TYPE_A, .class = DNS_CLASS_IN, .flags = DNS_RD};
	unsigned number = a->all->asked++;
	for (unsigned i = 12; number; i--, number /= 10)
		name[i] = (uint8_t)('0' + number % 10);
	check(flight_ask(a->all->forwarder, &q, &a->waiter) == FLIGHT_BEGUN, "flight_ask");
}

static void on_done(struct flight_waiter *w, const struct flight_result *r)
{
	struct asker *a = (struct asker *)w;
	a->all->done++;
	a->all->failed += r->end != FLIGHT_ANSWERED;
	if (a->all->asked < a->all->wanted || (a->all->until_s > 0 && seconds(CLOCK_MONOTONIC) < a->all->until_s))
		ask(a);
}

/* CPU seconds that it took. */
static double run(uv_loop_t *loop, struct asking *all)
{
	static struct asker askers[WINDOW];
	double began = seconds(CLOCK_PROCESS_CPUTIME_ID);
	for (unsigned i = 0; i < WINDOW; i++) {
		askers[i] = (struct asker){.all = all, .waiter.done = on_done};
		ask(&askers[i]);
	}
	while (all->done < all->asked)
		uv_run(loop, UV_RUN_ONCE);
	return seconds(CLOCK_PROCESS_CPUTIME_ID) - began;
}

static void measure(const struct upstream *u, bool tcp, double for_s)
{
	struct forward_options options = {.force_tcp = tcp, .never_down = true};
	struct forward_worker *worker;
	struct upstreams *upstreams;
	struct asking all = {.wanted = QUESTIONS, .until_s = for_s > 0 ? seconds(CLOCK_MONOTONIC) + for_s : 0};
	uv_loop_t loop;
	double best_us = 1e9;
	uv_loop_init(&loop);
	check(upstreams_new(u, 1, &options, &upstreams) == OK && forward_worker_new(&loop, &worker) == OK &&
	              forwarder_new(worker, upstreams, &all.forwarder) == OK,
	      "forwarder");
	for (unsigned i = 0; i < ROUNDS; i++) {
		all.asked = all.done = 0;
		double us = run(&loop, &all) * 1e6 / all.done;
		best_us = us < best_us ? us : best_us;
	}
	printf("%s: %.2f us of CPU a question, %u of %u failed in the last round\n", tcp ? "TCP" : "UDP", best_us, all.failed, all.done);
	forwarder_end(all.forwarder);
	forward_worker_end(worker);
	upstreams_free(upstreams);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
}

int main(int argc, char **argv)
{
	double for_s = argc > 1 ? atof(argv[1]) / ROUNDS : 0; /* NOLINT(cert-err34-c): a wrong one is none */
	setvbuf(stdout, NULL, _IOLBF, 0);
	hash_seed_init();
	struct upstream u = start_upstream();
	check(forward_library_begin() == OK, "c-ares");
	measure(&u, false, for_s);
	if (for_s <= 0)
		measure(&u, true, 0);
	forward_library_end();
	return 0;
}
