/* api_server CERT KEY FOLDER - the benchmark's API server: HTTP/2 over TLS on a free port of 127.0.0.1, serving what FOLDER holds (reply.h)
 * as fast as it is read. It prints its port, and obeys lines on stdin:
 *
 *   stream yes|no          whether lists can be had as a watch (sendInitialEvents); else such requests get status 400
 *   change RESOURCE RATE   sends the changes of RESOURCE to its watches, RATE a second; prints "changed" when the last is out
 *   expire RESOURCE        prints "expired", and ends the watches of RESOURCE with an ERROR event of code 410
 *
 * and ends with stdin. It prints "synced RESOURCE" when the last octet of a list is out. */
#include "reply.h"
#include <arpa/inet.h>
#include <nghttp2/nghttp2.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define OUT_BYTES     (256u << 10)
#define CONNECTIONS   16
#define BOOKMARK_S    30.0 /* a real server: a minute */
#define TURNS         16   /* of reading and writing one connection, before others are looked at */
#define NAME_AND_PATH 2048

struct stream {
	struct stream *next, **link;
	int32_t id;
	char path[NAME_AND_PATH];
	bool protobuf, stalled;
	bool told; /* that its list is out, or there is none */
	struct reply reply;
};

struct connection {
	const struct server *server;
	int fd; /* -1: free */
	SSL *ssl;
	nghttp2_session *session;
	struct stream *streams;
	bool accepted;
	size_t out_len, out_at;
	uint8_t out[OUT_BYTES];
};

