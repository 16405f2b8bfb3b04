#include "place.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void append(struct buffer *b, const char *text)
{
	buffer_append(b, text, strlen(text));
}

static const struct pod_dns *dns_of(const struct place_input *in)
{
	return in->pod && in->pod->manifest ? in->pod->manifest->dns : NULL;
}

/* --- resolv.conf --- */

/* The texts that a resolvconf borrows. */
struct cluster_texts {
	char servers[RESOLVCONF_NAMESERVERS_MAX][ADDR_TEXT_MAX];
	char domains[3][NAME_TEXT_MAX];
};

/* A name as it stands in a search list: without the last dot. */
static void domain_text(const struct name *n, char text[NAME_TEXT_MAX])
{
	size_t len = name_to_text(n, text);
	if (len > 1)
		text[len - 1] = 0;
}

/* The cluster's own: ns.svc.zone, svc.zone, zone, our addresses, ndots:5. */
static enum err add_cluster(struct resolvconf *r, const struct place_input *in, struct cluster_texts *t, struct diag *d)
{
	struct name svc = *in->zone, ns;
	if (name_prepend(&svc, "svc", 3))
		return diag_set(d, ERR_RANGE, "the zone is too long for a name below it");
	ns = svc;
	if (name_prepend(&ns, in->ns, strlen(in->ns)))
		return diag_set(d, ERR_RANGE, "namespace %s and the zone are too long for a name", in->ns);
	domain_text(&ns, t->domains[0]);
	domain_text(&svc, t->domains[1]);
	domain_text(in->zone, t->domains[2]);
	for (unsigned i = 0; i < 3; i++)
		resolvconf_add_search(r, t->domains[i]);
	for (unsigned i = 0; i < in->server_count && i < RESOLVCONF_NAMESERVERS_MAX; i++) {
		addr_format(&in->servers[i], t->servers[i]);
		resolvconf_add_nameserver(r, t->servers[i]);
	}
	resolvconf_add_option(r, "ndots:5");
	return OK;
}

static bool has_ours(const struct resolvconf *r, const struct place_input *in)
{
	for (unsigned i = 0; i < r->nameserver_count; i++) {
		struct addr a;
		if (addr_parse(r->nameservers[i], strlen(r->nameservers[i]), &a))
			continue;
		for (unsigned k = 0; k < in->server_count; k++) {
			if (addr_equal(&a, &in->servers[k]))
				return true;
		}
	}
	return false;
}

/* The search list as names, for the server's search fallback. */
static void take_search(struct place *p, const struct resolvconf *r)
{
	for (unsigned i = 0; i < r->search_count; i++) {
		struct name *n = &p->search[p->search_count];
		if (!name_from_text(n, r->searches[i], strlen(r->searches[i])) && n->labels)
			p->search_count++;
	}
}

static enum err compose_resolv(struct place *p, const struct place_input *in, char *machine, struct diag *d)
{
	struct resolvconf r = {0};
	struct cluster_texts texts;
	const struct pod_dns *dns = dns_of(in);
	const char *policy = dns && dns->policy ? dns->policy : "ClusterFirst";
	enum err err = OK;
	if (strcmp(policy, "Default") == 0)
		resolvconf_parse(&r, machine);
	else if (strcmp(policy, "None") != 0)
		err = add_cluster(&r, in, &texts, d);
	if (err)
		return err;
	if (dns)
		resolvconf_add_pod(&r, dns);
	resolvconf_write(&r, &p->resolv);
	take_search(p, &r);
	p->elsewhere = !has_ours(&r, in);
	return OK;
}

/* --- hostname and hosts --- */

/* A host name, two labels, "svc", a zone, and what is between them. */
#define FQDN_ROOM (4 * (NAME_LABEL_MAX + 1) + NAME_TEXT_MAX)

/* A pod's name, hostname and subdomain as a kubelet takes them (GeneratePodHostNameAndDomain): hostnameOverride takes the place of all. */
struct identity {
	char hostname[PLACE_HOSTNAME_MAX + 1];
	char fqdn[FQDN_ROOM]; /* "": it has none */
};

static void take_hostname(struct identity *id, const struct place_input *in)
{
	const char *name = in->hostname;
	if (in->pod)
		name = in->pod->hostname ? in->pod->hostname : in->pod->object.name;
	snprintf(id->hostname, NAME_LABEL_MAX + 1, "%s", name);
	/* A cut pod name must not end in what no host name ends in. */
	for (size_t len = strlen(id->hostname); len > 0 && strchr("-.", id->hostname[len - 1]); len--)
		id->hostname[len - 1] = 0;
}

static void take_fqdn(struct identity *id, const struct place_input *in)
{
	char zone[NAME_TEXT_MAX];
	domain_text(in->zone, zone);
	if (in->pod && in->pod->subdomain)
		snprintf(id->fqdn, sizeof id->fqdn, "%s.%s.%s.svc.%s", id->hostname, in->pod->subdomain, in->ns, zone);
}

static enum err too_long(const char *name, struct diag *d)
{
	return diag_set(d, ERR_RANGE, "the host name %.255s has more than %d octets: no node would run this pod", name, PLACE_HOSTNAME_MAX);
}

