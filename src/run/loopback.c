#include "loopback.h"
#include "base/log.h"
#include "net/listen.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Requests sent with one call; their errors, should all fail, must fit the socket's receive buffer. */
#define BATCH       64
#define REQUEST_MAX 64

struct loopback {
	int netlink, index;
	bool ipv6;
	uint32_t sequence;
	struct addr *addrs; /* what is on the interface by us: sorted, no duplicates */
	size_t count;
	/* requests not sent yet */
	size_t batch_len;
	unsigned batch_count;
	enum err err; /* the first failure since loopback_set began */
	struct diag *diag;
	_Alignas(NLMSG_ALIGNTO) uint8_t batch[BATCH * REQUEST_MAX];
};

/* --- requests --- */

static void *request_begin(struct loopback *l, uint16_t type, uint16_t flags, size_t body_len)
{
	struct nlmsghdr *h = (struct nlmsghdr *)(l->batch + l->batch_len);
	memset(h, 0, REQUEST_MAX);
	*h = (struct nlmsghdr){
	        .nlmsg_len = (uint32_t)NLMSG_LENGTH(body_len),
	        .nlmsg_type = type,
	        .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags),
	        .nlmsg_seq = ++l->sequence,
	};
	return NLMSG_DATA(h);
}

static void request_attribute(struct loopback *l, uint16_t type, const void *data, size_t len)
{
	struct nlmsghdr *h = (struct nlmsghdr *)(l->batch + l->batch_len);
	struct rtattr *a = (struct rtattr *)((uint8_t *)h + NLMSG_ALIGN(h->nlmsg_len));
	a->rta_type = type;
	a->rta_len = (uint16_t)RTA_LENGTH(len);
	memcpy(RTA_DATA(a), data, len);
	h->nlmsg_len = (uint32_t)(NLMSG_ALIGN(h->nlmsg_len) + RTA_ALIGN(a->rta_len));
}

/* What is there already, or gone already, is what was wanted. */
static bool is_failure(int error)
{
	return error != 0 && error != EEXIST && error != EADDRNOTAVAIL;
}

static void failed(struct loopback *l, int error, const char *what)
{
	if (!l->err)
		l->err = diag_set(l->diag, error == EPERM || error == EACCES ? ERR_DENIED : ERR_SYS, "the loopback interface: %s: %s", what,
		                  strerror(error));
}

static const char *request_text(uint16_t type)
{
	return type == RTM_NEWADDR ? "adding an address" : type == RTM_DELADDR ? "removing an address" : "bringing it up";
}

/* Reads one datagram of acknowledgements; returns how many it held, 0 if reading failed. */
static unsigned read_acks(struct loopback *l)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t bytes[8192];
	unsigned acks = 0;
	ssize_t got = recv(l->netlink, bytes, sizeof bytes, 0);
	if (got < 0) {
		failed(l, errno, "netlink");
		return 0;
	}
	for (size_t at = 0; at + NLMSG_LENGTH(sizeof(struct nlmsgerr)) <= (size_t)got;) {
		const struct nlmsghdr *h = (const struct nlmsghdr *)(bytes + at);
		const struct nlmsgerr *e = NLMSG_DATA(h);
		if (h->nlmsg_type == NLMSG_ERROR && is_failure(-e->error))
			failed(l, -e->error, request_text(e->msg.nlmsg_type));
		acks += h->nlmsg_type == NLMSG_ERROR;
		at += NLMSG_ALIGN(h->nlmsg_len);
	}
	return acks;
}

static void batch_send(struct loopback *l)
{
	unsigned waiting = l->batch_count;
	if (!waiting)
		return;
	if (send(l->netlink, l->batch, l->batch_len, 0) < 0) {
		failed(l, errno, "netlink");
		waiting = 0;
	}
	while (waiting) {
		unsigned acks = read_acks(l);
		waiting = acks && acks < waiting ? waiting - acks : 0;
	}
	l->batch_len = 0;
	l->batch_count = 0;
}

static void request_end(struct loopback *l)
{
	const struct nlmsghdr *h = (const struct nlmsghdr *)(l->batch + l->batch_len);
	l->batch_len += NLMSG_ALIGN(h->nlmsg_len);
	if (++l->batch_count == BATCH)
		batch_send(l);
}

static void request_up(struct loopback *l)
{
	struct ifinfomsg *i = request_begin(l, RTM_NEWLINK, 0, sizeof *i);
	i->ifi_index = l->index;
	i->ifi_flags = i->ifi_change = IFF_UP;
	request_end(l);
}