struct server {
	SSL_CTX *tls;
	int listener;
	bool streams_lists;
	struct connection connections[CONNECTIONS];
	struct resource *changing; /* NULL: none */
	double rate, change_start, bookmark_at;
};

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what)
{
	fprintf(stderr, "api_server: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

/* --- HTTP/2 --- */

static void stream_free(struct stream *s)
{
	*s->link = s->next;
	if (s->next)
		s->next->link = s->link;
	free(s);
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct connection *c = arg;
	struct stream *s = calloc(1, sizeof *s);
	if (!s)
		return NGHTTP2_ERR_CALLBACK_FAILURE;
	s->id = frame->hd.stream_id;
	s->next = c->streams;
	s->link = &c->streams;
	if (s->next)
		s->next->link = &s->next;
	c->streams = s;
	return nghttp2_session_set_stream_user_data(session, s->id, s);
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len, const uint8_t *value,
                     size_t value_len, uint8_t flags, void *arg)
{
	struct stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	(void)flags;
	(void)arg;
	if (s && name_len == 5 && memcmp(name, ":path", 5) == 0)
		snprintf(s->path, sizeof s->path, "%.*s", (int)value_len, (const char *)value);
	if (s && name_len == 6 && memcmp(name, "accept", 6) == 0)
		s->protobuf = memmem(value, value_len, "protobuf", 8);
	return 0;
}

static bool lists_are_out(const struct stream *s)
{
	return s->reply.phase == PHASE_WATCH || (s->reply.phase == PHASE_END && s->reply.begun);
}

static ssize_t on_read(nghttp2_session *session, int32_t id, uint8_t *out, size_t cap, uint32_t *flags, nghttp2_data_source *source,
                       void *arg)
{
	struct stream *s = source->ptr;
	size_t len = reply_read(&s->reply, out, cap);
	(void)session;
	(void)id;
	(void)arg;
	if (len)
		return (ssize_t)len;
	if (!s->told && lists_are_out(s))
		printf("synced %s\n", s->reply.resource->name);
	s->told = true;
	s->stalled = s->reply.phase != PHASE_END;
	if (s->stalled)
		return NGHTTP2_ERR_DEFERRED;
	*flags |= NGHTTP2_DATA_FLAG_EOF;
	return 0;
}

static nghttp2_nv header(const char *name, const char *value)
{
	return (nghttp2_nv){.name = (uint8_t *)(uintptr_t)name,
	                    .value = (uint8_t *)(uintptr_t)value,
	                    .namelen = strlen(name),
	                    .valuelen = strlen(value)};
}

static bool is_watch(const char *path)
{
	return strstr(path, "watch=1") || strstr(path, "watch=true");
}

static int respond(const struct connection *c, struct stream *s)
{
	struct resource *resource = resource_find(s->path);
	bool watch = is_watch(s->path), initial = strstr(s->path, "sendInitialEvents=true");
	nghttp2_data_provider data = {.source.ptr = s, .read_callback = on_read};
	nghttp2_nv headers[2] = {header(":status", "200"), header("content-type", "application/json")};
	if (!resource || (initial && !c->server->streams_lists)) {
		headers[0] = header(":status", resource ? "400" : "404");
		return nghttp2_submit_response(c->session, s->id, headers, 1, NULL);
	}
	if (s->protobuf)
		headers[1] = header("content-type",
		                    watch ? "application/vnd.kubernetes.protobuf;stream=watch" : "application/vnd.kubernetes.protobuf");
	reply_begin(&s->reply, resource, s->protobuf ? ENCODING_PROTOBUF : ENCODING_JSON,
	            !watch    ? PHASE_LIST
	            : initial ? PHASE_INITIAL
	                      : PHASE_WATCH);
	s->told = watch && !initial;
	return nghttp2_submit_response(c->session, s->id, headers, 2, &data);
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *arg)
{
	struct stream *s = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
	return s && frame->hd.type == NGHTTP2_HEADERS ? respond(arg, s) : 0;
}

static int on_stream_close(nghttp2_session *session, int32_t id, uint32_t error, void *arg)
{
	struct stream *s = nghttp2_session_get_stream_user_data(session, id);
	(void)error;
	(void)arg;
	if (s)
		stream_free(s);
	return 0;
}

/* --- connections --- */

static void connection_close(struct connection *c)
{
	nghttp2_session_del(c->session);
	while (c->streams)
		stream_free(c->streams);
	SSL_free(c->ssl);
	close(c->fd);
	c->session = NULL;
	c->ssl = NULL;
	c->fd = -1;
}

static void connection_open(struct server *server)
{
	int fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct connection *c = server->connections;
	nghttp2_session_callbacks *callbacks;
	if (fd < 0)
		return;
	while (c < server->connections + CONNECTIONS && c->fd >= 0)
		c++;
	if (c == server->connections + CONNECTIONS)
		fail("too many connections");
	c->server = server;
	c->fd = fd;
	c->accepted = false;
	c->out_len = c->out_at = 0;
	c->ssl = SSL_new(server->tls);
	SSL_set_fd(c->ssl, fd);
	SSL_set_accept_state(c->ssl);
	nghttp2_session_callbacks_new(&callbacks);
	nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
	nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
	nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
	nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
	nghttp2_session_server_new(&c->session, callbacks, c);
	nghttp2_session_callbacks_del(callbacks);
	nghttp2_settings_entry settings = {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 100};
	nghttp2_submit_settings(c->session, NGHTTP2_FLAG_NONE, &settings, 1);
}

/* What came; false: the connection is over. */
static bool take(struct connection *c, bool *progress)
{
	uint8_t in[16384];
	int n = SSL_read(c->ssl, in, sizeof in);
	if (n <= 0)
		return SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ;
	*progress = true;
	return nghttp2_session_mem_recv(c->session, in, (size_t)n) == n;
}

static bool fill(struct connection *c)
{
	c->out_len = c->out_at = 0;
	while (c->out_len < OUT_BYTES - (32u << 10)) { /* a frame has at most 16 KiB */
		const uint8_t *bytes;
		ssize_t n = nghttp2_session_mem_send(c->session, &bytes);
		if (n < 0)
			return false;
		if (n == 0)
			break;
		memcpy(c->out + c->out_len, bytes, (size_t)n);
		c->out_len += (size_t)n;
	}
	return true;
}

static bool give(struct connection *c, bool *progress)
{
	int n;
	if (c->out_at == c->out_len && !fill(c))
		return false;
	if (c->out_at == c->out_len)
		return true;
	n = SSL_write(c->ssl, c->out + c->out_at, (int)(c->out_len - c->out_at));
	if (n <= 0)
		return SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_WRITE;
	*progress = true;
	c->out_at += (size_t)n;
	return true;
}

static bool handshake(struct connection *c)
{
	int n = SSL_do_handshake(c->ssl);
	c->accepted = n == 1;
	return n == 1 || SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ;
}

static void serve(struct connection *c)
{
	bool progress = true, good = c->accepted || handshake(c);
	for (int i = 0; i < TURNS && good && c->accepted && progress; i++) {
		progress = false;
		good = take(c, &progress) && give(c, &progress);
	}
	if (!good)
		connection_close(c);
}

/* Streams that had nothing to send are asked again. */
static void resume(struct server *server, const struct resource *of)
{
	for (struct connection *c = server->connections; c < server->connections + CONNECTIONS; c++) {
		if (c->fd < 0)
			continue;
		for (struct stream *s = c->streams; s; s = s->next)
			if (s->stalled && s->reply.resource == of) {
				s->stalled = false;
				nghttp2_session_resume_data(c->session, s->id);
			}
		serve(c);
	}
}

/* --- what it is told, and time --- */

static void obey(struct server *server, char *line)
{
	char *word = strtok(line, " \n"), *name = strtok(NULL, " \n"), *rate = strtok(NULL, " \n");
	struct resource *resource = name ? resource_named(name) : NULL;
	if (word && name && strcmp(word, "stream") == 0) {
		server->streams_lists = strcmp(name, "yes") == 0;
	} else if (word && resource && strcmp(word, "expire") == 0) {
		resource->expired++;
		puts("expired");
		resume(server, resource);
	} else if (word && resource && rate && strcmp(word, "change") == 0) {
		server->changing = resource;
		server->rate = strtod(rate, NULL);
		server->change_start = now_s();
		resource->due = 0;
		for (struct connection *c = server->connections; c < server->connections + CONNECTIONS; c++)
			for (struct stream *s = c->fd < 0 ? NULL : c->streams; s; s = s->next)
				s->reply.changed = s->reply.at = 0;
	} else {
		fail("a line on stdin that means nothing");
	}
}

static void change(struct server *server)
{
	struct resource *r = server->changing;
	size_t count = r->changes[ENCODING_JSON].count, due = (size_t)((now_s() - server->change_start) * server->rate);
	if (due > count)
		due = count;
	if (due == r->due)
		return;
	r->due = due;
	resume(server, r);
	if (due < count)
		return;
	server->changing = NULL;
	puts("changed");
}

static void bookmarks(struct server *server)
{
	server->bookmark_at = now_s() + BOOKMARK_S;
	for (struct connection *c = server->connections; c < server->connections + CONNECTIONS; c++)
		for (struct stream *s = c->fd < 0 ? NULL : c->streams; s; s = s->next)
			s->reply.bookmarks = 1;
	for (struct resource *r = resources; r < resources + RESOURCES; r++)
		resume(server, r);
}

/* Until the next change, or the next bookmark. */
static struct timespec wait_time(const struct server *server)
{
	double at = server->bookmark_at, s;
	if (server->changing)
		at = server->change_start + (double)(server->changing->due + 1) / server->rate;
	s = at - now_s();
	if (s < 0)
		s = 0;
	return (struct timespec){(time_t)s, (long)((s - (double)(time_t)s) * 1e9)};
}

static bool wants_to_write(const struct connection *c)
{
	return c->fd >= 0 && (c->out_at < c->out_len || nghttp2_session_want_write(c->session));
}

static void turn(struct server *server)
{
	struct pollfd fds[CONNECTIONS + 2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = server->listener, .events = POLLIN}};
	struct timespec wait = wait_time(server);
	char line[256];
	for (unsigned i = 0; i < CONNECTIONS; i++) {
		const struct connection *c = &server->connections[i];
		fds[i + 2] = (struct pollfd){.fd = c->fd, .events = (short)(POLLIN | (wants_to_write(c) ? POLLOUT : 0))};
	}
	fflush(stdout);
	ppoll(fds, CONNECTIONS + 2, &wait, NULL);
	if (fds[0].revents) {
		if (!fgets(line, sizeof line, stdin))
			exit(0);
		obey(server, line);
	}
	if (fds[1].revents)
		connection_open(server);
	for (unsigned i = 0; i < CONNECTIONS; i++)
		if (fds[i + 2].revents && server->connections[i].fd >= 0)
			serve(&server->connections[i]);
	if (server->changing)
		change(server);
	if (now_s() >= server->bookmark_at)
		bookmarks(server);
}

/* --- the beginning --- */

static int on_alpn(SSL *ssl, const uint8_t **out, uint8_t *out_len, const uint8_t *in, unsigned in_len, void *arg)
{
	(void)ssl;
	(void)arg;
	return nghttp2_select_next_protocol((uint8_t **)(uintptr_t)out, out_len, in, in_len) == 1 ? SSL_TLSEXT_ERR_OK
	                                                                                          : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void open_tls(struct server *server, const char *cert, const char *key)
{
	server->tls = SSL_CTX_new(TLS_server_method());
	if (!server->tls || SSL_CTX_use_certificate_chain_file(server->tls, cert) != 1 ||
	    SSL_CTX_use_PrivateKey_file(server->tls, key, SSL_FILETYPE_PEM) != 1)
		fail("certificate or key");
	/* As kube-apiserver chooses, whatever the client likes best. */
	SSL_CTX_set_ciphersuites(server->tls, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256");
	SSL_CTX_set_options(server->tls, SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_alpn_select_cb(server->tls, on_alpn, NULL);
	SSL_CTX_set_mode(server->tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

static void open_listener(struct server *server)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof addr;
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (server->listener < 0 || bind(server->listener, (struct sockaddr *)&addr, len) || listen(server->listener, 16) ||
	    getsockname(server->listener, (struct sockaddr *)&addr, &len))
		fail("cannot listen");
	printf("port %u\n", ntohs(addr.sin_port));
}

int main(int argc, char **argv)
{
	static struct server server = {.streams_lists = true};
	if (argc != 4)
		fail("usage: api_server CERT KEY FOLDER");
	signal(SIGPIPE, SIG_IGN);        /* clients drop connections */
	setvbuf(stdin, NULL, _IONBF, 0); /* so that poll sees what was not read */
	for (unsigned i = 0; i < CONNECTIONS; i++)
		server.connections[i].fd = -1;
	server.bookmark_at = now_s() + BOOKMARK_S;
	resources_open(argv[3]);
	open_tls(&server, argv[1], argv[2]);
	open_listener(&server);
	for (;;)
		turn(&server);
}