static enum err identify(struct identity *id, const struct place_input *in, struct diag *d)
{
	const struct pod_dns *dns = dns_of(in);
	const char *override = dns ? dns->hostname_override : NULL;
	*id = (struct identity){0};
	if (override && strlen(override) > PLACE_HOSTNAME_MAX)
		return too_long(override, d);
	if (override) {
		snprintf(id->hostname, sizeof id->hostname, "%s", override);
		return OK;
	}
	take_hostname(id, in);
	take_fqdn(id, in);
	return OK;
}

static enum err compose_hostname(struct place *p, const struct place_input *in, const struct identity *id, struct diag *d)
{
	const struct pod_dns *dns = dns_of(in);
	const char *name = dns && dns->hostname_as_fqdn && id->fqdn[0] ? id->fqdn : id->hostname;
	if (strlen(name) > PLACE_HOSTNAME_MAX)
		return too_long(name, d);
	snprintf(p->hostname, sizeof p->hostname, "%s", name);
	return OK;
}

static void add_host(struct place *p, const struct identity *id, const char *address)
{
	append(&p->hosts, address);
	append(&p->hosts, "\t");
	append(&p->hosts, id->fqdn);
	append(&p->hosts, id->fqdn[0] ? "\t" : "");
	append(&p->hosts, id->hostname);
	append(&p->hosts, "\n");
}

static void add_aliases(struct place *p, const struct pod_dns *dns)
{
	if (!dns || !dns->aliases)
		return;
	append(&p->hosts, "\n# Entries added by HostAliases.\n");
	for (char **line = dns->aliases; *line; line++) {
		append(&p->hosts, *line);
		append(&p->hosts, "\n");
	}
}

/* As a kubelet writes it (pkg/kubelet/kubelet_pods.go). Who has no address has loopback's. */
static void compose_hosts(struct place *p, const struct place_input *in, const struct identity *id)
{
	append(&p->hosts, "# Kubernetes-managed hosts file.\n"
	                  "127.0.0.1\tlocalhost\n"
	                  "::1\tlocalhost ip6-localhost ip6-loopback\n"
	                  "fe00::0\tip6-localnet\n"
	                  "fe00::0\tip6-mcastprefix\n"
	                  "fe00::1\tip6-allnodes\n"
	                  "fe00::2\tip6-allrouters\n");
	for (unsigned i = 0; i < in->own_count; i++) {
		char address[ADDR_TEXT_MAX];
		addr_format(&in->own[i], address);
		add_host(p, id, address);
	}
	if (!in->own_count)
		add_host(p, id, "127.0.0.1");
	add_aliases(p, dns_of(in));
}

/* --- nsswitch.conf --- */

static const char hosts_line[] = "hosts: files dns\n";

static bool is_hosts_line(const char *line, size_t len)
{
	for (; len && (*line == ' ' || *line == '\t'); len--)
		line++;
	return len >= 6 && memcmp(line, "hosts:", 6) == 0;
}

/* True if the line says "hosts: files dns" and no more; blanks don't count. */
static bool is_plain(const char *line, size_t len)
{
	const char *want = "hosts:filesdns";
	for (; len; line++, len--) {
		if (*line == ' ' || *line == '\t' || *line == '\r')
			continue;
		if (*line != *want)
			return false;
		want++;
	}
	return !*want;
}

/* What asks neither /etc/hosts nor DNS (mdns, resolve, myhostname) would answer from the machine's world. */
static void compose_nsswitch(struct place *p, const struct buffer *machine)
{
	bool found = false, plain = true;
	for (size_t at = 0, len; at < machine->len; at += len + 1) {
		const char *line = machine->data + at;
		const char *end = memchr(line, '\n', machine->len - at);
		len = end ? (size_t)(end - line) : machine->len - at;
		if (is_hosts_line(line, len)) {
			found = true;
			plain = plain && is_plain(line, len);
			continue;
		}
		buffer_append(&p->nsswitch, line, len);
		append(&p->nsswitch, "\n");
	}
	if (found && plain)
		p->nsswitch.len = 0;
	else
		append(&p->nsswitch, hosts_line);
}

enum err place_compose(struct place *p, const struct place_input *in, struct diag *d)
{
	struct identity id;
	char *machine;
	enum err err;
	*p = (struct place){0};
	machine = strndup(in->resolv->data ? in->resolv->data : "", in->resolv->len);
	if (!machine)
		return diag_no_memory(d);
	err = identify(&id, in, d);
	if (!err)
		err = compose_hostname(p, in, &id, d);
	if (!err)
		err = compose_resolv(p, in, machine, d);
	compose_hosts(p, in, &id);
	compose_nsswitch(p, in->nsswitch);
	free(machine);
	if (!err && (p->resolv.failed || p->hosts.failed || p->nsswitch.failed))
		err = diag_no_memory(d);
	return err;
}

void place_free(struct place *p)
{
	buffer_free(&p->resolv);
	buffer_free(&p->hosts);
	buffer_free(&p->nsswitch);
}
