#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include "../unit.h"
#include "backlog.h"

/* A socket that nobody reads, and one that sends to it. */
struct pair {
	int in, out;
};

static int setup(void **state)
{
	static struct pair p;
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	int least = 1;
	p.in = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	p.out = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(p.in, (struct sockaddr *)&at, len), 0);
	assert_int_equal(getsockname(p.in, (struct sockaddr *)&at, &len), 0);
	assert_int_equal(connect(p.out, (struct sockaddr *)&at, len), 0);
	assert_int_equal(setsockopt(p.in, SOL_SOCKET, SO_RCVBUF, &least, sizeof least), 0);
	*state = &p;
	return 0;
}

static int teardown(void **state)
{
	struct pair *p = *state;
	close(p->in);
	close(p->out);
	return 0;
}

static int room(int fd)
{
	int bytes;
	socklen_t len = sizeof bytes;
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, &len), 0);
	return bytes;
}

static void overflow(const struct pair *p)
{
	for (int i = 0; i < 100; i++)
		assert_int_equal(send(p->out, "x", 1, 0), 1);
}

static void drain(const struct pair *p)
{
	char c;
	while (recv(p->in, &c, 1, MSG_DONTWAIT) == 1)
		;
}

static void note(struct backlog *b, const struct pair *p, bool full, unsigned times)
{
	for (unsigned i = 0; i < times; i++)
		backlog_note(b, p->in, full);
}

static void test_work_without_loss_is_no_flood(void **state)
{
	const struct pair *p = *state;
	struct backlog b = {0};
	int before = room(p->in);
	note(&b, p, true, 10 * BACKLOG_FULL_RUN);
	assert_false(b.flooded);
	assert_int_equal(room(p->in), before);
}

static void test_loss_in_a_burst_is_no_flood(void **state)
{
	const struct pair *p = *state;
	struct backlog b = {0};
	overflow(p);
	for (int i = 0; i < 10; i++) {
		note(&b, p, true, BACKLOG_FULL_RUN - 1);
		note(&b, p, false, 1);
	}
	assert_false(b.flooded);
}

static void test_flood_begins_and_ends(void **state)
{
	const struct pair *p = *state;
	struct backlog b = {0};
	overflow(p);
	note(&b, p, true, BACKLOG_FULL_RUN - 1);
	assert_false(b.flooded);
	note(&b, p, true, 1);
	assert_true(b.flooded);
	assert_int_equal(room(p->in), 2 * BACKLOG_FLOOD_BYTES);
	note(&b, p, true, 10 * BACKLOG_FULL_RUN);
	note(&b, p, false, BACKLOG_CALM_RUN - 1);
	note(&b, p, true, 1);
	note(&b, p, false, BACKLOG_CALM_RUN - 1);
	assert_true(b.flooded);
	note(&b, p, false, 1);
	assert_false(b.flooded);
	assert_true(room(p->in) > 2 * BACKLOG_FLOOD_BYTES);
}

/* What was lost once does not make the next work a flood, but new loss does. */
static void test_each_flood_has_its_own_loss(void **state)
{
	const struct pair *p = *state;
	struct backlog b = {0};
	int least = 1;
	overflow(p);
	note(&b, p, true, BACKLOG_FULL_RUN);
	note(&b, p, false, BACKLOG_CALM_RUN);
	note(&b, p, true, 10 * BACKLOG_FULL_RUN);
	assert_false(b.flooded);
	drain(p);
	assert_int_equal(setsockopt(p->in, SOL_SOCKET, SO_RCVBUF, &least, sizeof least), 0);
	overflow(p);
	note(&b, p, true, BACKLOG_FULL_RUN);
	assert_true(b.flooded);
}

static void test_who_is_not_told_sees_no_flood(void **state)
{
	struct backlog b = {0};
	(void)state;
	for (int i = 0; i < 10 * BACKLOG_FULL_RUN; i++)
		backlog_note(&b, -1, true);
	assert_false(b.flooded);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(test_work_without_loss_is_no_flood, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_loss_in_a_burst_is_no_flood, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_flood_begins_and_ends, setup, teardown),
	        cmocka_unit_test_setup_teardown(test_each_flood_has_its_own_loss, setup, teardown),
	        cmocka_unit_test(test_who_is_not_told_sees_no_flood),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
