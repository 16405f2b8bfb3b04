#include "waiting.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <string.h>

#include "fail_alloc.h"
#include "fake_netlink.h"
#include "unit.h"

#define QUEUE 1
#define ID    0x01020304

/* An IPv4 packet from 10.244.1.7:49152 to 10.0.0.80:53, UDP. */
static const uint8_t packet[] = {0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 244, 1, 7, 10, 0, 0, 80, 0xc0, 0x00, 0, 53, 0, 0, 0, 0};

struct message {
	_Alignas(NLMSG_ALIGNTO) uint8_t octets[256];
	size_t len;
};

static struct message message_of(uint16_t type)
{
	struct message m = {.len = NLMSG_LENGTH(sizeof(struct nfgenmsg))};
	((struct nlmsghdr *)m.octets)->nlmsg_type = type;
	return m;
}

static void put(struct message *m, uint16_t type, const void *data, size_t len)
{
	struct nlattr *a = (struct nlattr *)(m->octets + m->len);
	a->nla_type = type;
	a->nla_len = (uint16_t)(sizeof *a + len);
	memcpy(a + 1, data, len);
	m->len += NLMSG_ALIGN(a->nla_len);
}

/* As the kernel tells of a packet. */
static struct message waits(const void *payload, size_t len)
{
	const struct nfqnl_msg_packet_hdr head = {.packet_id = htonl(ID), .hw_protocol = htons(0x0800), .hook = NF_INET_LOCAL_OUT};
	const uint32_t interface = htonl(1);
	struct message m = message_of(NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET);
	put(&m, NFQA_PACKET_HDR, &head, sizeof head);
	put(&m, NFQA_IFINDEX_OUTDEV, &interface, sizeof interface);
	if (payload)
		put(&m, NFQA_PAYLOAD, payload, len);
	return m;
}

static void answer(unsigned i, const struct message *m, size_t len)
{
	fake_netlink.answers[i] = m->octets;
	fake_netlink.answer_lens[i] = len;
}

static struct netlink opened(void)
{
	struct netlink n;
	struct diag d;
	fake_netlink_reset();
	assert_int_equal(waiting_open(&n, QUEUE, &d), OK);
	return n;
}

static bool is_nothing(const struct flow *f)
{
	return !f->protocol && !f->to_port && !f->from_port;
}

static void test_packets(void **state)
{
	struct netlink n = opened();
	const struct message other = message_of(NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_VERDICT), whole = waits(packet, sizeof packet);
	const struct message bare = waits(NULL, 0), odd = waits("no packet", 9);
	struct waiting w;
	(void)state;
	answer(0, &other, other.len); /* is passed over */
	answer(1, &whole, whole.len);
	answer(2, &bare, bare.len); /* has an id all the same, and must not wait for ever */
	answer(3, &odd, odd.len);
	assert_true(waiting_next(&n, &w));
	assert_int_equal(w.id, ID);
	assert_int_equal(w.flow.protocol, IPPROTO_UDP);
	assert_int_equal(w.flow.from_port, 49152);
	assert_int_equal(w.flow.to_port, 53);
	assert_memory_equal(w.flow.to.octets, ((uint8_t[]){10, 0, 0, 80}), 4);
	assert_true(waiting_next(&n, &w));
	assert_int_equal(w.id, ID);
	assert_true(is_nothing(&w.flow));
	assert_true(waiting_next(&n, &w));
	assert_true(is_nothing(&w.flow));
	assert_false(waiting_next(&n, &w));
	netlink_close(&n);
}

/* Nothing is read beyond the end, and what is cut before the id is no packet. */
static void test_cut_messages(void **state)
{
	struct netlink n = opened();
	const struct message whole = waits(packet, sizeof packet);
	const size_t id_end = NLMSG_LENGTH(sizeof(struct nfgenmsg)) + sizeof(struct nlattr) + sizeof(struct nfqnl_msg_packet_hdr);
	struct waiting w;
	(void)state;
	for (size_t len = 1; len <= whole.len; len++) {
		fake_netlink.answer = 0;
		answer(0, &whole, len);
		assert_int_equal(waiting_next(&n, &w), len >= id_end);
		if (len >= id_end)
			assert_int_equal(w.id, ID);
	}
	netlink_close(&n);
}

static void test_odd_attributes(void **state)
{
	static const uint16_t lens[] = {0, 1, 3, 250, UINT16_MAX};
	struct netlink n = opened();
	struct waiting w;
	(void)state;
	for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
		struct message m = waits(packet, sizeof packet);
		((struct nlattr *)(m.octets + NLMSG_LENGTH(sizeof(struct nfgenmsg))))->nla_len = lens[i];
		fake_netlink.answer = 0;
		answer(0, &m, m.len);
		assert_false(waiting_next(&n, &w));
	}
	netlink_close(&n);
}

static void test_release(void **state)
{
	struct netlink n = opened();
	const struct waiting w = {.id = ID};
	const struct nfqnl_msg_verdict_hdr verdict = {htonl(NF_ACCEPT), htonl(ID)};
	const uint8_t mark[] = {8, 0, NFQA_MARK, 0, 0, 0, 0, 7};
	(void)state;
	waiting_release(&n, &w, 7);
	assert_int_equal(fake_netlink.flushes, 1);
	assert_true(fake_netlink_sent(&verdict, sizeof verdict));
	assert_true(fake_netlink_sent(mark, sizeof mark));
	netlink_close(&n);
}

static void test_no_queue(void **state)
{
	struct netlink n;
	struct diag d;
	(void)state;
	fake_netlink_reset();
	fake_netlink.open_error = EPROTONOSUPPORT;
	assert_int_equal(waiting_open(&n, QUEUE, &d), ERR_MISSING);
	assert_non_null(strstr(d.text, strerror(EPROTONOSUPPORT)));
	netlink_close(&n);
	fake_netlink_reset();
	fake_netlink.errors[0] = EBUSY;
	assert_int_equal(waiting_open(&n, QUEUE, &d), ERR_MISSING);
	assert_non_null(strstr(d.text, strerror(EBUSY)));
	netlink_close(&n);
	fake_netlink_reset();
	fail_alloc_at(1);
	assert_int_equal(waiting_open(&n, QUEUE, &d), ERR_MISSING);
	assert_true(fail_alloc_hit());
	fail_alloc_at(0);
	netlink_close(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_packets), cmocka_unit_test(test_cut_messages), cmocka_unit_test(test_odd_attributes),
	        cmocka_unit_test(test_release), cmocka_unit_test(test_no_queue),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
