#include "api/api.h"
#include "base/buffer.h"
#include "base/process.h"
#include "credential.h"
#include "io/transfers.h"
#include "throttle.h"
#include "tls_files.h"
#include <cjson/cJSON.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define CONNECT_MS          5000L
#define KEEPALIVE_IDLE_S    15L    /* then a probe each KEEPALIVE_EVERY_S, until UNACKNOWLEDGED_MS after the last octet that came: */
#define KEEPALIVE_EVERY_S   5L     /* a connection whose peer is gone ends by itself, */
#define UNACKNOWLEDGED_MS   30000U /* also while we have something to send. client-go takes 45 s */
#define RECEIVE_BYTES       (256L << 10)
#define REFUSAL_MAX         ((size_t)64 << 10) /* octets of a Status that are read */
#define TEXT_MAX            DIAG_TEXT_MAX
#define STATUS_OK           200
#define NS_PER_S            1e9
#define STATUS_UNAUTHORIZED 401

struct api {
	uv_loop_t *loop;
	const struct api_endpoint *endpoint;
	struct transfers *transfers;
	struct credential *credential;
	struct throttle *throttle;
	struct api_request *requests; /* all that were started and are neither done nor cancelled */
	bool connected;               /* the last attempt to connect succeeded, and no connection broke since */
	/* The one that is connecting: others wait for it, so that they can share an HTTP/2 connection. libcurl's own CURLOPT_PIPEWAIT makes
	 * requests wait for ever behind a watch over HTTP/1.1. NULL: none is. */
	const struct api_request *pioneer;
	uint64_t connections;       /* that were made */
	uint64_t shared_connection; /* the number of the last of HTTP/2; 0: there was none */
	struct api_counts counts;
};

struct api_request {
	struct transfer transfer; /* first */
	struct api *api;
	struct api_request *next, **link; /* in api->requests; link NULL: not there any more */
	uv_timer_t timer;                 /* silence; also what fails a request that could not even begin */
	struct api_get get;
	char *path;
	struct curl_slist *headers, *connect_to;
	bool begun;            /* the transfer was started */
	bool entered;          /* the throttle counts it */
	bool heard;            /* the response has begun */
	bool counted;          /* what came of it */
	bool silent;           /* too long: that is why it was stopped */
	bool refused;          /* by the body handler */
	uint64_t last_ms;      /* when the last octet came */
	uint64_t asked_ns;     /* when the throttle was asked first; 0: it was not */
	uint64_t began_ns;     /* when the transfer was started */
	int no_socket;         /* errno of the socket that could not be had; 0: each could */
	struct buffer refusal; /* the body of a response whose status is not 200 */
	struct api_result result;
	char text[TEXT_MAX], reason[64], curl_text[CURL_ERROR_SIZE];
};

/* --- counting --- */

const double api_bounds[API_BOUNDS] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10};

static void count_time(struct api_times *t, uint64_t ns)
{
	unsigned i = 0;
	while (i < API_BOUNDS && (double)ns > api_bounds[i] * NS_PER_S)
		i++;
	t->counts[i]++;
	t->ns += ns;
}

static void count_response(struct api_request *r, unsigned status)
{
	struct api_counts *c = &r->api->counts;
	if (r->counted || !r->begun)
		return;
	r->counted = true;
	c->statuses[status < API_STATUSES ? status : 0]++;
	count_time(&c->took, uv_hrtime() - r->began_ns);
}

const struct api_counts *api_counts(const struct api *a)
{
	return &a->counts;
}

/* --- the end of a request --- */

static unsigned status_of(const struct api_request *r)
{
	long status = 0;
	curl_easy_getinfo(r->transfer.easy, CURLINFO_RESPONSE_CODE, &status);
	return (unsigned)status;
}

static void on_request_closed(uv_handle_t *handle)
{
	struct api_request *r = handle->data;
	buffer_free(&r->refusal);
	free(r->path);
	free(r);
}

static struct api_request *request_of(struct transfer *t)
{
	return (struct api_request *)t;
}

static void release(struct transfer *t)
{
	struct api_request *r = request_of(t);
	curl_easy_cleanup(t->easy);
	curl_slist_free_all(r->headers);
	curl_slist_free_all(r->connect_to);
	uv_close((uv_handle_t *)&r->timer, on_request_closed);
}

static void begin_waiting(void *arg);

