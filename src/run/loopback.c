#include "loopback.h"
#include "addresses.h"
#include "base/log.h"
#include "net/listen.h"
#include "netlink.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct loopback {
	struct netlink netlink;
	int index;
	bool ipv6;
	bool ipv6_routes; /* IPv6 addresses that only a route leads to can be bound */
	struct addr own[LOOPBACK_OWN_MAX];
	size_t own_count;
	struct addr *addrs; /* what is there by us besides: sorted, no duplicates */
	size_t count;
	enum err err; /* the first failure since a change began */
	struct diag *diag;
};

/* --- requests --- */

/* What is there already, or gone already, is what was wanted. */
static bool is_done_already(int error)
{
	return error == EEXIST || error == EADDRNOTAVAIL || error == ESRCH;
}

static const char *request_text(uint16_t type)
{
	switch (type) {
	case RTM_NEWLINK:
		return "bringing it up";
	case RTM_NEWADDR:
	case RTM_NEWROUTE:
		return "adding an address";
	case RTM_DELADDR:
	case RTM_DELROUTE:
		return "removing an address";
	default:
		return "netlink";
	}
}

static void failed(struct loopback *l, int error, const char *what)
{
	if (!l->err)
		l->err = diag_set(l->diag, error == EPERM || error == EACCES ? ERR_DENIED : ERR_SYS, "the loopback interface: %s: %s", what,
		                  strerror(error));
}

static void send_requests(struct loopback *l)
{
	uint16_t type;
	int error = netlink_send(&l->netlink, is_done_already, &type);
	if (error)
		failed(l, error, request_text(type));
}

