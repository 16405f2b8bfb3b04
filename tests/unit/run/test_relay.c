/* What becomes of first packets, with a kernel that says what the test wants. */
#include "relay.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/log.h"
#include "fail_alloc.h"
#include "ruleset.h"
#include "sockets.h"
#include "store/world.h"
#include "unit.h"
#include "waiting.h"

#define PACKETS_MAX 4
#define TARGETS_MAX 128
#define AS_IT_IS    0
#define WORLD                                                                                                                              \
	"namespace default\nsvc web sel=app:web ip=10.0.0.80 port=http:80:8080\n"                                                          \
	"svc bare sel=app:none ip=10.0.0.81 port=http:80:8080\nsvc none headless sel=app:web port=http:80:8080\n"                          \
	"pod web-0 labels=app:web ip=10.1.0.1 ready\npod web-1 labels=app:web ip=10.1.0.2 ready\npod web-2 labels=app:web ip=10.1.0.3"

/* --- the kernel --- */

static struct {
	enum err waiting_err, ruleset_err, commit_err;
	bool no_sockets, no_ipv6;
	int open;         /* rulesets */
	unsigned changes; /* of Services */
	struct {
		struct addr addr;
		bool added;
	} change[8];
	struct {
		struct addr addr;
		uint16_t port;
		uint32_t mark;
	} targets[TARGETS_MAX];
	unsigned target_count;
	struct waiting packets[PACKETS_MAX];
	unsigned packet_count, packet;
	uint32_t marks[PACKETS_MAX]; /* that they were released with */
	unsigned released;
	struct addr deaf[4]; /* where nobody listens */
	unsigned deaf_count;
	struct addr bound; /* whose socket has that very address */
} kernel;

enum err __wrap_ruleset_open(struct ruleset **out, struct diag *d);
void __wrap_ruleset_close(struct ruleset *r);
bool __wrap_ruleset_has_ipv6(const struct ruleset *r);
void __wrap_ruleset_change_service(struct ruleset *r, const struct addr *a, bool added);
void __wrap_ruleset_add_target(struct ruleset *r, uint32_t mark, const struct addr *a, uint16_t port);
enum err __wrap_ruleset_commit(struct ruleset *r, struct diag *d);
enum err __wrap_waiting_open(struct netlink *n, uint16_t queue, struct diag *d);
bool __wrap_waiting_next(struct netlink *n, struct waiting *w);
void __wrap_waiting_release(struct netlink *n, const struct waiting *w, uint32_t mark);
bool __wrap_sockets_open(struct netlink *n);
enum sockets_answer __wrap_sockets_find(struct netlink *n, const struct flow *f);
void __wrap_log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

enum err __wrap_ruleset_open(struct ruleset **out, struct diag *d)
{
	if (kernel.ruleset_err)
		return diag_set(d, kernel.ruleset_err, "no nf_tables");
	kernel.open++;
	*out = (struct ruleset *)&kernel;
	return OK;
}

void __wrap_ruleset_close(struct ruleset *r)
{
	kernel.open -= r != NULL;
}

bool __wrap_ruleset_has_ipv6(const struct ruleset *r)
{
	(void)r;
	return !kernel.no_ipv6;
}

void __wrap_ruleset_change_service(struct ruleset *r, const struct addr *a, bool added)
{
	(void)r;
	assert_true(kernel.changes < sizeof kernel.change / sizeof *kernel.change);
	kernel.change[kernel.changes].addr = *a;
	kernel.change[kernel.changes++].added = added;
}

void __wrap_ruleset_add_target(struct ruleset *r, uint32_t mark, const struct addr *a, uint16_t port)
{
	(void)r;
	assert_true(kernel.target_count < TARGETS_MAX);
	kernel.targets[kernel.target_count].addr = *a;
	kernel.targets[kernel.target_count].port = port;
	kernel.targets[kernel.target_count++].mark = mark;
}