/* It is answered, or will not be. */
static void leave_throttle(struct api_request *r)
{
	if (!r->entered)
		return;
	r->entered = false;
	throttle_leave(r->api->throttle);
}

/* From here on nothing is called back. */
static void unlink_request(struct api_request *r)
{
	if (!r->link)
		return;
	*r->link = r->next;
	if (r->next)
		r->next->link = r->link;
	r->link = NULL;
	leave_throttle(r);
	if (r->api->pioneer != r)
		return;
	r->api->pioneer = NULL;
	begin_waiting(r->api);
}

static bool is_of_the_connection(enum api_outcome outcome)
{
	return outcome != API_OK && outcome != API_STATUS && outcome != API_REFUSED;
}

static void tell(struct api_request *r)
{
	count_response(r, r->result.status);
	if (is_of_the_connection(r->result.outcome))
		r->api->connected = false;
	unlink_request(r);
	r->result.text = r->text;
	r->result.reason = r->reason;
	r->get.done(r->get.arg, &r->result);
}

void api_cancel(struct api_request *r)
{
	if (!r || !r->link)
		return;
	unlink_request(r);
	if (r->begun)
		transfers_stop(r->api->transfers, &r->transfer);
	else
		release(&r->transfer);
}

/* Ends a request from our side. */
static void fail(struct api_request *r, enum api_outcome outcome)
{
	r->result.outcome = outcome;
	r->result.status = status_of(r);
	if (r->begun)
		transfers_stop(r->api->transfers, &r->transfer);
	tell(r);
	if (!r->begun)
		release(&r->transfer);
}

/* --- what came of a transfer --- */

static enum api_outcome outcome_of(CURLcode code)
{
	switch (code) {
	case CURLE_OK:
		return API_OK;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return API_UNRESOLVED;
	case CURLE_COULDNT_CONNECT:
	case CURLE_OPERATION_TIMEDOUT: /* the only time limit that libcurl knows of is that of connecting */
		return API_UNREACHABLE;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_SSL_CLIENTCERT:
		return API_TLS;
	case CURLE_OUT_OF_MEMORY:
		return API_NOMEM;
	default:
		return API_BROKEN;
	}
}

/* The Status object of a refusal says more than the number. */
static void explain_refusal(struct api_request *r)
{
	cJSON *json = r->refusal.len ? cJSON_ParseWithLength(r->refusal.data, r->refusal.len) : NULL;
	const char *reason = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "reason"));
	const char *message = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "message"));
	snprintf(r->reason, sizeof r->reason, "%s", reason ? reason : "");
	snprintf(r->text, sizeof r->text, "HTTP status %u%s%s", r->result.status, message ? ": " : "", message ? message : "");
	cJSON_Delete(json);
}

/* libcurl shows the URL of a proxy that it can't use, with the password that may be in it. */
static void hide_user(char *text)
{
	char *end = strrchr(text, '@'), *begin = strchr(text, '\'');
	if (end)
		memmove(begin && begin < end ? begin + 1 : text, end + 1, strlen(end));
}

/* True if it is why we have no connection: libcurl says "Couldn't connect", or that a name or a file is wrong. */
static bool lacks_descriptors(const struct api_request *r, CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_CONNECT:
		return r->no_socket;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_FAILED_INIT:
	case CURLE_ABORTED_BY_CALLBACK: /* the socket could not be polled */
		return process_descriptor_shortage();
	default:
		return false;
	}
}

static void explain(struct api_request *r, CURLcode code)
{
	if (lacks_descriptors(r, code)) {
		snprintf(r->text, sizeof r->text, "no socket can be had: %s",
		         strerror(r->no_socket ? r->no_socket : process_descriptor_shortage()));
		return;
	}
	snprintf(r->text, sizeof r->text, "%s", r->curl_text[0] ? r->curl_text : curl_easy_strerror(code));
	hide_user(r->text);
}

static void on_transfer_done(struct transfer *t, CURLcode code)
{
	struct api_request *r = request_of(t);
	curl_off_t retry_after = 0;
	unsigned status = status_of(r);
	curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &retry_after);
	r->result.status = status;
	r->result.retry_after_s = retry_after > 0 && retry_after < UINT32_MAX ? (unsigned)retry_after : 0;
	r->result.outcome = r->refused ? API_REFUSED : outcome_of(code);
	if (r->result.outcome == API_OK && status != STATUS_OK) {
		r->result.outcome = API_STATUS;
		explain_refusal(r);
	} else if (code != CURLE_OK) {
		explain(r, code);
	}
	if (status == STATUS_UNAUTHORIZED)
		credential_reject(r->api->credential);
	tell(r);
}

