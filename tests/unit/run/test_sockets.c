#include "sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "fake_netlink.h"
#include "unit.h"

static const struct addr here4 = {ADDR_V4, {10, 0, 0, 1}}, there4 = {ADDR_V4, {10, 0, 0, 2}};
static const struct addr here6 = {ADDR_V6, {0xfd, [15] = 1}}, there6 = {ADDR_V6, {0xfd, [15] = 2}};

static struct flow flow_of(uint8_t protocol, bool v6)
{
	return (struct flow){v6 ? there6 : there4, v6 ? here6 : here4, 49152, 53, protocol};
}

/* What is found where the kernel answers with these octets. */
static enum sockets_answer found(const void *answer, size_t len, const struct flow *f)
{
	struct netlink n;
	enum sockets_answer said;
	fake_netlink_reset();
	fake_netlink.answers[0] = answer;
	fake_netlink.answer_lens[0] = len;
	assert_true(sockets_open(&n));
	said = sockets_find(&n, f);
	netlink_close(&n);
	return said;
}

struct bound {
	struct nlmsghdr head;
	struct inet_diag_msg socket;
};

static struct bound bound_to(const struct addr *a)
{
	struct bound b = {.head = {.nlmsg_len = sizeof b, .nlmsg_type = SOCK_DIAG_BY_FAMILY}};
	b.socket.idiag_family = a->family == ADDR_V4 ? AF_INET : AF_INET6;
	memcpy(b.socket.id.idiag_src, a->octets, addr_len(a));
	return b;
}

struct refusal {
	struct nlmsghdr head;
	struct nlmsgerr error;
};

static struct refusal refused(int error)
{
	return (struct refusal){.head = {.nlmsg_len = sizeof(struct refusal), .nlmsg_type = NLMSG_ERROR}, .error.error = -error};
}

static void test_answers(void **state)
{
	const struct flow v4 = flow_of(IPPROTO_TCP, false), v6 = flow_of(IPPROTO_TCP, true);
	const struct bound exact4 = bound_to(&here4), exact6 = bound_to(&here6), other4 = bound_to(&there4);
	const struct refusal none = refused(ENOENT), denied = refused(EPERM);
	(void)state;
	assert_int_equal(found(&exact4, sizeof exact4, &v4), SOCKETS_EXACT);
	assert_int_equal(found(&exact6, sizeof exact6, &v6), SOCKETS_EXACT);
	assert_int_equal(found(&other4, sizeof other4, &v4), SOCKETS_ANY);
	assert_int_equal(found(&exact6, sizeof exact6, &v4), SOCKETS_ANY); /* a socket of IPv6 that takes IPv4 */
	assert_int_equal(found(&none, sizeof none, &v4), SOCKETS_NONE);
	assert_int_equal(found(&denied, sizeof denied, &v4), SOCKETS_ANY);
}

/* Nothing is refused for want of an answer that can be read. */
static void test_odd_answers(void **state)
{
	const struct flow f = flow_of(IPPROTO_TCP, false);
	const struct refusal none = refused(ENOENT);
	struct bound b = bound_to(&here4);
	(void)state;
	assert_int_equal(found(NULL, 0, &f), SOCKETS_ANY);
	for (size_t len = 1; len < sizeof b; len++)
		assert_int_equal(found(&b, len, &f), SOCKETS_ANY);
	for (size_t len = 1; len < sizeof none; len++)
		assert_int_equal(found(&none, len, &f), SOCKETS_ANY);
	b.head.nlmsg_type = NLMSG_DONE;
	assert_int_equal(found(&b, sizeof b, &f), SOCKETS_ANY);
}

static void test_cannot_ask(void **state)
{
	const struct flow f = flow_of(IPPROTO_TCP, false);
	struct netlink n;
	(void)state;
	fake_netlink_reset();
	fake_netlink.open_error = EPROTONOSUPPORT;
	assert_false(sockets_open(&n));
	netlink_close(&n);
	fake_netlink_reset();
	fake_netlink.unsent = true;
	assert_true(sockets_open(&n));
	assert_int_equal(sockets_find(&n, &f), SOCKETS_ANY);
	netlink_close(&n);
}

/* The request, and which end the kernel is told to look at: of UDP it takes them the other way round. */
static void test_request(void **state)
{
	static const uint8_t protocols[] = {IPPROTO_TCP, IPPROTO_UDP};
	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		const bool v6 = i & 1, udp = i & 2;
		const struct flow f = flow_of(protocols[udp], v6);
		const struct addr *local = udp ? &f.from : &f.to, *remote = udp ? &f.to : &f.from;
		struct inet_diag_req_v2 r;
		found(NULL, 0, &f);
		assert_int_equal(fake_netlink.flushes, 1);
		assert_int_equal(fake_netlink.sent_len, NLMSG_LENGTH(sizeof r));
		memcpy(&r, fake_netlink.sent + NLMSG_HDRLEN, sizeof r);
		assert_int_equal(r.sdiag_family, v6 ? AF_INET6 : AF_INET);
		assert_int_equal(r.sdiag_protocol, f.protocol);
		assert_int_equal(ntohs(r.id.idiag_sport), udp ? f.from_port : f.to_port);
		assert_int_equal(ntohs(r.id.idiag_dport), udp ? f.to_port : f.from_port);
		assert_memory_equal(r.id.idiag_src, local->octets, addr_len(local));
		assert_memory_equal(r.id.idiag_dst, remote->octets, addr_len(remote));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_answers),
	        cmocka_unit_test(test_odd_answers),
	        cmocka_unit_test(test_cannot_ask),
	        cmocka_unit_test(test_request),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