enum err __wrap_ruleset_commit(struct ruleset *r, struct diag *d)
{
	(void)r;
	return kernel.commit_err ? diag_set(d, kernel.commit_err, "no") : OK;
}

enum err __wrap_waiting_open(struct netlink *n, uint16_t queue, struct diag *d)
{
	assert_int_equal(queue, RULESET_QUEUE);
	*n = (struct netlink){.fd = -1};
	if (kernel.waiting_err)
		return diag_set(d, kernel.waiting_err, "no queue");
	n->fd = eventfd(1, EFD_CLOEXEC); /* always readable */
	return OK;
}

bool __wrap_waiting_next(struct netlink *n, struct waiting *w)
{
	(void)n;
	if (kernel.packet == kernel.packet_count)
		return false;
	*w = kernel.packets[kernel.packet++];
	return true;
}

void __wrap_waiting_release(struct netlink *n, const struct waiting *w, uint32_t mark)
{
	(void)n;
	assert_int_equal(w->id, kernel.released);
	kernel.marks[kernel.released++] = mark;
}

bool __wrap_sockets_open(struct netlink *n)
{
	*n = (struct netlink){.fd = -1};
	return !kernel.no_sockets;
}

enum sockets_answer __wrap_sockets_find(struct netlink *n, const struct flow *f)
{
	(void)n;
	for (unsigned i = 0; i < kernel.deaf_count; i++) {
		if (addr_equal(&kernel.deaf[i], &f->to))
			return SOCKETS_NONE;
	}
	return addr_equal(&kernel.bound, &f->to) ? SOCKETS_EXACT : SOCKETS_ANY;
}

void __wrap_log_line(enum log_level level, const char *format, ...)
{
	(void)level, (void)format;
}

/* --- a relay --- */

struct fixture {
	uv_loop_t loop;
	struct world *world;
	struct relay *relay;
	uint16_t next_port;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct diag d;
	memset(&kernel, 0, sizeof kernel);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	f->world = world_new();
	world_play(f->world, WORLD);
	f->next_port = 40000;
	assert_int_equal(relay_open(&f->relay, &f->loop, f->world->store, &d), OK);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	relay_close(f->relay);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(kernel.open, 0);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	world_free(f->world);
	free(f);
	return 0;
}

static struct addr v4(uint8_t b, uint8_t c, uint8_t d)
{
	return (struct addr){ADDR_V4, {10, b, c, d}};
}

static void update(struct fixture *f)
{
	struct diag d;
	assert_int_equal(relay_update(f->relay, NULL, 0, &d), OK);
}

/* The mark that a connection's first packet is let go with. Each has another port of its own. */
static uint32_t connect_by(struct fixture *f, struct addr to, uint16_t port, uint8_t protocol)
{
	kernel.packets[0] = (struct waiting){.id = 0, .flow = {v4(9, 9, 9), to, f->next_port++, port, protocol}};
	kernel.packet_count = 1;
	kernel.packet = kernel.released = 0;
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(kernel.released, 1);
	return kernel.marks[0];
}

static uint32_t connect_to(struct fixture *f, struct addr to, uint16_t port)
{
	return connect_by(f, to, port, IPPROTO_TCP);
}

/* Where the mark leads. */
static struct addr target(uint32_t mark)
{
	for (unsigned i = 0; i < kernel.target_count; i++) {
		if (kernel.targets[i].mark == mark) {
			assert_int_equal(kernel.targets[i].port, 8080);
			return kernel.targets[i].addr;
		}
	}
	fail_msg("mark %u leads nowhere", mark);
	return (struct addr){0};
}

static bool is(struct addr a, struct addr b)
{
	return addr_equal(&a, &b);
}

/* --- Services --- */

