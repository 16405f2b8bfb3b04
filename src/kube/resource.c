#include "resource.h"
#include "base/buffer.h"
#include <curl/curl.h>
#include <string.h>

const struct resource resource_namespaces = {
        .kind = OBJECT_NAMESPACE,
        .api_version = "v1",
        .group = "",
        .plural = "namespaces",
        .path = "/api/v1/namespaces",
        .fields = "",
        .labels = "",
};

const struct resource resource_services = {
        .kind = OBJECT_SERVICE,
        .api_version = "v1",
        .group = "",
        .plural = "services",
        .path = "/api/v1/services",
        .fields = "",
        .labels = "",
};

const struct resource resource_pods = {
        .kind = OBJECT_POD,
        .api_version = "v1",
        .group = "",
        .plural = "pods",
        .path = "/api/v1/pods",
        .fields = "status.phase!=Succeeded,status.phase!=Failed",
        .labels = "",
};

const struct resource resource_service_imports = {
        .kind = OBJECT_SERVICE_IMPORT,
        .api_version = "multicluster.x-k8s.io/v1alpha1",
        .group = "multicluster.x-k8s.io",
        .plural = "serviceimports",
        .path = "/apis/multicluster.x-k8s.io/v1alpha1/serviceimports",
        .fields = "",
        .labels = "",
};

#define SLICES                                                                                                                             \
	.api_version = "discovery.k8s.io/v1", .group = "discovery.k8s.io", .plural = "endpointslices",                                     \
	.path = "/apis/discovery.k8s.io/v1/endpointslices", .fields = ""

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

/* name=escaped value& */
static void put_parameter(struct buffer *b, const char *name, const char *value)
{
	char *escaped = *value ? curl_easy_escape(NULL, value, 0) : NULL;
	if (!*value)
		return;
	put_text(b, name);
	put_text(b, escaped ? escaped : "");
	put_text(b, "&");
	b->failed |= !escaped;
	curl_free(escaped);
}

char *resource_query(const struct resource *r, const char *more_labels)
{
	struct buffer labels = {0}, query = {0};
	put_text(&labels, r->labels);
	put_text(&labels, *r->labels && *more_labels ? "," : "");
	put_text(&labels, more_labels);
	buffer_append(&labels, "", 1);
	put_parameter(&query, "fieldSelector=", r->fields);
	if (!labels.failed)
		put_parameter(&query, "labelSelector=", labels.data);
	buffer_append(&query, "", 1);
	query.failed |= labels.failed;
	buffer_free(&labels);
	if (!query.failed)
		return query.data;
	buffer_free(&query);
	return NULL;
}
