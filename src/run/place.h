/* place.h - what a pod's processes find in their file system about names: /etc/resolv.conf, /etc/hosts, /etc/nsswitch.conf, the hostname.
 * Composed as texts from the pod and the machine; nothing is read or written here. */
#pragma once
#include "base/buffer.h"
#include "dns/name.h"
#include "kube/object.h"
#include "resolvconf.h"
#include <stdbool.h>

#define PLACE_HOSTNAME_MAX 64 /* Linux's (HOST_NAME_MAX) */

struct place_input {
	const struct pod *pod;  /* NULL: a pod that is not in the input */
	const struct addr *own; /* its addresses */
	unsigned own_count;
	const char *ns;
	const struct name *zone;
	const struct addr *servers; /* ours: the addresses of the cluster's DNS Service */
	unsigned server_count;
	const char *hostname;          /* the machine's, which stays where there is no pod */
	const struct buffer *resolv;   /* the machine's /etc/resolv.conf, for dnsPolicy Default */
	const struct buffer *nsswitch; /* the machine's /etc/nsswitch.conf */
};

struct place {
	char hostname[PLACE_HOSTNAME_MAX + 1]; /* what the kernel is told */
	struct buffer resolv, hosts;
	struct buffer nsswitch; /* empty: the machine's does */
	struct name search[RESOLVCONF_SEARCHES_MAX];
	unsigned search_count;
	bool elsewhere; /* resolv.conf names no server of ours (dnsPolicy Default or None) */
};

/* ERR_NOMEM, or ERR_RANGE where namespace and zone are too long for a name, or a host name is for the kernel, with diag. place_free() in
 * any case. */
enum err place_compose(struct place *p, const struct place_input *in, struct diag *d);
void place_free(struct place *p);
