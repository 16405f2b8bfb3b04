/* resource.h - the resources of the API that names come from, and how to ask for them. */
#pragma once
#include "kube/object.h"

struct resource {
	enum object_kind kind; /* of what it gives */
	const char *group;     /* "discovery.k8s.io"; "" is the core group */
	const char *plural;    /* "endpointslices" */
	const char *path;      /* "/apis/discovery.k8s.io/v1/endpointslices" */
	const char *fields;    /* a field selector, and a label selector: which objects; "": all */
	const char *labels;
	const struct resource *older; /* the same in an older version, where the server has not got this one; NULL: there is none */
};

extern const struct resource resource_namespaces, resource_services;

/* Without completed pods, which back no Service; one that completes arrives as deleted. hostNetwork pods are in: they back Services. */
extern const struct resource resource_pods;

/* Where the CustomResourceDefinition of KEP-1645 is not installed, it is not found (404), in either version. */
extern const struct resource resource_service_imports;

/* Slices that the EndpointSlice controller does not make, and those that it does: what Pods say makes these superfluous. */
extern const struct resource resource_foreign_slices, resource_controller_slices;

/* The start of a query, escaped: the resource's selectors and one more for labels ("": none). "" if there is none at all. NULL: out of memory.
 * The caller frees it. */
char *resource_query(const struct resource *r, const char *more_labels);
