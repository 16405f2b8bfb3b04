/* kube_dns.h - what the ConfigMap of kube-dns says, mounted as a folder: each key is a file of JSON in it (kubernetes/dns, pkg/dns/config).
 * All or nothing: one value that is wrong refuses the whole. All zero says nothing. Control thread. */
#pragma once
#include "base/diag.h"
#include "config/list.h"
#include <stdbool.h>
#include <stddef.h>

/* Names of and below a zone are asked of these servers, one at least: "10.0.0.1", "[2001:db8::1]:53", "ns.example:54". */
struct kube_dns_stub {
	char *zone;
	struct text_list servers;
};

struct kube_dns {
	struct kube_dns_stub *stubs; /* a zone stands before those that it is in */
	unsigned stub_count;
	struct text_list upstreams; /* addresses that are asked in the place of the node's resolv.conf; none: not said */
	bool federations;           /* some are named: Kubernetes has none any more, and they count for nothing */
};

#define KUBE_DNS_KEYS      3
#define KUBE_DNS_UPSTREAMS 3 /* at most */
#define KUBE_DNS_VALUE_MAX ((size_t)1 << 20)

enum kube_dns_key { KUBE_DNS_STUB_DOMAINS, KUBE_DNS_UPSTREAM_NAMESERVERS, KUBE_DNS_FEDERATIONS };

/* "stubDomains" and so on: the names of the files. */
const char *kube_dns_key_name(enum kube_dns_key key);

/* Takes one key's value into k, which has not got it yet. ERR_SYNTAX, ERR_RANGE, ERR_NOMEM with diag, which does not name the key; k is then to be
 * cleared. */
enum err kube_dns_parse(struct kube_dns *k, enum kube_dns_key key, const char *text, size_t len, struct diag *d);

/* Reads the folder; what is missing is not said, nor is anything where the folder is missing. kube_dns_clear() what is good; else *out is empty and diag
 * names the file. */
enum err kube_dns_read(const char *folder, struct kube_dns *out, struct diag *d);

/* Takes an empty one. */
void kube_dns_clear(struct kube_dns *k);
