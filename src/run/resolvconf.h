/* resolvconf.h - resolv.conf as a kubelet composes it from a pod's dnsPolicy and dnsConfig (k8s.io/kubernetes pkg/kubelet/network/dns).
 * Texts are borrowed, so that composing allocates nothing. */
#pragma once
#include "base/buffer.h"
#include "kube/object.h"
#include <stdbool.h>

#define RESOLVCONF_NAMESERVERS_MAX 3 /* what resolvers read; a kubelet leaves out the rest */
#define RESOLVCONF_SEARCHES_MAX    32
#define RESOLVCONF_SEARCH_CHARS    2048 /* of all search domains with the blanks between them */
#define RESOLVCONF_OPTIONS_MAX     32

struct resolvconf {
	const char *nameservers[RESOLVCONF_NAMESERVERS_MAX];
	const char *searches[RESOLVCONF_SEARCHES_MAX];
	const char *options[RESOLVCONF_OPTIONS_MAX];
	unsigned nameserver_count, search_count, option_count;
	size_t search_chars;
	bool cut; /* something did not fit and was left out */
};

/* Each adds one at the end, unless it is there already. An option that has the name of one that is there takes its place. */
void resolvconf_add_nameserver(struct resolvconf *r, const char *text);
void resolvconf_add_search(struct resolvconf *r, const char *domain);
void resolvconf_add_option(struct resolvconf *r, const char *option);

/* Reads a resolv.conf; the last "search" or "domain" line counts. Cuts text up in place, and borrows from it. */
void resolvconf_parse(struct resolvconf *r, char *text);

/* Adds a pod's dnsConfig. */
void resolvconf_add_pod(struct resolvconf *r, const struct pod_dns *dns);

/* Appends it as text. Out of memory: out->failed. */
void resolvconf_write(const struct resolvconf *r, struct buffer *out);
