#include "world.h"
#include "zone/compile.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENDPOINTS_MAX 10000
#define PORTS_MAX     8
#define WORLD_ORIGINS "cluster.local in-addr.arpa ip6.arpa"

/* A Service as it is read, in place: nothing here is allocated, so that a test that counts allocations sees the zone's alone. */
struct draft {
	struct service service;
	struct service_port service_ports[PORTS_MAX];
	struct addr external_ips[PORTS_MAX];
	struct endpoint endpoints[ENDPOINTS_MAX];
	struct addr addrs[ENDPOINTS_MAX][2];
	struct endpoint_port ports[ENDPOINTS_MAX][PORTS_MAX];
	char words[1 << 18];
	size_t words_len, count;
	enum zone_tree tree;
};

static struct compile_options with; /* of the Services that follow */

static const char *keep(struct draft *d, const char *text, size_t len)
{
	char *at = d->words + d->words_len;
	assert(d->words_len + len + 1 <= sizeof d->words);
	memcpy(at, text, len);
	at[len] = '\0';
	d->words_len += len + 1;
	return at;
}

/* Equal strings are one pointer, as when they are interned. */
static const char *intern(struct draft *d, const char *text, size_t len)
{
	for (size_t at = 0; at < d->words_len; at += strlen(d->words + at) + 1)
		if (strlen(d->words + at) == len && memcmp(d->words + at, text, len) == 0)
			return d->words + at;
	return keep(d, text, len);
}

static void parse_addr(const char *text, size_t len, struct addr *a)
{
	enum err err = addr_parse(text, len, a);
	assert(err == OK);
	(void)err;
}

/* "web:80/TCP" */
static void parse_port(struct draft *d, const char *text, struct endpoint_port *p)
{
	const char *colon = strchr(text, ':'), *slash = strchr(text, '/');
	assert(colon && slash);
	p->name = intern(d, text, (size_t)(colon - text));
	p->port = (uint16_t)strtoul(colon + 1, NULL, 10);
	p->protocol = strcmp(slash, "/UDP") == 0 ? PROTOCOL_UDP : strcmp(slash, "/SCTP") == 0 ? PROTOCOL_SCTP : PROTOCOL_TCP;
}

static bool begins(const char *word, const char *prefix, const char **rest)
{
	size_t len = strlen(prefix);
	*rest = word + len;
	return strncmp(word, prefix, len) == 0;
}

static void service_word(struct draft *d, const char *word)
{
	struct service *s = &d->service;
	const char *rest;
	if (strcmp(word, "headless") == 0) {
		s->headless = true;
	} else if (begins(word, "ip=", &rest)) {
		parse_addr(rest, strlen(rest), &s->cluster_ips[s->cluster_ip_count++]);
	} else if (begins(word, "external=", &rest)) {
		s->type = SERVICE_EXTERNAL_NAME;
		s->external_name = keep(d, rest, strlen(rest));
	} else if (begins(word, "outside=", &rest)) {
		parse_addr(rest, strlen(rest), &d->external_ips[s->external_ip_count++]);
		s->external_ips = d->external_ips;
	} else if (begins(word, "host=", &rest)) {
		s->external_host = keep(d, rest, strlen(rest));
	} else if (begins(word, "port=", &rest)) {
		struct endpoint_port p;
		parse_port(d, rest, &p);
		s->ports[s->port_count++] = (struct service_port){.name = p.name, .port = p.port, .protocol = p.protocol};
	} else if (begins(word, "app=", &rest)) {
		s->ports[s->port_count - 1].app_protocol = keep(d, rest, strlen(rest));
	} else {
		const char *slash = strchr(word, '/');
		assert(slash);
		s->object.ns = keep(d, word, (size_t)(slash - word));
		s->object.name = keep(d, slash + 1, strlen(slash + 1));
	}
}

