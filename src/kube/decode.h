/* decode.h - the decoders of each kind, and the parts that they share.
 *
 * A decoder of a kind fills the struct that begins with *o, which object_new() made for that kind. root is the object's tree, borrowed for the
 * call. What goes wrong is kept in d (field.h), not returned. Where a decoder stops, what it has filled is whole enough for the kind's clear. A
 * clear frees what the struct owns and gives back its interned strings, but those of struct object. Control thread. */
#pragma once
#include "field.h"
#include "kube/object.h"

/* A struct service. Of a ServiceImport it has what such an object says (KEP-1645). Both have the same clear. */
void service_decode(struct decoder *d, const struct field *root, struct object *o);
void service_import_decode(struct decoder *d, const struct field *root, struct object *o);
void service_clear(struct object *o, struct intern *pool);

/* A struct pod. Without a phase in its status it is one that somebody wrote (pod.observed). */
void pod_decode(struct decoder *d, const struct field *root, struct object *o);
void pod_clear(struct object *o, struct intern *pool);

/* A struct endpoint_slice, of an EndpointSlice or of an Endpoints object. Both have the same clear. */
void endpoint_slice_decode(struct decoder *d, const struct field *root, struct object *o);
void endpoints_decode(struct decoder *d, const struct field *root, struct object *o);
void endpoint_slice_clear(struct object *o, struct intern *pool);

/* A struct cluster_node, which owns nothing. */
void node_decode(struct decoder *d, const struct field *root, struct object *o);

/* A struct workload, of each kind that object_is_workload(). */
void workload_decode(struct decoder *d, const struct field *root, struct object *o);
void workload_clear(struct object *o, struct intern *pool);

/* Fills p with the PodSpec of a Pod or of a workload's template. */
void pod_spec_decode(struct decoder *d, const struct field *spec, struct pod *p);

/* What spec says of names for the pod's processes (dnsPolicy, dnsConfig, hostAliases, …). The caller owns it. NULL: spec says nothing of it, or an
 * error. */
struct pod_dns *pod_dns_decode(struct decoder *d, const struct field *spec);
void pod_dns_free(struct pod_dns *dns); /* takes NULL */

/* The labels in map, checked and interned as a set, of which the caller has one reference. NULL: there are none, or an error. */
const struct label_set *label_set_decode(struct decoder *d, const struct field *map);

/* The same of a selector. Nothing of it may be lost, since with one pair less it would match more: where a pair is wrong, it is NULL. */
const struct label_set *label_selector_decode(struct decoder *d, const struct field *map);

/* Adds n pairs to *set, whose reference is the caller's before and after. A pair counts more than one of *set with its key. */
void label_set_add(struct decoder *d, const struct label_set **set, const struct label *pairs, size_t n);

/* True if status has a condition of that type whose status is "True". */
bool condition_decode(struct decoder *d, const struct field *status, const char *type);

/* The controlling ownerReference in metadata, interned; both stay NULL if there is none. */
void owner_decode(struct decoder *d, const struct field *meta, const char **kind, const char **name);

/* The protocol of a port, an enum protocol. TCP where it has none. */
uint8_t protocol_decode(struct decoder *d, const struct field *port);
