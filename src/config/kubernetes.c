#include "config/kubernetes.h"
#include "key.h"
#include <stdlib.h>

#define TTL_S              5
#define STARTUP_TIMEOUT_MS 5000

void kubernetes_options_init(struct kubernetes_options *o)
{
	*o = (struct kubernetes_options){
	        .ttl_s = TTL_S,
	        .negative_ttl_s = TTL_S,
	        .ede = true,
	        .startup_timeout_ms = STARTUP_TIMEOUT_MS,
	};
}

static void texts_clear(struct text_list *list)
{
	for (unsigned i = 0; i < list->count; i++)
		free(list->texts[i]);
	free(list->texts);
	*list = (struct text_list){0};
}

void kubernetes_options_clear(struct kubernetes_options *o)
{
	free(o->zones.names);
	free(o->multicluster.names);
	free(o->fallthrough_zones.names);
	texts_clear(&o->namespaces);
	free(o->namespace_labels);
	free(o->labels);
	free(o->endpoint);
	free(o->tls_cert);
	free(o->tls_key);
	free(o->tls_ca);
	free(o->kubeconfig);
	free(o->context);
	free(o->snapshot);
	*o = (struct kubernetes_options){0};
}

enum err kubernetes_add_zone(struct name_list *zones, const char *text, struct diag *d)
{
	struct key key; /* CoreDNS passes over scheme and port here */
	unsigned before = zones->count;
	enum err err = key_parse(text, &key, zones, d);
	if (err || zones->names[before].len <= KUBERNETES_ZONE_MAX)
		return err;
	zones->count = before;
	return diag_set(d, ERR_RANGE, "zone %s: at most %d octets leave room for the names below it", text, KUBERNETES_ZONE_MAX);
}
