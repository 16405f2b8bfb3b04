#include "access.h"
#include "api/kubeconfig.h"
#include "base/file.h"
#include <stdlib.h>

/* They are read for each connection, but a path that is wrong is said at once. */
static enum err check_files(const struct kubernetes_options *k, struct diag *d)
{
	const char *const files[] = {k->tls_cert, k->tls_key, k->tls_ca};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		struct diag why;
		enum err err = files[i] ? file_check(files[i], &why) : OK;
		if (err)
			return diag_set(d, err, "tls: %s", why.text);
	}
	return OK;
}

static enum err find_server(const struct kubernetes_options *k, struct api_endpoint *out, struct diag *d)
{
	const char *account = getenv("HEADNS_SERVICE_ACCOUNT");
	if (k->kubeconfig && !*k->kubeconfig)
		return kubeconfig_find(k->context, account, out, d);
	if (k->kubeconfig)
		return kubeconfig_read(k->kubeconfig, k->context, out, d);
	if (k->endpoint) {
		enum err err = check_files(k, d);
		return err ? err : kubeconfig_endpoint(k->endpoint, k->tls_cert, k->tls_key, k->tls_ca, out, d);
	}
	return kubeconfig_in_cluster(account, out, d);
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
