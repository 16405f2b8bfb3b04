#include "run/run.h"
#include "cli/commands.h"

int run_main(const struct options *o)
{
	struct cluster_options cluster = o->cluster;
	const struct run_options options = {
	        .cluster = &cluster,
	        .server = &o->server,
	        .ns = o->ns,
	        .pod = o->pod,
	        .rotate = o->rotate,
	        .outside_nxdomain = o->outside_nxdomain,
	        .search_fallback = o->search_fallback,
	        .argv = o->run_argv,
	};
	cluster.kubernetes = &o->kubernetes;
	return run_command(&options);
}
