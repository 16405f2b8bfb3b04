#include "decode.h"
#include <stdlib.h>
#include <string.h>

#define LABEL_SERVICE_NAME "kubernetes.io/service-name"
#define LABEL_IMPORT_NAME  "multicluster.kubernetes.io/service-name"
#define LABEL_CLUSTER      "multicluster.kubernetes.io/source-cluster"
#define LABEL_MANAGED_BY   "endpointslice.kubernetes.io/managed-by"
#define LABEL_SKIP_MIRROR  "endpointslice.kubernetes.io/skip-mirror"
#define LEADER             "control-plane.alpha.kubernetes.io/leader"

#define ANY_FAMILY UINT8_MAX

static bool label_is(const struct object *o, const char *key, const char *want)
{
	const char *value = label_set_value(o->labels, key);
	return value && strcmp(value, want) == 0;
}

static struct endpoint_subset *subsets_alloc(struct decoder *d, struct endpoint_slice *s, size_t n)
{
	s->subsets = decoder_alloc(d, n, sizeof *s->subsets);
	s->subset_count = s->subsets ? (uint32_t)n : 0;
	return s->subsets;
}

/* The API server takes any number in a slice. */
static void number_decode(struct decoder *d, const struct field *item, bool of_slice, struct slice_port *p)
{
	struct field port = field_member(d, item, "port");
	d->unchecked = of_slice;
	p->has_port = field_is_set(d, &port);
	if (p->has_port)
		p->port = field_port(d, &port);
	d->unchecked = false;
}

static void port_decode(struct decoder *d, const struct field *item, bool of_slice, struct endpoint_subset *s)
{
	struct slice_port *p = &s->ports[s->port_count];
	struct field name = field_member(d, item, "name");
	unsigned lost = d->lost;
	const char *text = field_check(d, &name, field_text(d, &name), FORM_LABEL);
	number_decode(d, item, of_slice, p);
	p->protocol = protocol_decode(d, item);
	if (d->lost != lost)
		return;
	p->name = decoder_intern(d, text ? text : "");
	s->port_count++;
}

static void ports_decode(struct decoder *d, const struct field *parent, bool of_slice, struct endpoint_subset *s)
{
	struct field list = field_member(d, parent, "ports"), item = {0};
	size_t n = field_list_size(d, &list, UINT16_MAX);
	s->ports = decoder_alloc(d, n, sizeof *s->ports);
	while (s->port_count < n && field_next(d, &list, &item))
		port_decode(d, &item, of_slice, s);
}

/* What both kinds of endpoint have. The API server takes any target. */
static void endpoint_meta_decode(struct decoder *d, const struct field *item, struct slice_endpoint *e)
{
	struct field hostname = field_member(d, item, "hostname"), target = field_member(d, item, "targetRef");
	struct field name = field_member(d, &target, "name");
	e->hostname = field_intern(d, &hostname, FORM_LABEL);
	d->unchecked = true;
	e->target_name = field_intern(d, &name, FORM_SUBDOMAIN);
	d->unchecked = false;
}

/* family: ANY_FAMILY, or the one that the address must be of. */
static void addr_decode(struct decoder *d, const struct field *f, uint8_t family, struct slice_endpoint *e)
{
	struct addr a;
	if (!field_required_text(d, f, "an IP address") || !field_addr(d, f, &a))
		return;
	if (family != ANY_FAMILY && a.family != family)
		field_fail(d, f, ERR_SYNTAX, "this address is not of the slice's addressType; use a slice for each family");
	else
		e->addrs[e->addr_count++] = a;
}

static void slice_addrs_decode(struct decoder *d, const struct field *endpoint, uint8_t family, struct slice_endpoint *e)
{
	struct field list = field_member(d, endpoint, "addresses"), item = {0};
	size_t n = field_list_size(d, &list, UINT8_MAX);
	if (!n)
		field_fail(d, &list, ERR_SYNTAX, "missing; write the endpoint's addresses");
	e->addrs = decoder_alloc(d, n, sizeof *e->addrs);
	while (e->addr_count < n && field_next(d, &list, &item))
		addr_decode(d, &item, family, e);
}

/* The endpoint that was decoded last is one of the subset's if it has an address. */
static void keep_endpoint(const struct decoder *d, struct endpoint_subset *s)
{
	struct slice_endpoint *e = &s->endpoints[s->endpoint_count];
	if (e->addr_count) {
		s->endpoint_count++;
		return;
	}
	slice_endpoint_clear(e, d->pool);
	*e = (struct slice_endpoint){0};
}

static void slice_endpoint_decode(struct decoder *d, const struct field *item, uint8_t family, struct endpoint_subset *s)
{
	struct slice_endpoint *e = &s->endpoints[s->endpoint_count];
	struct field conditions = field_member(d, item, "conditions"), ready = field_member(d, &conditions, "ready");
	struct field zone = field_member(d, item, "zone");
	e->ready = field_bool(d, &ready, true);
	d->unchecked = true;
	e->zone = field_intern(d, &zone, FORM_LABEL_VALUE);
	d->unchecked = false;
	slice_addrs_decode(d, item, family, e);
	endpoint_meta_decode(d, item, e);
	keep_endpoint(d, s);
}

