/* What CoreDNS says of `hosts`: it has no labels, so all blocks that have it are counted together. */
#include "families.h"

#define NS_PER_S 1e9

void families_hosts(const struct metrics_sources *from, struct exposition *e)
{
	size_t entries = 0;
	int64_t changed_ns = 0;
	if (!from->hosts_count)
		return;
	for (unsigned i = 0; i < from->hosts_count; i++) {
		struct hosts_status status;
		hosts_status(from->hosts[i], &status);
		entries += status.entries;
		changed_ns = status.changed_ns > changed_ns ? status.changed_ns : changed_ns;
	}
	exposition_family(e, "coredns_hosts_entries", METRIC_GAUGE, "The combined number of entries in hosts and Corefile.");
	exposition_count(e, NULL, entries);
	exposition_family(e, "coredns_hosts_reload_timestamp_seconds", METRIC_GAUGE, "The timestamp of the last reload of hosts file.");
	exposition_value(e, NULL, (double)changed_ns / NS_PER_S);
}
