#include "cpus.h"

#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/net.h"

#define PATH_TEXT_MAX 4096

/* Reads quota and period in µs; false where the file is not there or sets no limit ("max", -1). */
typedef bool read_quota(const char *folder, long long *quota, long long *period);

/* How many of the first count words of the file are numbers. */
static unsigned read_numbers(const char *folder, const char *file, unsigned count, long long *values)
{
	char path[PATH_TEXT_MAX + 32], text[64];
	unsigned n = 0;
	snprintf(path, sizeof(path), "%s/%s", folder, file);
	FILE *f = fopen(path, "re");
	if (!f)
		return 0;
	char *at = fgets(text, sizeof(text), f);
	fclose(f);
	for (char *end; at && n < count; at = end) {
		values[n] = strtoll(at, &end, 10);
		if (end == at)
			break;
		n++;
	}
	return n;
}

static bool read_quota_v1(const char *folder, long long *quota, long long *period)
{
	return read_numbers(folder, "cpu.cfs_quota_us", 1, quota) == 1 && read_numbers(folder, "cpu.cfs_period_us", 1, period) == 1;
}

static bool read_quota_v2(const char *folder, long long *quota, long long *period)
{
	long long values[2];
	if (read_numbers(folder, "cpu.max", 2, values) != 2)
		return false;
	*quota = values[0];
	*period = values[1];
	return true;
}

/* The smallest quota from mount/path up to mount, in processors, rounded up. In a container that sees only its own part of the tree
 * the path may lead nowhere; then it is the mount itself that holds the quota. */
static unsigned smallest_quota(const char *mount, const char *path, read_quota *read)
{
	char folder[PATH_TEXT_MAX];
	size_t mount_len = strlen(mount);
	unsigned smallest = UINT_MAX;
	if ((size_t)snprintf(folder, sizeof(folder), "%s%s", mount, path) >= sizeof(folder))
		return smallest;
	for (;;) {
		long long quota, period;
		if (read(folder, &quota, &period) && quota > 0 && period > 0) {
			long long cpus = (quota - 1) / period + 1;
			if (cpus < smallest)
				smallest = (unsigned)cpus;
		}
		char *slash = strrchr(folder + mount_len, '/');
		if (!slash)
			return smallest;
		*slash = '\0';
	}
}

/* True if the comma-separated list has that very word. */
static bool list_has(const char *list, const char *word)
{
	size_t len = strlen(word);
	for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
		if (!strncmp(at, word, len) && (at[len] == ',' || at[len] == '\0'))
			return true;
	return false;
}

/* One line of /proc/self/cgroup, "ID:CONTROLLERS:PATH"; version 2 has ID 0 and no controllers (cgroups(7)). */
static unsigned quota_of_line(const char *root, char *line)
{
	char mount[PATH_TEXT_MAX];
	char *controllers = strchr(line, ':');
	char *path = controllers ? strchr(controllers + 1, ':') : NULL;
	if (!path)
		return UINT_MAX;
	*controllers++ = '\0';
	*path++ = '\0';
	path[strcspn(path, "\n")] = '\0';
	bool v2 = !strcmp(line, "0") && !*controllers;
	if (!v2 && !list_has(controllers, "cpu"))
		return UINT_MAX;
	snprintf(mount, sizeof(mount), "%s/sys/fs/cgroup%s", root, v2 ? "" : "/cpu");
	return smallest_quota(mount, path, v2 ? read_quota_v2 : read_quota_v1);
}

static unsigned cgroup_cpus(const char *root)
{
	char path[PATH_TEXT_MAX];
	unsigned smallest = UINT_MAX;
	snprintf(path, sizeof(path), "%s/proc/self/cgroup", root);
	FILE *f = fopen(path, "re");
	if (!f)
		return smallest;
	char *line = NULL;
	size_t cap = 0;
	while (getline(&line, &cap, f) > 0) {
		unsigned cpus = quota_of_line(root, line);
		if (cpus < smallest)
			smallest = cpus;
	}
	free(line);
	fclose(f);
	return smallest;
}

static unsigned affinity_cpus(void)
{
	cpu_set_t set;
	/* It fails on machines with more processors than the set has bits: more than we'd ever use. */
	if (sched_getaffinity(0, sizeof(set), &set))
		return CPU_SETSIZE;
	return (unsigned)CPU_COUNT(&set);
}

unsigned cpus_usable(const char *root)
{
	unsigned cpus = affinity_cpus();
	unsigned quota = cgroup_cpus(root);
	return quota < cpus ? quota : cpus;
}

unsigned net_default_workers(void)
{
	unsigned cpus = cpus_usable("");
	return cpus < NET_WORKERS_MAX ? cpus : NET_WORKERS_MAX;
}
