/* Messages that are kept and replied to later. The test says when: what it wants done runs on the worker's thread by net_post(). */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "echo.h"
#include <uv.h>

#define KEPT_MAX 4096

struct kept {
	struct net_client client;
	uint8_t query[QUERY_LEN];
	unsigned address;
};

struct later {
	struct net *net;
	struct net_address at[4];
	/* the worker's */
	struct kept *kept[KEPT_MAX];
	unsigned count;
	unsigned stale; /* messages of an address before it came, or after it went */
	bool is_there[8];
	/* any thread's */
	atomic_uint seen, begun, ended;
	sem_t arrived;
};

static void keep(struct later *l, unsigned address, struct net_message *m)
{
	struct kept *k = malloc(sizeof *k);
	assert_non_null(k);
	memcpy(k->query, m->bytes, QUERY_LEN);
	k->address = address;
	net_keep(m, &k->client);
	l->kept[l->count++ % KEPT_MAX] = k;
}

/* Queries that ask for REPLY_NONE are answered at once with nothing; those of a length are echoed at once; REPLY_AS_LONG is kept. */
static void on_messages(void *arg, unsigned worker, unsigned address, struct net_message *messages, unsigned n)
{
	struct later *l = arg;
	(void)worker;
	l->stale += !l->is_there[address];
	for (unsigned i = 0; i < n; i++) {
		if (!messages[i].bytes[10] && !messages[i].bytes[11]) {
			keep(l, address, &messages[i]);
		} else {
			memcpy(messages[i].reply, messages[i].bytes, QUERY_LEN);
			messages[i].reply[2] |= 0x80;
			messages[i].reply_len = QUERY_LEN;
		}
		atomic_fetch_add(&l->seen, 1);
		sem_post(&l->arrived);
	}
}

static enum err on_begin(void *arg, unsigned worker, uv_loop_t *loop)
{
	struct later *l = arg;
	(void)worker;
	assert_non_null(loop);
	atomic_fetch_add(&l->begun, 1);
	return OK;
}

static void on_end(void *arg, unsigned worker)
{
	struct later *l = arg;
	(void)worker;
	for (unsigned i = 0; i < l->count; i++) {
		assert_true(!l->kept[i] || net_client_gone(&l->kept[i]->client));
		free(l->kept[i]);
	}
	l->count = 0;
	atomic_fetch_add(&l->ended, 1);
}

static void later_start(struct later *l, const char *const *addresses, unsigned count, unsigned idle_s)
{
	struct net_address asked[4];
	struct diag d = {.text = ""};
	struct net_options o = {.addresses = asked, .address_count = count, .workers = 1, .tcp_idle_s = idle_s};
	memset(l, 0, sizeof *l);
	sem_init(&l->arrived, 0, 0);
	for (unsigned i = 0; i < count; i++) {
		asked[i] = address(addresses[i]);
		l->is_there[i] = true;
	}
	o.handler = on_messages;
	o.begin = on_begin;
	o.end = on_end;
	o.arg = l;
	if (net_start(&o, &l->net, &d))
		fail_msg("%s", d.text);
	memcpy(l->at, net_addresses(l->net, &count), count * sizeof l->at[0]);
	assert_int_equal(atomic_load(&l->begun), 1);
}

static void later_stop(struct later *l)
{
	net_stop(l->net);
	assert_int_equal(atomic_load(&l->ended), 1);
	sem_destroy(&l->arrived);
}

static void wait_arrived(struct later *l, unsigned n)
{
	while (n)
		n -= sem_wait(&l->arrived) == 0;
}

/* --- on the worker --- */

struct task {
	struct net_call call;
	void (*run)(struct later *l, void *arg);
	struct later *l;
	void *arg;
	sem_t done;
};

static void run_task(struct net_call *c, unsigned worker)
{
	struct task *t = (struct task *)c;
	assert_int_equal(worker, 0);
	t->run(t->l, t->arg);
	sem_post(&t->done);
}