static void request_up(struct loopback *l)
{
	const struct ifinfomsg up = {.ifi_index = l->index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
	netlink_begin(&l->netlink, RTM_NEWLINK, 0, &up, sizeof up);
}

/* An address of the interface: programs that list those see it. */
static void request_address(struct loopback *l, const struct addr *a, bool added)
{
	const struct ifaddrmsg m = {
	        .ifa_family = a->family == ADDR_V4 ? AF_INET : AF_INET6,
	        .ifa_prefixlen = (uint8_t)(8 * addr_len(a)),
	        .ifa_flags = a->family == ADDR_V6 ? IFA_F_NODAD : 0, /* usable at once: there is nobody who could have it */
	        .ifa_scope = RT_SCOPE_UNIVERSE,
	        .ifa_index = (unsigned)l->index,
	};
	netlink_begin(&l->netlink, added ? RTM_NEWADDR : RTM_DELADDR, added ? NLM_F_CREATE | NLM_F_EXCL : 0, &m, sizeof m);
	netlink_put(&l->netlink, IFA_LOCAL, a->octets, addr_len(a));
	netlink_put(&l->netlink, IFA_ADDRESS, a->octets, addr_len(a));
}

static const struct addr *own_of_family(const struct loopback *l, unsigned family)
{
	for (size_t i = 0; i < l->own_count; i++) {
		if (l->own[i].family == family)
			return &l->own[i];
	}
	return NULL;
}

/* A route that makes the address a local one: bound and connected to as one of the interface, but the kernel takes ten thousand of these in the
 * time of a hundred of those. Who connects to it without having bound an address comes from our own. */
static void request_route(struct loopback *l, const struct addr *a, bool added)
{
	const struct addr *from = own_of_family(l, a->family);
	const struct rtmsg m = {
	        .rtm_family = a->family == ADDR_V4 ? AF_INET : AF_INET6,
	        .rtm_dst_len = (uint8_t)(8 * addr_len(a)),
	        .rtm_table = RT_TABLE_LOCAL,
	        .rtm_protocol = RTPROT_STATIC,
	        .rtm_scope = a->family == ADDR_V4 ? RT_SCOPE_HOST : RT_SCOPE_UNIVERSE,
	        .rtm_type = RTN_LOCAL,
	};
	netlink_begin(&l->netlink, added ? RTM_NEWROUTE : RTM_DELROUTE, added ? NLM_F_CREATE | NLM_F_EXCL : 0, &m, sizeof m);
	netlink_put(&l->netlink, RTA_DST, a->octets, addr_len(a));
	netlink_put(&l->netlink, RTA_OIF, &l->index, sizeof l->index);
	if (from)
		netlink_put(&l->netlink, RTA_PREFSRC, from->octets, addr_len(from));
}

static void request_difference(void *arg, const struct addr *a, bool added)
{
	struct loopback *l = arg;
	if (a->family == ADDR_V4 || l->ipv6_routes)
		request_route(l, a, added);
	else
		request_address(l, a, added);
	if (!netlink_has_room(&l->netlink))
		send_requests(l);
}

/* --- sets of addresses --- */

static bool is_loopback(const struct addr *a)
{
	static const uint8_t one[16] = {[15] = 1};
	return a->family == ADDR_V4 ? a->octets[0] == 127 : memcmp(a->octets, one, sizeof one) == 0;
}

static bool is_own(const struct loopback *l, const struct addr *a)
{
	for (size_t i = 0; i < l->own_count; i++) {
		if (addr_equal(&l->own[i], a))
			return true;
	}
	return false;
}

static bool is_usable(const struct loopback *l, const struct addr *a)
{
	return !is_loopback(a) && (l->ipv6 || a->family == ADDR_V4);
}

/* Sorts, and drops what loopback.h says; returns how many are left. */
static size_t tidy(const struct loopback *l, struct addr *addrs, size_t n)
{
	size_t kept = 0;
	if (n)
		qsort(addrs, n, sizeof *addrs, addr_compare);
	for (size_t i = 0; i < n; i++) {
		bool twice = kept && addr_equal(&addrs[kept - 1], &addrs[i]);
		if (!twice && is_usable(l, &addrs[i]) && !is_own(l, &addrs[i]))
			addrs[kept++] = addrs[i];
	}
	return kept;
}

static enum err changed(struct loopback *l)
{
	send_requests(l);
	l->diag = NULL;
	return l->err;
}

enum err loopback_set_own(struct loopback *l, const struct addr *addrs, size_t n, struct diag *d)
{
	l->err = OK;
	l->diag = d;
	for (size_t i = 0; i < n && l->own_count < LOOPBACK_OWN_MAX; i++) {
		if (!is_usable(l, &addrs[i]) || is_own(l, &addrs[i]))
			continue;
		l->own[l->own_count++] = addrs[i];
		request_address(l, &addrs[i], true);
	}
	return changed(l);
}

enum err loopback_set(struct loopback *l, struct addr *addrs, size_t n, struct diag *d)
{
	struct addr *copy;
	n = tidy(l, addrs, n);
	copy = malloc((n ? n : 1) * sizeof *copy);
	if (!copy)
		return diag_no_memory(d);
	if (n)
		memcpy(copy, addrs, n * sizeof *copy);
	l->err = OK;
	l->diag = d;
	addresses_compare(l->addrs, l->count, copy, n, request_difference, l);
	free(l->addrs);
	l->addrs = copy;
	l->count = n;
	return changed(l);
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
		return diag_no_memory(d);
	l->diag = d;
	l->index = (int)if_nametoindex("lo");
	if (!netlink_open(&l->netlink, NETLINK_ROUTE) || !l->index)
		failed(l, errno, "netlink");
	else
		request_up(l);
	err = changed(l);
	if (err) {
		loopback_close(l);
		return err;
	}
	allow_like_a_pod();
	l->ipv6 = listen_ipv6_usable();
	l->ipv6_routes = write_setting("/proc/sys/net/ipv6/ip_nonlocal_bind", "1");
	*out = l;
	return OK;
}

void loopback_close(struct loopback *l)
{
	if (!l)
		return;
	netlink_close(&l->netlink);
	free(l->addrs);
	free(l);
}

bool loopback_has_ipv6(const struct loopback *l)
{
	return l->ipv6;
}
