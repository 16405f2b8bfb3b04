#include "access.h"
#include "kube/kubeconfig.h"
#include <stdlib.h>

static enum err find_server(const struct kubernetes_options *k, struct api_endpoint *out, struct diag *d)
{
	if (k->kubeconfig)
		return kubeconfig_read(k->kubeconfig, k->context, out, d);
	if (k->endpoint)
		return kubeconfig_endpoint(k->endpoint, k->tls_cert, k->tls_key, k->tls_ca, out, d);
	return kubeconfig_in_cluster(getenv("HEADNS_SERVICE_ACCOUNT"), out, d);
}

enum err access_find(const struct kubernetes_options *k, struct api_endpoint *out, struct diag *d)
{
	enum err err = find_server(k, out, d);
	if (err)
		return err;
	out->qps = k->apiserver_qps;
	out->burst = k->apiserver_burst;
	out->max_inflight = k->apiserver_max_inflight;
	return OK;
}