static void on_worker(struct later *l, void (*run)(struct later *l, void *arg), void *arg)
{
	struct task t = {.call.run = run_task, .run = run, .l = l, .arg = arg};
	sem_init(&t.done, 0, 0);
	net_post(l->net, 0, &t.call);
	while (sem_wait(&t.done))
		;
	sem_destroy(&t.done);
}

static void reply_to(struct kept *k)
{
	k->query[2] |= 0x80;
	net_reply(&k->client, k->query, QUERY_LEN);
	assert_true(net_client_gone(&k->client));
	free(k);
}

/* The last that came is the first that is answered. */
static void reply_to_all(struct later *l, void *arg)
{
	(void)arg;
	while (l->count)
		reply_to(l->kept[--l->count]);
}

static void reply_to_some(struct later *l, void *arg)
{
	for (unsigned n = *(unsigned *)arg; n && l->count; n--)
		reply_to(l->kept[--l->count]);
}

static void release_all(struct later *l, void *arg)
{
	(void)arg;
	while (l->count) {
		struct kept *k = l->kept[--l->count];
		net_release(&k->client);
		free(k);
	}
}

static void count_gone(struct later *l, void *arg)
{
	unsigned *gone = arg;
	*gone = 0;
	for (unsigned i = 0; i < l->count; i++)
		*gone += net_client_gone(&l->kept[i]->client);
}

/* --- tests --- */

static void test_udp_later(void **state)
{
	(void)state;
	enum { QUERIES = 3 * NET_BATCH + 5 };
	struct later l;
	bool seen[QUERIES] = {false};
	later_start(&l, (const char *[]){"127.0.0.1:0", "[::1]:0"}, 2, 0);
	for (unsigned a = 0; a < 2; a++) {
		int fd = client_udp(&l.at[a]);
		memset(seen, 0, sizeof seen);
		for (uint32_t i = 0; i < QUERIES; i++)
			udp_ask(fd, i, REPLY_AS_LONG);
		wait_arrived(&l, QUERIES);
		udp_ask(fd, 7777, QUERY_LEN); /* others are answered meanwhile */
		assert_int_equal(udp_reply(fd), 7777);
		wait_arrived(&l, 1);
		on_worker(&l, reply_to_all, NULL);
		for (uint32_t i = 0; i < QUERIES; i++) {
			uint32_t which = udp_reply(fd);
			assert_true(which < QUERIES && !seen[which]);
			seen[which] = true;
		}
		close(fd);
	}
	later_stop(&l);
}

static void test_udp_later_from_the_address_asked(void **state)
{
	(void)state;
	struct later l;
	later_start(&l, (const char *[]){"0.0.0.0:0"}, 1, 0);
	struct net_address asked = l.at[0];
	assert_int_equal(inet_pton(AF_INET, "127.0.0.2", &((struct sockaddr_in *)&asked.sa)->sin_addr), 1);
	int fd = client_udp(&asked);
	udp_ask(fd, 7, REPLY_AS_LONG);
	wait_arrived(&l, 1);
	on_worker(&l, reply_to_all, NULL);
	assert_int_equal(udp_reply(fd), 7);
	close(fd);
	later_stop(&l);
}

static void test_tcp_later_out_of_order(void **state)
{
	(void)state;
	struct later l;
	size_t len;
	later_start(&l, (const char *[]){"127.0.0.1:0"}, 1, 0);
	int fd = client_tcp(&l.at[0]);
	for (uint32_t i = 0; i < 3; i++)
		tcp_ask(fd, i, REPLY_AS_LONG);
	tcp_ask(fd, 3, QUERY_LEN);
	assert_int_equal(tcp_reply(fd, &len), 3); /* RFC 7766 7 */
	wait_arrived(&l, 4);
	on_worker(&l, reply_to_all, NULL);
	for (uint32_t i = 3; i-- > 0;)
		assert_int_equal(tcp_reply(fd, &len), i);
	close(fd);
	later_stop(&l);
}

