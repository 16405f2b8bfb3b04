#include "fail_alloc.h"
#include "netlink.h"
#include "unit.h"
#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>

static struct netlink opened(void)
{
	struct netlink n;
	assert_true(netlink_open(&n, NETLINK_ROUTE));
	return n;
}

/* Octets as they would be sent, but for the sequence. */
static void test_nested_attributes(void **state)
{
	struct netlink n = opened();
	const uint8_t header[] = {2, 0, 0, 7};
	size_t nest;
	(void)state;
	netlink_begin(&n, 0x1234, 0x400, header, sizeof header);
	netlink_put_text(&n, 1, "abc");
	nest = netlink_nest(&n, 2);
	netlink_put_number(&n, 3, 0x01020304);
	netlink_put(&n, 4, "x", 1);
	netlink_nest_end(&n, nest);
	const uint8_t want[] = {
	        48, 0, 0, 0,    0x34, 0x12, 1,   4, 1, 0, 0, 0, 0, 0, 0, 0, /* length, type, flags, sequence, port */
	        2,  0, 0, 7,                                                /* the header */
	        8,  0, 1, 0,    'a',  'b',  'c', 0,                         /* a text with its end */
	        20, 0, 2, 0x80,                                             /* what is inside, and that it is nested */
	        8,  0, 3, 0,    1,    2,    3,   4,                         /* in network order */
	        5,  0, 4, 0,    'x',  0,    0,   0,                         /* filled up */
	};
	assert_int_equal(n.len, sizeof want);
	assert_memory_equal(n.data, want, sizeof want);
	netlink_close(&n);
}

static void test_what_does_not_fit(void **state)
{
	struct netlink n = opened();
	const uint8_t header[4] = {0}, large[1000] = {0};
	(void)state;
	netlink_begin(&n, 1, 0, header, sizeof header);
	while (netlink_has_room(&n))
		netlink_put(&n, 1, large, sizeof large);
	assert_false(n.full);
	netlink_put(&n, 1, large, sizeof large);
	netlink_put(&n, 1, large, sizeof large);
	assert_true(n.full);
	netlink_nest_end(&n, netlink_nest(&n, 1));
	assert_int_equal(netlink_send(&n, NULL, NULL), ENOBUFS);
	assert_int_equal(n.len, 0);
	assert_false(n.full);
	netlink_close(&n);
}

static bool tolerate_all(int error)
{
	return error != 0;
}

/* A request of a type that no kernel has. */
static void test_errors(void **state)
{
	struct netlink n = opened();
	const uint8_t header[16] = {0};
	uint16_t failed;
	(void)state;
	netlink_begin(&n, 0xfff0, NLM_F_ACK, header, sizeof header);
	assert_int_equal(netlink_send(&n, NULL, &failed), EOPNOTSUPP);
	assert_int_equal(failed, 0xfff0);
	netlink_begin(&n, 0xfff0, NLM_F_ACK, header, sizeof header);
	assert_int_equal(netlink_send(&n, tolerate_all, &failed), 0);
	netlink_close(&n);
}

static void test_open_fails(void **state)
{
	struct netlink n;
	(void)state;
	assert_false(netlink_open(&n, 77));
	netlink_close(&n);
	fail_alloc_at(1);
	assert_false(netlink_open(&n, NETLINK_ROUTE));
	netlink_close(&n);
	fail_alloc_at(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_nested_attributes),
	        cmocka_unit_test(test_what_does_not_fit),
	        cmocka_unit_test(test_errors),
	        cmocka_unit_test(test_open_fails),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
