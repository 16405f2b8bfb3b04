#include "loops.h"
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEARD_MAX 256 /* datagrams that are read in one turn: replies are few, and what else comes has to end */

/* From one round to the next; after the last of these it is over. The sum is half a minute. */
static const unsigned pauses_ms[] = {1000, 2000, 4000, 8000, 15000};

#define ROUNDS (sizeof pauses_ms / sizeof *pauses_ms)

static void on_round(uv_timer_t *timer);

static int open_socket(int family)
{
	return socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static void close_socket(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static bool any_loop(const struct sites *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		if (s->all[i].loop)
			return true;
	}
	return false;
}

static void hear(const struct loops *l, int fd)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in6 v6;
	} from = {0};
	uint8_t bytes[512];
	for (unsigned n = 0; fd >= 0 && n < HEARD_MAX; n++) {
		socklen_t from_len = sizeof from;
		ssize_t len = recvfrom(fd, bytes, sizeof bytes, 0, &from.sa, &from_len);
		if (len < 0)
			return;
		for (unsigned i = 0; i < l->sites->count; i++) {
			if (l->sites->all[i].loop)
				loop_hear(l->sites->all[i].loop, &from.sa, bytes, (size_t)len);
		}
	}
}

static bool ask(const struct loops *l)
{
	bool any = false;
	for (unsigned i = 0; i < l->sites->count; i++) {
		if (l->sites->all[i].loop && loop_ask(l->sites->all[i].loop, l->v4, l->v6))
			any = true;
	}
	return any;
}

static void turn(struct loops *l)
{
	hear(l, l->v4);
	hear(l, l->v6);
	if (ask(l) && l->round < ROUNDS)
		uv_timer_start(&l->timer, on_round, pauses_ms[l->round++], 0);
	else
		loops_pause(l);
}

static void on_round(uv_timer_t *timer)
{
	turn(timer->data);
}

void loops_begin(struct loops *l, uv_loop_t *loop)
{
	*l = (struct loops){.v4 = -1, .v6 = -1};
	uv_timer_init(loop, &l->timer);
	l->timer.data = l;
}

void loops_ask(struct loops *l, const struct sites *s)
{
	loops_pause(l);
	if (!any_loop(s))
		return;
	l->sites = s;
	l->v4 = open_socket(AF_INET);
	l->v6 = open_socket(AF_INET6);
	turn(l);
}

void loops_pause(struct loops *l)
{
	uv_timer_stop(&l->timer);
	close_socket(&l->v4);
	close_socket(&l->v6);
	l->sites = NULL;
	l->round = 0;
}

void loops_end(struct loops *l)
{
	loops_pause(l);
	uv_close((uv_handle_t *)&l->timer, NULL);
}