/* Its side is shut, and its time is over twice: the connection stays until the reply is there, and goes then. */
static void test_tcp_waits_for_what_is_outstanding(void **state)
{
	(void)state;
	struct later l;
	size_t len;
	later_start(&l, (const char *[]){"127.0.0.1:0"}, 1, 1);
	int shut = client_tcp(&l.at[0]), idle = client_tcp(&l.at[0]), other = client_tcp(&l.at[0]);
	tcp_ask(shut, 1, REPLY_AS_LONG);
	shutdown(shut, SHUT_WR);
	tcp_ask(idle, 2, REPLY_AS_LONG);
	wait_arrived(&l, 2);
	for (unsigned i = 0; i < 2; i++) {
		assert_closed(other); /* so the idle time is over */
		close(other);
		other = client_tcp(&l.at[0]);
	}
	on_worker(&l, reply_to_all, NULL);
	assert_int_equal(tcp_reply(shut, &len), 1);
	assert_closed(shut);
	assert_int_equal(tcp_reply(idle, &len), 2);
	assert_closed(idle); /* after its idle time */
	close(shut);
	close(idle);
	close(other);
	later_stop(&l);
}

/* A hundred wait: the rest stays where it is until half of them have their replies. */
static void test_tcp_stops_reading(void **state)
{
	(void)state;
	enum { MANY = 350, MOST = 100 };
	struct later l;
	unsigned half = MOST / 2, few = 10;
	size_t len;
	later_start(&l, (const char *[]){"127.0.0.1:0"}, 1, 0);
	int fd = client_tcp(&l.at[0]), other = client_tcp(&l.at[0]);
	for (uint32_t i = 0; i < MANY; i++)
		tcp_ask(fd, i, REPLY_AS_LONG);
	wait_arrived(&l, MOST);
	for (unsigned turns = 0; turns < 20; turns++) { /* the server has every reason to read more, had it any */
		tcp_ask(other, 9, QUERY_LEN);
		assert_int_equal(tcp_reply(other, &len), 9);
		wait_arrived(&l, 1);
	}
	assert_int_equal(atomic_load(&l.seen), MOST + 20);
	on_worker(&l, reply_to_some, &few); /* not enough to go on */
	tcp_ask(other, 9, QUERY_LEN);
	assert_int_equal(tcp_reply(other, &len), 9);
	wait_arrived(&l, 1);
	assert_int_equal(atomic_load(&l.seen), MOST + 21);
	on_worker(&l, reply_to_some, &half);
	for (unsigned done = few + half; done < MANY;) {
		wait_arrived(&l, 1);
		on_worker(&l, reply_to_some, &(unsigned){MOST});
		done = atomic_load(&l.seen) - 21;
	}
	on_worker(&l, reply_to_all, NULL);
	bool seen[MANY] = {false};
	for (unsigned i = 0; i < MANY; i++) {
		uint32_t which = tcp_reply(fd, &len);
		assert_true(which < MANY && !seen[which]);
		seen[which] = true;
	}
	close(fd);
	close(other);
	later_stop(&l);
}

/* Who replies need not know that the client has gone. */
static void test_client_gone(void **state)
{
	(void)state;
	struct later l;
	struct linger none = {.l_onoff = 1};
	unsigned gone = 0;
	size_t len;
	later_start(&l, (const char *[]){"127.0.0.1:0"}, 1, 0);
	int fd = client_tcp(&l.at[0]), other = client_tcp(&l.at[0]);
	for (uint32_t i = 0; i < 3; i++)
		tcp_ask(fd, i, REPLY_AS_LONG);
	tcp_ask(other, 5, REPLY_AS_LONG);
	wait_arrived(&l, 4);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	close(fd);
	while (gone < 3) {
		on_worker(&l, count_gone, &gone);
		assert_in_range(gone, 0, 3);
	}
	on_worker(&l, reply_to_all, NULL);
	assert_int_equal(tcp_reply(other, &len), 5);
	close(other);
	later_stop(&l);
}