static void test_services(void **state)
{
	struct fixture *f = *state;
	const struct addr own = v4(0, 0, 80);
	struct diag d;
	update(f);
	assert_int_equal(kernel.changes, 2);
	assert_true(kernel.change[0].added && is(kernel.change[0].addr, v4(0, 0, 80)));
	assert_true(kernel.change[1].added && is(kernel.change[1].addr, v4(0, 0, 81)));
	update(f);
	assert_int_equal(kernel.changes, 2);
	assert_int_equal(relay_update(f->relay, &own, 1, &d), OK); /* headns itself answers there now */
	assert_int_equal(kernel.changes, 3);
	assert_true(!kernel.change[2].added && is(kernel.change[2].addr, own));
	world_play(f->world, "delete svc bare");
	assert_int_equal(relay_update(f->relay, &own, 1, &d), OK);
	assert_int_equal(kernel.changes, 4);
	assert_true(!kernel.change[3].added && is(kernel.change[3].addr, v4(0, 0, 81)));
	kernel.commit_err = ERR_SYS;
	assert_int_equal(relay_update(f->relay, NULL, 0, &d), ERR_SYS);
}

static void test_no_ipv6(void **state)
{
	struct fixture *f = *state;
	kernel.no_ipv6 = true;
	world_play(f->world, "svc both sel=app:web ip=10.0.0.82,fd00::82 port=http:80:8080");
	update(f);
	assert_int_equal(kernel.changes, 3);
	kernel.no_ipv6 = false;
	update(f);
	assert_int_equal(kernel.changes, 4);
	assert_int_equal(kernel.change[3].addr.family, ADDR_V6);
}

/* --- packets --- */

static void test_ready_endpoints_by_chance(void **state)
{
	struct fixture *f = *state;
	bool first = false, second = false;
	update(f);
	for (unsigned i = 0; i < 100; i++) {
		struct addr a = target(connect_to(f, v4(0, 0, 80), 80));
		first |= is(a, v4(1, 0, 1));
		second |= is(a, v4(1, 0, 2));
		assert_false(is(a, v4(1, 0, 3))); /* is not ready */
	}
	assert_true(first && second);
	assert_int_equal(kernel.target_count, 2); /* each is told to the kernel once */
	assert_int_not_equal(kernel.targets[0].mark, kernel.targets[1].mark);
}

static void test_where_somebody_listens(void **state)
{
	struct fixture *f = *state;
	update(f);
	kernel.deaf[kernel.deaf_count++] = v4(1, 0, 1);
	for (unsigned i = 0; i < 20; i++)
		assert_true(is(target(connect_to(f, v4(0, 0, 80), 80)), v4(1, 0, 2)));
	kernel.deaf[kernel.deaf_count++] = v4(1, 0, 2);
	assert_int_equal(connect_to(f, v4(0, 0, 80), 80), RULESET_REFUSED);
	kernel.deaf_count = 0; /* they have started */
	target(connect_to(f, v4(0, 0, 80), 80));
}

static void test_refused(void **state)
{
	struct fixture *f = *state;
	update(f);
	assert_int_equal(connect_to(f, v4(0, 0, 81), 80), RULESET_REFUSED);              /* no endpoint */
	assert_int_equal(connect_to(f, v4(0, 0, 80), 81), RULESET_REFUSED);              /* no such port */
	assert_int_equal(connect_by(f, v4(0, 0, 80), 80, IPPROTO_UDP), RULESET_REFUSED); /* of that protocol */
	assert_int_equal(connect_to(f, v4(0, 0, 99), 80), RULESET_REFUSED);              /* a Service that is gone */
	world_play(f->world, "delete svc web");                                          /* and one that the relay was not told of */
	assert_int_equal(connect_to(f, v4(0, 0, 80), 80), RULESET_REFUSED);
	assert_int_equal(kernel.target_count, 0);
}

static void test_as_it_is(void **state)
{
	struct fixture *f = *state;
	update(f);
	assert_int_equal(connect_by(f, v4(0, 0, 80), 0, IPPROTO_ICMP), AS_IT_IS);
	kernel.bound = v4(0, 0, 80);
	assert_int_equal(connect_to(f, v4(0, 0, 80), 80), AS_IT_IS);
	assert_int_equal(connect_to(f, v4(0, 0, 80), 81), AS_IT_IS); /* also at a port that the Service has not */
}