/* ADDR_NONE for FQDN, whose endpoints nothing in a cluster's DNS reads; ANY_FAMILY where it is lost: the addresses say it themselves. */
static uint8_t address_type_decode(struct decoder *d, const struct field *root)
{
	static const char *const types[] = {"IPv4", "IPv6", "FQDN", NULL};
	static const uint8_t families[] = {ADDR_V4, ADDR_V6, ADDR_NONE, ANY_FAMILY};
	struct field type = field_member(d, root, "addressType");
	field_required_text(d, &type, "IPv4, IPv6 or FQDN");
	return families[field_choice(d, &type, types, 3)];
}

void endpoint_slice_decode(struct decoder *d, const struct field *root, struct object *o)
{
	struct endpoint_slice *slice = (struct endpoint_slice *)o;
	struct field list = field_member(d, root, "endpoints"), item = {0};
	uint8_t family = address_type_decode(d, root);
	struct endpoint_subset *s;
	size_t n = field_list_size(d, &list, UINT32_MAX);
	slice->service_name = intern_ref(label_set_value(o->labels, LABEL_SERVICE_NAME));
	slice->import_name = intern_ref(label_set_value(o->labels, LABEL_IMPORT_NAME));
	slice->cluster = intern_ref(label_set_value(o->labels, LABEL_CLUSTER));
	if (label_is(o, LABEL_MANAGED_BY, "endpointslice-controller.k8s.io"))
		o->kind = OBJECT_CONTROLLER_SLICE;
	s = family == ADDR_NONE ? NULL : subsets_alloc(d, slice, 1);
	if (!s)
		return;
	ports_decode(d, root, true, s);
	s->endpoints = decoder_alloc(d, n, sizeof *s->endpoints);
	while (s->endpoint_count < n && field_next(d, &list, &item))
		slice_endpoint_decode(d, &item, family, s);
}

static void address_decode(struct decoder *d, const struct field *item, bool ready, struct endpoint_subset *s)
{
	struct slice_endpoint *e = &s->endpoints[s->endpoint_count];
	struct field ip = field_member(d, item, "ip");
	e->ready = ready;
	e->addrs = decoder_alloc(d, 1, sizeof *e->addrs);
	if (e->addrs)
		addr_decode(d, &ip, ANY_FAMILY, e);
	endpoint_meta_decode(d, item, e);
	keep_endpoint(d, s);
}

static void subset_decode(struct decoder *d, const struct field *subset, struct endpoint_subset *s)
{
	struct field ready = field_member(d, subset, "addresses"), item = {0};
	struct field not_ready = field_member(d, subset, "notReadyAddresses"), not_ready_item = {0};
	size_t n = field_list_size(d, &ready, INT32_MAX) + field_list_size(d, &not_ready, INT32_MAX);
	ports_decode(d, subset, false, s);
	s->endpoints = decoder_alloc(d, n, sizeof *s->endpoints);
	while (s->endpoint_count < n && field_next(d, &ready, &item))
		address_decode(d, &item, true, s);
	while (s->endpoint_count < n && field_next(d, &not_ready, &not_ready_item))
		address_decode(d, &not_ready_item, false, s);
}

void endpoints_decode(struct decoder *d, const struct field *root, struct object *o)
{
	struct endpoint_slice *slice = (struct endpoint_slice *)o;
	struct field list = field_member(d, root, "subsets"), item = {0};
	struct field meta = field_member(d, root, "metadata"), annotations = field_member(d, &meta, "annotations");
	struct field leader = field_member(d, &annotations, LEADER);
	struct endpoint_subset *s = subsets_alloc(d, slice, field_list_size(d, &list, UINT32_MAX));
	slice->service_name = intern_ref(o->name);
	slice->skip_mirror = label_is(o, LABEL_SKIP_MIRROR, "true") || field_is_set(d, &leader);
	while (s && field_next(d, &list, &item))
		subset_decode(d, &item, s++);
}

void slice_endpoint_clear(struct slice_endpoint *e, struct intern *pool)
{
	free(e->addrs);
	intern_unref(pool, e->hostname);
	intern_unref(pool, e->target_name);
	intern_unref(pool, e->zone);
}

static void subset_clear(const struct endpoint_subset *s, struct intern *pool)
{
	for (uint32_t i = 0; i < s->endpoint_count; i++)
		slice_endpoint_clear(&s->endpoints[i], pool);
	for (uint16_t i = 0; i < s->port_count; i++)
		intern_unref(pool, s->ports[i].name);
	free(s->endpoints);
	free(s->ports);
}

void endpoint_slice_clear(struct object *o, struct intern *pool)
{
	struct endpoint_slice *slice = (struct endpoint_slice *)o;
	for (uint32_t i = 0; i < slice->subset_count; i++)
		subset_clear(&slice->subsets[i], pool);
	free(slice->subsets);
	intern_unref(pool, slice->service_name);
	intern_unref(pool, slice->import_name);
	intern_unref(pool, slice->cluster);
}
