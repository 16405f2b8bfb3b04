#include "resource.h"

const struct resource resource_namespaces = {
        .kind = OBJECT_NAMESPACE,
        .api_version = "v1",
        .group = "",
        .plural = "namespaces",
        .path = "/api/v1/namespaces",
        .selector = "",
};

const struct resource resource_services = {
        .kind = OBJECT_SERVICE,
        .api_version = "v1",
        .group = "",
        .plural = "services",
        .path = "/api/v1/services",
        .selector = "",
};

const struct resource resource_pods = {
        .kind = OBJECT_POD,
        .api_version = "v1",
        .group = "",
        .plural = "pods",
        .path = "/api/v1/pods",
        .selector = "fieldSelector=status.phase%21%3DSucceeded%2Cstatus.phase%21%3DFailed&",
};

#define SLICES                                                                                                                             \
	.kind = OBJECT_ENDPOINT_SLICE, .api_version = "discovery.k8s.io/v1", .group = "discovery.k8s.io", .plural = "endpointslices",      \
	.path = "/apis/discovery.k8s.io/v1/endpointslices"

const struct resource resource_slices = {SLICES, .selector = ""};

const struct resource resource_foreign_slices = {
        SLICES,
        .selector = "labelSelector=endpointslice.kubernetes.io%2Fmanaged-by%21%3Dendpointslice-controller.k8s.io&",
};
