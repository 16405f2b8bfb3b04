/* Queries on their way through steps that answer at once, late, out of order and never (late.h). */
#include "fail_alloc.h"
#include "fixture.h"
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void assert_reply(int fd, uint16_t id, unsigned rcode)
{
	struct reply r = reply(fd);
	assert_int_equal(r.id, id);
	assert_int_equal(r.rcode, rcode);
	assert_int_equal(r.answers, rcode == NOERROR);
}

/* What the server has been sent before has been seen to: one worker answers in order. */
static void assert_no_reply(int fd)
{
	ask(fd, 0xffff, "now.test");
	assert_reply(fd, 0xffff, NOERROR);
}

/* Until whoever answers this client does it with the steps of l. */
static void await_adopted(int fd, struct late *l)
{
	unsigned before = atomic_load(&l->answered);
	while (atomic_load(&l->answered) == before)
		assert_no_reply(fd);
}

/* --- at once --- */

static void test_at_once(void **state)
{
	static const struct {
		const char *name;
		unsigned rcode, first_saw, second_saw;
	} cases[] = {
	        {"now.test", NOERROR, 1, 0}, {"pass.test", REFUSED, 1, 1}, {"fall.test", NXDOMAIN, 1, 1},
	        {"test", REFUSED, 1, 1},     {"other", REFUSED, 0, 0},
	};
	struct fixture f;
	(void)state;
	start(&f, &(struct server_options){0});
	serve(&f, &late_kind, 2);
	int fd = client(&f, SOCK_DGRAM, 0);
	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		atomic_store(&f.late[0].answered, 0);
		atomic_store(&f.late[1].answered, 0);
		ask(fd, (uint16_t)i, cases[i].name);
		assert_reply(fd, (uint16_t)i, cases[i].rcode);
		assert_int_equal(atomic_load(&f.late[0].answered), cases[i].first_saw);
		assert_int_equal(atomic_load(&f.late[1].answered), cases[i].second_saw);
	}
	ask(fd, 7, "drop.test");
	assert_no_reply(fd);
	close(fd);
	stop(&f);
}

/* --- late --- */

static void test_late_and_out_of_order(void **state)
{
	enum { MANY = 90 };
	struct fixture f;
	(void)state;
	start(&f, &(struct server_options){0});
	serve(&f, &late_kind, 1);
	int udp = client(&f, SOCK_DGRAM, 0), tcp = client(&f, SOCK_STREAM, 0);
	for (unsigned i = 0; i < MANY; i++) {
		ask(udp, (uint16_t)i, "wait.test");
		ask_tcp(tcp, (uint16_t)i, "wait.test");
	}
	late_await(&f.late[0], 2 * MANY);
	ask_tcp(tcp, 1000, "now.test"); /* RFC 7766 7 */
	assert_int_equal(reply_tcp(tcp).id, 1000);
	assert_no_reply(udp);
	late_resume_all(&f.late[0], STEP_ANSWER);
	bool seen[2][MANY] = {0};
	for (unsigned i = 0; i < MANY; i++) {
		struct reply u = reply(udp), t = reply_tcp(tcp);
		assert_true(u.id < MANY && t.id < MANY && !seen[0][u.id] && !seen[1][t.id]);
		assert_true(u.rcode == NOERROR && u.answers == 1 && t.rcode == NOERROR && t.answers == 1);
		seen[0][u.id] = seen[1][t.id] = true;
	}
	close(udp);
	close(tcp);
	stop(&f);
}

/* After a wait: on to the next step, to nobody, or to what stood before it, which has to be asked again. */
static void test_on_after_a_wait(void **state)
{
	struct fixture f;
	(void)state;
	start(&f, &(struct server_options){0});
	serve(&f, &late_kind, 2);
	int fd = client(&f, SOCK_DGRAM, 0);
	ask(fd, 1, "wait.test");
	late_await(&f.late[0], 1);
	late_resume_all(&f.late[0], STEP_PASS);
	late_await(&f.late[1], 1); /* the second one lets it wait as well */
	assert_int_equal(atomic_load(&f.late[0].waiting), 0);
	late_resume_all(&f.late[1], STEP_PASS);
	assert_reply(fd, 1, REFUSED);
	ask(fd, 2, "wait.test");
	late_await(&f.late[0], 1);
	late_resume_all(&f.late[0], STEP_DROP);
	assert_no_reply(fd);
	close(fd);
	stop(&f);
}

