/* The outside of headns run: makes the sandbox, passes signals in, and ends as the program in there ended. */
#include "run/run.h"
#include "base/log.h"
#include "inside.h"
#include "sandbox.h"
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATUS_OF_SIGNAL 128 /* what a shell adds to the signal's number */

/* True once the first process inside is gone, and with it all others. */
static bool ended(const struct sandbox *s, int *status)
{
	return waitpid(s->pid, status, WNOHANG) == s->pid;
}

/* A terminal's signals come from the kernel, and reach the program without us: it is in our process group. */
static bool is_meant_for_program(const siginfo_t *info)
{
	return info->si_signo != SIGCHLD && info->si_code <= 0;
}

static int wait_and_pass_signals(const struct sandbox *s)
{
	sigset_t set;
	siginfo_t info;
	int status;
	sandbox_signals(&set);
	while (!ended(s, &status)) {
		if (sigwaitinfo(&set, &info) > 0 && is_meant_for_program(&info))
			send(s->channel, &info.si_signo, sizeof info.si_signo, MSG_NOSIGNAL | MSG_DONTWAIT);
	}
	return status;
}

/* Dies as the program did, so that our caller sees what it would have seen; leaves it at one core dump. */
static int die_of(int signal_number)
{
	const struct rlimit none = {0, 0};
	sigset_t one;
	setrlimit(RLIMIT_CORE, &none);
	signal(signal_number, SIG_DFL);
	sigemptyset(&one);
	sigaddset(&one, signal_number);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	raise(signal_number);
	return STATUS_OF_SIGNAL + signal_number;
}

static int outside_main(const struct sandbox *s)
{
	int server_status = wait_and_pass_signals(s);
	int status;
	if (recv(s->channel, &status, sizeof status, MSG_DONTWAIT) == sizeof status)
		return WIFSIGNALED(status) ? die_of(WTERMSIG(status)) : WEXITSTATUS(status);
	if (WIFEXITED(server_status))
		return WEXITSTATUS(server_status); /* it could not start, and said why */
	log_line(LOG_ERROR, "run: the server was killed by signal %d", WTERMSIG(server_status));
	return 1;
}

int run_command(const struct run_options *o)
{
	struct sandbox sandbox;
	struct diag d;
	if (sandbox_fork(&sandbox, &d)) {
		log_line(LOG_ERROR, "run: %s", d.text);
		return 1;
	}
	return sandbox.pid ? outside_main(&sandbox) : inside_main(o, &sandbox);
}
