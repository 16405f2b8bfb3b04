#include "admin/admin.h"
#include "fail_alloc.h"
#include "unit.h"
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- a world: an admin, and a control thread, which is who calls serve() --- */

struct world {
	struct admin *admin;
	int wanted[2]; /* a pipe: an octet for each call */
	unsigned collected;
};

static void on_wanted(void *arg)
{
	const struct world *w = arg;
	assert_int_equal(write(w->wanted[1], "", 1), 1);
}

static void on_collect(void *arg, struct exposition *e)
{
	struct world *w = arg;
	w->collected++;
	exposition_family(e, "x", METRIC_COUNTER, "y");
	exposition_count(e, NULL, w->collected);
}

static enum err open_world(struct world *w)
{
	const struct admin_options options = {on_wanted, on_collect, w};
	struct diag d;
	w->collected = 0;
	assert_int_equal(pipe(w->wanted), 0);
	return admin_new(&options, &w->admin, &d);
}

static void close_world(struct world *w)
{
	admin_free(w->admin);
	close(w->wanted[0]);
	close(w->wanted[1]);
}

static struct admin_place place(const char *address, unsigned pages)
{
	struct admin_place p = {.pages = pages};
	struct diag d;
	assert_int_equal(admin_address_parse(address, &p.address, &d), OK);
	return p;
}

static enum err change(struct world *w, const struct admin_place *places, unsigned count)
{
	struct admin_change *c;
	struct diag d;
	enum err err = admin_change_new(w->admin, places, count, &c, &d);
	if (!err)
		admin_change_apply(c);
	return err;
}

static uint16_t port_at(const struct world *w, unsigned position)
{
	struct admin_address a;
	unsigned pages;
	assert_true(admin_bound(w->admin, position, &a, &pages));
	return admin_address_port(&a);
}

/* --- a client --- */

static int connect_to(uint16_t port)
{
	const struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct timeval patience = {.tv_sec = 30};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (connect(fd, (const struct sockaddr *)&in, sizeof in) == 0)
		return fd;
	close(fd);
	return -1;
}

static void ask(int fd, const char *method, const char *path)
{
	char text[256];
	int len = snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", method, path);
	assert_int_equal(send(fd, text, (size_t)len, MSG_NOSIGNAL), len);
}

/* The whole response; status 0: the connection ended without one. */
static unsigned read_reply(int fd, char body[1024])
{
	char text[4096];
	size_t len = 0;
	ssize_t got;
	const char *end;
	while ((got = recv(fd, text + len, sizeof text - 1 - len, 0)) > 0)
		len += (size_t)got;
	close(fd);
	text[len] = 0;
	end = strstr(text, "\r\n\r\n");
	snprintf(body, 1024, "%s", end ? end + 4 : "");
	return len > 12 ? (unsigned)strtoul(text + 9, NULL, 10) : 0;
}

static unsigned get(uint16_t port, const char *method, const char *path, char body[1024])
{
	int fd = connect_to(port);
	assert_true(fd >= 0);
	ask(fd, method, path);
	return read_reply(fd, body);
}

static void assert_get(uint16_t port, const char *path, unsigned status, const char *want)
{
	char body[1024];
	assert_int_equal(get(port, "GET", path, body), status);
	assert_string_equal(body, want);
}

static void wait_wanted(const struct world *w)
{
	char octet;
	assert_int_equal(read(w->wanted[0], &octet, 1), 1);
}

/* --- tests --- */

#define ALL (ADMIN_HEALTH | ADMIN_READY | ADMIN_METRICS)

static void test_pages(void **state)
{
	struct world w;
	const struct admin_place places[] = {place("127.0.0.1:0", ADMIN_HEALTH), place("127.0.0.1:0", ADMIN_READY)};
	char body[1024];
	(void)state;
	assert_int_equal(open_world(&w), OK);
	assert_int_equal(change(&w, places, 2), OK); /* one address */
	uint16_t port = port_at(&w, 0);
	assert_get(port, "/health", 200, "OK");
	assert_get(port, "/health?verbose", 200, "OK");
	assert_get(port, "/ready", 503, "starting\n");
	assert_int_equal(admin_set_unready(w.admin, "kubernetes\n"), OK);
	assert_get(port, "/ready", 503, "kubernetes\n");
	assert_int_equal(admin_set_unready(w.admin, NULL), OK);
	assert_get(port, "/ready", 200, "OK");
	assert_get(port, "/metrics", 404, "404 page not found\n");
	assert_get(port, "/", 404, "404 page not found\n");
	assert_get(port, "/health/", 404, "404 page not found\n");
	assert_int_equal(get(port, "HEAD", "/health", body), 200);
	assert_string_equal(body, "");
	assert_int_equal(get(port, "DELETE", "/health", body), 405);
	assert_int_equal(get(port, "DELETE", "/nothing", body), 404);
	close_world(&w);
}

