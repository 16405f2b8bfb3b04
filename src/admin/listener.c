#include "listener.h"
#include "base/privileges.h"
#include "door.h"
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PLAIN       "text/plain; charset=utf-8"
#define HEAD_MAX    ((size_t)4096) /* a request's, with what is kept of it */
#define STACK_SIZE  ((size_t)256 * 1024)
#define LEAVING_MAX 64 /* connections that were told to go, beyond ADMIN_CONNECTIONS_MAX */
#define NS_PER_S    UINT64_C(1000000000)

/* A connection. Belongs to the listener's thread. */
struct guest {
	TAILQ_ENTRY(guest) next;
	int fd;
	bool leaving; /* on no list */
};

struct listener {
	struct board *board;
	struct admin_address wanted, bound;
	atomic_uint pages;
	atomic_bool ending;
	struct MHD_Daemon *daemon;
	TAILQ_HEAD(, guest) guests; /* the one without a request for longest first */
	unsigned guest_count;
};

/* A request that is being answered. */
struct visit {
	struct listener *listener;
	struct asker asker;
	bool asked;
	bool health;
	uint64_t began_ns;
};

/* --- connections --- */

static void guest_leaves(struct listener *l, struct guest *g)
{
	if (g->leaving)
		return;
	g->leaving = true;
	TAILQ_REMOVE(&l->guests, g, next);
	l->guest_count--;
}

/* libmicrohttpd sees the end of the connection and closes it. */
static void make_room(struct listener *l)
{
	while (l->guest_count > ADMIN_CONNECTIONS_MAX) {
		struct guest *oldest = TAILQ_FIRST(&l->guests);
		guest_leaves(l, oldest);
		shutdown(oldest->fd, SHUT_RDWR);
	}
}

static struct guest *guest_new(struct listener *l, struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct guest *g = info ? calloc(1, sizeof *g) : NULL;
	if (!g)
		return NULL;
	g->fd = info->connect_fd;
	TAILQ_INSERT_TAIL(&l->guests, g, next);
	l->guest_count++;
	make_room(l);
	return g;
}

/* Out of memory: it is nobody's guest, and has its idle time only. */
static void on_connection(void *arg, struct MHD_Connection *c, void **context, enum MHD_ConnectionNotificationCode what)
{
	struct listener *l = arg;
	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		*context = guest_new(l, c);
		return;
	}
	if (*context)
		guest_leaves(l, *context);
	free(*context);
	*context = NULL;
}

static void guest_asks(struct listener *l, struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct guest *g = info ? info->socket_context : NULL;
	if (!g || g->leaving)
		return;
	TAILQ_REMOVE(&l->guests, g, next);
	TAILQ_INSERT_TAIL(&l->guests, g, next);
}

/* --- requests --- */

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static enum MHD_Result reply_once(struct MHD_Connection *c, unsigned status, struct MHD_Response *r)
{
	enum MHD_Result result = r ? MHD_queue_response(c, status, r) : MHD_NO;
	if (r)
		MHD_destroy_response(r);
	return result;
}

static enum MHD_Result reply_text(struct MHD_Connection *c, unsigned status, const char *text)
{
	return reply_once(c, status, board_response(text, PLAIN));
}

/* RFC 9110 15.5.6 wants Allow. */
static enum MHD_Result reply_not_allowed(struct MHD_Connection *c)
{
	struct MHD_Response *r = board_response("405 GET or HEAD is wanted\n", PLAIN);
	if (r)
		MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	return reply_once(c, MHD_HTTP_METHOD_NOT_ALLOWED, r);
}

static unsigned page_of(const char *path)
{
	static const struct {
		const char *path;
		unsigned page;
	} all[] = {{"/health", ADMIN_HEALTH}, {"/ready", ADMIN_READY}, {"/metrics", ADMIN_METRICS}};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		if (strcmp(path, all[i].path) == 0)
			return all[i].page;
	}
	return 0;
}

static enum MHD_Result reply_scraped(struct visit *v, struct MHD_Connection *c)
{
	struct MHD_Response *r = board_scraped(&v->asker);
	return r ? MHD_queue_response(c, MHD_HTTP_OK, r) : reply_text(c, MHD_HTTP_SERVICE_UNAVAILABLE, "there are no metrics\n");
}

static enum MHD_Result answer_metrics(struct visit *v, struct MHD_Connection *c)
{
	v->asker.connection = c;
	v->asker.listener = v->listener;
	v->asked = !atomic_load(&v->listener->ending) && board_ask(v->listener->board, &v->asker);
	return v->asked ? MHD_YES : reply_scraped(v, c);
}