static void test_never(void **state)
{
	struct fixture f;
	(void)state;
	start(&f, &(struct server_options){0});
	serve(&f, &late_kind, 1);
	int fd = client(&f, SOCK_DGRAM, 0);
	ask(fd, 1, "brief.test");
	struct reply r = reply(fd);
	assert_int_equal(r.rcode, SERVFAIL);
	assert_int_equal(r.ede, DNS_EDE_NETWORK_ERROR);
	assert_int_equal(atomic_load(&f.late[0].forgotten), 1);
	ask(fd, 2, "wait.test"); /* as long as it may */
	assert_reply(fd, 2, SERVFAIL);
	assert_int_equal(atomic_load(&f.late[0].forgotten), 2);
	close(fd);
	stop(&f);
}

/* Where the step knows what to say when the time is over. */
static void test_expired(void **state)
{
	struct fixture f;
	(void)state;
	start(&f, &(struct server_options){0});
	serve(&f, &late_expiring, 1);
	int fd = client(&f, SOCK_DGRAM, 0);
	ask(fd, 1, "brief.test");
	assert_reply(fd, 1, NXDOMAIN);
	ask(fd, 2, "patient.test");
	assert_reply(fd, 2, NOERROR);
	assert_int_equal(atomic_load(&f.late[0].expired), 2);
	assert_int_equal(atomic_load(&f.late[0].forgotten), 0);
	close(fd);
	stop(&f);
}

