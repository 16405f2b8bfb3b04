#include "cli/bind.h"
#include "base/sockaddr.h"
#include "net/listen.h"
#include <errno.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- a set of addresses --- */

static bool has(const struct bind_addresses *set, const struct net_address *a)
{
	for (unsigned i = 0; i < set->count; i++) {
		if (net_address_equal(&set->all[i], a))
			return true;
	}
	return false;
}

static enum err add(struct bind_addresses *set, const struct net_address *a, struct diag *d)
{
	struct net_address *more;
	if (has(set, a))
		return OK;
	more = realloc(set->all, (set->count + 1) * sizeof *more);
	if (!more)
		return diag_no_memory(d);
	set->all = more;
	more[set->count++] = *a;
	return OK;
}

static enum err add_everything(struct bind_addresses *set, struct diag *d)
{
	static const struct addr any4 = {ADDR_V4, {0}}, any6 = {ADDR_V6, {0}};
	const struct net_address a4 = listen_address(&any4, 0), a6 = listen_address(&any6, 0);
	enum err err = add(set, &a4, d);
	return err || !listen_ipv6_usable() ? err : add(set, &a6, d);
}

/* --- words --- */

/* The address of an interface as one to bind; a link-local one means nothing without its interface. */
static struct net_address of_interface(const struct sockaddr *sa)
{
	const struct addr a = sockaddr_addr(sa);
	bool v6 = sa->sa_family == AF_INET6;
	return (struct net_address){.sa = sockaddr_make(&a, 0, v6 ? ((const struct sockaddr_in6 *)sa)->sin6_scope_id : 0)};
}

/* Adds what the interface of that name has. *known: there is one. */
static enum err add_interface(const struct ifaddrs *machine, const char *name, struct bind_addresses *set, bool *known, struct diag *d)
{
	enum err err = OK;
	*known = false;
	for (const struct ifaddrs *i = machine; i && !err; i = i->ifa_next) {
		if (strcmp(i->ifa_name, name) != 0)
			continue;
		*known = true;
		if (i->ifa_addr && (i->ifa_addr->sa_family == AF_INET || i->ifa_addr->sa_family == AF_INET6)) {
			const struct net_address a = of_interface(i->ifa_addr);
			err = add(set, &a, d);
		}
	}
	return err;
}

static bool is_unspecified(const struct addr *a)
{
	static const struct addr nothing;
	return memcmp(a->octets, nothing.octets, sizeof a->octets) == 0;
}

static enum err add_word(const struct ifaddrs *machine, const char *word, struct bind_addresses *set, struct diag *d)
{
	struct net_address address;
	struct addr addr;
	bool known;
	enum err err = add_interface(machine, word, set, &known, d);
	if (err || known)
		return err;
	if (addr_parse(word, strlen(word), &addr))
		return diag_set(d, ERR_MISSING,
		                "\"%s\" is neither an IP address nor an interface of this machine (`ip address` lists them)", word);
	if (is_unspecified(&addr))
		return add_everything(set, d);
	address = listen_address(&addr, 0);
	return add(set, &address, d);
}

static enum err add_words(const struct ifaddrs *machine, const struct text_list *words, struct bind_addresses *set, struct diag *d)
{
	enum err err = OK;
	for (unsigned i = 0; i < words->count && !err; i++)
		err = add_word(machine, words->texts[i], set, d);
	return err;
}

/* --- lines --- */

static enum err add_line(const struct ifaddrs *machine, const struct corefile_bind *line, struct bind_addresses *out, struct diag *d)
{
	struct bind_addresses wanted = {0}, except = {0};
	struct diag why;
	enum err err = add_words(machine, &line->addresses, &wanted, &why);
	if (!err)
		err = add_words(machine, &line->except, &except, &why);
	for (unsigned i = 0; i < wanted.count && !err; i++) {
		if (!has(&except, &wanted.all[i]))
			err = add(out, &wanted.all[i], &why);
	}
	free(wanted.all);
	free(except.all);
	return err ? diag_set(d, err, "%s: bind: %s", line->place, why.text) : OK;
}

enum err bind_resolve(const struct corefile_block *block, struct bind_addresses *out, struct diag *d)
{
	struct ifaddrs *interfaces;
	enum err err = OK;
	*out = (struct bind_addresses){0};
	if (!block->bind_count)
		return add_everything(out, d);
	if (getifaddrs(&interfaces))
		return diag_set(d, ERR_SYS, "%s: bind: the machine's interfaces: %s", block->binds[0].place, strerror(errno));
	for (unsigned i = 0; i < block->bind_count && !err; i++)
		err = add_line(interfaces, &block->binds[i], out, d);
	freeifaddrs(interfaces);
	if (!err && !out->count)
		err = diag_set(d, ERR_MISSING, "%s: bind: no address is left to listen on", block->binds[0].place);
	if (err) {
		free(out->all);
		*out = (struct bind_addresses){0};
	}
	return err;
}
