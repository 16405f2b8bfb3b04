/* cpus.h - how many processors this process may use. */
#pragma once

/* Processors of the affinity mask, or fewer where a cgroup's CPU quota is smaller (rounded up; that of any cgroup above counts as well).
 * At least 1. root stands before /proc and /sys: "" but in tests. */
unsigned cpus_usable(const char *root);
