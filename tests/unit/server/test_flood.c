/* 20,000 queries wait at once, and half of those who asked go away: each of the others gets one answer, and the memory is free again. */
#include "fixture.h"
#include <malloc.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	CLIENTS = 200,
	EACH = 100,            /* what a connection may have outstanding, and what the receive buffer of a socket holds */
	LEFT_OVER = 256 << 10, /* octets that may stay behind: a chunk of each worker's, and what libraries keep */
	WORKERS = 2,
};

struct flood {
	struct fixture f;
	int fds[CLIENTS];
	bool tcp[CLIENTS];
};

static void ask_all(struct flood *l)
{
	for (unsigned c = 0; c < CLIENTS; c++) {
		for (unsigned id = 0; id < EACH; id++)
			(l->tcp[c] ? ask_tcp : ask)(l->fds[c], (uint16_t)id, "wait.test");
		late_await(&l->f.late[0], EACH);
	}
}

static void leave(struct flood *l, unsigned c)
{
	struct linger none = {.l_onoff = 1};
	if (l->tcp[c])
		setsockopt(l->fds[c], SOL_SOCKET, SO_LINGER, &none, sizeof none);
	close(l->fds[c]);
}

/* On a machine that is slow enough some have waited for too long, and that is an answer. */
static void hear_all(struct flood *l, unsigned c)
{
	bool seen[EACH] = {false};
	for (unsigned i = 0; i < EACH; i++) {
		struct reply r = (l->tcp[c] ? reply_tcp : reply)(l->fds[c]);
		assert_true(r.id < EACH && !seen[r.id]);
		assert_true(r.rcode == NOERROR || r.rcode == SERVFAIL);
		seen[r.id] = true;
	}
	struct pollfd more = {.fd = l->fds[c], .events = POLLIN};
	assert_int_equal(poll(&more, 1, 0), 0);
	leave(l, c);
}

/* Of every two pairs of clients, so many come over TCP: 0, 1 or 2. */
static void flood(struct flood *l, unsigned tcp)
{
	for (unsigned c = 0; c < CLIENTS; c++) {
		l->tcp[c] = c / 2 % 2 < tcp;
		l->fds[c] = client(&l->f, l->tcp[c] ? SOCK_STREAM : SOCK_DGRAM, c);
	}
	ask_all(l);
	for (unsigned c = 1; c < CLIENTS; c += 2)
		leave(l, c);
	late_resume_all(&l->f.late[0], STEP_ANSWER);
	for (unsigned c = 0; c < CLIENTS; c++) {
		if (c % 2 == 0)
			hear_all(l, c);
	}
}

static void run(unsigned tcp)
{
	static struct flood l;
	start(&l.f, &(struct server_options){.workers = WORKERS, .pending_max = CLIENTS * EACH});
	serve(&l.f, &late_kind, 1);
	flood(&l, tcp);
	size_t before = mallinfo2().uordblks;
	flood(&l, tcp);
	assert_true(mallinfo2().uordblks < before + LEFT_OVER);
	assert_int_equal(atomic_load(&l.f.late[0].waiting), 0);
	stop(&l.f);
}

static void test_udp(void **state)
{
	(void)state;
	run(0);
}

static void test_tcp(void **state)
{
	(void)state;
	run(2);
}

static void test_both(void **state)
{
	(void)state;
	run(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_udp),
	        cmocka_unit_test(test_tcp),
	        cmocka_unit_test(test_both),
	};
	return cmocka_run_group_tests_name("flood", tests, NULL, NULL);
}
