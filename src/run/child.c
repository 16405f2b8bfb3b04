#include "child.h"
#include "base/log.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* True if a folder of PATH has the command, whether it may be executed or not. */
static bool is_in_path(const char *command)
{
	const char *folder = getenv("PATH");
	for (size_t len; folder; folder = folder[len] ? folder + len + 1 : NULL) {
		char file[PATH_MAX];
		len = strcspn(folder, ":");
		if (snprintf(file, sizeof file, "%.*s/%s", (int)len, folder, command) < PATH_MAX && access(file, F_OK) == 0)
			return true;
	}
	return false;
}

/* execvp() says EACCES also where it may not search a folder of PATH, be the command there or not; to its user it is not found. */
static int why_not_executed(int error, const char *command)
{
	return error == EACCES && !strchr(command, '/') && !is_in_path(command) ? ENOENT : error;
}

static _Noreturn void wait_and_execute(int gate, char **argv, const sigset_t *mask)
{
	char go;
	int why;
	sigprocmask(SIG_SETMASK, mask, NULL); /* who waits can be interrupted too */
	if (read(gate, &go, 1) != 1)
		_exit(CHILD_NOT_EXECUTABLE); /* the server could not start, and said why */
	execvp(argv[0], argv);
	why = why_not_executed(errno, argv[0]);
	log_line(LOG_ERROR, "run: %s: %s", argv[0], strerror(why));
	_exit(why == ENOENT ? CHILD_NOT_FOUND : CHILD_NOT_EXECUTABLE);
}

enum err child_fork(struct child *c, char **argv, const sigset_t *mask, struct diag *d)
{
	int gate[2];
	if (pipe2(gate, O_CLOEXEC) != 0)
		return diag_set(d, ERR_SYS, "pipe: %s", strerror(errno));
	c->pid = fork();
	if (c->pid == 0) {
		close(gate[1]);
		wait_and_execute(gate[0], argv, mask);
	}
	close(gate[0]);
	c->gate = gate[1];
	if (c->pid > 0)
		return OK;
	close(gate[1]);
	return diag_set(d, ERR_SYS, "fork: %s", strerror(errno));
}

void child_go(struct child *c)
{
	/* If it fails, the child is gone already, and its end is what is reported. */
	if (write(c->gate, "", 1) < 0)
		log_line(LOG_DEBUG, "run: the program was ended before it began");
	close(c->gate);
	c->gate = -1;
}
