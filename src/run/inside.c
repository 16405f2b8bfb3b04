#include "inside.h"
#include "base/file.h"
#include "base/log.h"
#include "base/rcu.h"
#include "base/suggest.h"
#include "child.h"
#include "kube/filewatch.h"
#include "loopback.h"
#include "net/listen.h"
#include "overlay.h"
#include "place.h"
#include "run/dns_service.h"
#include "server.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#define DNS_PORT      53
#define FILE_MAX      ((size_t)1 << 20)
#define SERVERS_MAX   2 /* a Service has one address of each family at most */
#define NSCD_FOLDER   "/var/run/nscd"
#define HOSTNAME_ROOM 256

struct inside {
	const struct run_options *options;
	const struct sandbox *sandbox;
	struct child child;
	struct cluster *cluster;
	struct server *server;
	struct name search[RESOLVCONF_SEARCHES_MAX]; /* where names that are not ours are looked for */
	unsigned search_count;
	struct loopback *loopback;
	struct addr servers[SERVERS_MAX];
	unsigned server_count;
	uv_loop_t loop;
	uv_signal_t on_child;
	uv_poll_t on_channel, on_end;
	int end; /* a pidfd of the program; -1: the kernel has none (before 5.3) */
	struct filewatch *watch;
};

/* --- who we are --- */

/* Once: sockets don't move. */
static void find_servers(struct inside *in)
{
	in->server_count = dns_service_addresses(cluster_store(in->cluster), loopback_has_ipv6(in->loopback), in->servers);
}

static enum err no_such_pod(const struct inside *in, struct diag *d)
{
	const struct run_options *o = in->options;
	struct suggest close = {.wanted = o->pod};
	char text[256];
	struct store_cursor cursor = {0};
	const struct pod *p, *elsewhere = NULL;
	while ((p = store_each_pod(cluster_store(in->cluster), &cursor))) {
		if (strcmp(p->object.ns, o->ns) == 0)
			suggest_consider(&close, p->object.name);
		else if (strcmp(p->object.name, o->pod) == 0)
			elsewhere = p;
	}
	if (elsewhere)
		return diag_set(d, ERR_MISSING, "no pod %s in namespace %s, but one in %s: add --namespace %s", o->pod, o->ns,
		                elsewhere->object.ns, elsewhere->object.ns);
	if (close.count)
		return diag_set(d, ERR_MISSING, "no pod %s in namespace %s: is %s meant?", o->pod, o->ns,
		                suggest_text(&close, text, sizeof text));
	return diag_set(d, ERR_MISSING, "no pod %s in namespace %s of the input", o->pod, o->ns);
}

static enum err find_pod(const struct inside *in, const struct pod **pod, struct diag *d)
{
	const struct run_options *o = in->options;
	*pod = NULL;
	if (!o->pod)
		return OK;
	*pod = store_pod(cluster_store(in->cluster), o->ns, o->pod);
	return *pod ? OK : no_such_pod(in, d);
}

/* --- the addresses --- */

static size_t collect_addresses(const struct inside *in, struct addr *addrs)
{
	const struct pod *p;
	struct store_cursor cursor = {0};
	size_t n = 0;
	for (unsigned i = 0; i < in->server_count; i++, n++) {
		if (addrs)
			addrs[n] = in->servers[i];
	}
	while ((p = store_each_pod(cluster_store(in->cluster), &cursor))) {
		for (unsigned i = 0; i < p->ip_count; i++, n++) {
			if (addrs)
				addrs[n] = p->ips[i];
		}
	}
	return n;
}

static enum err place_addresses(struct inside *in, struct diag *d)
{
	size_t n = collect_addresses(in, NULL);
	struct addr *addrs = malloc((n + !n) * sizeof *addrs);
	enum err err;
	if (!addrs)
		return diag_set(d, ERR_NOMEM, "out of memory");
	collect_addresses(in, addrs);
	err = loopback_set(in->loopback, addrs, n, d);
	free(addrs);
	return err;
}

/* --- the files --- */

static enum err cover_files(const struct place *p, struct diag *d)
{
	const struct overlay_file files[] = {
	        {"/etc/resolv.conf", &p->resolv, true},
	        {"/etc/hosts", &p->hosts, false},
	        {"/etc/nsswitch.conf", &p->nsswitch, false},
	};
	enum err err = overlay_files(files, p->nsswitch.len ? 3 : 2, d);
	return err ? err : overlay_hide(NSCD_FOLDER, d); /* else glibc asks the machine's cache before any file */
}

static enum err settle_place(struct inside *in, const struct place *p, struct diag *d)
{
	if (sethostname(p->hostname, strlen(p->hostname)) != 0)
		return diag_set(d, ERR_SYS, "setting the hostname: %s", strerror(errno));
	if (p->elsewhere)
		log_line(LOG_WARNING, "run: the resolv.conf of pod %s (dnsPolicy, dnsConfig) names no server that can be reached in here",
		         in->options->pod);
	if (in->options->search_fallback) {
		memcpy(in->search, p->search, p->search_count * sizeof *p->search);
		in->search_count = p->search_count;
	}
	return cover_files(p, d);
}

