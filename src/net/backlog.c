#include "backlog.h"
#include <linux/sock_diag.h>
#include <sys/socket.h>

/* False: the system does not tell. */
static bool count_lost(int fd, uint32_t *lost)
{
	uint32_t info[SK_MEMINFO_VARS];
	socklen_t len = sizeof info;
	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, info, &len) || len < (SK_MEMINFO_DROPS + 1) * sizeof info[0])
		return false;
	*lost = info[SK_MEMINFO_DROPS];
	return true;
}

static void set_room(int fd, int bytes)
{
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

/* Clients that wait for their answers before they ask again keep a worker busy without an overflow: they are no flood. */
static bool has_overflowed(struct backlog *b, int fd)
{
	uint32_t before = b->lost;
	return count_lost(fd, &b->lost) && b->lost != before;
}

void backlog_check(struct backlog *b, int fd)
{
	b->run = 0;
	if (b->flooded)
		set_room(fd, BACKLOG_BYTES);
	else if (has_overflowed(b, fd))
		set_room(fd, BACKLOG_FLOOD_BYTES);
	else
		return;
	b->flooded = !b->flooded;
}
