/* Configurations that take each other's place while workers answer. Blocks without a cluster refuse every query, which is an answer. */
#include "base/rcu.h"
#include "fail_alloc.h"
#include "server/server.h"
#include "unit.h"
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <uv.h>

#define PATIENCE_S 20

struct fixture {
	uv_loop_t loop;
	struct server *server;
	unsigned replaced;
	void *last_owner;
};

static void on_replaced(void *arg, void *owner)
{
	struct fixture *f = arg;
	f->replaced++;
	f->last_owner = owner;
}

static struct net_address at(const char *text)
{
	struct net_address a;
	assert_int_equal(net_address_parse(text, &a, NULL), OK);
	return a;
}

static enum err add(struct fixture *f, const char *const *addresses, const char *zone, struct diag *d)
{
	struct net_address all[4];
	struct name name;
	struct server_place place = {.zones = {&name, 1}, .addresses = all};
	const struct server_block block = {.places = &place, .place_count = 1};
	assert_int_equal(name_from_text(&name, zone, strlen(zone)), OK);
	for (; addresses[place.address_count]; place.address_count++)
		all[place.address_count] = at(addresses[place.address_count]);
	return server_add_block(f->server, &block, d);
}

static void start(struct fixture *f)
{
	const struct server_options o = {.workers = 2, .loop = &f->loop, .on_replaced = on_replaced, .arg = f};
	memset(f, 0, sizeof *f);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	assert_int_equal(server_new(&o, &f->server, NULL), OK);
}

static void stop(struct fixture *f)
{
	server_stop(f->server);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	server_free(f->server);
}

/* The bound address of the n-th that is there. */
static struct net_address bound(const struct fixture *f, unsigned n)
{
	unsigned count;
	const struct net_address *all = server_addresses(f->server, &count);
	for (unsigned i = 0; i < count; i++) {
		if (all[i].sa.ss_family != AF_UNSPEC && n-- == 0)
			return all[i];
	}
	fail_msg("no such address");
	return (struct net_address){0};
}

static void assert_answers(const struct net_address *a)
{
	static const uint8_t query[] = {0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1};
	struct timeval patience = {.tv_sec = PATIENCE_S};
	uint8_t reply[512];
	int fd = socket(a->sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&a->sa, sizeof(struct sockaddr_in)), 0);
	assert_int_equal(send(fd, query, sizeof query, 0), sizeof query);
	assert_true(recv(fd, reply, sizeof reply, 0) >= 12);
	assert_int_equal(reply[3] & 15, 5); /* REFUSED */
	close(fd);
}

static void wait_replaced(struct fixture *f, unsigned n)
{
	while (f->replaced < n)
		uv_run(&f->loop, UV_RUN_ONCE);
	assert_int_equal(f->replaced, n);
}

static void test_each_is_let_go_once(void **state)
{
	(void)state;
	struct fixture f;
	int owners[4];
	start(&f);
	for (unsigned i = 0; i < 4; i++) {
		assert_int_equal(add(&f, (const char *[]){"127.0.0.1:0", i % 2 ? "127.0.0.2:0" : NULL, NULL}, "a", NULL), OK);
		assert_int_equal(server_adopt(f.server, &owners[i], NULL), OK);
		struct net_address a = bound(&f, 0);
		assert_answers(&a);
		wait_replaced(&f, i);
		if (i)
			assert_ptr_equal(f.last_owner, &owners[i - 1]);
	}
	struct net_address b = bound(&f, 1);
	assert_answers(&b);
	stop(&f);
	assert_int_equal(f.replaced, 3); /* the last one is the server's to the end */
}

/* Even those that the loop had no time for. */
static void test_the_end_lets_all_go(void **state)
{
	(void)state;
	struct fixture f;
	int owners[3];
	start(&f);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(add(&f, (const char *[]){"127.0.0.1:0", NULL}, "a", NULL), OK);
		assert_int_equal(server_adopt(f.server, &owners[i], NULL), OK);
	}
	stop(&f);
	assert_int_equal(f.replaced, 2);
}

static void test_what_fails_changes_nothing(void **state)
{
	(void)state;
	struct fixture f;
	struct diag d = {.text = ""};
	start(&f);
	assert_int_equal(add(&f, (const char *[]){"127.0.0.1:0", NULL}, "a", NULL), OK);
	assert_int_equal(server_adopt(f.server, NULL, NULL), OK);
	struct net_address first = bound(&f, 0);
	/* the same zone twice at one address */
	assert_int_equal(add(&f, (const char *[]){"127.0.0.1:0", NULL}, "a", &d), OK);
	assert_int_equal(add(&f, (const char *[]){"127.0.0.2:0", "127.0.0.1:0", NULL}, "a", &d), ERR_EXISTS);
	server_discard(f.server);
	/* an address that this machine has not got */
	assert_int_equal(add(&f, (const char *[]){"192.0.2.1:5353", NULL}, "a", &d), OK);
	assert_int_equal(server_adopt(f.server, NULL, &d), ERR_MISSING);
	server_discard(f.server);
	assert_answers(&first);
	assert_int_equal(f.replaced, 0);
	stop(&f);
}

/* Without memory for the next one the present one goes on. */
static void test_out_of_memory(void **state)
{
	(void)state;
	struct fixture f;
	bool hit = true;
	start(&f);
	assert_int_equal(add(&f, (const char *[]){"127.0.0.1:0", NULL}, "a", NULL), OK);
	assert_int_equal(server_adopt(f.server, NULL, NULL), OK);
	struct net_address first = bound(&f, 0);
	for (unsigned n = 1; hit; n++) {
		fail_alloc_at(n);
		enum err err = add(&f, (const char *[]){"127.0.0.1:0", "127.0.0.2:0", NULL}, "a", NULL);
		if (!err)
			err = server_adopt(f.server, NULL, NULL);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, hit ? ERR_NOMEM : OK);
		server_discard(f.server);
		assert_answers(&first);
	}
	wait_replaced(&f, 1);
	stop(&f);
}

static int begin(void **state)
{
	(void)state;
	rcu_thread_begin();
	return 0;
}

static int end(void **state)
{
	(void)state;
	rcu_thread_end();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_each_is_let_go_once),
	        cmocka_unit_test(test_the_end_lets_all_go),
	        cmocka_unit_test(test_what_fails_changes_nothing),
	        cmocka_unit_test(test_out_of_memory),
	};
	return cmocka_run_group_tests_name("server", tests, begin, end);
}
