/* child.h - the COMMAND of headns run: forked first, while the process has one thread and nothing to inherit, let go when its world is ready. */
#pragma once
#include "base/diag.h"
#include <signal.h>
#include <sys/types.h>

struct child {
	pid_t pid;
	int gate; /* an octet written here lets it go; closed, it ends */
};

/* Exit statuses where COMMAND could not be started, as the shell has them. */
enum { CHILD_NOT_EXECUTABLE = 126, CHILD_NOT_FOUND = 127 };

/* mask: the signal mask COMMAND starts with. */
enum err child_fork(struct child *c, char **argv, const sigset_t *mask, struct diag *d);

/* Executes COMMAND. Once. */
void child_go(struct child *c);