/* No reply at all: the connection is free again. */
static void test_release(void **state)
{
	(void)state;
	struct later l;
	later_start(&l, (const char *[]){"127.0.0.1:0"}, 1, 0);
	int tcp = client_tcp(&l.at[0]), udp = client_udp(&l.at[0]);
	tcp_ask(tcp, 1, REPLY_AS_LONG);
	udp_ask(udp, 1, REPLY_AS_LONG);
	shutdown(tcp, SHUT_WR);
	wait_arrived(&l, 2);
	on_worker(&l, release_all, NULL);
	assert_closed(tcp);
	udp_ask(udp, 2, QUERY_LEN);
	assert_int_equal(udp_reply(udp), 2);
	close(tcp);
	close(udp);
	later_stop(&l);
}

/* --- a reply in parts --- */

enum { PARTS = 200, PART_LEN = 60000 };
static unsigned parts_sent;

static void send_part(struct net_client *c)
{
	static uint8_t part[PART_LEN];
	struct kept *k = (struct kept *)c;
	query_write(part, parts_sent++, 0);
	part[2] |= 0x80;
	if (parts_sent < PARTS) {
		net_reply_part(c, part, sizeof part, send_part);
	} else {
		net_reply(c, part, sizeof part);
		free(k);
	}
}

static void send_first_part(struct later *l, void *arg)
{
	(void)arg;
	send_part(&l->kept[--l->count]->client);
}

/* Parts are made as the client takes them: the server never holds more than a few. */
static void test_parts(void **state)
{
	(void)state;
	struct later l;
	size_t len;
	parts_sent = 0;
	later_start(&l, (const char *[]){"127.0.0.1:0"}, 1, 0);
	int fd = client_tcp(&l.at[0]), other = client_tcp(&l.at[0]);
	tcp_ask(fd, 1, REPLY_AS_LONG);
	wait_arrived(&l, 1);
	on_worker(&l, send_first_part, NULL);
	for (uint32_t i = 0; i < PARTS; i++) {
		assert_int_equal(tcp_reply(fd, &len), i);
		assert_int_equal(len, PART_LEN);
	}
	tcp_ask(fd, 2, QUERY_LEN);
	assert_int_equal(tcp_reply(fd, &len), 2);
	close(fd);
	close(other);
	later_stop(&l);
}

/* --- the end --- */

/* A stop waits for replies that come, however many turns later. */
struct slow {
	struct net_call call;
	struct later *l;
	unsigned turns;
};

static void reply_after_turns(struct net_call *c, unsigned worker)
{
	struct slow *s = (struct slow *)c;
	if (--s->turns)
		net_post(s->l->net, worker, c);
	else
		reply_to_all(s->l, NULL);
}

static void test_stop_waits(void **state)
{
	(void)state;
	struct later l;
	size_t len;
	later_start(&l, (const char *[]){"127.0.0.1:0"}, 1, 0);
	struct slow s = {.call.run = reply_after_turns, .l = &l, .turns = 30};
	int tcp = client_tcp(&l.at[0]), udp = client_udp(&l.at[0]);
	tcp_ask(tcp, 1, REPLY_AS_LONG);
	udp_ask(udp, 2, REPLY_AS_LONG);
	wait_arrived(&l, 2);
	net_post(l.net, 0, &s.call);
	later_stop(&l);
	assert_int_equal(tcp_reply(tcp, &len), 1);
	assert_closed(tcp);
	assert_int_equal(udp_reply(udp), 2);
	close(tcp);
	close(udp);
}

