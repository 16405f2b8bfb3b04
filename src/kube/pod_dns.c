#include "base/buffer.h"
#include "decode.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIASES_MAX 4096 /* the API server has no bound */
#define LIST_MAX    32   /* the API server's limit for searches; it allows 3 nameservers, and no more options than fit a resolv.conf */

/* One item of a list as text that the caller owns; NULL on error. */
typedef char *item_text(struct decoder *d, const struct field *item);

static char *copy(struct decoder *d, const char *text)
{
	size_t bytes = strlen(text) + 1;
	char *own = decoder_alloc(d, 1, bytes);
	return own ? memcpy(own, text, bytes) : NULL;
}

static char *nameserver_text(struct decoder *d, const struct field *item)
{
	struct addr a;
	const char *text = field_required_text(d, item, "an IP address");
	return text && field_addr(d, item, &a) ? copy(d, text) : NULL;
}

static char *search_text(struct decoder *d, const struct field *item)
{
	const char *text = field_required_text(d, item, "a domain name");
	return text ? copy(d, text) : NULL;
}

static char *option_text(struct decoder *d, const struct field *item)
{
	struct field name_field = field_member(d, item, "name"), value_field = field_member(d, item, "value");
	const char *name = field_required_text(d, &name_field, "the option's name"), *value = field_text(d, &value_field);
	size_t bytes;
	char *text;
	if (!name)
		return NULL;
	if (!value)
		return copy(d, name);
	bytes = strlen(name) + strlen(value) + 2;
	text = decoder_alloc(d, 1, bytes);
	if (text)
		snprintf(text, bytes, "%s:%s", name, value);
	return text;
}

static void append(struct buffer *b, const char *text)
{
	buffer_append(b, text, strlen(text));
}

static char *alias_text(struct decoder *d, const struct field *item)
{
	struct field ip = field_member(d, item, "ip"), names = field_member(d, item, "hostnames"), name = {0};
	const char *address = field_required_text(d, &ip, "an IP address");
	struct buffer line = {0};
	struct addr a;
	if (address && field_addr(d, &ip, &a))
		append(&line, address);
	while (field_next(d, &names, &name)) {
		const char *text = field_check(d, &name, field_required_text(d, &name, "a host name"), FORM_SUBDOMAIN);
		append(&line, "\t");
		append(&line, text ? text : "");
	}
	buffer_append(&line, "", 1);
	if (line.failed)
		decoder_out_of_memory(d);
	if (!d->err)
		return line.data;
	buffer_free(&line);
	return NULL;
}

static void list_free(char **list)
{
	for (char **text = list; text && *text; text++)
		free(*text);
	free(list);
}

static char **list_decode(struct decoder *d, const struct field *list, size_t max, item_text *text)
{
	size_t n = field_list_size(d, list, max), filled = 0;
	char **texts = n ? decoder_alloc(d, n + 1, sizeof *texts) : NULL;
	struct field item = {0};
	while (texts && filled < n && field_next(d, list, &item)) {
		texts[filled] = text(d, &item);
		filled += texts[filled] != NULL;
	}
	return texts;
}

/* "" and ClusterFirst, which the API server writes into every pod, are the default: they need no struct. But on its node's network a
 * pod gets what the node has, unless it asks for ClusterFirstWithHostNet (k8s.io/kubernetes pkg/kubelet/network/dns). */
static const char *policy_of(struct decoder *d, const struct field *spec)
{
	static const char *const policies[] = {"ClusterFirst", "ClusterFirstWithHostNet", "Default", "None", NULL};
	struct field policy = field_member(d, spec, "dnsPolicy"), host_network = field_member(d, spec, "hostNetwork");
	unsigned choice = field_choice(d, &policy, policies, 0);
	if (field_bool(d, &host_network, false) && !choice)
		return "Default";
	return choice ? policies[choice] : NULL;
}

static void config_decode(struct decoder *d, const struct field *config, struct pod_dns *dns)
{
	struct field nameservers = field_member(d, config, "nameservers"), searches = field_member(d, config, "searches");
	struct field options = field_member(d, config, "options");
	dns->nameservers = list_decode(d, &nameservers, LIST_MAX, nameserver_text);
	dns->searches = list_decode(d, &searches, LIST_MAX, search_text);
	dns->options = list_decode(d, &options, LIST_MAX, option_text);
}

struct pod_dns *pod_dns_decode(struct decoder *d, const struct field *spec)
{
	struct field config = field_member(d, spec, "dnsConfig"), aliases = field_member(d, spec, "hostAliases");
	struct field override = field_member(d, spec, "hostnameOverride"), as_fqdn = field_member(d, spec, "setHostnameAsFQDN");
	const char *policy = policy_of(d, spec), *hostname = field_check(d, &override, field_text(d, &override), FORM_SUBDOMAIN);
	bool needed = policy || hostname || field_bool(d, &as_fqdn, false) || field_is_set(d, &config) || field_is_set(d, &aliases);
	struct pod_dns *dns = needed ? decoder_alloc(d, 1, sizeof *dns) : NULL;
	if (!dns)
		return NULL;
	dns->policy = policy ? copy(d, policy) : NULL;
	config_decode(d, &config, dns);
	dns->aliases = list_decode(d, &aliases, ALIASES_MAX, alias_text);
	dns->hostname_override = hostname ? copy(d, hostname) : NULL;
	dns->hostname_as_fqdn = field_bool(d, &as_fqdn, false);
	return dns;
}

void pod_dns_free(struct pod_dns *dns)
{
	if (!dns)
		return;
	free(dns->policy);
	list_free(dns->nameservers);
	list_free(dns->searches);
	list_free(dns->options);
	list_free(dns->aliases);
	free(dns->hostname_override);
	free(dns);
}
