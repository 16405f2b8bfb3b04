#include "describe.h"
#include "base/rcu.h"
#include "fail_alloc.h"
#include "kube/object_decode.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char line[4096];
static size_t len;

__attribute__((format(printf, 1, 2))) static void put(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	len += (size_t)vsnprintf(line + len, sizeof line - len, format, args);
	va_end(args);
	assert_true(len < sizeof line);
}

static void put_labels(const char *what, const struct label_set *set)
{
	if (!set)
		return;
	put(" %s{", what);
	for (uint32_t i = 0; i < set->count; i++)
		put("%s%s=%s", i ? "," : "", set->labels[i].key, set->labels[i].value);
	put("}");
}

static void put_addrs(const struct addr *addrs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char text[ADDR_TEXT_MAX];
		addr_format(&addrs[i], text);
		put(" %s", text);
	}
}

static const char *protocol(unsigned p)
{
	return p == PROTOCOL_TCP ? "TCP" : p == PROTOCOL_UDP ? "UDP" : "SCTP";
}

static void put_service(const struct service *s)
{
	put("%s%s%s", s->external_name ? " -> " : "", s->external_name ? s->external_name : "", s->headless ? " headless" : "");
	assert_true(!s->external_name || s->type == SERVICE_EXTERNAL_NAME);
	put_addrs(s->cluster_ips, s->cluster_ip_count);
	put("%s%s%s", s->families & 1 ? " IPv4" : "", s->families & 2 ? " IPv6" : "", s->publish_not_ready ? " publish" : "");
	put("%s", s->external_ip_count ? " outside" : "");
	put_addrs(s->external_ips, s->external_ip_count);
	put("%s%s", s->external_host ? " outside " : "", s->external_host ? s->external_host : "");
	if (s->affinity_s)
		put(" affinity %us", s->affinity_s);
	for (uint16_t i = 0; i < s->port_count; i++) {
		const struct service_port *p = &s->ports[i];
		put(" %s:%u", p->name, p->port);
		if (p->app_protocol)
			put("(%s)", p->app_protocol);
		put(">");
		if (p->target_name)
			put("%s/%s", p->target_name, protocol(p->protocol));
		else
			put("%u/%s", p->target_port, protocol(p->protocol));
	}
	put_labels("selector", s->selector);
}

static void put_list(const char *what, char **list)
{
	for (char **text = list; text && *text; text++)
		put(" %s=%s", what, *text);
}

static void put_pod_spec(const struct pod *p)
{
	if (p->hostname || p->subdomain)
		put(" %s.%s", p->hostname ? p->hostname : "", p->subdomain ? p->subdomain : "");
	for (uint32_t i = 0; p->ports && i < p->ports->count; i++)
		put(" %s:%u/%s", p->ports->ports[i].name, p->ports->ports[i].port, protocol(p->ports->ports[i].protocol));
	if (p->host_network)
		put(" hostNetwork");
	if (p->manifest && p->manifest->node)
		put(" on %s", p->manifest->node);
	const struct pod_dns *dns = p->manifest ? p->manifest->dns : NULL;
	if (!dns)
		return;
	put(" dns(%s", dns->policy ? dns->policy : "");
	put_list("nameserver", dns->nameservers);
	put_list("search", dns->searches);
	put_list("option", dns->options);
	put_list("alias", dns->aliases);
	put("%s%s%s)", dns->hostname_override ? " override=" : "", dns->hostname_override ? dns->hostname_override : "",
	    dns->hostname_as_fqdn ? " as FQDN" : "");
}

static void put_pod(const struct pod *p)
{
	static const char *const phases[] = {"Unknown", "Pending", "Running", "Succeeded", "Failed"};
	put(" %s%s%s%s", phases[p->phase], p->observed ? "" : " unobserved", p->ready ? " ready" : "", p->deleting ? " deleting" : "");
	put_addrs(p->ips, p->ip_count);
	put_pod_spec(p);
	if (p->manifest && p->manifest->owner_kind)
		put(" owner %s/%s", p->manifest->owner_kind, p->manifest->owner_name);
}

static void put_slice(const struct endpoint_slice *s)
{
	put(" of %s%s%s", s->service_name ? s->service_name : "none", s->object.kind == OBJECT_CONTROLLER_SLICE ? " controller's" : "",
	    s->skip_mirror ? " unmirrored" : "");
	if (s->import_name)
		put(" of import %s of %s", s->import_name, s->cluster ? s->cluster : "no cluster");
	for (uint32_t i = 0; i < s->subset_count; i++) {
		const struct endpoint_subset *subset = &s->subsets[i];
		put(" [");
		for (uint16_t j = 0; j < subset->port_count; j++) {
			assert_int_equal(subset->ports[j].has_port, subset->ports[j].port != 0);
			put(" %s:%u/%s", subset->ports[j].name, subset->ports[j].port, protocol(subset->ports[j].protocol));
		}
		for (uint32_t j = 0; j < subset->endpoint_count; j++) {
			const struct slice_endpoint *e = &subset->endpoints[j];
			put(" (%s", e->ready ? "ready" : "not-ready");
			put_addrs(e->addrs, e->addr_count);
			put("%s%s%s%s%s%s)", e->hostname ? " host " : "", e->hostname ? e->hostname : "", e->target_name ? " pod " : "",
			    e->target_name ? e->target_name : "", e->zone ? " zone " : "", e->zone ? e->zone : "");
		}
		put(" ]");
	}
}