/* on_end() checks that whoever was kept is gone. */
static void test_stop_does_not_wait_for_ever(void **state)
{
	(void)state;
	struct later l;
	unsigned before = open_descriptors();
	later_start(&l, (const char *[]){"127.0.0.1:0"}, 1, 0);
	int tcp = client_tcp(&l.at[0]), udp = client_udp(&l.at[0]);
	tcp_ask(tcp, 1, REPLY_AS_LONG);
	udp_ask(udp, 2, REPLY_AS_LONG);
	wait_arrived(&l, 2);
	later_stop(&l);
	assert_closed(tcp);
	close(tcp);
	close(udp);
	assert_int_equal(open_descriptors(), before);
}

/* --- other addresses --- */

static void on_adopt(void *arg, unsigned worker)
{
	struct later *l = arg;
	(void)worker;
	memset(l->is_there, 0, sizeof l->is_there);
	l->is_there[1] = l->is_there[2] = true;
}

/* In one piece: what Nagle's algorithm keeps on the client's side was not received. */
static void ask_at_once(int fd, uint32_t count)
{
	uint8_t frames[64][2 + QUERY_LEN] = {0};
	for (uint32_t i = 0; i < count; i++) {
		frames[i][1] = QUERY_LEN;
		query_write(frames[i] + 2, i, QUERY_LEN);
	}
	write_all(fd, frames, count * sizeof frames[0]);
}

/* 0 goes, 1 stays, 2 comes. */
static void test_change(void **state)
{
	(void)state;
	struct later l;
	struct net_change *c;
	struct diag d;
	size_t len;
	unsigned count, queries = 50;
	later_start(&l, (const char *[]){"127.0.0.1:0", "127.0.0.2:0"}, 2, 0);
	int udp = client_udp(&l.at[0]), tcp = client_tcp(&l.at[0]), kept = client_tcp(&l.at[0]), stays = client_tcp(&l.at[1]);
	tcp_ask(kept, 1, REPLY_AS_LONG);
	udp_ask(udp, 2, REPLY_AS_LONG);
	wait_arrived(&l, 2);
	struct net_address wanted[] = {address("127.0.0.3:0"), address("127.0.0.2:0")};
	assert_int_equal(net_change_new(l.net, wanted, NULL, 2, &c, &d), OK);
	assert_int_equal(net_change_index(c, 1), 1);
	assert_int_equal(net_change_index(c, 0), 2);
	ask_at_once(tcp, queries);
	for (uint32_t i = 0; i < queries; i++)
		udp_ask(udp, i, QUERY_LEN);
	net_change_apply(c, on_adopt, &l);
	const struct net_address *now = net_addresses(l.net, &count);
	assert_int_equal(count, 3);
	assert_int_equal(now[0].sa.ss_family, AF_UNSPEC);
	assert_memory_equal(&now[1], &l.at[1], sizeof now[1]);
	l.at[2] = now[2];
	/* what was sent before the change is answered, and the kept ones wait for theirs */
	for (uint32_t i = 0; i < queries; i++) {
		assert_int_equal(tcp_reply(tcp, &len), i);
		assert_int_equal(udp_reply(udp), i);
	}
	assert_closed(tcp);
	wait_arrived(&l, 2 * queries);
	on_worker(&l, reply_to_all, NULL);
	assert_int_equal(tcp_reply(kept, &len), 1);
	assert_closed(kept);
	assert_int_equal(udp_reply(udp), 2);
	/* the one that stays, and the new one */
	tcp_ask(stays, 3, QUERY_LEN);
	assert_int_equal(tcp_reply(stays, &len), 3);
	int fresh = client_udp(&l.at[2]);
	udp_ask(fresh, 4, QUERY_LEN);
	assert_int_equal(udp_reply(fresh), 4);
	close(udp);
	close(tcp);
	close(kept);
	close(stays);
	close(fresh);
	later_stop(&l);
	assert_int_equal(l.stale, 0);
}