static void test_client_gone(void **state)
{
	struct fixture f;
	struct linger none = {.l_onoff = 1};
	(void)state;
	start(&f, &(struct server_options){0});
	serve(&f, &late_kind, 1);
	int gone = client(&f, SOCK_STREAM, 0), gone_udp = client(&f, SOCK_DGRAM, 0), stays = client(&f, SOCK_STREAM, 1);
	for (uint16_t i = 0; i < 10; i++) {
		ask_tcp(gone, i, "wait.test");
		ask(gone_udp, i, "wait.test");
	}
	ask_tcp(stays, 1, "wait.test");
	late_await(&f.late[0], 21);
	setsockopt(gone, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	close(gone);
	close(gone_udp);
	late_resume_all(&f.late[0], STEP_ANSWER);
	assert_int_equal(reply_tcp(stays).rcode, NOERROR);
	close(stays);
	stop(&f);
}

/* --- room --- */

static void test_the_same_again(void **state)
{
	struct fixture f;
	(void)state;
	start(&f, &(struct server_options){0});
	serve(&f, &late_kind, 1);
	int fd = client(&f, SOCK_DGRAM, 0), other = client(&f, SOCK_DGRAM, 0);
	for (unsigned i = 0; i < 5; i++)
		ask(fd, 1, "wait.test");
	ask(fd, 2, "wait.test");
	ask(fd, 1, "wait2.test");
	ask(other, 1, "wait.test");
	late_await(&f.late[0], 4);
	assert_no_reply(fd);
	assert_int_equal(atomic_load(&f.late[0].waiting), 4);
	late_resume_all(&f.late[0], STEP_ANSWER);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(reply(fd).rcode, NOERROR);
	assert_int_equal(reply(other).rcode, NOERROR);
	assert_no_reply(fd);
	close(fd);
	close(other);
	stop(&f);
}

static void test_a_quarter_for_one_client(void **state)
{
	struct fixture f;
	(void)state;
	start(&f, &(struct server_options){.pending_max = 16});
	serve(&f, &late_kind, 1);
	int greedy = client(&f, SOCK_DGRAM, 0), other = client(&f, SOCK_DGRAM, 1);
	for (uint16_t i = 0; i < 6; i++)
		ask(greedy, i, "wait.test");
	for (unsigned i = 0; i < 2; i++) {
		struct reply r = reply(greedy);
		assert_int_equal(r.rcode, SERVFAIL);
		assert_int_equal(r.ede, DNS_EDE_NETWORK_ERROR);
	}
	ask(other, 1, "wait.test");
	late_await(&f.late[0], 5);
	late_resume_all(&f.late[0], STEP_ANSWER);
	assert_reply(other, 1, NOERROR);
	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(reply(greedy).rcode, NOERROR);
	close(greedy);
	close(other);
	stop(&f);
}

/* Who came last has to go, until the first one has waited for long enough. */
static void test_the_oldest_makes_room(void **state)
{
	enum { ROOM = 4 };
	struct fixture f;
	int fds[ROOM], late;
	struct pollfd first;
	unsigned turned_away = 0;
	(void)state;
	start(&f, &(struct server_options){.pending_max = ROOM});
	serve(&f, &late_kind, 1);
	for (unsigned i = 0; i < ROOM; i++) {
		fds[i] = client(&f, SOCK_DGRAM, i);
		ask(fds[i], 1, "wait.test");
		late_await(&f.late[0], 1);
	}
	late = client(&f, SOCK_DGRAM, ROOM);
	first = (struct pollfd){.fd = fds[0], .events = POLLIN};
	for (uint16_t id = 0; poll(&first, 1, 0) == 0; id++) {
		struct pollfd both[] = {first, {.fd = late, .events = POLLIN}};
		ask(late, id, "wait.test");
		assert_true(poll(both, 2, PATIENCE_S * 1000) > 0);
		if (!(both[1].revents & POLLIN))
			break;
		assert_reply(late, id, SERVFAIL);
		turned_away++;
	}
	assert_true(turned_away > 0);
	assert_int_equal(reply(fds[0]).ede, DNS_EDE_NETWORK_ERROR);
	assert_int_equal(atomic_load(&f.late[0].forgotten), 1);
	late_await(&f.late[0], 1);
	late_resume_all(&f.late[0], STEP_ANSWER);
	for (unsigned i = 1; i < ROOM; i++)
		assert_reply(fds[i], 1, NOERROR);
	assert_int_equal(reply(late).rcode, NOERROR);
	for (unsigned i = 0; i < ROOM; i++)
		close(fds[i]);
	close(late);
	stop(&f);
}

/* --- questions of questions --- */

static void test_sub_queries(void **state)
{
	static const struct {
		const char *name;
		unsigned rcode, heard;
	} cases[] = {
	        {"ask.now.test", NOERROR, 1},
	        {"ask.ask.now.test", NOERROR, 2},
	        {"ask.ask.ask.ask.ask.ask.ask.ask.ask.ask.now.test", NOERROR, 10},
	        {"ask.ask.ask.ask.ask.ask.ask.ask.ask.ask.ask.now.test", REFUSED, 10}, /* the last one may not ask */
	        {"ask.fall.test", NXDOMAIN, 1},
	        {"ask.pass.test", REFUSED, 1},
	        {"ask.drop.test", SERVFAIL, 1},
	        {"ask.brief.test", SERVFAIL, 1},
	        {"ask.test", REFUSED, 1},
	};
	struct fixture f;
	(void)state;
	start(&f, &(struct server_options){0});
	serve(&f, &late_kind, 1);
	int fd = client(&f, SOCK_DGRAM, 0);
	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		atomic_store(&f.late[0].heard, 0);
		ask(fd, (uint16_t)i, cases[i].name);
		assert_reply(fd, (uint16_t)i, cases[i].rcode);
		assert_int_equal(atomic_load(&f.late[0].heard), cases[i].heard);
	}
	for (uint16_t i = 0; i < 20; i++)
		ask(fd, i, "ask.ask.wait.test");
	late_await(&f.late[0], 20);
	late_resume_all(&f.late[0], STEP_ANSWER);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(reply(fd).rcode, NOERROR);
	close(fd);
	stop(&f);
}

/* The first answer is not the last word: once each, and who has asked does not see the response once more. */
static void test_questions_on_the_way_out(void **state)
{
	static const struct {
		const char *name;
		unsigned rcode, heard, answered;
	} cases[] = {
	        {"back.now.test", NOERROR, 1, 1},     {"back.fall.test", NXDOMAIN, 1, 1},   {"back.back.now.test", NOERROR, 2, 1},
	        {"back.ask.now.test", NOERROR, 2, 2}, {"ask.back.now.test", NOERROR, 2, 2}, {"back.drop.test", SERVFAIL, 1, 0},
	        {"back.brief.test", SERVFAIL, 1, 1},  {"now.test", NOERROR, 0, 1},
	};
	struct fixture f;
	(void)state;
	start(&f, &(struct server_options){0});
	serve(&f, &late_reconsidering, 1);
	int fd = client(&f, SOCK_DGRAM, 0);
	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		atomic_store(&f.late[0].heard, 0);
		atomic_store(&f.late[0].answered, 0);
		ask(fd, (uint16_t)i, cases[i].name);
		assert_reply(fd, (uint16_t)i, cases[i].rcode);
		assert_int_equal(atomic_load(&f.late[0].heard), cases[i].heard);
		if (atomic_load(&f.late[0].answered) != cases[i].answered)
			fail_msg("%s: %u", cases[i].name, atomic_load(&f.late[0].answered));
	}
	for (uint16_t i = 0; i < 20; i++)
		ask(fd, i, "back.wait.test");
	late_await(&f.late[0], 20);
	late_resume_all(&f.late[0], STEP_ANSWER);
	for (unsigned i = 0; i < 20; i++)
		assert_int_equal(reply(fd).rcode, NOERROR);
	close(fd);
	stop(&f);
}