/* --- while it runs --- */

/* There is a connection: others may go on. */
static int on_connected(void *arg, char *ip, char *local_ip, int port, int local_port)
{
	struct api_request *r = arg;
	(void)ip;
	(void)local_ip;
	(void)port;
	(void)local_port;
	r->api->connected = true;
	if (r->api->pioneer == r) {
		r->api->pioneer = NULL;
		begin_waiting(r->api);
	}
	return CURL_PREREQFUNC_OK;
}

/* HTTP/2 has one for all requests; which of those of HTTP/1 a request comes by, libcurl does not say. */
static uint64_t connection_of(const struct api_request *r)
{
	struct api *a = r->api;
	long made = 0, version = 0;
	curl_easy_getinfo(r->transfer.easy, CURLINFO_NUM_CONNECTS, &made);
	curl_easy_getinfo(r->transfer.easy, CURLINFO_HTTP_VERSION, &version);
	if (made)
		a->connections++;
	if (made && version == CURL_HTTP_VERSION_2_0)
		a->shared_connection = a->connections;
	return version == CURL_HTTP_VERSION_2_0 ? a->shared_connection : made ? a->connections : 0;
}

/* Called for each line; an empty one ends the head. */
static size_t on_header(char *bytes, size_t size, size_t n, void *arg)
{
	struct api_request *r = arg;
	r->heard = true;
	r->last_ms = uv_now(r->api->loop);
	leave_throttle(r);
	if (*bytes == '\r' && status_of(r) >= STATUS_OK) /* 0: of a proxy's tunnel */
		count_response(r, status_of(r));
	if (r->link && *bytes == '\r' && status_of(r) == STATUS_OK)
		r->get.begun(r->get.arg, connection_of(r));
	return size * n;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct api_request *r = arg;
	size_t len = size * n;
	if (!r->link)
		return CURL_WRITEFUNC_ERROR; /* cancelled */
	r->last_ms = uv_now(r->api->loop);
	if (status_of(r) != STATUS_OK) {
		buffer_append(&r->refusal, bytes, r->refusal.len + len > REFUSAL_MAX ? 0 : len);
		return len;
	}
	r->refused = r->get.body(r->get.arg, bytes, len) != OK;
	return r->refused ? CURL_WRITEFUNC_ERROR : len;
}

static void on_silence(uv_timer_t *handle)
{
	struct api_request *r = handle->data;
	uint64_t limit = r->heard ? r->get.silence_ms : r->get.head_ms;
	uint64_t quiet = uv_now(r->api->loop) - r->last_ms;
	if (!r->link)
		return;
	if (quiet < limit) {
		uv_timer_start(&r->timer, on_silence, limit - quiet, 0);
		return;
	}
	snprintf(r->text, sizeof r->text, "nothing came for %llu ms", (unsigned long long)quiet);
	fail(r, API_SILENT);
}

void api_set_silence(struct api_request *r, unsigned silence_ms)
{
	if (r)
		r->get.silence_ms = silence_ms; /* the timer looks when it is over */
}

/* --- its beginning --- */

static void on_failed_start(uv_timer_t *handle)
{
	struct api_request *r = handle->data;
	fail(r, r->result.outcome);
}

/* Fails it at the next turn of the loop. */
static void fail_later(struct api_request *r, enum api_outcome outcome)
{
	r->result.outcome = outcome;
	uv_timer_start(&r->timer, on_failed_start, 0, 0);
}

static void set_pem(CURL *easy, CURLoption option, const char *pem)
{
	struct curl_blob blob = {(void *)(uintptr_t)pem, pem ? strlen(pem) : 0, CURL_BLOB_COPY};
	if (pem)
		curl_easy_setopt(easy, option, &blob);
}

static void set_file(CURL *easy, CURLoption option, const char *path)
{
	if (path)
		curl_easy_setopt(easy, option, path);
}

