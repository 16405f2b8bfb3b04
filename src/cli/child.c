#include "cli/child.h"
#include "base/log.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static _Noreturn void wait_and_execute(int gate, char **argv, const sigset_t *mask)
{
	char go;
	int why;
	if (read(gate, &go, 1) != 1)
		_exit(CHILD_NOT_EXECUTABLE); /* the server could not start, and said why */
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	why = errno;
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
