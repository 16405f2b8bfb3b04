#include <ftw.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cpus.h"
#include "net/net.h"
#include "unit.h"

/* Files under a root of the test's own, as in proc(5) and cgroups(7). want: processors where affinity allows many. */
static const struct {
	const char *what;
	struct {
		const char *path, *text;
	} files[4];
	unsigned want; /* 0: as many as affinity allows */
} cases[] = {
        {"no cgroups", {{"proc/self/other", ""}}, 0},
        {"v2, no limit", {{"proc/self/cgroup", "0::/a\n"}, {"sys/fs/cgroup/a/cpu.max", "max 100000\n"}}, 0},
        {"v2, rounded up", {{"proc/self/cgroup", "0::/a\n"}, {"sys/fs/cgroup/a/cpu.max", "100001 100000\n"}}, 2},
        {"v2, less than one", {{"proc/self/cgroup", "0::/a\n"}, {"sys/fs/cgroup/a/cpu.max", "5000 100000\n"}}, 1},
        {"v2, the limit is further up",
         {{"proc/self/cgroup", "0::/pods/a/b\n"},
          {"sys/fs/cgroup/pods/a/b/cpu.max", "max 100000\n"},
          {"sys/fs/cgroup/pods/cpu.max", "50000 50000\n"}},
         1},
        {"v2, container with a cgroup namespace", {{"proc/self/cgroup", "0::/\n"}, {"sys/fs/cgroup/cpu.max", "100000 100000\n"}}, 1},
        {"v2, broken", {{"proc/self/cgroup", "0::/a\n"}, {"sys/fs/cgroup/a/cpu.max", "0 0\n"}}, 0},
        {"v2, broken too", {{"proc/self/cgroup", "\n0:/\nx\n0::/a"}, {"sys/fs/cgroup/a/cpu.max", ""}}, 0},
        {"v1",
         {{"proc/self/cgroup", "5:cpuset:/x\n4:cpuacct,cpu:/a\n"},
          {"sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "20000\n"},
          {"sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n"}},
         1},
        {"v1, no limit",
         {{"proc/self/cgroup", "4:cpu,cpuacct:/a\n"},
          {"sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "-1\n"},
          {"sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n"}},
         0},
        {"v1, cpuset and cpuacct are not cpu",
         {{"proc/self/cgroup", "5:cpuset,cpuacct:/a\n"},
          {"sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "20000\n"},
          {"sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n"}},
         0},
        {"v1, container whose path is not mounted",
         {{"proc/self/cgroup", "4:cpu:/docker/abc\n0::/\n"},
          {"sys/fs/cgroup/cpu/cpu.cfs_quota_us", "90000\n"},
          {"sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"}},
         1},
};

static void write_file(const char *root, const char *path, const char *text)
{
	char full[512];
	snprintf(full, sizeof(full), "%s/%s", root, path);
	for (char *slash = strchr(full + strlen(root) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(full, 0700);
		*slash = '/';
	}
	FILE *f = fopen(full, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static unsigned affinity(void)
{
	cpu_set_t set;
	assert_int_equal(sched_getaffinity(0, sizeof(set), &set), 0);
	return (unsigned)CPU_COUNT(&set);
}

static void test_quota(void **state)
{
	(void)state;
	unsigned all = affinity();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char root[] = "/tmp/test_cpus_XXXXXX";
		assert_non_null(mkdtemp(root));
		for (size_t f = 0; f < 4 && cases[i].files[f].path; f++)
			write_file(root, cases[i].files[f].path, cases[i].files[f].text);
		unsigned want = cases[i].want && cases[i].want < all ? cases[i].want : all;
		unsigned got = cpus_usable(root);
		nftw(root, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
		if (got != want)
			fail_msg("%s: %u instead of %u", cases[i].what, got, want);
	}
}

static void test_affinity(void **state)
{
	(void)state;
	cpu_set_t before, one;
	sched_getaffinity(0, sizeof(before), &before);
	CPU_ZERO(&one);
	for (unsigned cpu = 0; cpu < CPU_SETSIZE && !CPU_COUNT(&one); cpu++)
		if (CPU_ISSET(cpu, &before))
			CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	unsigned got = cpus_usable("/nonexistent");
	sched_setaffinity(0, sizeof(before), &before);
	assert_int_equal(got, 1);
}

static void test_default_workers(void **state)
{
	(void)state;
	assert_in_range(net_default_workers(), 1, NET_WORKERS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_quota),
	        cmocka_unit_test(test_affinity),
	        cmocka_unit_test(test_default_workers),
	};
	return cmocka_run_group_tests_name("cpus", tests, NULL, NULL);
}