static void endpoint_word(struct draft *d, const char *word)
{
	struct endpoint *e = &d->endpoints[d->count - 1];
	struct addr *addrs = d->addrs[d->count - 1];
	struct endpoint_port *ports = d->ports[d->count - 1];
	const char *rest;
	if (strcmp(word, "notready") == 0) {
		e->state = ENDPOINT_NOT_READY;
	} else if (strcmp(word, "terminating") == 0) {
		e->state = ENDPOINT_TERMINATING;
	} else if (begins(word, "cluster=", &rest)) {
		e->cluster = keep(d, rest, strlen(rest));
	} else if (begins(word, "zone=", &rest)) {
		e->zone = keep(d, rest, strlen(rest));
	} else if (begins(word, "pod=", &rest)) {
		e->target_name = keep(d, rest, strlen(rest));
	} else if (strcmp(word, "home") == 0) {
		e->home = true;
	} else if (begins(word, "host=", &rest)) {
		e->hostname = keep(d, rest, strlen(rest));
	} else if (begins(word, "port=", &rest)) {
		parse_port(d, rest, &ports[e->port_count++]);
		e->ports = ports;
	} else {
		e->addrs = addrs;
		for (const char *at = word; *at; at += strcspn(at, ","), at += *at == ',')
			parse_addr(at, strcspn(at, ","), &addrs[e->addr_count++]);
	}
}

static struct draft *draft_new(void)
{
	static struct draft one; /* a test helper, one thread */
	size_t used = one.count;
	memset(&one.service, 0, sizeof one.service);
	memset(one.endpoints, 0, used * sizeof one.endpoints[0]);
	one.words_len = one.count = 0;
	one.service.ports = one.service_ports;
	return &one;
}

static enum err publish(struct zone *z, struct draft *d)
{
	struct service_view view = {.service = &d->service, .endpoints = d->endpoints, .count = d->count};
	struct generation *g;
	enum err err = compile_service(&view, &with, &g);
	return err ? err : zone_publish(z, d->tree, d->service.object.ns, d->service.object.name, g);
}

static enum err apply_self(struct zone *z, char **save)
{
	struct addr self[16];
	size_t n = 0;
	for (const char *word; (word = strtok_r(NULL, " ", save)); n++)
		parse_addr(word, strlen(word), &self[n]);
	return zone_set_self(z, self, n);
}

static void apply_options(char **save)
{
	with = (struct compile_options){0};
	for (const char *word; (word = strtok_r(NULL, " ", save));) {
		with.endpoint_pod_names |= strcmp(word, "endpoint_pod_names") == 0;
		with.external |= strcmp(word, "external") == 0;
		with.external_headless |= strcmp(word, "external_headless") == 0;
		with.noendpoints |= strcmp(word, "noendpoints") == 0;
		with.zonal |= strcmp(word, "zonal") == 0;
		with.svcb |= strcmp(word, "svcb") == 0;
		if (strcmp(word, "compat_coredns") == 0)
			with.compat = COMPAT_COREDNS;
		with.ignore_empty_service |= strcmp(word, "ignore_empty_service") == 0;
	}
}

static enum err apply_line(struct zone *z, const char *verb, char **save)
{
	if (strcmp(verb, "with") == 0) {
		apply_options(save);
		return OK;
	}
	const char *word = strcmp(verb, "self") == 0 ? NULL : strtok_r(NULL, " ", save);
	if (!word)
		return apply_self(z, save);
	if (strcmp(verb, "ns") == 0)
		return zone_add_namespace(z, word);
	if (strcmp(verb, "nons") == 0) {
		zone_remove_namespace(z, word);
		return OK;
	}
	char ns[64];
	const char *slash = strchr(word, '/');
	assert(slash);
	snprintf(ns, sizeof ns, "%.*s", (int)(slash - word), word);
	if (strcmp(verb, "gone") == 0) {
		zone_withdraw(z, ZONE_CLUSTER, ns, slash + 1);
		return OK;
	}
	struct addr addr;
	parse_addr(slash + 1, strlen(slash + 1), &addr);
	if (strcmp(verb, "pod") == 0)
		return zone_add_pod(z, ns, &addr, 1);
	assert(strcmp(verb, "nopod") == 0);
	zone_remove_pod(z, ns, &addr, 1);
	return OK;
}

