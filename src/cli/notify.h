/* notify.h - tells a service manager how the server gets on, by the socket in $NOTIFY_SOCKET (sd_notify(3), "Notes"): that it is ready, reads its
 * configuration again, ends. Without that variable nothing is done; what can't be sent is said once. Control thread. */
#pragma once
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

struct notify {
	int fd; /* -1: nobody wants to know */
	struct sockaddr_un to;
	socklen_t to_len;
	bool complained;
	bool reloading; /* it was told, and not yet that this is over */
};

/* Takes the variable out of the environment: it is not for programs that this one starts. */
void notify_begin(struct notify *n);

/* Every name is answered. */
void notify_ready(struct notify *n);
void notify_reloading(struct notify *n);

/* It is over, whatever came of it; nothing where it has not begun. */
void notify_reloaded(struct notify *n);
void notify_stopping(struct notify *n);

/* Closes the socket. */
void notify_end(struct notify *n);
