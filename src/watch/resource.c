#include "resource.h"
#include "target.h"
#include <stdlib.h>
#include <string.h>

const struct resource resource_namespaces = {
        .kind = OBJECT_NAMESPACE,
        .group = "",
        .plural = "namespaces",
        .path = "/api/v1/namespaces",
        .fields = "",
        .labels = "",
};

const struct resource resource_services = {
        .kind = OBJECT_SERVICE,
        .group = "",
        .plural = "services",
        .path = "/api/v1/services",
        .fields = "",
        .labels = "",
};

const struct resource resource_pods = {
        .kind = OBJECT_POD,
        .group = "",
        .plural = "pods",
        .path = "/api/v1/pods",
        .fields = "status.phase!=Succeeded,status.phase!=Failed",
        .labels = "",
};

#define SERVICE_IMPORTS(version)                                                                                                           \
	.kind = OBJECT_SERVICE_IMPORT, .group = "multicluster.x-k8s.io", .plural = "serviceimports",                                       \
	.path = "/apis/multicluster.x-k8s.io/" version "/serviceimports", .fields = "", .labels = ""

static const struct resource service_imports_alpha = {SERVICE_IMPORTS("v1alpha1")};
const struct resource resource_service_imports = {SERVICE_IMPORTS("v1beta1"), .older = &service_imports_alpha};

#define SLICES .group = "discovery.k8s.io", .plural = "endpointslices", .path = "/apis/discovery.k8s.io/v1/endpointslices", .fields = ""

const struct resource resource_foreign_slices = {
        SLICES,
        .kind = OBJECT_ENDPOINT_SLICE,
        .labels = "endpointslice.kubernetes.io/managed-by!=endpointslice-controller.k8s.io",
};

const struct resource resource_controller_slices = {
        SLICES,
        .kind = OBJECT_CONTROLLER_SLICE,
        .labels = "endpointslice.kubernetes.io/managed-by=endpointslice-controller.k8s.io",
};

static void put_text(struct buffer *b, const char *text)
{
	buffer_append(b, text, strlen(text));
}

/* The resource's label selector and one more. NULL: out of memory. */
static char *labels_with(const struct resource *r, const char *more)
{
	struct buffer b = {0};
	put_text(&b, r->labels);
	put_text(&b, *r->labels && *more ? "," : "");
	put_text(&b, more);
	return target_take(&b);
}

char *resource_query(const struct resource *r, const char *more_labels)
{
	struct buffer query = {0};
	char *labels = labels_with(r, more_labels);
	if (*r->fields)
		target_put(&query, "fieldSelector", r->fields);
	if (labels && *labels)
		target_put(&query, "labelSelector", labels);
	query.failed |= !labels;
	free(labels);
	return target_take(&query);
}