static void test_all_who_wait_share_one_text(void **state)
{
	struct world w;
	const struct admin_place places[] = {place("127.0.0.1:0", ALL)};
	char body[1024];
	int fds[3];
	(void)state;
	assert_int_equal(open_world(&w), OK);
	assert_int_equal(change(&w, places, 1), OK);
	for (unsigned i = 0; i < 3; i++) {
		fds[i] = connect_to(port_at(&w, 0));
		ask(fds[i], "GET", "/metrics");
		wait_wanted(&w);
	}
	assert_get(port_at(&w, 0), "/health", 200, "OK"); /* meanwhile */
	admin_collect(w.admin);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(read_reply(fds[i], body), 200);
		assert_string_equal(body, "# HELP x y\n# TYPE x counter\nx 1\n");
	}
	admin_collect(w.admin); /* nobody waits */
	close_world(&w);
}

static void test_who_waits_is_let_go_at_the_end(void **state)
{
	struct world w;
	const struct admin_place places[] = {place("127.0.0.1:0", ALL)};
	char body[1024];
	int fd;
	(void)state;
	assert_int_equal(open_world(&w), OK);
	assert_int_equal(change(&w, places, 1), OK);
	fd = connect_to(port_at(&w, 0));
	ask(fd, "GET", "/metrics");
	wait_wanted(&w);
	close_world(&w);
	assert_true(read_reply(fd, body) != 200);
}

static void test_who_waits_at_an_address_that_goes_is_let_go(void **state)
{
	struct world w;
	const struct admin_place places[] = {place("127.0.0.1:0", ALL)};
	char body[1024];
	int fd;
	(void)state;
	assert_int_equal(open_world(&w), OK);
	assert_int_equal(change(&w, places, 1), OK);
	fd = connect_to(port_at(&w, 0));
	ask(fd, "GET", "/metrics");
	wait_wanted(&w);
	assert_int_equal(change(&w, NULL, 0), OK);
	assert_true(read_reply(fd, body) != 200);
	close_world(&w);
}

static void test_change(void **state)
{
	struct world w;
	const struct admin_place before[] = {place("127.0.0.1:0", ADMIN_HEALTH), place("localhost:0", ADMIN_READY),
	                                     place("0.0.0.0:0", ADMIN_METRICS)};
	const struct admin_place after[] = {place("[::]:0", ADMIN_HEALTH), place("127.0.0.1:0", ADMIN_READY)};
	(void)state;
	assert_int_equal(open_world(&w), OK);
	assert_int_equal(change(&w, before, 3), OK);
	uint16_t stays = port_at(&w, 0), goes = port_at(&w, 1);
	int kept = connect_to(stays);
	char body[1024];
	assert_int_equal(change(&w, after, 2), OK);
	assert_int_equal(port_at(&w, 1), stays);
	ask(kept, "GET", "/health"); /* its connections stay */
	assert_int_equal(read_reply(kept, body), 404);
	assert_get(stays, "/ready", 503, "starting\n");
	assert_get(port_at(&w, 0), "/health", 200, "OK"); /* [::] takes IPv4 */
	assert_int_equal(connect_to(goes), -1);
	close_world(&w);
}

static void test_an_address_in_use_changes_nothing(void **state)
{
	struct world w;
	struct admin_change *c;
	struct diag d;
	char text[ADMIN_ADDRESS_TEXT_MAX];
	struct admin_place places[] = {place("127.0.0.1:0", ADMIN_HEALTH), place("127.0.0.1:0", ADMIN_READY)};
	(void)state;
	assert_int_equal(open_world(&w), OK);
	assert_int_equal(change(&w, places, 1), OK);
	snprintf(text, sizeof text, "127.0.0.1:%u", port_at(&w, 0));
	places[1] = place(text, ADMIN_READY);
	assert_int_equal(admin_change_new(w.admin, places, 2, &c, &d), ERR_EXISTS);
	assert_null(c);
	assert_non_null(strstr(d.text, text));
	assert_get(port_at(&w, 0), "/health", 200, "OK");
	places[1] = place("192.0.2.1:0", ADMIN_READY);
	assert_int_equal(admin_change_new(w.admin, places, 2, &c, &d), ERR_MISSING);
	assert_get(port_at(&w, 0), "/ready", 404, "404 page not found\n");
	close_world(&w);
}