static void request_address(void *arg, const struct addr *a, bool added)
{
	struct loopback *l = arg;
	struct ifaddrmsg *m = request_begin(l, added ? RTM_NEWADDR : RTM_DELADDR, added ? NLM_F_CREATE | NLM_F_EXCL : 0, sizeof *m);
	m->ifa_family = a->family == ADDR_V4 ? AF_INET : AF_INET6;
	m->ifa_prefixlen = a->family == ADDR_V4 ? 32 : 128;
	m->ifa_flags = a->family == ADDR_V6 ? IFA_F_NODAD : 0; /* usable at once: there is nobody who could have it */
	m->ifa_scope = RT_SCOPE_UNIVERSE;
	m->ifa_index = (unsigned)l->index;
	request_attribute(l, IFA_LOCAL, a->octets, addr_len(a));
	request_attribute(l, IFA_ADDRESS, a->octets, addr_len(a));
	request_end(l);
}

/* --- sets of addresses --- */

void loopback_compare(const struct addr *old, size_t old_n, const struct addr *new, size_t new_n, loopback_difference *each, void *arg)
{
	for (unsigned adding = 0; adding < 2; adding++) {
		size_t i = 0, k = 0;
		while (i < old_n || k < new_n) {
			int order = i == old_n ? 1 : k == new_n ? -1 : addr_compare(&old[i], &new[k]);
			if (order < 0 && !adding)
				each(arg, &old[i], false);
			if (order > 0 && adding)
				each(arg, &new[k], true);
			i += order <= 0;
			k += order >= 0;
		}
	}
}

static bool is_own(const struct addr *a)
{
	static const uint8_t one[16] = {[15] = 1};
	return a->family == ADDR_V4 ? a->octets[0] == 127 : memcmp(a->octets, one, sizeof one) == 0;
}

/* Sorts, and drops what loopback.h says; returns how many are left. */
static size_t tidy(const struct loopback *l, struct addr *addrs, size_t n)
{
	size_t kept = 0;
	if (n)
		qsort(addrs, n, sizeof *addrs, addr_compare);
	for (size_t i = 0; i < n; i++) {
		bool twice = kept && addr_equal(&addrs[kept - 1], &addrs[i]);
		if (!twice && !is_own(&addrs[i]) && (l->ipv6 || addrs[i].family == ADDR_V4))
			addrs[kept++] = addrs[i];
	}
	return kept;
}

enum err loopback_set(struct loopback *l, struct addr *addrs, size_t n, struct diag *d)
{
	struct addr *copy;
	n = tidy(l, addrs, n);
	copy = malloc((n ? n : 1) * sizeof *copy);
	if (!copy)
		return diag_set(d, ERR_NOMEM, "out of memory");
	if (n)
		memcpy(copy, addrs, n * sizeof *copy);
	l->err = OK;
	l->diag = d;
	loopback_compare(l->addrs, l->count, copy, n, request_address, l);
	batch_send(l);
	l->diag = NULL;
	free(l->addrs);
	l->addrs = copy;
	l->count = n;
	return l->err;
}

/* --- the interface --- */

static bool write_setting(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool done = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	if (fd >= 0)
		close(fd);
	return done;
}

/* A pod's processes may bind port 80 and send pings; so may the caller's here. Some container runtimes mount /proc/sys read-only. */
static void allow_like_a_pod(void)
{
	char groups[32];
	if (!write_setting("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0") && geteuid() != 0)
		log_line(LOG_WARNING, "run: ports below 1024 need root in here: /proc/sys cannot be written: %s", strerror(errno));
	/* A user namespace that knows one group only takes that one. */
	snprintf(groups, sizeof groups, "%u %u", getegid(), getegid());
	write_setting("/proc/sys/net/ipv4/ping_group_range", groups);
}

enum err loopback_open(struct loopback **out, struct diag *d)
{
	struct loopback *l = calloc(1, sizeof *l);
	enum err err;
	if (!l)
		return diag_set(d, ERR_NOMEM, "out of memory");
	l->diag = d;
	l->index = (int)if_nametoindex("lo");
	l->netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (l->netlink < 0 || !l->index) {
		failed(l, errno, "netlink");
	} else {
		request_up(l);
		batch_send(l);
	}
	l->diag = NULL;
	err = l->err;
	if (err) {
		loopback_close(l);
		return err;
	}
	allow_like_a_pod();
	l->ipv6 = listen_ipv6_usable();
	*out = l;
	return OK;
}

void loopback_close(struct loopback *l)
{
	if (!l)
		return;
	if (l->netlink >= 0)
		close(l->netlink);
	free(l->addrs);
	free(l);
}

bool loopback_has_ipv6(const struct loopback *l)
{
	return l->ipv6;
}
