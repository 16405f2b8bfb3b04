#include "decode.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TOLERATE_UNREADY "service.alpha.kubernetes.io/tolerate-unready-endpoints" /* before 1.11; controllers still honour it */

#define AFFINITY_DEFAULT_S 10800 /* the API's, of sessionAffinityConfig.clientIP.timeoutSeconds, */
#define AFFINITY_MAX_S     86400 /* and its bound */

enum { TYPE_CLUSTER_IP, TYPE_NODE_PORT, TYPE_LOAD_BALANCER, TYPE_EXTERNAL_NAME };
static const char *const types[] = {"ClusterIP", "NodePort", "LoadBalancer", "ExternalName", NULL};
static const char *const family_names[] = {"IPv4", "IPv6", NULL};
#define FAMILIES_BOTH  3 /* both bits of struct service's families */
#define UNKNOWN_FAMILY 2

/* One item of clusterIPs, or clusterIP: its text, NULL if absent. */
static void cluster_ip_decode(struct decoder *d, const struct field *f, const char *text, struct service *s)
{
	struct addr a;
	if (!text)
		return;
	if (s->headless)
		field_fail(d, f, ERR_SYNTAX, "None stands alone; remove the other address");
	else if (strcmp(text, "None") == 0 && !s->cluster_ip_count)
		s->headless = true;
	else if (s->cluster_ip_count == 2)
		field_fail(d, f, ERR_RANGE, "a Service has at most two addresses, one IPv4 and one IPv6");
	else if (strcasecmp(text, "None") == 0 && !s->cluster_ip_count)
		field_fail(d, f, ERR_SYNTAX, "\"%s\" is not an IP address; a headless Service has None, spelt so", text);
	else if (!field_addr(d, f, &a))
		return;
	else if (!decoder_takes_all(d) && s->cluster_ip_count && a.family == s->cluster_ips[0].family)
		field_fail(d, f, ERR_SYNTAX, "a second address must be of the other family");
	else
		s->cluster_ips[s->cluster_ip_count++] = a;
}

/* The API server keeps both, clusterIP being the first of clusterIPs: where one of them is lost, the other says it. */
static void cluster_ips_decode(struct decoder *d, const struct field *spec, struct service *s)
{
	struct field one = field_member(d, spec, "clusterIP"), list = field_member(d, spec, "clusterIPs"), item = {0};
	const char *primary = field_text(d, &one), *first = NULL;
	cluster_ip_decode(d, &one, primary, s);
	while (field_next(d, &list, &item)) {
		const char *text = field_text(d, &item);
		bool again = !first && primary && text && strcmp(primary, text) == 0;
		if (!first && primary && text && !again)
			field_fail(d, &one, ERR_SYNTAX,
			           "\"%.45s\" is not the first of clusterIPs; write it first there, or leave one of the two out", primary);
		if (!first)
			first = text;
		if (!again)
			cluster_ip_decode(d, &item, text, s);
	}
}

static uint8_t families_decode(struct decoder *d, const struct field *spec)
{
	struct field list = field_member(d, spec, "ipFamilies"), item = {0};
	unsigned families = 0;
	while (field_next(d, &list, &item))
		families |= 1U << field_choice(d, &item, family_names, UNKNOWN_FAMILY);
	return (uint8_t)(families & ~(1U << UNKNOWN_FAMILY));
}

/* True if the API server would add the family that ipFamilies leaves out. A Service that has clusterIPs is one that it has seen: there
 * PreferDualStack may have been given but one, because the cluster had no other. */
static bool wants_both_families(struct decoder *d, const struct field *spec)
{
	enum { SINGLE, PREFER, REQUIRE };
	static const char *const policies[] = {"SingleStack", "PreferDualStack", "RequireDualStack", NULL};
	struct field policy = field_member(d, spec, "ipFamilyPolicy"), seen = field_member(d, spec, "clusterIPs");
	unsigned wanted = field_choice(d, &policy, policies, SINGLE);
	return wanted == REQUIRE || (wanted == PREFER && !field_is_set(d, &seen));
}