/* Far more connections than there is room for, all of them silent: who asks is answered all the same. */
static void test_silent_connections_make_room(void **state)
{
	enum { MANY = ADMIN_CONNECTIONS_MAX * 4 };
	struct world w;
	const struct admin_place places[] = {place("127.0.0.1:0", ALL)};
	int *fds = calloc(MANY, sizeof *fds);
	(void)state;
	assert_non_null(fds);
	assert_int_equal(open_world(&w), OK);
	assert_int_equal(change(&w, places, 1), OK);
	for (unsigned i = 0; i < MANY; i++) {
		fds[i] = connect_to(port_at(&w, 0));
		assert_true(fds[i] >= 0);
		send(fds[i], "GET /he", 7, MSG_NOSIGNAL);
		if (i % 32 == 0)
			assert_get(port_at(&w, 0), "/health", 200, "OK");
	}
	for (unsigned i = 0; i < MANY; i++)
		close(fds[i]);
	free(fds);
	close_world(&w);
}

static void test_health_is_timed(void **state)
{
	struct world w;
	const struct admin_place places[] = {place("127.0.0.1:0", ALL)};
	struct admin_health_times t;
	uint64_t count = 0;
	(void)state;
	assert_int_equal(open_world(&w), OK);
	assert_int_equal(change(&w, places, 1), OK);
	assert_get(port_at(&w, 0), "/health", 200, "OK");
	assert_get(port_at(&w, 0), "/ready", 503, "starting\n");
	assert_get(port_at(&w, 0), "/health", 200, "OK"); /* the first has ended by now: one thread */
	admin_health_times(w.admin, &t);
	for (unsigned i = 0; i <= ADMIN_HEALTH_BOUNDS; i++)
		count += t.counts[i];
	assert_true(count >= 1 && count <= 2);
	assert_true(t.ns > 0);
	assert_int_equal(t.failures, 0);
	close_world(&w);
}

static void test_out_of_memory(void **state)
{
	const struct admin_place places[] = {place("127.0.0.1:0", ALL), place("127.0.0.2:0", ALL)};
	(void)state;
	for (unsigned n = 1;; n++) {
		struct world w = {0};
		enum err err;
		fail_alloc_at(n);
		err = open_world(&w);
		if (!err)
			err = change(&w, places, 2);
		if (!err)
			err = admin_set_unready(w.admin, "x\n");
		assert_int_equal(err, fail_alloc_hit() ? ERR_NOMEM : OK);
		close_world(&w);
		if (!fail_alloc_hit())
			break;
	}
	fail_alloc_at(0);
}

/* A request meanwhile is refused or answered; the next is answered. */
static void test_out_of_memory_in_requests(void **state)
{
	struct world w;
	const struct admin_place places[] = {place("127.0.0.1:0", ALL)};
	char body[1024];
	(void)state;
	assert_int_equal(open_world(&w), OK);
	assert_int_equal(change(&w, places, 1), OK);
	for (unsigned n = 1; n <= 6; n++) {
		int fd = connect_to(port_at(&w, 0));
		fail_alloc_at(n);
		ask(fd, "GET", "/health");
		read_reply(fd, body);
		fail_alloc_at(0);
		assert_get(port_at(&w, 0), "/health", 200, "OK");
	}
	for (unsigned n = 1; n <= 6; n++) {
		int fd = connect_to(port_at(&w, 0));
		unsigned status;
		ask(fd, "GET", "/metrics");
		wait_wanted(&w);
		fail_alloc_at(n);
		admin_collect(w.admin);
		fail_alloc_at(0);
		status = read_reply(fd, body);
		assert_true(status == 200 || status == 503);
	}
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_pages),
	        cmocka_unit_test(test_all_who_wait_share_one_text),
	        cmocka_unit_test(test_who_waits_is_let_go_at_the_end),
	        cmocka_unit_test(test_who_waits_at_an_address_that_goes_is_let_go),
	        cmocka_unit_test(test_change),
	        cmocka_unit_test(test_an_address_in_use_changes_nothing),
	        cmocka_unit_test(test_silent_connections_make_room),
	        cmocka_unit_test(test_health_is_timed),
	        cmocka_unit_test(test_out_of_memory),
	        cmocka_unit_test(test_out_of_memory_in_requests),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