static void test_questions_on_the_way_out_without_room(void **state)
{
	struct fixture f;
	(void)state;
	start(&f, &(struct server_options){.pending_max = 1});
	serve(&f, &late_reconsidering, 1);
	int fd = client(&f, SOCK_DGRAM, 0);
	ask(fd, 1, "back.now.test");
	assert_reply(fd, 1, SERVFAIL);
	ask(fd, 2, "back.now.test");
	assert_reply(fd, 2, SERVFAIL);
	ask(fd, 3, "now.test");
	assert_reply(fd, 3, NOERROR);
	close(fd);
	stop(&f);
}

/* Each query takes as many places as it has questions; whoever has made room takes them along. */
static void test_sub_queries_without_room(void **state)
{
	struct fixture f;
	(void)state;
	start(&f, &(struct server_options){.pending_max = 2});
	serve(&f, &late_kind, 1);
	int fd = client(&f, SOCK_DGRAM, 0), other = client(&f, SOCK_DGRAM, 1);
	ask(fd, 1, "ask.ask.now.test");
	assert_reply(fd, 1, SERVFAIL);
	ask(fd, 2, "ask.wait.test");
	late_await(&f.late[0], 1);
	struct pollfd first = {.fd = fd, .events = POLLIN};
	for (uint16_t id = 0; poll(&first, 1, 0) == 0; id++) {
		struct pollfd both[] = {first, {.fd = other, .events = POLLIN}};
		ask(other, id, "wait.test");
		assert_true(poll(both, 2, PATIENCE_S * 1000) > 0);
		if (both[1].revents & POLLIN)
			assert_reply(other, id, SERVFAIL);
	}
	assert_reply(fd, 2, SERVFAIL);
	assert_int_equal(atomic_load(&f.late[0].forgotten), 2);
	late_await(&f.late[0], 1);
	late_resume_all(&f.late[0], STEP_ANSWER);
	assert_int_equal(reply(other).rcode, NOERROR);
	close(fd);
	close(other);
	stop(&f);
}

/* --- other configurations, and the end --- */

static void test_reload(void **state)
{
	struct fixture f;
	(void)state;
	start(&f, &(struct server_options){.workers = 2});
	serve(&f, &late_kind, 1);
	int fds[8];
	for (unsigned i = 0; i < 8; i++) {
		fds[i] = client(&f, SOCK_DGRAM, i);
		ask(fds[i], 1, "wait.test");
	}
	late_await(&f.late[0], 8);
	serve(&f, &late_kind, 1);
	for (unsigned i = 0; i < 8; i++) {
		await_adopted(fds[i], &f.late[1]);
		ask(fds[i], 3, "wait.test");
	}
	late_await(&f.late[1], 8);
	uv_run(&f.loop, UV_RUN_NOWAIT);
	assert_int_equal(f.replaced, 0);
	assert_int_equal(atomic_load(&f.late[0].freed), 0);
	late_resume_all(&f.late[0], STEP_ANSWER);
	while (!f.replaced)
		uv_run(&f.loop, UV_RUN_ONCE);
	assert_int_equal(atomic_load(&f.late[0].freed), 1);
	late_resume_all(&f.late[1], STEP_ANSWER);
	for (unsigned i = 0; i < 8; i++) {
		assert_reply(fds[i], 1, NOERROR);
		assert_reply(fds[i], 3, NOERROR);
		close(fds[i]);
	}
	stop(&f);
	assert_int_equal(f.replaced, 1);
}