static bool publish_not_ready_decode(struct decoder *d, const struct field *root, const struct field *spec)
{
	struct field publish = field_member(d, spec, "publishNotReadyAddresses");
	struct field meta = field_member(d, root, "metadata"), annotations = field_member(d, &meta, "annotations");
	struct field tolerate = field_member(d, &annotations, TOLERATE_UNREADY);
	const char *text = field_text(d, &tolerate);
	return field_bool(d, &publish, false) || (text && strcmp(text, "true") == 0);
}

static void target_text_decode(struct decoder *d, const struct field *target, struct service_port *p)
{
	const char *text = field_text(d, target);
	if (text && text[strspn(text, "0123456789")] == '\0')
		p->target_port = field_port_digits(d, target, text);
	else
		p->target_name = decoder_intern(d, field_check(d, target, text, FORM_PORT_NAME));
}

/* A name, a number, or a number as a string; 0 and "" are "as port", like the API server's defaulting. One that is lost leads nowhere,
 * but the Service has its port. */
static void target_port_decode(struct decoder *d, const struct field *port, struct service_port *p)
{
	struct field target = field_member(d, port, "targetPort");
	unsigned lost = d->lost;
	p->target_port = p->port;
	if (!field_is_set(d, &target) || !cJSON_IsNumber(target.json))
		target_text_decode(d, &target, p);
	else if (target.json->valuedouble != 0)
		p->target_port = field_port(d, &target);
	if (d->lost != lost)
		p->target_port = 0;
}

/* Each port has a name of its own (one alone may have none), and number and protocol of its own. */
static void check_unique(struct decoder *d, const struct field *item, const struct service *s, const struct service_port *p)
{
	for (const struct service_port *q = s->ports; q < p && !d->err; q++) {
		if (q->name == p->name)
			field_fail(d, item, ERR_SYNTAX, "name \"%s\" is taken by spec.ports[%td]; give each of several ports a name",
			           p->name, q - s->ports);
		else if (q->port == p->port && q->protocol == p->protocol)
			field_fail(d, item, ERR_SYNTAX, "port %u is spec.ports[%td] already; remove one", p->port, q - s->ports);
	}
}

static void port_clear(struct service_port *p, struct intern *pool)
{
	intern_unref(pool, p->name);
	intern_unref(pool, p->target_name);
	intern_unref(pool, p->app_protocol);
	*p = (struct service_port){0};
}

/* Where the names are not checked, one may be that of a TCP port and of a UDP port. */
static void port_decode(struct decoder *d, const struct field *item, struct service *s)
{
	struct service_port *p = &s->ports[s->port_count++];
	struct field name = field_member(d, item, "name"), port = field_member(d, item, "port"), app = field_member(d, item, "appProtocol");
	unsigned lost = d->lost;
	const char *text = field_check(d, &name, field_text(d, &name), FORM_LABEL);
	p->name = decoder_intern(d, text ? text : "");
	p->port = field_port(d, &port);
	p->protocol = protocol_decode(d, item);
	if (d->lost != lost) {
		port_clear(p, d->pool);
		s->port_count--;
		return;
	}
	p->app_protocol = decoder_intern(d, field_text(d, &app));
	target_port_decode(d, item, p);
	if (!decoder_takes_all(d))
		check_unique(d, item, s, p);
}

static void ports_decode(struct decoder *d, const struct field *spec, struct service *s)
{
	struct field ports = field_member(d, spec, "ports"), item = {0};
	size_t n = field_list_size(d, &ports, UINT16_MAX);
	s->ports = decoder_alloc(d, n, sizeof *s->ports);
	while (s->port_count < n && field_next(d, &ports, &item))
		port_decode(d, &item, s);
}

/* Where the Service is reached from outside: an address, or else a host name. */
static void external_decode(struct decoder *d, const struct field *f, struct service *s)
{
	const char *text = field_text(d, f);
	if (!text || !*text)
		return;
	if (addr_parse_legacy(text, strlen(text), &s->external_ips[s->external_ip_count]) == OK)
		s->external_ip_count++;
	else if (!s->external_host)
		s->external_host = decoder_intern(d, text);
}

