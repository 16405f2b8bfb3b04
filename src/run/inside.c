#include "inside.h"
#include "base/log.h"
#include "base/process.h"
#include "base/rcu.h"
#include "child.h"
#include "io/filewatch.h"
#include "room.h"
#include "world.h"
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

struct inside {
	const struct run_options *options;
	const struct sandbox *sandbox;
	struct room *room;
	struct child child;
	struct cluster *cluster;
	struct world world;
	uv_loop_t loop;
	uv_signal_t on_child;
	uv_poll_t on_channel, on_end;
	uv_timer_t patience; /* ends the wait for a cluster */
	int end;             /* a pidfd of the program; -1: the kernel has none (before 5.3) */
	struct filewatch *watch;
	enum err err; /* what ended the loop before the program began */
	struct diag diag;
};

/* --- the world --- */

static enum err load(struct inside *in, struct diag *d)
{
	struct cluster_changes changes;
	enum err err = cluster_load(in->cluster, &changes);
	return err ? diag_set(d, err, "the input is wrong, see above (--lenient leaves out what is wrong)") : OK;
}

static enum err make_world(void *arg, struct diag *d)
{
	struct inside *in = arg;
	enum err err;
	rcu_thread_begin();
	err = world_make(&in->world, d);
	rcu_thread_end();
	return err;
}

/* The program begins when its world is there. */
static enum err begin(struct inside *in, struct diag *d)
{
	enum err err = room_call(in->room, make_world, in, d);
	if (err)
		return err;
	log_flush(); /* what is said of its world comes before what the program says */
	child_go(&in->child);
	return OK;
}

/* --- while it runs --- */

static void on_files_changed(void *arg)
{
	struct inside *in = arg;
	struct diag d;
	if (!cluster_reload(in->cluster) && world_update(&in->world, &d))
		log_line(LOG_ERROR, "run: %s", d.text);
}

/* A signal that somebody sent to the process outside. */
static void on_channel_readable(uv_poll_t *handle, int status, int events)
{
	struct inside *in = handle->data;
	int signal_number;
	(void)status;
	(void)events;
	if (recv(in->sandbox->channel, &signal_number, sizeof signal_number, MSG_DONTWAIT) == sizeof signal_number)
		kill(in->child.pid, signal_number);
	else
		uv_poll_stop(handle);
}

/* All orphans of the sandbox are ours. When the program itself ends, so do they. */
static void reap(struct inside *in)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != in->child.pid)
			continue;
		send(in->sandbox->channel, &status, sizeof status, MSG_NOSIGNAL);
		kill(-1, SIGKILL); /* now, so that no client of theirs keeps the listeners from closing */
		uv_stop(&in->loop);
	}
}

static void on_child_ended(uv_signal_t *handle, int signum)
{
	(void)signum;
	reap(handle->data);
}

/* The end of the program, which must not hang on a signal that is lost: ThreadSanitizer loses some that come while it is busy. */
static void on_program_ended(uv_poll_t *handle, int status, int events)
{
	(void)status;
	(void)events;
	uv_poll_stop(handle);
	reap(handle->data);
}

static enum err watch(struct inside *in, struct diag *d)
{
	const struct cluster_options *o = in->options->cluster;
	sigset_t child;
	if (uv_signal_start(&in->on_child, on_child_ended, SIGCHLD) || uv_poll_start(&in->on_channel, UV_READABLE, on_channel_readable))
		return diag_set(d, ERR_SYS, "the event loop could not start");
	if (in->end >= 0 && uv_poll_start(&in->on_end, UV_READABLE, on_program_ended))
		return diag_set(d, ERR_SYS, "the event loop could not start");
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_UNBLOCK, &child, NULL);
	if (filewatch_start(&in->loop, o->files, o->file_count, o->manifest.recursive, on_files_changed, in, &in->watch))
		log_line(LOG_WARNING, "run: the files cannot be watched: an edit will not be seen");
	return OK;
}