static enum err make_place(struct inside *in, const struct pod *pod, struct diag *d)
{
	struct buffer resolv = {0}, nsswitch = {0};
	char hostname[HOSTNAME_ROOM] = "";
	struct place *place = malloc(sizeof *place);
	struct place_input input = {
	        .pod = pod,
	        .ns = in->options->ns,
	        .zone = &in->options->cluster->kubernetes->zones.names[0],
	        .servers = in->servers,
	        .server_count = in->server_count,
	        .hostname = hostname,
	        .resolv = &resolv,
	        .nsswitch = &nsswitch,
	};
	enum err err = ERR_NOMEM;
	if (!place)
		return diag_set(d, err, "out of memory");
	gethostname(hostname, sizeof hostname - 1);
	/* A file that is missing is an empty one. */
	file_read(&resolv, "/etc/resolv.conf", FILE_REGULAR, FILE_MAX, NULL);
	file_read(&nsswitch, "/etc/nsswitch.conf", FILE_REGULAR, FILE_MAX, NULL);
	err = place_compose(place, &input, d);
	if (!err)
		err = settle_place(in, place, d);
	place_free(place);
	free(place);
	buffer_free(&resolv);
	buffer_free(&nsswitch);
	return err;
}

/* --- the server --- */

static enum err load(struct inside *in, struct diag *d)
{
	struct cluster_changes changes;
	enum err err = cluster_new(in->options->cluster, &in->cluster, d);
	if (err)
		return err;
	err = cluster_load(in->cluster, &changes);
	return err ? diag_set(d, err, "the input is wrong, see above (--lenient leaves out what is wrong)") : OK;
}

static enum err listen_here(struct inside *in, struct diag *d)
{
	const struct run_options *o = in->options;
	struct net_address addresses[SERVERS_MAX];
	const struct server_place place = {.addresses = addresses, .address_count = in->server_count};
	const struct server_block block = {
	        .places = &place,
	        .place_count = 1,
	        .cluster = in->cluster,
	        .rotate = o->rotate,
	        .outside_nxdomain = o->outside_nxdomain,
	        .search = in->search,
	        .search_count = in->search_count,
	};
	enum err err = server_new(o->server, &in->server, d);
	for (unsigned i = 0; i < in->server_count; i++)
		addresses[i] = listen_address(&in->servers[i], DNS_PORT);
	if (!err)
		err = server_add_block(in->server, &block, d);
	return err ? err : server_listen(in->server, d);
}

/* Everything the program will find; in the order of who needs whom. */
static enum err make_world(struct inside *in, struct diag *d)
{
	const struct pod *pod;
	enum err err = sandbox_settle(d);
	if (!err)
		err = loopback_open(&in->loopback, d);
	if (!err)
		err = load(in, d);
	if (!err)
		err = find_pod(in, &pod, d);
	if (!err)
		find_servers(in);
	if (!err)
		err = place_addresses(in, d);
	if (!err)
		err = make_place(in, pod, d);
	return err ? err : listen_here(in, d);
}

/* --- while it runs --- */

static void on_files_changed(void *arg)
{
	struct inside *in = arg;
	struct diag d;
	if (!cluster_reload(in->cluster) && place_addresses(in, &d))
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
	if (filewatch_start(&in->loop, o->files, o->file_count, on_files_changed, in, &in->watch))
		log_line(LOG_WARNING, "run: the files cannot be watched: an edit will not be seen");
	return OK;
}

static enum err loop_open(struct inside *in, struct diag *d)
{
	if (uv_loop_init(&in->loop))
		return diag_set(d, ERR_SYS, "the event loop could not start");
	uv_signal_init(&in->loop, &in->on_child);
	uv_poll_init(&in->loop, &in->on_channel, in->sandbox->channel);
	in->end = (int)syscall(SYS_pidfd_open, in->child.pid, 0);
	if (in->end >= 0)
		uv_poll_init(&in->loop, &in->on_end, in->end);
	in->on_child.data = in->on_channel.data = in->on_end.data = in;
	return OK;
}

static void loop_close(struct inside *in)
{
	filewatch_stop(in->watch);
	uv_close((uv_handle_t *)&in->on_child, NULL);
	uv_close((uv_handle_t *)&in->on_channel, NULL);
	if (in->end >= 0)
		uv_close((uv_handle_t *)&in->on_end, NULL);
	uv_run(&in->loop, UV_RUN_DEFAULT);
	uv_loop_close(&in->loop);
	if (in->end >= 0)
		close(in->end);
}

/* Watching begins before loading, so that no edit falls between the two. */
static enum err run(struct inside *in, struct diag *d)
{
	enum err err = loop_open(in, d);
	if (err)
		return err;
	err = watch(in, d);
	if (!err)
		err = make_world(in, d);
	if (!err) {
		log_flush(); /* what is said of its world comes before what the program says */
		child_go(&in->child);
		uv_run(&in->loop, UV_RUN_DEFAULT);
	}
	loop_close(in);
	return err;
}

int inside_main(const struct run_options *o, const struct sandbox *sandbox)
{
	struct inside in = {.options = o, .sandbox = sandbox};
	struct diag d;
	enum err err = child_fork(&in.child, o->argv, &sandbox->old_mask, &d);
	rcu_thread_begin();
	if (!err && log_start())
		err = diag_set(&d, ERR_SYS, "the thread of the log could not start");
	if (!err)
		err = run(&in, &d);
	if (err)
		log_line(LOG_ERROR, "run: %s", d.text);
	server_free(in.server);
	cluster_free(in.cluster);
	rcu_thread_end();
	loopback_close(in.loopback);
	return err ? 1 : 0;
}
