/* resource.h - the resources of the API that names come from, and how to ask for them. */
#pragma once
#include "kube/object.h"

struct resource {
	enum object_kind kind;
	const char *api_version; /* "discovery.k8s.io/v1": items of lists don't say it */
	const char *group;       /* "discovery.k8s.io"; "" is the core group */
	const char *plural;      /* "endpointslices" */
	const char *path;        /* "/apis/discovery.k8s.io/v1/endpointslices" */
	const char *selector;    /* which objects: the start of a query, escaped, with its '&'; "": all */
};

extern const struct resource resource_namespaces, resource_services;

/* Without completed pods, which back no Service; one that completes arrives as deleted. hostNetwork pods are in: they back Services. */
extern const struct resource resource_pods;

/* Those that the EndpointSlice controller does not make: what it makes is computed from pods. */
extern const struct resource resource_foreign_slices;
extern const struct resource resource_slices;
