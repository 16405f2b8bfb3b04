#include "kube/api_endpoint.h"
#include <stdlib.h>
#include <string.h>

void secret_free(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	free(text);
}

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