/* Whoever waits then gets SERVFAIL; of a configuration that has been replaced as well, and whoever is gone is no trouble. */
static void test_stop(void **state)
{
	struct fixture f;
	(void)state;
	start(&f, &(struct server_options){.workers = 1});
	serve(&f, &late_kind, 1);
	int fd = client(&f, SOCK_DGRAM, 0), tcp = client(&f, SOCK_STREAM, 1), gone = client(&f, SOCK_STREAM, 2);
	ask(fd, 1, "wait.test");
	ask_tcp(gone, 1, "ask.wait.test");
	late_await(&f.late[0], 2);
	close(gone);
	serve(&f, &late_kind, 1);
	await_adopted(fd, &f.late[1]);
	ask_tcp(tcp, 3, "ask.wait.test");
	late_await(&f.late[1], 1);
	stop(&f);
	assert_reply(fd, 1, SERVFAIL);
	struct reply r = reply_tcp(tcp);
	assert_int_equal(r.id, 3);
	assert_int_equal(r.rcode, SERVFAIL);
	close(fd);
	close(tcp);
}

/* --- counting --- */

struct watcher {
	unsigned done, answered, waited;
	char answerer[16], zone[NAME_TEXT_MAX];
	sem_t seen;
};

static void on_done(void *arg, unsigned worker, const struct exchange *x)
{
	struct watcher *w = arg;
	const struct name *zone = exchange_zone(x);
	assert_int_equal(worker, 0);
	w->done++;
	w->answered += x->reply_len != 0;
	w->waited += x->waited_ms != 0;
	snprintf(w->answerer, sizeof w->answerer, "%s", exchange_answerer(x));
	w->zone[0] = 0;
	if (zone)
		name_to_text(zone, w->zone);
	sem_post(&w->seen);
}

static void await_seen(struct watcher *w)
{
	while (sem_wait(&w->seen))
		;
}

static uint64_t counted(const struct server *s)
{
	struct server_counts counts;
	uint64_t sum = 0;
	server_count(s, &counts);
	for (unsigned a = 0; a < ABSENCES; a++) {
		for (unsigned r = 0; r < QUERY_RCODES; r++)
			sum += counts.ended[a][r];
	}
	return sum;
}

/* Sends it, and one that is answered after it. */
static void assert_counted(struct fixture *f, int fd, const void *bytes, size_t len, unsigned as, bool has_reply)
{
	struct server_counts before, after;
	uint64_t sum = counted(f->server);
	server_count(f->server, &before);
	send_octets(fd, bytes, len);
	if (has_reply)
		assert_int_equal(reply(fd).rcode, as & 15);
	assert_no_reply(fd);
	server_count(f->server, &after);
	assert_int_equal(after.ended[ABSENCE_NONE][as], before.ended[ABSENCE_NONE][as] + 1 + (as == NOERROR));
	assert_int_equal(counted(f->server), sum + 2);
}

