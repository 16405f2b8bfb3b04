#include "run/run.h"
#include "access.h"
#include "cli/commands.h"

/* Manifests, or a cluster. */
static enum err find_source(const struct options *o, struct cluster_options *cluster, struct api_endpoint *endpoint, struct diag *d)
{
	enum err err;
	cluster->kubernetes = &o->kubernetes;
	if (cluster->file_count)
		return OK;
	err = access_find(&o->kubernetes, endpoint, d);
	if (!err)
		cluster->endpoint = endpoint;
	return err;
}

int run_main(const struct options *o)
{
	struct cluster_options cluster = o->cluster;
	struct api_endpoint endpoint = {0};
	const struct run_options options = {
	        .cluster = &cluster,
	        .timeout_s = o->timeout_s,
	        .server = &o->server,
	        .ns = o->ns,
	        .pod = o->pod,
	        .rotate = o->rotate,
	        .outside_nxdomain = o->outside_nxdomain,
	        .search_fallback = o->search_fallback,
	        .argv = o->run_argv,
	};
	struct diag d;
	int status = 1;
	if (find_source(o, &cluster, &endpoint, &d))
		log_line(LOG_ERROR, "run: %s", d.text);
	else
		status = run_command(&options);
	api_endpoint_clear(&endpoint);
	return status;
}