static bool draft_line(struct draft *d, const char *verb, char **save)
{
	bool endpoint = strcmp(verb, "ep") == 0, import = strcmp(verb, "import") == 0;
	if (!endpoint && !import && strcmp(verb, "svc") != 0)
		return false;
	if (!endpoint) {
		d->tree = import ? ZONE_CLUSTER_SET : ZONE_CLUSTER;
		d->service.object.kind = import ? OBJECT_SERVICE_IMPORT : OBJECT_SERVICE;
	}
	d->count += endpoint;
	assert(d->count <= ENDPOINTS_MAX);
	for (const char *word; (word = strtok_r(NULL, " ", save));)
		endpoint ? endpoint_word(d, word) : service_word(d, word);
	return true;
}

/* Calls publish() for each Service when all its lines are read; with z NULL, leaves the one Service in the draft. */
static enum err read_lines(struct zone *z, char *text, struct draft **d)
{
	enum err err = OK;
	char *next;
	*d = NULL;
	with = (struct compile_options){0};
	for (char *line = text; *line && !err; line = next) {
		char *end = line + strcspn(line, "\n"), *save;
		next = *end ? end + 1 : end;
		*end = '\0';
		const char *verb = strtok_r(line, " \t", &save);
		if (!verb)
			continue;
		if (*d && strcmp(verb, "ep") != 0) {
			err = publish(z, *d);
			*d = NULL;
		}
		if (!err && (strcmp(verb, "svc") == 0 || strcmp(verb, "import") == 0))
			*d = draft_new();
		if (!err && !draft_line(*d, verb, &save))
			err = apply_line(z, verb, &save);
	}
	return err;
}

enum err world_apply(struct zone *z, const char *text)
{
	static char copy[1 << 20];
	struct draft *d;
	assert(strlen(text) < sizeof copy);
	memcpy(copy, text, strlen(text) + 1);
	enum err err = read_lines(z, copy, &d);
	return !err && d ? publish(z, d) : err;
}

enum err world_compile(const char *text, struct generation **out)
{
	char copy[65536];
	struct draft *d;
	assert(strlen(text) < sizeof copy);
	memcpy(copy, text, strlen(text) + 1);
	read_lines(NULL, copy, &d);
	assert(d);
	struct service_view view = {.service = &d->service, .endpoints = d->endpoints, .count = d->count};
	return compile_service(&view, &with, out);
}

static struct zone *zones(const char *names, struct zone_options options)
{
	struct name origins[16];
	unsigned n = 0;
	for (const char *at = names; *at; at += strcspn(at, " "), at += *at == ' ') {
		enum err err = name_from_text(&origins[n++], at, strcspn(at, " "));
		assert(err == OK);
		(void)err;
	}
	options.origins = origins;
	options.origin_count = n;
	options.ttl_s = 30;
	options.negative_ttl_s = 5;
	return zone_new(&options);
}

struct zone *world_zones(const char *names)
{
	return zones(names, (struct zone_options){0});
}

struct zone *world_zones_as_coredns(const char *names)
{
	return zones(names, (struct zone_options){.compat = COMPAT_COREDNS});
}

struct zone *world_zone_as_coredns(enum zone_pods pods)
{
	return zones(WORLD_ORIGINS, (struct zone_options){.pods = pods, .compat = COMPAT_COREDNS});
}

struct zone *world_zone_with_cluster_set(void)
{
	struct name set;
	name_from_text(&set, "ClusterSet.local", 16);
	return zones(WORLD_ORIGINS " clusterset.local", (struct zone_options){.cluster_sets = &set, .cluster_set_count = 1});
}

struct zone *world_zone_with_pods(enum zone_pods pods)
{
	return zones(WORLD_ORIGINS, (struct zone_options){.pods = pods});
}

struct zone *world_zone(void)
{
	return world_zones(WORLD_ORIGINS);
}