static void set_tls(CURL *easy, const struct api_endpoint *e, const struct authorization *a, const struct tls_files *f)
{
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, e->insecure ? 0L : 1L);
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, e->insecure ? 0L : 2L);
	curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L); /* the file may be another one by now */
	set_pem(easy, CURLOPT_CAINFO_BLOB, f->ca);
	if (f->ca)
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL); /* else the system's authorities would be trusted beside this one */
	curl_easy_setopt(easy, CURLOPT_KEYPASSWD, ""); /* a key under a password is an error: nothing may ask for it at the terminal */
	set_pem(easy, CURLOPT_SSLCERT_BLOB, a->cert_pem ? a->cert_pem : f->cert);
	set_pem(easy, CURLOPT_SSLKEY_BLOB, a->key_pem ? a->key_pem : f->key);
}

/* A machine without IPv6 refuses that kind of socket, and libcurl goes on with the next address. */
static curl_socket_t on_socket_needed(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct api_request *r = arg;
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	(void)purpose;
	if (fd < 0 && errno != EAFNOSUPPORT)
		r->no_socket = errno;
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static int on_socket(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	unsigned ms = UNACKNOWLEDGED_MS;
	(void)arg;
	(void)purpose;
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms); /* also bounds the number of keepalive probes */
	return CURL_SOCKOPT_OK;
}

static void set_connection(struct api_request *r)
{
	CURL *easy = r->transfer.easy;
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_2TLS);
	curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, r->get.fresh_connection ? 1L : 0L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, KEEPALIVE_EVERY_S);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket_needed);
	curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, r);
	curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_socket);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L); /* cancelling must not wait for a name to be resolved */
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, RECEIVE_BYTES);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	set_file(easy, CURLOPT_PROXY, r->api->endpoint->proxy_url);
	if (r->api->endpoint->proxy_url)
		curl_easy_setopt(easy, CURLOPT_NOPROXY, ""); /* the environment's is about its own proxies, as in client-go */
}

static void set_handlers(struct api_request *r)
{
	CURL *easy = r->transfer.easy;
	curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
	curl_easy_setopt(easy, CURLOPT_PREREQDATA, r);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, r);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, r);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, r->curl_text);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "headns/" HEADNS_VERSION);
}

static bool add_header(struct api_request *r, const char *line)
{
	struct curl_slist *grown = curl_slist_append(r->headers, line);
	if (grown)
		r->headers = grown;
	return grown;
}

/* Host and port of a URL, "10.0.0.1:6443"; false if it has none that libcurl can read. */
static bool host_of(const char *url, char **host, char **port)
{
	CURLU *u = curl_url();
	bool good = u && !curl_url_set(u, CURLUPART_URL, url, 0) && !curl_url_get(u, CURLUPART_HOST, host, 0) &&
	            !curl_url_get(u, CURLUPART_PORT, port, CURLU_DEFAULT_PORT);
	curl_url_cleanup(u);
	return good;
}

/* The URL with another host; the caller frees it by curl_free. */
static char *url_with_host(const char *url, const char *host)
{
	char *text = NULL;
	CURLU *u = curl_url();
	if (!u || curl_url_set(u, CURLUPART_URL, url, 0) || curl_url_set(u, CURLUPART_HOST, host, 0) ||
	    curl_url_get(u, CURLUPART_URL, &text, 0))
		text = NULL;
	curl_url_cleanup(u);
	return text;
}

/* tls-server-name: libcurl takes the name for SNI and for the certificate from the URL, so that gets the other name, and the
 * connection is led to where the host really is. */
static bool set_other_server_name(struct api_request *r, const char *url)
{
	char *host = NULL, *port = NULL, *other = url_with_host(url, r->api->endpoint->tls_server_name);
	char line[512];
	bool good = other && host_of(url, &host, &port);
	if (good) {
		snprintf(line, sizeof line, "::%s:%s", host, port);
		r->connect_to = curl_slist_append(NULL, line);
		snprintf(line, sizeof line, "Host: %s:%s", host, port);
		good = r->connect_to && add_header(r, line) && !curl_easy_setopt(r->transfer.easy, CURLOPT_URL, other);
		curl_easy_setopt(r->transfer.easy, CURLOPT_CONNECT_TO, r->connect_to);
	}
	curl_free(host);
	curl_free(port);
	curl_free(other);
	return good;
}

static bool set_url(struct api_request *r)
{
	const struct api_endpoint *e = r->api->endpoint;
	size_t bytes = strlen(e->url) + strlen(r->path) + 1;
	char *url = malloc(bytes);
	bool good;
	if (!url)
		return false;
	snprintf(url, bytes, "%s%s", e->url, r->path);
	good = e->tls_server_name ? set_other_server_name(r, url) : !curl_easy_setopt(r->transfer.easy, CURLOPT_URL, url);
	free(url);
	return good;
}

