#include "api/api_endpoint.h"
#include "base/secret.h"
#include <stdlib.h>
#include <string.h>

static void list_free(char **list)
{
	for (char **text = list; text && *text; text++)
		secret_free(*text);
	free(list);
}

static void plugin_free(struct exec_plugin *p)
{
	if (!p)
		return;
	free(p->api_version);
	list_free(p->argv);
	list_free(p->env);
	free(p->folder);
	free(p->install_hint);
	free(p);
}

void api_endpoint_clear(struct api_endpoint *e)
{
	free(e->url);
	free(e->tls_server_name);
	secret_free(e->proxy_url);
	free(e->ca_file);
	free(e->ca_pem);
	free(e->cert_file);
	free(e->cert_pem);
	free(e->key_file);
	secret_free(e->key_pem);
	secret_free(e->token);
	free(e->token_file);
	free(e->user);
	secret_free(e->password);
	plugin_free(e->exec);
	*e = (struct api_endpoint){0};
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_list(char *const *a, char *const *b)
{
	while (a && b && *a && *b && strcmp(*a, *b) == 0)
		a++, b++;
	return a && b ? !*a && !*b : a == b;
}

static bool same_plugin(const struct exec_plugin *a, const struct exec_plugin *b)
{
	if (!a || !b)
		return a == b;
	return same_text(a->api_version, b->api_version) && same_list(a->argv, b->argv) && same_list(a->env, b->env) &&
	       same_text(a->folder, b->folder) && a->provide_cluster_info == b->provide_cluster_info;
}

static bool same_rates(const struct api_endpoint *a, const struct api_endpoint *b)
{
	return !(a->qps < b->qps || a->qps > b->qps) && a->burst == b->burst && a->max_inflight == b->max_inflight;
}

bool api_endpoint_equal(const struct api_endpoint *a, const struct api_endpoint *b)
{
	static const size_t texts[] = {
	        offsetof(struct api_endpoint, url),        offsetof(struct api_endpoint, tls_server_name),
	        offsetof(struct api_endpoint, proxy_url),  offsetof(struct api_endpoint, ca_file),
	        offsetof(struct api_endpoint, ca_pem),     offsetof(struct api_endpoint, cert_file),
	        offsetof(struct api_endpoint, cert_pem),   offsetof(struct api_endpoint, key_file),
	        offsetof(struct api_endpoint, key_pem),    offsetof(struct api_endpoint, token),
	        offsetof(struct api_endpoint, token_file), offsetof(struct api_endpoint, user),
	        offsetof(struct api_endpoint, password),
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (!same_text(*(char *const *)((const char *)a + texts[i]), *(char *const *)((const char *)b + texts[i])))
			return false;
	}
	return a->insecure == b->insecure && same_rates(a, b) && same_plugin(a->exec, b->exec);
}
