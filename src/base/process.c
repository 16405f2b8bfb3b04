#include "base/process.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

#define FIRST (STDERR_FILENO + 1)

/* open() takes the lowest number that is free. */
void process_hold_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)!open("/dev/null", (fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
	}
}

void process_ignore_file_limit(void)
{
	signal(SIGXFSZ, SIG_IGN);
}

void process_ignore_write_signals(void)
{
	signal(SIGPIPE, SIG_IGN);
	process_ignore_file_limit();
}

static void set_close_on_exec(int fd)
{
	int flags = fd >= FIRST ? fcntl(fd, F_GETFD) : -1;
	if (flags >= 0)
		fcntl(fd, F_SETFD, flags | FD_CLOEXEC);
}

void process_close_on_exec(void)
{
	DIR *folder;
	if (close_range(FIRST, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		return;
	folder = opendir("/proc/self/fd"); /* Linux before 5.11 */
	if (!folder)
		return;
	for (const struct dirent *e; (e = readdir(folder));)
		set_close_on_exec((int)strtol(e->d_name, NULL, 10));
	closedir(folder);
}

int process_descriptor_shortage(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno == EMFILE || errno == ENFILE ? errno : 0;
	close(fd);
	return 0;
}