static bool set_up(struct api_request *r, const struct authorization *a, const struct tls_files *f)
{
	set_connection(r);
	set_tls(r->transfer.easy, r->api->endpoint, a, f);
	set_handlers(r);
	if (!set_url(r) || !add_header(r, "Accept: application/json") || (a->header && !add_header(r, a->header)))
		return false;
	return !curl_easy_setopt(r->transfer.easy, CURLOPT_HTTPHEADER, r->headers);
}

/* False: it will fail. */
static bool set_up_with_files(struct api_request *r, const struct authorization *a)
{
	struct tls_files files;
	struct diag d;
	enum err err = tls_files_read(r->api->endpoint, &files, &d);
	if (!err && !set_up(r, a, &files))
		err = diag_set(&d, ERR_NOMEM, "out of memory, or a URL that is none");
	tls_files_clear(&files);
	if (!err)
		return true;
	snprintf(r->text, sizeof r->text, "%s", d.text);
	fail_later(r, err == ERR_NOMEM ? API_NOMEM : API_TLS);
	return false;
}

static void begin(struct api_request *r)
{
	struct authorization a = {0};
	struct diag d = {0};
	if (!r->api->connected && r->api->pioneer)
		return; /* begin_waiting will come back to it, here as below */
	switch (credential_get(r->api->credential, &a, &d)) {
	case CREDENTIAL_PENDING:
		return;
	case CREDENTIAL_FAILED:
		snprintf(r->text, sizeof r->text, "%s", d.text);
		fail_later(r, API_CREDENTIALS);
		return;
	case CREDENTIAL_READY:
		break;
	}
	if (!r->asked_ns)
		r->asked_ns = uv_hrtime();
	r->entered = throttle_enter(r->api->throttle);
	if (!r->entered)
		return;
	count_time(&r->api->counts.waited, uv_hrtime() - r->asked_ns);
	if (!set_up_with_files(r, &a))
		return;
	if (!r->api->connected)
		r->api->pioneer = r;
	r->begun = true;
	r->began_ns = uv_hrtime();
	r->last_ms = uv_now(r->api->loop);
	uv_timer_start(&r->timer, on_silence, r->get.head_ms, 0);
	transfers_start(r->api->transfers, &r->transfer);
}

static void begin_waiting(void *arg)
{
	const struct api *a = arg;
	for (struct api_request *r = a->requests; r; r = r->next) {
		if (!r->begun && !uv_is_active((uv_handle_t *)&r->timer))
			begin(r); /* calls nothing back, so the list stays */
	}
}

struct api_request *api_start(struct api *a, const struct api_get *get)
{
	struct api_request *r = calloc(1, sizeof *r);
	if (!r)
		return NULL;
	*r = (struct api_request){.api = a, .get = *get, .transfer = {.done = on_transfer_done, .release = release}};
	r->path = strdup(get->path);
	r->transfer.easy = curl_easy_init();
	if (!r->path || !r->transfer.easy) {
		curl_easy_cleanup(r->transfer.easy);
		free(r->path);
		free(r);
		return NULL;
	}
	uv_timer_init(a->loop, &r->timer);
	r->timer.data = r;
	r->next = a->requests;
	r->link = &a->requests;
	if (r->next)
		r->next->link = &r->next;
	a->requests = r;
	begin(r);
	return r;
}

bool api_is_about_request(unsigned status)
{
	return status == 400 || status == 405 || status == 406 || status == 415 || status == 422;
}

/* --- the client --- */

struct api *api_new(uv_loop_t *loop, const struct api_endpoint *e)
{
	const struct throttle_limits limits = {e->qps, e->burst, e->max_inflight};
	struct api *a = calloc(1, sizeof *a);
	if (!a)
		return NULL;
	a->loop = loop;
	a->endpoint = e;
	a->transfers = transfers_new(loop);
	a->credential = credential_new(loop, e, begin_waiting, a);
	a->throttle = throttle_new(loop, &limits, begin_waiting, a);
	if (a->transfers && a->credential && a->throttle)
		return a;
	api_free(a);
	return NULL;
}

void api_free(struct api *a)
{
	if (!a)
		return;
	while (a->requests)
		api_cancel(a->requests);
	transfers_free(a->transfers);
	credential_free(a->credential);
	throttle_free(a->throttle);
	free(a);
}
