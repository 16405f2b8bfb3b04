/* sandbox.h - a process in user, mount and pid namespaces of its own, of which it is the first process: when it ends or its parent
 * dies, the kernel ends all others in there and takes the namespaces away, so nothing can be left behind. Its network is still the one outside; a
 * thread of it leaves that by sandbox_enter().
 *
 * The caller's ids stay what they are: all of them where the caller may map them (root), its own alone otherwise. Where the system
 * forbids user namespaces, root goes without that one. */
#pragma once
#include "base/diag.h"
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct sandbox {
	pid_t pid;              /* outside: the process inside; inside: 0 */
	int channel;            /* SOCK_SEQPACKET to the other side; closed when that one ends */
	sigset_t old_mask;      /* the caller's signal mask */
	const char *forbidding; /* a setting that forbids namespaces, as it was before there were any; NULL: none */
};

/* Signals that are blocked from sandbox_fork on, on both sides, to be taken up one by one. */
void sandbox_signals(sigset_t *set);

/* Returns twice, as fork() does, and only while the process has a single thread: outside with s->pid the process inside, inside with 0.
 * On error it returns outside alone; ERR_DENIED: diag names what forbids it. */
enum err sandbox_fork(struct sandbox *s, struct diag *d);

/* Inside: mounts become private, /proc shows this pid namespace where the kernel allows that. */
enum err sandbox_settle(struct diag *d);

/* Inside: this thread alone goes into network, mount and UTS namespaces of its own, which it leaves to its children. ERR_DENIED as above. */
enum err sandbox_enter(const struct sandbox *s, struct diag *d);
