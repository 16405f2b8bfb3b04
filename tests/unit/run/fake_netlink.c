#include "fake_netlink.h"
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

struct fake_netlink fake_netlink;

bool __real_netlink_open(struct netlink *n, int protocol);
bool __wrap_netlink_open(struct netlink *n, int protocol);
bool __wrap_netlink_flush(struct netlink *n);
size_t __wrap_netlink_read(struct netlink *n, void *data, size_t cap);
int __wrap_netlink_send(struct netlink *n, bool (*tolerated)(int error), uint16_t *failed);

void fake_netlink_reset(void)
{
	memset(&fake_netlink, 0, sizeof fake_netlink);
}

bool fake_netlink_sent(const void *octets, size_t len)
{
	return memmem(fake_netlink.sent, fake_netlink.sent_len, octets, len);
}

/* Of a kind that every kernel has; nothing is sent to it. */
bool __wrap_netlink_open(struct netlink *n, int protocol)
{
	(void)protocol;
	if (!fake_netlink.open_error)
		return __real_netlink_open(n, NETLINK_ROUTE);
	*n = (struct netlink){.fd = -1};
	errno = fake_netlink.open_error;
	return false;
}

static void take(struct netlink *n)
{
	memcpy(fake_netlink.sent, n->data, n->len);
	fake_netlink.sent_len = n->len;
	n->len = 0;
	n->full = false;
}

bool __wrap_netlink_flush(struct netlink *n)
{
	take(n);
	fake_netlink.flushes++;
	return !fake_netlink.unsent;
}

size_t __wrap_netlink_read(struct netlink *n, void *data, size_t cap)
{
	unsigned i = fake_netlink.answer;
	size_t len;
	(void)n;
	if (i == FAKE_ANSWERS || !fake_netlink.answers[i])
		return 0;
	len = fake_netlink.answer_lens[i] < cap ? fake_netlink.answer_lens[i] : cap;
	memcpy(data, fake_netlink.answers[i], len);
	fake_netlink.answer++;
	return len;
}

int __wrap_netlink_send(struct netlink *n, bool (*tolerated)(int error), uint16_t *failed)
{
	int error = n->full ? ENOBUFS : 0;
	(void)tolerated;
	(void)failed;
	for (size_t at = 0; at < n->len; at += NLMSG_ALIGN(((struct nlmsghdr *)(n->data + at))->nlmsg_len))
		fake_netlink.sent_messages++;
	take(n);
	if (!error && fake_netlink.sends < FAKE_ERRORS)
		error = fake_netlink.errors[fake_netlink.sends];
	fake_netlink.sends++;
	return error;
}