static enum MHD_Result answer(struct visit *v, struct MHD_Connection *c, const char *path, const char *method)
{
	struct MHD_Response *r;
	unsigned page = page_of(path) & atomic_load_explicit(&v->listener->pages, memory_order_relaxed), status;
	if (!page)
		return reply_text(c, MHD_HTTP_NOT_FOUND, "404 page not found\n");
	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return reply_not_allowed(c);
	switch (page) {
	case ADMIN_HEALTH:
		v->health = true;
		return reply_text(c, MHD_HTTP_OK, "OK");
	case ADMIN_READY:
		r = board_ready(v->listener->board, &status);
		return reply_once(c, status, r);
	default:
		return answer_metrics(v, c);
	}
}

/* Called when a request's head has come, and again when its connection goes on. MHD_NO ends the connection. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *c, const char *path, const char *method, const char *version,
                                  const char *body, size_t *body_len, void **context)
{
	struct listener *l = arg;
	struct visit *v = *context;
	(void)version, (void)body, (void)body_len; /* a reply that is given before the body makes it unread */
	if (v)
		return reply_scraped(v, c);
	v = calloc(1, sizeof *v);
	if (!v)
		return MHD_NO;
	v->listener = l;
	v->began_ns = now_ns();
	*context = v;
	guest_asks(l, c);
	return answer(v, c, path, method);
}

static void note_health(struct board *b, uint64_t took_ns, bool good)
{
	unsigned i = 0;
	while (i < ADMIN_HEALTH_BOUNDS && (double)took_ns > admin_health_bounds[i] * (double)NS_PER_S)
		i++;
	atomic_fetch_add_explicit(&b->health_counts[i], 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&b->health_ns, took_ns, memory_order_relaxed);
	atomic_fetch_add_explicit(&b->health_failures, !good, memory_order_relaxed);
}

static void on_request_end(void *arg, struct MHD_Connection *c, void **context, enum MHD_RequestTerminationCode how)
{
	struct visit *v = *context;
	(void)arg, (void)c;
	if (!v)
		return;
	if (v->asked)
		board_thank(v->listener->board, &v->asker);
	if (v->health)
		note_health(v->listener->board, now_ns() - v->began_ns, how == MHD_REQUEST_TERMINATED_COMPLETED_OK);
	free(v);
	*context = NULL;
}

/* --- its life --- */

struct start {
	struct listener *listener;
	int fd;
};

/* A thread for the moment of starting: its children have its privileges, which are none. */
static void *start_daemon(void *arg)
{
	const struct start *s = arg;
	struct listener *l = s->listener;
	privileges_none();
	l->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, l,
	                             MHD_OPTION_LISTEN_SOCKET, s->fd, MHD_OPTION_NOTIFY_CONNECTION, on_connection, l,
	                             MHD_OPTION_NOTIFY_COMPLETED, on_request_end, l, MHD_OPTION_CONNECTION_MEMORY_LIMIT, HEAD_MAX,
	                             MHD_OPTION_CONNECTION_LIMIT, (unsigned)(ADMIN_CONNECTIONS_MAX + LEAVING_MAX),
	                             MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)ADMIN_IDLE_S, MHD_OPTION_THREAD_STACK_SIZE, STACK_SIZE,
	                             MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
	return NULL;
}

static enum err start(struct listener *l, int fd, struct diag *d)
{
	struct start s = {l, fd};
	pthread_t thread;
	if (!pthread_create(&thread, NULL, start_daemon, &s))
		pthread_join(thread, NULL);
	if (l->daemon)
		return OK;
	close(fd);
	return diag_set(d, ERR_SYS, "the thread of an HTTP listener could not start");
}

enum err listener_new(struct board *board, const struct admin_place *place, struct listener **out, struct diag *d)
{
	struct listener *l = calloc(1, sizeof *l);
	enum err err;
	int fd;
	*out = NULL;
	if (!l)
		return diag_set(d, ERR_NOMEM, "out of memory");
	l->board = board;
	l->wanted = place->address;
	atomic_init(&l->pages, place->pages);
	TAILQ_INIT(&l->guests);
	err = door_open(&place->address, &fd, &l->bound, d);
	if (!err)
		err = start(l, fd, d);
	if (err)
		free(l);
	else
		*out = l;
	return err;
}

void listener_set_pages(struct listener *l, unsigned pages)
{
	atomic_store_explicit(&l->pages, pages, memory_order_relaxed);
}

unsigned listener_pages(const struct listener *l)
{
	return atomic_load_explicit(&l->pages, memory_order_relaxed);
}

const struct admin_address *listener_wanted(const struct listener *l)
{
	return &l->wanted;
}

const struct admin_address *listener_bound(const struct listener *l)
{
	return &l->bound;
}

/* A daemon must not be stopped while connections of it are suspended. */
void listener_free(struct listener *l)
{
	if (!l)
		return;
	atomic_store(&l->ending, true);
	board_refuse(l->board, l);
	MHD_stop_daemon(l->daemon);
	free(l);
}
