#include "sandbox.h"
#include "base/file.h"
#include "base/log.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESS_NAMESPACES (CLONE_NEWNS | CLONE_NEWPID)
#define ROOM_NAMESPACES    (CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS)
#define SETTING_MAX        64
#define MAP_MAX_BYTES      4096 /* the kernel takes less than a page */
#define PROC_PATH_BYTES    64

void sandbox_signals(sigset_t *set)
{
	static const int signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCHLD};
	sigemptyset(set);
	for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++)
		sigaddset(set, signals[i]);
}

/* --- what forbids it --- */

static bool read_file(const char *path, struct buffer *b)
{
	if (file_read(b, path, FILE_REGULAR, 65536, NULL))
		return false;
	buffer_append(b, "", 1); /* ends the text */
	return !b->failed;
}

static bool setting_is(const char *path, const char *value)
{
	struct buffer b = {0};
	bool is = read_file(path, &b) && strncmp(b.data, value, strlen(value)) == 0 && b.data[strlen(value)] == '\n';
	buffer_free(&b);
	return is;
}

static bool has_seccomp_filter(void)
{
	struct buffer b = {0};
	bool has = read_file("/proc/self/status", &b) && strstr(b.data, "\nSeccomp:\t2\n");
	buffer_free(&b);
	return has;
}

/* Which setting forbids it; NULL: none. To be asked before: in a user namespace of our own the settings are that one's. */
static const char *forbidding_setting(void)
{
	static const struct {
		const char *path, *value, *text;
		bool users_only;
	} settings[] = {
	        {"/proc/sys/kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=0 forbids it: set it to 1", true},
	        {"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
	         "kernel.apparmor_restrict_unprivileged_userns=1 forbids it: set it to 0", true},
	        {"/proc/sys/user/max_user_namespaces", "0", "user.max_user_namespaces=0 forbids it: set it to 1000", false},
	        {"/proc/sys/user/max_net_namespaces", "0", "user.max_net_namespaces=0 forbids it: set it to 1000", false},
	        {"/proc/sys/user/max_mnt_namespaces", "0", "user.max_mnt_namespaces=0 forbids it: set it to 1000", false},
	        {"/proc/sys/user/max_uts_namespaces", "0", "user.max_uts_namespaces=0 forbids it: set it to 1000", false},
	        {"/proc/sys/user/max_pid_namespaces", "0", "user.max_pid_namespaces=0 forbids it: set it to 1000", false},
	};
	for (unsigned i = 0; i < sizeof settings / sizeof *settings; i++) {
		if (settings[i].users_only && geteuid() == 0)
			continue;
		if (setting_is(settings[i].path, settings[i].value))
			return settings[i].text;
	}
	return NULL;
}

static enum err explain(const struct sandbox *s, int why, struct diag *d)
{
	if (s->forbidding)
		return diag_set(d, ERR_DENIED, "cannot make namespaces: %s, or run as root with CAP_SYS_ADMIN", s->forbidding);
	if (why == EPERM && has_seccomp_filter())
		return diag_set(d, ERR_DENIED,
		                "cannot make namespaces: the seccomp profile of the container runtime forbids it: run with "
		                "--security-opt seccomp=unconfined, or with CAP_SYS_ADMIN");
	if (why == EPERM)
		return diag_set(d, ERR_DENIED,
		                "cannot make namespaces: %s: a chroot or a security module may forbid it: run as root outside of it",
		                strerror(why));
	return diag_set(d, ERR_SYS, "cannot make namespaces: %s", strerror(why));
}

/* --- ids --- */

static bool write_proc(pid_t pid, const char *file, const char *text)
{
	char path[PROC_PATH_BYTES];
	int fd;
	bool done;
	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	done = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return done;
}

/* A map that leaves each id of our own user namespace what it is. own is our own map, lines of "inside outside count". */
static void identity_map(const char *own, char map[MAP_MAX_BYTES])
{
	size_t len = 0;
	map[0] = 0;
	while (len < MAP_MAX_BYTES) {
		char *end;
		unsigned long first = strtoul(own, &end, 10), count;
		if (end == own)
			return;
		(void)strtoul(end, &end, 10);
		count = strtoul(end, &end, 10);
		len += (size_t)snprintf(map + len, MAP_MAX_BYTES - len, "%lu %lu %lu\n", first, first, count);
		own = end;
	}
}

