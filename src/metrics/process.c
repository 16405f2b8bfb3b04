#include "families.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define PROC_TEXT_MAX 4096

/* Of /proc/self/stat, proc(5). */
struct process {
	uint64_t user_ticks, system_ticks, threads, start_ticks, virtual_bytes, resident_pages;
};

static bool read_text(const char *path, char text[PROC_TEXT_MAX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, PROC_TEXT_MAX - 1);
	if (fd >= 0)
		close(fd);
	text[len > 0 ? len : 0] = 0;
	return len > 0;
}

/* The n-th word of a text, from 0, as a number; 0: it is none. */
static uint64_t number_at(const char *text, unsigned n)
{
	for (text += strspn(text, " "); n > 0; n--) {
		text += strcspn(text, " ");
		text += strspn(text, " ");
	}
	return strtoull(text, NULL, 10);
}

/* Words are counted from behind the name, which may hold anything: there the third field is the first. */
#define FIELD(n) ((n)-3)

static bool read_process(struct process *p)
{
	char text[PROC_TEXT_MAX];
	const char *end = read_text("/proc/self/stat", text) ? strrchr(text, ')') : NULL;
	if (!end)
		return false;
	*p = (struct process){
	        .user_ticks = number_at(end + 1, FIELD(14)),
	        .system_ticks = number_at(end + 1, FIELD(15)),
	        .threads = number_at(end + 1, FIELD(20)),
	        .start_ticks = number_at(end + 1, FIELD(22)),
	        .virtual_bytes = number_at(end + 1, FIELD(23)),
	        .resident_pages = number_at(end + 1, FIELD(24)),
	};
	return true;
}

/* When the machine started, in seconds since 1970; 0: unknown. */
static uint64_t boot_s(void)
{
	static const char key[] = "btime ";
	char text[PROC_TEXT_MAX];
	FILE *f = fopen("/proc/stat", "re");
	uint64_t s = 0;
	while (f && !s && fgets(text, sizeof text, f)) {
		if (strncmp(text, key, strlen(key)) == 0)
			s = strtoull(text + strlen(key), NULL, 10);
	}
	if (f)
		fclose(f);
	return s;
}

static uint64_t open_descriptors(void)
{
	DIR *folder = opendir("/proc/self/fd");
	const struct dirent *entry;
	uint64_t count = 0;
	while (folder && (entry = readdir(folder)))
		count += entry->d_name[0] != '.';
	if (folder)
		closedir(folder);
	return count ? count - 1 : 0; /* that of the folder itself */
}

static void gauge(struct exposition *e, const char *name, const char *help, double value)
{
	exposition_family(e, name, METRIC_GAUGE, help);
	exposition_value(e, NULL, value);
}

static void write_limits(struct exposition *e)
{
	struct rlimit files, memory;
	gauge(e, "process_open_fds", "Number of open file descriptors.", (double)open_descriptors());
	if (!getrlimit(RLIMIT_NOFILE, &files))
		gauge(e, "process_max_fds", "Maximum number of open file descriptors.", (double)files.rlim_cur);
	if (!getrlimit(RLIMIT_AS, &memory))
		gauge(e, "process_virtual_memory_max_bytes", "Maximum amount of virtual memory available in bytes.",
		      memory.rlim_cur == RLIM_INFINITY ? (double)UINT64_MAX : (double)memory.rlim_cur);
}

void families_process(struct exposition *e)
{
	const double ticks = (double)sysconf(_SC_CLK_TCK);
	struct process p;
	write_limits(e);
	if (!read_process(&p))
		return;
	exposition_family(e, "process_cpu_seconds_total", METRIC_COUNTER, "Total user and system CPU time spent in seconds.");
	exposition_value(e, NULL, (double)(p.user_ticks + p.system_ticks) / ticks);
	gauge(e, "process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
	      (double)boot_s() + (double)p.start_ticks / ticks);
	gauge(e, "process_virtual_memory_bytes", "Virtual memory size in bytes.", (double)p.virtual_bytes);
	gauge(e, "process_resident_memory_bytes", "Resident memory size in bytes.",
	      (double)p.resident_pages * (double)sysconf(_SC_PAGESIZE));
	gauge(e, "go_goroutines", "Number of threads; for dashboards of CoreDNS, which draw its goroutines.", (double)p.threads);
}