/* Connections of an address that stays have the terms of the change, and those of the next. */
static void test_change_of_terms(void **state)
{
	(void)state;
	const struct net_terms one = {.queries_max = 3};
	struct net_address wanted = address("127.0.0.1:0");
	struct echo e;
	struct net_change *c;
	uint8_t octet;
	size_t len;
	echo_start(&e, (const char *[]){"127.0.0.1:0"}, 1, NULL);
	int stays = client_tcp(&e.at[0]), next = client_tcp(&e.at[0]);
	tcp_ask(stays, 1, REPLY_AS_LONG);
	assert_int_equal(tcp_reply(stays, &len), 1);
	assert_int_equal(net_change_new(e.net, &wanted, &one, 1, &c, NULL), OK);
	net_change_apply(c, NULL, NULL);
	for (uint32_t i = 2; i < 4; i++) {
		tcp_ask(stays, i, REPLY_AS_LONG);
		assert_int_equal(tcp_reply(stays, &len), i);
	}
	assert_int_equal(recv(stays, &octet, 1, 0), 0);
	assert_int_equal(net_change_new(e.net, &wanted, NULL, 1, &c, NULL), OK);
	net_change_apply(c, NULL, NULL);
	for (uint32_t i = 0; i < 9; i++) {
		tcp_ask(next, i, REPLY_AS_LONG);
		assert_int_equal(tcp_reply(next, &len), i);
	}
	close(stays);
	close(next);
	echo_stop(&e);
}

/* What can't be opened changes nothing, and one that is freed instead of made neither. */
static void test_change_that_fails(void **state)
{
	(void)state;
	struct later l;
	struct net_change *c;
	struct diag d = {.text = ""};
	char taken[64];
	struct echo e;
	later_start(&l, (const char *[]){"127.0.0.1:0"}, 1, 0);
	echo_start(&e, (const char *[]){"127.0.0.9:0"}, 1, NULL);
	net_address_format(&e.at[0], taken);
	unsigned before = open_descriptors();
	struct net_address wanted[] = {address("127.0.0.1:0"), address("127.0.0.3:0"), address(taken)};
	assert_int_equal(net_change_new(l.net, wanted, NULL, 3, &c, &d), ERR_EXISTS);
	assert_non_null(strstr(d.text, taken));
	assert_int_equal(open_descriptors(), before);
	assert_int_equal(net_change_new(l.net, wanted, NULL, 2, &c, &d), OK);
	assert_true(open_descriptors() > before);
	net_change_free(c);
	assert_int_equal(open_descriptors(), before);
	int fd = client_udp(&l.at[0]);
	udp_ask(fd, 4, QUERY_LEN);
	assert_int_equal(udp_reply(fd), 4);
	close(fd);
	echo_stop(&e);
	later_stop(&l);
}

/* Many changes under queries, each to another port; the one that stays loses nothing, and no descriptors are left behind. */
static void test_many_changes(void **state)
{
	(void)state;
	enum { CHANGES = 200 };
	struct echo e;
	struct net_change *c;
	echo_start(&e, (const char *[]){"127.0.0.1:0"}, 1, &(struct net_options){.workers = 2});
	unsigned before = open_descriptors(), count;
	struct net_address stays = address("127.0.0.1:0"), comes[] = {address("127.0.0.2:0"), address("127.0.0.3:0")};
	int fd = client_udp(&e.at[0]);
	size_t len;
	int tcp = client_tcp(&e.at[0]);
	for (uint32_t i = 0; i < CHANGES; i++) {
		struct net_address wanted[] = {stays, comes[i % 2]};
		udp_ask(fd, i, REPLY_AS_LONG);
		tcp_ask(tcp, i, REPLY_AS_LONG);
		assert_int_equal(net_change_new(e.net, wanted, NULL, i % 3 ? 2 : 1, &c, NULL), OK);
		net_change_apply(c, NULL, NULL);
		assert_int_equal(udp_reply(fd), i);
		assert_int_equal(tcp_reply(tcp, &len), i);
	}
	net_addresses(e.net, &count);
	assert_in_range(count, 2, 3); /* indexes are used again */
	assert_int_equal(net_change_new(e.net, &stays, NULL, 1, &c, NULL), OK);
	net_change_apply(c, NULL, NULL);
	while (open_descriptors() > before + 2) { /* the two clients */
		udp_ask(fd, 1, REPLY_AS_LONG);
		udp_reply(fd);
	}
	close(fd);
	close(tcp);
	echo_stop(&e);
}