/* Each query is counted once, at one place, and seen once. */
static void test_counts_of_odd_messages(void **state)
{
	static const uint8_t cut[] = {0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}, response[] = {0, 1, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	static const uint8_t status[] = {0, 1, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	static const uint8_t version[] = {0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 1, 0, 0, 41, 4, 0, 0, 1, 0, 0, 0, 0};
	struct watcher w = {0};
	struct fixture f;
	(void)state;
	sem_init(&w.seen, 0, 0);
	start(&f, &(struct server_options){.done = on_done, .done_arg = &w});
	serve(&f, &late_kind, 1);
	int fd = client(&f, SOCK_DGRAM, 0);
	assert_counted(&f, fd, cut, sizeof cut, DNS_FORMERR, true);
	assert_counted(&f, fd, response, sizeof response, QUERY_SILENT, false);
	assert_counted(&f, fd, response, 5, QUERY_SILENT, false);
	assert_counted(&f, fd, status, sizeof status, DNS_NOTIMP, true);
	assert_counted(&f, fd, version, sizeof version, DNS_BADVERS, true);
	close(fd);
	stop(&f);
	assert_int_equal(w.done, 10);
	assert_int_equal(w.answered, 8);
	sem_destroy(&w.seen);
}

static void test_counts(void **state)
{
	static const struct {
		const char *name, *answerer, *zone;
		unsigned as;
	} cases[] = {
	        {"now.test", "late", "test.", NOERROR},         {"pass.test", "", "test.", REFUSED},
	        {"fall.test", "late", "test.", NXDOMAIN},       {"other", "", "", REFUSED},
	        {"ask.ask.now.test", "late", "test.", NOERROR}, /* what steps ask is not counted */
	        {"brief.test", "late", "test.", SERVFAIL},
	};
	struct watcher w = {0};
	struct server_counts counts;
	struct fixture f;
	(void)state;
	sem_init(&w.seen, 0, 0);
	start(&f, &(struct server_options){.done = on_done, .done_arg = &w});
	serve(&f, &late_kind, 2);
	int fd = client(&f, SOCK_DGRAM, 0);
	unsigned asked = 0, want[QUERY_RCODES] = {0};
	for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		ask(fd, (uint16_t)i, cases[i].name);
		assert_reply(fd, (uint16_t)i, cases[i].as);
		want[cases[i].as]++;
		asked++;
		await_seen(&w);
		assert_string_equal(w.answerer, cases[i].answerer);
		assert_string_equal(w.zone, cases[i].zone);
	}
	ask(fd, 100, "drop.test"); /* dropped; the same again; answered as nobody is there */
	ask(fd, 101, "wait.test");
	ask(fd, 101, "wait.test");
	late_await(&f.late[0], 1);
	int gone = client(&f, SOCK_STREAM, 0);
	ask_tcp(gone, 102, "wait.test");
	late_await(&f.late[0], 1);
	struct linger none = {.l_onoff = 1};
	setsockopt(gone, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	close(gone);
	assert_no_reply(fd);
	late_resume_all(&f.late[0], STEP_ANSWER);
	assert_reply(fd, 101, NOERROR);
	close(fd);
	server_stop(f.server);
	server_count(f.server, &counts);
	for (unsigned r = 0; r < QUERY_SILENT; r++)
		assert_int_equal(counts.ended[ABSENCE_NONE][r], want[r] + (r == NOERROR ? 2 : 0));
	assert_int_equal(counts.ended[ABSENCE_NONE][QUERY_SILENT], 2);
	assert_int_equal(counts.ended[ABSENCE_NONE][QUERY_GONE], 1);
	assert_int_equal(counted(f.server), asked + 5);
	assert_int_equal(w.done, asked + 5);
	assert_true(w.waited > 0);
	sem_destroy(&w.seen);
	end(&f);
}

/* Without memory to wait with, the answer is SERVFAIL at once. */
static void test_out_of_memory(void **state)
{
	bool hit = true;
	(void)state;
	for (unsigned n = 1; hit; n++) {
		struct fixture f;
		start(&f, &(struct server_options){0});
		serve(&f, &late_kind, 1);
		int fd = client(&f, SOCK_DGRAM, 0);
		fail_alloc_at(n);
		ask(fd, 1, "ask.brief.test");
		assert_reply(fd, 1, SERVFAIL);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_no_reply(fd);
		close(fd);
		stop(&f);
	}
}

/* Neither can it start, and starts when there is memory. */
static void test_out_of_memory_at_the_start(void **state)
{
	bool hit = true;
	(void)state;
	for (unsigned n = 1; hit; n++) {
		struct fixture f;
		start(&f, &(struct server_options){.workers = 2});
		fail_alloc_at(n);
		enum err err = add(&f, &late_kind, 1);
		if (!err)
			err = server_adopt(f.server, NULL, NULL);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, hit ? ERR_NOMEM : OK);
		if (err) {
			server_discard(f.server);
			assert_int_equal(atomic_load(&f.late[0].freed), 1);
			serve(&f, &late_kind, 1);
		}
		int fd = client(&f, SOCK_DGRAM, 0);
		assert_no_reply(fd);
		close(fd);
		stop(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_at_once),
	        cmocka_unit_test(test_late_and_out_of_order),
	        cmocka_unit_test(test_on_after_a_wait),
	        cmocka_unit_test(test_never),
	        cmocka_unit_test(test_expired),
	        cmocka_unit_test(test_client_gone),
	        cmocka_unit_test(test_the_same_again),
	        cmocka_unit_test(test_a_quarter_for_one_client),
	        cmocka_unit_test(test_the_oldest_makes_room),
	        cmocka_unit_test(test_questions_on_the_way_out),
	        cmocka_unit_test(test_questions_on_the_way_out_without_room),
	        cmocka_unit_test(test_sub_queries),
	        cmocka_unit_test(test_sub_queries_without_room),
	        cmocka_unit_test(test_reload),
	        cmocka_unit_test(test_stop),
	        cmocka_unit_test(test_counts_of_odd_messages),
	        cmocka_unit_test(test_counts),
	        cmocka_unit_test(test_out_of_memory),
	        cmocka_unit_test(test_out_of_memory_at_the_start),
	};
	return cmocka_run_group_tests_name("pipeline", tests, NULL, NULL);
}
