/* fake_server.h - an HTTP server on the test's own loop that answers as a script says, request by request. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct exchange {
	const char *target; /* what must be asked for; "" takes anything */
	const char *reply;  /* octets; ' stands for ". NULL: none */
	bool hold; /* the response does not end; else the connection does with it, unless that has a header "Connection: keep-alive" */
};

struct fake_server;

/* Listens on a port of 127.0.0.1. asked(arg) after each request. Requests beyond the script are held. */
struct fake_server *fake_server_start(uv_loop_t *loop, const struct exchange *script, size_t n, void (*asked)(void *arg), void *arg);
unsigned fake_server_port(const struct fake_server *f);
size_t fake_server_requests(const struct fake_server *f); /* so far */

/* The first request that was not as the script says: what was asked for; NULL: there was none. */
const char *fake_server_surprise(const struct fake_server *f);

/* The last request whole. */
const char *fake_server_last(const struct fake_server *f);
void fake_server_stop(struct fake_server *f); /* memory is freed once libuv has closed the handles */