/* One that the kernel does not take is refused, and tried again by the next. */
static void test_a_target_that_is_not_taken(void **state)
{
	struct fixture *f = *state;
	update(f);
	kernel.deaf[kernel.deaf_count++] = v4(1, 0, 1);
	kernel.commit_err = ERR_SYS;
	assert_int_equal(connect_to(f, v4(0, 0, 80), 80), RULESET_REFUSED);
	kernel.commit_err = OK;
	assert_true(is(target(connect_to(f, v4(0, 0, 80), 80)), v4(1, 0, 2)));
	assert_int_equal(kernel.target_count, 2);
}

static void test_several_packets(void **state)
{
	struct fixture *f = *state;
	update(f);
	for (unsigned i = 0; i < 3; i++)
		kernel.packets[i] = (struct waiting){.id = i, .flow = {v4(9, 9, 9), v4(0, 0, (uint8_t)(80 + i)), 50000, 80, IPPROTO_TCP}};
	kernel.packet_count = 3;
	uv_run(&f->loop, UV_RUN_NOWAIT);
	assert_int_equal(kernel.released, 3);
	target(kernel.marks[0]);
	assert_int_equal(kernel.marks[1], RULESET_REFUSED);
	assert_int_equal(kernel.marks[2], RULESET_REFUSED);
}

/* --- what fails --- */

static void test_cannot_open(void **state)
{
	struct fixture *f = *state;
	struct relay *r;
	struct diag d;
	kernel.waiting_err = ERR_MISSING;
	assert_int_equal(relay_open(&r, &f->loop, f->world->store, &d), ERR_MISSING);
	assert_string_equal(d.text, "no queue");
	kernel.waiting_err = OK;
	kernel.no_sockets = true;
	assert_int_equal(relay_open(&r, &f->loop, f->world->store, &d), ERR_MISSING);
	kernel.no_sockets = false;
	kernel.ruleset_err = ERR_MISSING;
	assert_int_equal(relay_open(&r, &f->loop, f->world->store, &d), ERR_MISSING);
	assert_string_equal(d.text, "no nf_tables");
	kernel.ruleset_err = OK;
	fail_alloc_at(1);
	assert_int_equal(relay_open(&r, &f->loop, f->world->store, &d), ERR_NOMEM);
	fail_alloc_at(0);
	assert_int_equal(kernel.open, 1); /* the fixture's */
}

/* What was there before goes on. */
static void test_update_without_memory(void **state)
{
	struct fixture *f = *state;
	struct diag d;
	update(f);
	for (unsigned n = 1; n <= 2; n++) {
		fail_alloc_at(n);
		assert_int_equal(relay_update(f->relay, NULL, 0, &d), ERR_NOMEM);
		assert_true(fail_alloc_hit());
		fail_alloc_at(0);
		target(connect_to(f, v4(0, 0, 80), 80));
	}
	assert_int_equal(kernel.changes, 2);
}

static void test_packets_without_memory(void **state)
{
	struct fixture *f = *state;
	uint32_t mark;
	unsigned n = 0;
	bool hit;
	update(f);
	kernel.deaf[kernel.deaf_count++] = v4(1, 0, 1);
	do {
		fail_alloc_at(++n);
		mark = connect_to(f, v4(0, 0, 80), 80);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		if (hit)
			assert_int_equal(mark, RULESET_REFUSED);
	} while (hit);
	assert_true(n > 1);
	assert_true(is(target(mark), v4(1, 0, 2)));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_services),
	        TEST(test_no_ipv6),
	        TEST(test_ready_endpoints_by_chance),
	        TEST(test_where_somebody_listens),
	        TEST(test_refused),
	        TEST(test_as_it_is),
	        TEST(test_a_target_that_is_not_taken),
	        TEST(test_several_packets),
	        TEST(test_cannot_open),
	        TEST(test_update_without_memory),
	        TEST(test_packets_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