/* Written as the port that it got, and as any port again, an address stays what it is; sockets that ask it all the while lose nothing. Where
 * both are wanted, the second is an address of its own. */
static void test_port_0_by_its_number(void **state)
{
	(void)state;
	enum { CHANGES = 100 };
	struct echo e;
	struct net_change *c;
	char number[64], any[72];
	size_t len;
	unsigned count;
	echo_start(&e, (const char *[]){"127.0.0.1:0"}, 1, &(struct net_options){.workers = 2});
	net_address_format(&e.at[0], number);
	const struct net_address spellings[] = {address(number), address("127.0.0.1:0")};
	int fd = client_udp(&e.at[0]), tcp = client_tcp(&e.at[0]);
	tcp_ask(tcp, 1, REPLY_AS_LONG);
	assert_int_equal(tcp_reply(tcp, &len), 1); /* so it has been accepted, and counts */
	unsigned before = open_descriptors();
	for (uint32_t i = 0; i < CHANGES; i++) {
		udp_ask(fd, i, REPLY_AS_LONG);
		tcp_ask(tcp, i, REPLY_AS_LONG);
		assert_int_equal(net_change_new(e.net, &spellings[i % 2], NULL, 1, &c, NULL), OK);
		assert_int_equal(net_change_index(c, 0), 0);
		assert_int_equal(open_descriptors(), before); /* no socket is opened */
		net_change_apply(c, NULL, NULL);
		assert_int_equal(udp_reply(fd), i);
		assert_int_equal(tcp_reply(tcp, &len), i); /* it is the same connection, so the listener was not closed */
	}
	assert_memory_equal(net_addresses(e.net, &count), &e.at[0], sizeof e.at[0]);
	assert_int_equal(count, 1);
	assert_int_equal(net_change_new(e.net, spellings, NULL, 2, &c, NULL), OK);
	assert_int_equal(net_change_index(c, 0), 1);
	assert_int_equal(net_change_index(c, 1), 0);
	net_change_free(c);
	/* all of a port and one of its addresses are not the same */
	snprintf(any, sizeof any, "0.0.0.0%s", strrchr(number, ':'));
	const struct net_address all = address(any);
	assert_int_equal(net_change_new(e.net, &all, NULL, 1, &c, NULL), OK);
	assert_int_equal(net_change_index(c, 0), 1);
	net_change_free(c);
	close(fd);
	close(tcp);
	echo_stop(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_udp_later),
	        cmocka_unit_test(test_udp_later_from_the_address_asked),
	        cmocka_unit_test(test_tcp_later_out_of_order),
	        cmocka_unit_test(test_tcp_waits_for_what_is_outstanding),
	        cmocka_unit_test(test_tcp_stops_reading),
	        cmocka_unit_test(test_client_gone),
	        cmocka_unit_test(test_release),
	        cmocka_unit_test(test_parts),
	        cmocka_unit_test(test_stop_waits),
	        cmocka_unit_test(test_stop_does_not_wait_for_ever),
	        cmocka_unit_test(test_change),
	        cmocka_unit_test(test_change_of_terms),
	        cmocka_unit_test(test_change_that_fails),
	        cmocka_unit_test(test_many_changes),
	        cmocka_unit_test(test_port_0_by_its_number),
	};
	return cmocka_run_group_tests_name("later", tests, NULL, NULL);
}
