#include "fake_server.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REQUEST_MAX 4096
#define KEEP_ALIVE  "Connection: keep-alive\r\n"

struct fake_server {
	uv_tcp_t listener;
	const struct exchange *script;
	size_t count, requests;
	void (*asked)(void *arg);
	void *arg;
	struct client *clients;
	unsigned open_handles;
	char surprise[REQUEST_MAX], last[REQUEST_MAX];
};

struct client {
	uv_tcp_t stream;
	struct fake_server *owner;
	struct client *next, **link;
	size_t len;
	char request[REQUEST_MAX];
	char *reply;
	bool hold, again; /* after the reply nothing more comes; the connection takes another request */
	uv_write_t write;
};

static void on_closed(uv_handle_t *handle)
{
	struct fake_server *f = handle->data;
	if (!--f->open_handles)
		free(f);
}

static void on_client_closed(uv_handle_t *handle)
{
	struct client *c = handle->data;
	struct fake_server *f = c->owner;
	free(c->reply);
	free(c);
	if (!--f->open_handles)
		free(f);
}

static void client_close(struct client *c)
{
	if (!c->link)
		return;
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	c->link = NULL;
	uv_close((uv_handle_t *)&c->stream, on_client_closed);
}

static void on_written(uv_write_t *write, int status)
{
	struct client *c = write->data;
	(void)status;
	if (c->again) {
		free(c->reply);
		c->reply = NULL;
	} else if (!c->hold) {
		client_close(c);
	}
}

/* The reply with its length in the place of the header that asks for it. */
static char *with_length(const char *text, const char *header)
{
	size_t bytes = strlen(text) + 64;
	char *out = malloc(bytes);
	snprintf(out, bytes, "%.*sContent-Length: %zu\r\n%s", (int)(header - text), text, strlen(strstr(text, "\r\n\r\n") + 4),
	         header + strlen(KEEP_ALIVE));
	return out;
}

static void reply(struct client *c, const char *text)
{
	uv_buf_t buf;
	const char *header = c->hold ? NULL : strstr(text, KEEP_ALIVE);
	c->again = header;
	c->reply = header ? with_length(text, header) : strdup(text);
	for (char *p = c->reply; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	buf = uv_buf_init(c->reply, (unsigned)strlen(c->reply));
	c->write.data = c;
	uv_write(&c->write, (uv_stream_t *)&c->stream, &buf, 1, on_written);
}

static void take_request(struct client *c)
{
	struct fake_server *f = c->owner;
	char target[REQUEST_MAX] = "";
	size_t at = f->requests++;
	memcpy(f->last, c->request, sizeof f->last);
	sscanf(c->request, "GET %4095s", target);
	c->hold = true;
	if (at < f->count) {
		c->hold = f->script[at].hold;
		if (*f->script[at].target && strcmp(target, f->script[at].target) != 0 && !*f->surprise)
			snprintf(f->surprise, sizeof f->surprise, "request %zu: %s", at + 1, target);
		if (f->script[at].reply)
			reply(c, f->script[at].reply);
		else if (!c->hold)
			client_close(c);
	}
	f->asked(f->arg);
}

static void on_room_wanted(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct client *c = handle->data;
	(void)suggested;
	*buf = uv_buf_init(c->request + c->len, (unsigned)(REQUEST_MAX - 1 - c->len));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct client *c = stream->data;
	(void)buf;
	if (n < 0) {
		client_close(c);
		return;
	}
	c->len += (size_t)n;
	c->request[c->len] = '\0';
	if (strstr(c->request, "\r\n\r\n") && !c->reply) {
		c->len = 0;
		take_request(c);
	}
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct fake_server *f = listener->data;
	struct client *c = calloc(1, sizeof *c);
	assert_int_equal(status, 0);
	c->owner = f;
	uv_tcp_init(listener->loop, &c->stream);
	c->stream.data = c;
	f->open_handles++;
	assert_int_equal(uv_accept(listener, (uv_stream_t *)&c->stream), 0);
	c->next = f->clients;
	c->link = &f->clients;
	if (c->next)
		c->next->link = &c->next;
	f->clients = c;
	uv_read_start((uv_stream_t *)&c->stream, on_room_wanted, on_read);
}

struct fake_server *fake_server_start(uv_loop_t *loop, const struct exchange *script, size_t n, void (*asked)(void *arg), void *arg)
{
	struct fake_server *f = calloc(1, sizeof *f);
	struct sockaddr_in address;
	*f = (struct fake_server){.script = script, .count = n, .asked = asked, .arg = arg, .open_handles = 1};
	uv_ip4_addr("127.0.0.1", 0, &address);
	uv_tcp_init(loop, &f->listener);
	f->listener.data = f;
	assert_int_equal(uv_tcp_bind(&f->listener, (const struct sockaddr *)&address, 0), 0);
	assert_int_equal(uv_listen((uv_stream_t *)&f->listener, 16, on_connection), 0);
	return f;
}

unsigned fake_server_port(const struct fake_server *f)
{
	struct sockaddr_in address;
	int len = sizeof address;
	uv_tcp_getsockname(&f->listener, (struct sockaddr *)&address, &len);
	return ntohs(address.sin_port);
}

size_t fake_server_requests(const struct fake_server *f)
{
	return f->requests;
}

const char *fake_server_surprise(const struct fake_server *f)
{
	return *f->surprise ? f->surprise : NULL;
}

const char *fake_server_last(const struct fake_server *f)
{
	return f->last;
}

void fake_server_stop(struct fake_server *f)
{
	while (f->clients)
		client_close(f->clients);
	uv_close((uv_handle_t *)&f->listener, on_closed);
}