static enum err loop_open(struct inside *in, struct diag *d)
{
	if (uv_loop_init(&in->loop))
		return diag_set(d, ERR_SYS, "the event loop could not start");
	uv_signal_init(&in->loop, &in->on_child);
	uv_timer_init(&in->loop, &in->patience);
	uv_poll_init(&in->loop, &in->on_channel, in->sandbox->channel);
	in->end = (int)syscall(SYS_pidfd_open, in->child.pid, 0);
	if (in->end >= 0)
		uv_poll_init(&in->loop, &in->on_end, in->end);
	in->on_child.data = in->on_channel.data = in->on_end.data = in->patience.data = in;
	return OK;
}

static void loop_close(struct inside *in)
{
	filewatch_stop(in->watch);
	world_close(&in->world);
	cluster_unwatch(in->cluster);
	uv_close((uv_handle_t *)&in->on_child, NULL);
	uv_close((uv_handle_t *)&in->patience, NULL);
	uv_close((uv_handle_t *)&in->on_channel, NULL);
	if (in->end >= 0)
		uv_close((uv_handle_t *)&in->on_end, NULL);
	uv_run(&in->loop, UV_RUN_DEFAULT);
	uv_loop_close(&in->loop);
	if (in->end >= 0)
		close(in->end);
}

/* Watching begins before loading, so that no edit falls between the two. */
static enum err run_with_files(struct inside *in, struct diag *d)
{
	enum err err = load(in, d);
	if (!err)
		err = begin(in, d);
	if (!err)
		uv_run(&in->loop, UV_RUN_DEFAULT);
	return err;
}

static void fail(struct inside *in, enum err err)
{
	in->err = err;
	uv_stop(&in->loop);
}

static void on_cluster_read(void *arg, struct cluster *c, unsigned ms)
{
	struct inside *in = arg;
	enum err err;
	(void)c;
	uv_timer_stop(&in->patience);
	log_line(LOG_INFO, "run: the cluster was read within %u ms", ms);
	err = begin(in, &in->diag);
	if (err)
		fail(in, err);
}

static void on_patience_over(uv_timer_t *timer)
{
	struct inside *in = timer->data;
	fail(in, diag_set(&in->diag, ERR_MISSING, "the cluster at %s could not be read within %u s", in->options->cluster->endpoint->url,
	                  in->options->timeout_s));
}

static enum err run_with_cluster(struct inside *in, struct diag *d)
{
	enum err err = cluster_watch(in->cluster, &in->loop, on_cluster_read, in, d);
	if (err)
		return err;
	uv_timer_start(&in->patience, on_patience_over, in->options->timeout_s * 1000ULL, 0);
	uv_run(&in->loop, UV_RUN_DEFAULT);
	return in->err ? diag_set(d, in->err, "%s", in->diag.text) : OK;
}

static enum err run(struct inside *in, struct diag *d)
{
	enum err err = cluster_new(in->options->cluster, &in->cluster, d);
	if (!err)
		err = loop_open(in, d);
	if (err)
		return err;
	in->world = (struct world){.options = in->options, .cluster = in->cluster, .loop = &in->loop};
	err = watch(in, d);
	if (!err)
		err = in->options->cluster->endpoint ? run_with_cluster(in, d) : run_with_files(in, d);
	loop_close(in);
	return err;
}

/* Before any other thread but the room's is there, so that the child inherits nothing of them. */
static enum err fork_child(void *arg, struct diag *d)
{
	struct inside *in = arg;
	return child_fork(&in->child, in->options->argv, &in->sandbox->old_mask, d);
}

static enum err open_room(struct inside *in, struct diag *d)
{
	enum err err = sandbox_settle(d);
	if (!err)
		err = room_open(&in->room, in->sandbox, d);
	return err ? err : room_call(in->room, fork_child, in, d);
}

int inside_main(const struct run_options *o, const struct sandbox *sandbox)
{
	struct inside in = {.options = o, .sandbox = sandbox};
	struct diag d;
	enum err err = open_room(&in, &d);
	process_ignore_write_signals();
	rcu_thread_begin();
	if (!err && log_start())
		err = diag_set(&d, ERR_SYS, "the thread of the log could not start");
	if (!err)
		err = run(&in, &d);
	if (err)
		log_line(LOG_ERROR, "run: %s", d.text);
	world_free(&in.world);
	cluster_free(in.cluster);
	rcu_thread_end();
	room_close(in.room);
	return err ? 1 : 0;
}
