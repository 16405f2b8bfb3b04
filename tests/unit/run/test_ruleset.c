#include "ruleset.h"

#include <errno.h>
#include <string.h>

#include "fail_alloc.h"
#include "fake_netlink.h"
#include "unit.h"

static const struct addr service4 = {ADDR_V4, {10, 0, 0, 80}}, pod6 = {ADDR_V6, {0xfd, [15] = 7}};

static struct ruleset *opened(void)
{
	struct ruleset *r;
	struct diag d;
	fake_netlink_reset();
	assert_int_equal(ruleset_open(&r, &d), OK);
	return r;
}

/* A table for each family. */
static void test_opens(void **state)
{
	struct ruleset *r = opened();
	(void)state;
	assert_true(ruleset_has_ipv6(r));
	assert_int_equal(fake_netlink.sends, 2);
	assert_true(fake_netlink_sent("headns", sizeof "headns"));
	assert_true(fake_netlink_sent("queue", sizeof "queue"));
	assert_false(fake_netlink_sent("NFQUEUE", sizeof "NFQUEUE"));
	ruleset_close(r);
}

/* A kernel that has no queue of nf_tables' own is asked for iptables'; so is it for the other family. */
static void test_queues_by_target(void **state)
{
	struct ruleset *r;
	struct diag d;
	(void)state;
	fake_netlink_reset();
	fake_netlink.errors[0] = ENOENT;
	assert_int_equal(ruleset_open(&r, &d), OK);
	assert_int_equal(fake_netlink.sends, 3);
	assert_true(ruleset_has_ipv6(r));
	assert_true(fake_netlink_sent("NFQUEUE", sizeof "NFQUEUE"));
	ruleset_close(r);
}

static void test_no_ipv6(void **state)
{
	struct ruleset *r;
	struct diag d;
	(void)state;
	fake_netlink_reset();
	fake_netlink.errors[1] = EAFNOSUPPORT;
	assert_int_equal(ruleset_open(&r, &d), OK);
	assert_false(ruleset_has_ipv6(r));
	ruleset_close(r);
}

static void test_cannot_open(void **state)
{
	static const struct {
		int open_error, first, second, want;
	} cases[] = {{EPROTONOSUPPORT, 0, 0, EPROTONOSUPPORT}, {0, EPERM, 0, EPERM}, {0, ENOENT, EOPNOTSUPP, EOPNOTSUPP}};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct ruleset *r;
		struct diag d;
		fake_netlink_reset();
		fake_netlink.open_error = cases[i].open_error;
		fake_netlink.errors[0] = cases[i].first;
		fake_netlink.errors[1] = cases[i].second;
		assert_int_equal(ruleset_open(&r, &d), ERR_MISSING);
		assert_non_null(strstr(d.text, strerror(cases[i].want)));
	}
}

static void test_changes(void **state)
{
	const uint8_t service[] = {8, 0, 1, 0, 10, 0, 0, 80}; /* its value in a set */
	const uint8_t target[] = {24, 0, 1, 0, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0x1f, 0x90, 0, 0}; /* with its port */
	const uint32_t mark = 0x01020304;
	struct ruleset *r = opened();
	struct diag d;
	(void)state;
	ruleset_change_service(r, &service4, true);
	ruleset_add_target(r, mark, &pod6, 8080);
	assert_int_equal(fake_netlink.sends, 2); /* nothing before the commit */
	assert_int_equal(ruleset_commit(r, &d), OK);
	assert_int_equal(fake_netlink.sends, 3);
	assert_true(fake_netlink_sent(service, sizeof service));
	assert_true(fake_netlink_sent(target, sizeof target));
	assert_true(fake_netlink_sent(&mark, sizeof mark));
	ruleset_close(r);
}

static void test_nothing_to_commit(void **state)
{
	struct ruleset *r = opened();
	struct diag d;
	(void)state;
	assert_int_equal(ruleset_commit(r, &d), OK);
	assert_int_equal(fake_netlink.sent_len, 0);
	ruleset_close(r);
}

/* More than fits into one message is sent in several, each a batch of its own with a beginning and an end. */
static void test_many_changes(void **state)
{
	enum { MANY = 5000 };
	struct ruleset *r = opened();
	struct diag d;
	unsigned sends;
	(void)state;
	fake_netlink.sent_messages = 0;
	for (unsigned i = 0; i < MANY; i++)
		ruleset_change_service(r, &service4, i % 2);
	assert_int_equal(ruleset_commit(r, &d), OK);
	sends = fake_netlink.sends - 2;
	assert_true(sends > 1);
	assert_int_equal(fake_netlink.sent_messages, MANY + 2 * sends);
	ruleset_close(r);
}

/* The first error is told, once, by the commit; what comes after it is not even sent. */
static void test_an_error_among_many(void **state)
{
	enum { MANY = 5000 };
	struct ruleset *r = opened();
	struct diag d;
	(void)state;
	fake_netlink.errors[2] = ENOMEM;
	fake_netlink.errors[3] = EINVAL;
	for (unsigned i = 0; i < MANY; i++)
		ruleset_add_target(r, i, &pod6, 80);
	assert_int_equal(ruleset_commit(r, &d), ERR_SYS);
	assert_non_null(strstr(d.text, strerror(ENOMEM)));
	ruleset_change_service(r, &service4, true);
	assert_int_equal(ruleset_commit(r, &d), OK);
	ruleset_close(r);
}

static void test_without_memory(void **state)
{
	struct ruleset *r;
	struct diag d;
	(void)state;
	fake_netlink_reset();
	fail_alloc_at(1);
	assert_int_equal(ruleset_open(&r, &d), ERR_NOMEM);
	fail_alloc_at(2);
	assert_int_equal(ruleset_open(&r, &d), ERR_MISSING);
	assert_true(fail_alloc_hit());
	fail_alloc_at(3);
	assert_int_equal(ruleset_open(&r, &d), OK);
	assert_false(fail_alloc_hit());
	fail_alloc_at(0);
	ruleset_close(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_opens),          cmocka_unit_test(test_queues_by_target),
	        cmocka_unit_test(test_no_ipv6),        cmocka_unit_test(test_cannot_open),
	        cmocka_unit_test(test_changes),        cmocka_unit_test(test_nothing_to_commit),
	        cmocka_unit_test(test_many_changes),   cmocka_unit_test(test_an_error_among_many),
	        cmocka_unit_test(test_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
