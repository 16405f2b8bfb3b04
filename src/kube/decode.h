/* decode.h - the decoders of each kind and the parts they share. A decoder of a kind fills the struct that follows the common
 * start; where it stops on an error (field.h), what it has filled is whole enough for the kind's clear. */
#pragma once
#include "field.h"
#include "kube/object.h"

void service_decode(struct decoder *d, const struct field *root, struct object *o);
void service_clear(struct object *o, struct intern *pool);
void service_import_decode(struct decoder *d, const struct field *root, struct object *o);
void pod_decode(struct decoder *d, const struct field *root, struct object *o);
void pod_clear(struct object *o, struct intern *pool);
void endpoint_slice_decode(struct decoder *d, const struct field *root, struct object *o);
void endpoints_decode(struct decoder *d, const struct field *root, struct object *o);
void endpoint_slice_clear(struct object *o, struct intern *pool); /* of both */
void node_decode(struct decoder *d, const struct field *root, struct object *o);
void workload_decode(struct decoder *d, const struct field *root, struct object *o);
void workload_clear(struct object *o, struct intern *pool);

/* The PodSpec of a Pod or of a template. */
void pod_spec_decode(struct decoder *d, const struct field *spec, struct pod *p);

/* dnsPolicy and dnsConfig; NULL if they say nothing. */
struct pod_dns *pod_dns_decode(struct decoder *d, const struct field *spec);
void pod_dns_free(struct pod_dns *dns); /* takes NULL */

/* Labels, checked and interned; NULL if empty or absent. */
const struct label_set *label_set_decode(struct decoder *d, const struct field *map);

/* The same, of which nothing may be lost: with a pair less a selector would match more. NULL then, too. */
const struct label_set *label_selector_decode(struct decoder *d, const struct field *map);

/* Makes *set (owned) that. */
void label_set_add(struct decoder *d, const struct label_set **set, const struct label *pairs, size_t n);

/* One of the conditions in a status is "True". */
bool condition_decode(struct decoder *d, const struct field *status, const char *type);

/* The controlling ownerReference in metadata, interned; both stay NULL if there is none. */
void owner_decode(struct decoder *d, const struct field *meta, const char **kind, const char **name);

/* An enum protocol, TCP where absent. */
uint8_t protocol_decode(struct decoder *d, const struct field *port);