/* All ids if the kernel lets us, else our own alone. */
static bool map_ids(pid_t pid, const char *file, unsigned id)
{
	char map[MAP_MAX_BYTES], path[PROC_PATH_BYTES];
	struct buffer own = {0};
	bool done = false;
	snprintf(path, sizeof path, "/proc/self/%s", file);
	if (read_file(path, &own)) {
		identity_map(own.data, map);
		done = write_proc(pid, file, map);
	}
	buffer_free(&own);
	if (done)
		return true;
	snprintf(map, sizeof map, "%u %u 1\n", id, id);
	/* Who could drop groups could get at files that their group is kept from: user_namespaces(7). */
	return (strcmp(file, "gid_map") != 0 || write_proc(pid, "setgroups", "deny")) && write_proc(pid, file, map);
}

/* --- forking --- */

/* fork() with namespaces; -1 and errno. */
static pid_t fork_into(unsigned long namespaces)
{
	return (pid_t)syscall(SYS_clone, namespaces | SIGCHLD, NULL, NULL, NULL, NULL);
}

/* Inside: waits until the ids are mapped; before that we are nobody. If the parent died meanwhile, so do we. */
static void begin_inside(struct sandbox *s)
{
	char go;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (recv(s->channel, &go, 1, 0) != 1)
		_exit(1);
}

static enum err let_go(struct sandbox *s, bool user_namespace, struct diag *d)
{
	bool mapped = !user_namespace || (map_ids(s->pid, "gid_map", getegid()) && map_ids(s->pid, "uid_map", geteuid()));
	int why = errno;
	if (mapped && send(s->channel, "", 1, MSG_NOSIGNAL) == 1)
		return OK;
	close(s->channel); /* the child ends */
	waitpid(s->pid, NULL, 0);
	return mapped ? diag_set(d, ERR_SYS, "the process inside died") : explain(s, why, d);
}

/* What both sides inherit. */
static void prepare(struct sandbox *s)
{
	sigset_t blocked;
	sandbox_signals(&blocked);
	sigprocmask(SIG_BLOCK, &blocked, &s->old_mask);
	signal(SIGCHLD, SIG_DFL); /* ignored, children's statuses would be lost */
	/* A binary with file capabilities is not dumpable, and /proc/PID/uid_map then belongs to root. */
	prctl(PR_SET_DUMPABLE, 1);
}

enum err sandbox_fork(struct sandbox *s, struct diag *d)
{
	int ends[2]; /* ours, the child's */
	bool user_namespace = true;
	int why;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return diag_set(d, ERR_SYS, "socketpair: %s", strerror(errno));
	prepare(s);
	s->forbidding = forbidding_setting();
	s->pid = fork_into(PROCESS_NAMESPACES | CLONE_NEWUSER);
	if (s->pid < 0 && geteuid() == 0) {
		user_namespace = false;
		s->pid = fork_into(PROCESS_NAMESPACES);
	}
	why = errno;
	s->channel = ends[s->pid == 0];
	close(ends[s->pid != 0]);
	if (s->pid > 0)
		return let_go(s, user_namespace, d);
	if (s->pid == 0) {
		begin_inside(s);
		return OK;
	}
	close(s->channel);
	return explain(s, why, d);
}

enum err sandbox_settle(struct diag *d)
{
	if (mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) != 0)
		return diag_set(d, errno == EPERM || errno == EACCES ? ERR_DENIED : ERR_SYS, "making mounts private: %s", strerror(errno));
	/* Refused where parts of /proc are covered (containers); the old one then shows processes by the numbers they have outside. */
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) != 0)
		log_line(LOG_DEBUG, "run: /proc stays the one outside: %s", strerror(errno));
	return OK;
}

enum err sandbox_enter(const struct sandbox *s, struct diag *d)
{
	return unshare(ROOM_NAMESPACES) == 0 ? OK : explain(s, errno, d);
}
