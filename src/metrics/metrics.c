#include "metrics/metrics.h"
#include "families.h"

void metrics_write(const struct metrics_sources *from, struct exposition *e)
{
	families_program(from, e);
	families_queries(from, e);
	families_caches(from, e);
	families_deeds(from, e);
	families_upstreams(from, e);
	families_hosts(from, e);
	families_clusters(from, e);
	families_clients(from, e);
	families_process(e);
}