static void put_workload(const struct workload *w)
{
	const struct pod *p = w->template_pod;
	put(" %u from %u", w->replicas, w->ordinals_start);
	if (w->service_name)
		put(" service %s", w->service_name);
	put("%s", w->indexed ? " indexed" : "");
	put_labels("selector", w->selector);
	put_labels("nodes", w->node_selector);
	if (w->owner_kind)
		put(" owner %s/%s", w->owner_kind, w->owner_name);
	put(" template");
	assert_ptr_equal(p->object.ns, w->object.ns);
	assert_null(p->object.name);
	assert_int_equal(p->ip_count, 0);
	put_labels("labels", p->object.labels);
	put_pod_spec(p);
}

static void put_object(const struct object *o)
{
	put("%s %s/%s", object_kind_name(o->kind), o->ns, o->name);
	put_labels("labels", o->labels);
	switch (o->kind) {
	case OBJECT_NAMESPACE:
	case OBJECT_KINDS:
		break;
	case OBJECT_NODE:
		put_addrs(((const struct cluster_node *)o)->ips, ((const struct cluster_node *)o)->ip_count);
		break;
	case OBJECT_SERVICE:
	case OBJECT_SERVICE_IMPORT:
		put_service((const struct service *)o);
		break;
	case OBJECT_POD:
		put_pod((const struct pod *)o);
		break;
	case OBJECT_ENDPOINT_SLICE:
	case OBJECT_CONTROLLER_SLICE:
	case OBJECT_ENDPOINTS:
		put_slice((const struct endpoint_slice *)o);
		break;
	case OBJECT_STATEFUL_SET:
	case OBJECT_DEPLOYMENT:
	case OBJECT_REPLICA_SET:
	case OBJECT_DAEMON_SET:
	case OBJECT_JOB:
	case OBJECT_REPLICATION_CONTROLLER:
		put_workload((const struct workload *)o);
		break;
	}
}

const char *describe_object(const struct object *o)
{
	len = 0;
	put_object(o);
	return line;
}

cJSON *parse_json(const char *json)
{
	char *text = strdup(json);
	cJSON *tree;
	assert_non_null(text);
	for (char *at = text; (at = strchr(at, '\'')); at++)
		*at = '"';
	tree = cJSON_Parse(text);
	if (!tree)
		fail_msg("not JSON: %s", text);
	free(text);
	return tree;
}

const char *describe_json(const char *json, enum object_checks checks)
{
	struct intern *pool = intern_new();
	cJSON *tree = parse_json(json);
	struct object *o = (struct object *)(uintptr_t)1; /* what object_decode must overwrite */
	struct diag d = {0};
	enum err err = object_decode(tree, checks, pool, &o, &d);
	len = 0;
	if (o) {
		assert_int_equal(err, OK);
		put_object(o);
		put("%s%s", *d.text ? " | " : "", d.text);
	} else {
		put("%s: %s", err == OK ? "skipped" : err == ERR_SYNTAX ? "syntax" : err == ERR_RANGE ? "range" : err_str(err), d.text);
	}
	object_free(o, pool);
	cJSON_Delete(tree);
	intern_free(pool); /* asserts that every reference came back */
	rcu_free_all();
	return line;
}

static void check(const struct describe_case *cases, size_t n, enum object_checks checks)
{
	for (size_t i = 0; i < n; i++) {
		const char *got = describe_json(cases[i].json, checks);
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s:\n got  %s\n want %s", cases[i].what, got, cases[i].want);
	}
}

void check_cases(const struct describe_case *cases, size_t n)
{
	check(cases, n, OBJECT_STRICT);
}

void check_lenient_cases(const struct describe_case *cases, size_t n)
{
	check(cases, n, OBJECT_LENIENT);
}

static void check_failures(const cJSON *tree, enum object_checks checks)
{
	for (unsigned n = 1, whole = 0; !whole; n++) {
		struct intern *pool = intern_new();
		struct object *o = NULL;
		struct diag d = {0};
		enum err err;
		fail_alloc_at(n);
		err = object_decode(tree, checks, pool, &o, &d);
		whole = !fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, whole ? OK : ERR_NOMEM);
		assert_int_equal(o != NULL, whole);
		assert_int_equal(strstr(d.text, "out of memory") != NULL, !whole);
		object_free(o, pool);
		intern_free(pool);
	}
}

void check_allocation_failures(const char *json)
{
	cJSON *tree = parse_json(json);
	check_failures(tree, OBJECT_STRICT);
	check_failures(tree, OBJECT_LENIENT);
	cJSON_Delete(tree);
	rcu_free_all();
}
