#include "notify.h"
#include "base/log.h"
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define VARIABLE "NOTIFY_SOCKET"

/* A path, or with @ before it a name that is no file's. False: it is neither. */
static bool find_address(struct notify *n, const char *text)
{
	const size_t len = strlen(text);
	if ((*text != '/' && *text != '@') || len < 2 || len >= sizeof n->to.sun_path)
		return false;
	n->to.sun_family = AF_UNIX;
	memcpy(n->to.sun_path, text, len);
	n->to_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len + (*text == '/'));
	if (*text == '@')
		n->to.sun_path[0] = '\0';
	return true;
}

void notify_begin(struct notify *n)
{
	const char *text = getenv(VARIABLE);
	*n = (struct notify){.fd = -1};
	if (!text || !*text)
		return;
	if (find_address(n, text))
		n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	else
		log_line(LOG_WARNING, "serve: " VARIABLE " is no socket's path: \"%s\"", text);
	unsetenv(VARIABLE);
}

static void send_text(struct notify *n, const char *text)
{
	ssize_t sent;
	if (n->fd < 0)
		return;
	sent = sendto(n->fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&n->to, n->to_len);
	if (sent < 0 && !n->complained)
		log_line(LOG_WARNING, "serve: the service manager at " VARIABLE " can't be told: %s", strerror(errno));
	n->complained |= sent < 0;
}

void notify_ready(struct notify *n)
{
	send_text(n, "READY=1");
}

/* The time tells a manager which of several readings it is that ends. */
void notify_reloading(struct notify *n)
{
	struct timespec now;
	char text[64];
	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000);
	n->reloading = true;
	send_text(n, text);
}

void notify_reloaded(struct notify *n)
{
	if (n->reloading)
		send_text(n, "READY=1");
	n->reloading = false;
}

void notify_stopping(struct notify *n)
{
	send_text(n, "STOPPING=1");
}

void notify_end(struct notify *n)
{
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
}