static void externals_decode(struct decoder *d, const struct field *root, const struct field *spec, struct service *s)
{
	struct field ips = field_member(d, spec, "externalIPs"), ip = {0};
	struct field status = field_member(d, root, "status"), balancer = field_member(d, &status, "loadBalancer");
	struct field ingress = field_member(d, &balancer, "ingress"), item = {0};
	size_t n = field_list_size(d, &ips, UINT8_MAX / 2) + field_list_size(d, &ingress, UINT8_MAX / 2);
	s->external_ips = decoder_alloc(d, n, sizeof *s->external_ips);
	while (s->external_ip_count < n && field_next(d, &ips, &ip))
		external_decode(d, &ip, s);
	while (s->external_ip_count < n && field_next(d, &ingress, &item)) {
		struct field address = field_member(d, &item, "ip"), host = field_member(d, &item, "hostname");
		const char *text = field_text(d, &address);
		external_decode(d, text && *text ? &address : &host, s);
	}
}

/* What is odd about it counts as unset: no name hangs on it. */
static uint32_t affinity_decode(struct decoder *d, const struct field *spec)
{
	struct field affinity = field_member(d, spec, "sessionAffinity"), config = field_member(d, spec, "sessionAffinityConfig");
	const cJSON *client = cJSON_GetObjectItemCaseSensitive(config.json, "clientIP");
	const cJSON *seconds = cJSON_GetObjectItemCaseSensitive(client, "timeoutSeconds");
	if (!cJSON_IsString(affinity.json) || strcmp(affinity.json->valuestring, "ClientIP") != 0)
		return 0;
	return cJSON_IsNumber(seconds) && seconds->valuedouble >= 1 && seconds->valuedouble <= AFFINITY_MAX_S
	               ? (uint32_t)seconds->valuedouble
	               : AFFINITY_DEFAULT_S;
}

void service_decode(struct decoder *d, const struct field *root, struct object *o)
{
	struct service *s = (struct service *)o;
	struct field spec = field_member(d, root, "spec"), type = field_member(d, &spec, "type"),
	             target = field_member(d, &spec, "externalName");
	struct field selector = field_member(d, &spec, "selector");
	if (field_choice(d, &type, types, TYPE_CLUSTER_IP) == TYPE_EXTERNAL_NAME) {
		s->type = SERVICE_EXTERNAL_NAME;
		field_required_text(d, &target, "the name that this Service stands for");
		s->external_name = field_intern(d, &target, FORM_DNS_NAME);
	} else {
		cluster_ips_decode(d, &spec, s);
	}
	externals_decode(d, root, &spec, s);
	s->families = (uint8_t)(families_decode(d, &spec) | (wants_both_families(d, &spec) ? FAMILIES_BOTH : 0));
	s->publish_not_ready = publish_not_ready_decode(d, root, &spec);
	s->affinity_s = affinity_decode(d, &spec);
	s->selector = label_selector_decode(d, &selector);
	ports_decode(d, &spec, s);
}

/* Has an address of its own, or the endpoints': the type says it, not the address. That is all that its definition has checked. */
void service_import_decode(struct decoder *d, const struct field *root, struct object *o)
{
	static const char *const import_types[] = {"ClusterSetIP", "Headless", NULL};
	struct service *s = (struct service *)o;
	struct field spec = field_member(d, root, "spec"), type = field_member(d, &spec, "type"), ips = field_member(d, &spec, "ips");
	struct field item = {0};
	s->headless = field_choice(d, &type, import_types, 0) == 1;
	d->unchecked = true;
	while (!s->headless && field_next(d, &ips, &item))
		cluster_ip_decode(d, &item, field_text(d, &item), s);
	ports_decode(d, &spec, s);
}

void service_clear(struct object *o, struct intern *pool)
{
	struct service *s = (struct service *)o;
	intern_unref(pool, s->external_name);
	intern_unref(pool, s->external_host);
	free(s->external_ips);
	label_set_unref(pool, s->selector);
	for (uint16_t i = 0; i < s->port_count; i++)
		port_clear(&s->ports[i], pool);
	free(s->ports);
}
