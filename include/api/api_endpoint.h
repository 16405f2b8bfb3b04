/* api_endpoint.h - where an API server is and how to speak to it: what kubeconfig files, a pod's service account and options all come
 * down to. All strings are owned; NULL means unset. Holds secrets: nothing here may be logged but the URL and file names. Does not change while
 * it is used, by the control thread. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* A credential plugin (client.authentication.k8s.io). */
struct exec_plugin {
	char *api_version; /* "client.authentication.k8s.io/v1" or .../v1beta1 */
	char **argv;       /* the command first; NULL-terminated */
	char **env;        /* "NAME=value" besides our own environment; NULL-terminated */
	char *folder;      /* a relative command that has a '/' is relative to this */
	char *install_hint;
	bool provide_cluster_info;
};

struct api_endpoint {
	char *url;             /* "https://10.0.0.1:6443", perhaps with a path; no '/' at its end */
	char *tls_server_name; /* whom the certificate must be of, if not the URL's host */
	char *proxy_url;
	char *ca_file, *ca_pem; /* neither: those of the system */
	bool insecure;          /* any certificate will do */

	/* A file is read anew for each connection or request, since it rotates. */
	char *cert_file, *cert_pem, *key_file, *key_pem;
	char *token, *token_file;
	char *user, *password;
	struct exec_plugin *exec;

	/* How much it is asked: requests a second, as many at once before that counts, as many that were not answered yet; 0: no bound
	 * (api/throttle.h). */
	double qps;
	unsigned burst, max_inflight;
};

/* Both lead to the same API server as the same user, by the same means. What stands in the files is not compared: they are read anew. */
bool api_endpoint_equal(const struct api_endpoint *a, const struct api_endpoint *b);

/* Frees what it owns, secrets overwritten, and leaves it empty. */
void api_endpoint_clear(struct api_endpoint *e);
