#include "api/api.h"
#include "base/buffer.h"
#include "fail_alloc.h"
#include "fake_server.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATIENCE_MS 20000
#define OK_HEAD     "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"

enum act { ACT_NONE, ACT_CANCEL_IN_BEGUN, ACT_CANCEL_IN_BODY, ACT_REFUSE_BODY };

struct fixture {
	uv_loop_t loop;
	uv_timer_t patience;
	struct fake_server *server;
	struct api_endpoint endpoint;
	struct api *api;
	struct api_request *request;
	enum act act;
	char got[512]; /* what was called back */
};

static void note(struct fixture *f, const char *text)
{
	size_t len = strlen(f->got);
	snprintf(f->got + len, sizeof f->got - len, "%s", text);
}

static void cancel(struct fixture *f)
{
	api_cancel(f->request);
	f->request = NULL;
	uv_stop(&f->loop);
}

static void on_begun(void *arg, uint64_t connection)
{
	struct fixture *f = arg;
	(void)connection;
	note(f, "begun ");
	if (f->act == ACT_CANCEL_IN_BEGUN)
		cancel(f);
}

static enum err on_body(void *arg, const char *bytes, size_t len)
{
	struct fixture *f = arg;
	char text[256];
	snprintf(text, sizeof text, "[%.*s] ", (int)len, bytes);
	note(f, text);
	if (f->act == ACT_CANCEL_IN_BODY)
		cancel(f);
	return f->act == ACT_REFUSE_BODY ? ERR_SYNTAX : OK;
}

static void on_done(void *arg, const struct api_result *r)
{
	static const char *const names[] = {"ok",          "status", "unresolved", "unreachable", "tls",
	                                    "credentials", "silent", "broken",     "refused",     "nomem"};
	struct fixture *f = arg;
	char text[256];
	f->request = NULL;
	assert_null(strstr(r->text, "s3cret"));
	snprintf(text, sizeof text, "%s %u", names[r->outcome], r->status);
	note(f, text);
	if (r->retry_after_s) {
		snprintf(text, sizeof text, " after %u s", r->retry_after_s);
		note(f, text);
	}
	if (r->outcome == API_STATUS || r->outcome == API_CREDENTIALS) {
		snprintf(text, sizeof text, " %s %.100s", r->reason, r->text);
		note(f, text);
	}
	uv_stop(&f->loop);
}

static void on_asked(void *arg)
{
	(void)arg;
}

static void on_patience_over(uv_timer_t *timer)
{
	uv_stop(timer->loop);
}

static void start(struct fixture *f, const struct exchange *script, size_t n, enum act act)
{
	f->act = act;
	uv_loop_init(&f->loop);
	uv_timer_init(&f->loop, &f->patience);
	uv_timer_start(&f->patience, on_patience_over, PATIENCE_MS, 0);
	f->server = fake_server_start(&f->loop, script, n, on_asked, f);
	f->endpoint.url = malloc(64);
	snprintf(f->endpoint.url, 64, "http://127.0.0.1:%u", fake_server_port(f->server));
	f->api = api_new(&f->loop, &f->endpoint);
	assert_non_null(f->api);
}

static struct api_request *get(struct fixture *f)
{
	const struct api_get options = {
	        .path = "/x", .head_ms = 300, .silence_ms = 300, .begun = on_begun, .body = on_body, .done = on_done, .arg = f};
	return api_start(f->api, &options);
}

static void stop(struct fixture *f)
{
	api_free(f->api);
	fake_server_stop(f->server);
	uv_close((uv_handle_t *)&f->patience, NULL);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0);
	api_endpoint_clear(&f->endpoint);
}

static void outcomes(void **state)
{
	static const struct {
		const char *what;
		struct exchange exchange;
		enum act act;
		const char *want;
	} cases[] = {
	        {"a body", {"/x", OK_HEAD "hello", false}, ACT_NONE, "begun [hello] ok 200"},
	        {"a length", {"/x", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", true}, ACT_NONE, "begun [hi] ok 200"},
	        {"less than the length",
	         {"/x", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", false},
	         ACT_NONE,
	         "begun [hi] broken 200"},
	        {"half a chunk",
	         {"/x", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhi", false},
	         ACT_NONE,
	         "begun [hi] broken 200"},
	        {"a refusal",
	         {"/x", "HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n{'reason':'Forbidden','message':'no'}", false},
	         ACT_NONE,
	         "status 403 Forbidden HTTP status 403: no"},
	        {"one that says nothing",
	         {"/x", "HTTP/1.1 502 Bad\r\nConnection: close\r\n\r\n<html>", false},
	         ACT_NONE,
	         "status 502  HTTP status 502"},
	        {"not now",
	         {"/x", "HTTP/1.1 429 Wait\r\nRetry-After: 7\r\nConnection: close\r\n\r\n", false},
	         ACT_NONE,
	         "status 429 after 7 s  HTTP status 429"},
	        {"a redirect is not followed",
	         {"/x", "HTTP/1.1 302 There\r\nLocation: /y\r\nConnection: close\r\n\r\n", false},
	         ACT_NONE,
	         "status 302  HTTP status 302"},
	        {"no HTTP", {"/x", "SSH-2.0\r\n\r\n", false}, ACT_NONE, "broken 0"},
	        {"nothing", {"/x", NULL, false}, ACT_NONE, "broken 0"},
	        {"silence", {"/x", NULL, true}, ACT_NONE, "silent 0"},
	        {"silence after the head", {"/x", OK_HEAD "a", true}, ACT_NONE, "begun [a] silent 200"},
	        {"a body that is refused", {"/x", OK_HEAD "a", true}, ACT_REFUSE_BODY, "begun [a] refused 200"},
	        {"cancelled at the head", {"/x", OK_HEAD "a", true}, ACT_CANCEL_IN_BEGUN, "begun "},
	        {"cancelled at the body", {"/x", OK_HEAD "a", true}, ACT_CANCEL_IN_BODY, "begun [a] "},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct fixture f = {0};
		start(&f, &cases[i].exchange, 1, cases[i].act);
		f.request = get(&f);
		assert_string_equal(f.got, "");
		uv_run(&f.loop, UV_RUN_DEFAULT);
		if (strcmp(f.got, cases[i].want) != 0)
			print_error("%s\n", cases[i].what);
		assert_string_equal(f.got, cases[i].want);
		stop(&f);
	}
}

static uint64_t times_of(const struct api_times *t)
{
	uint64_t sum = 0;
	for (unsigned i = 0; i <= API_BOUNDS; i++)
		sum += t->counts[i];
	return sum;
}

static void what_is_counted(void **state)
{
	static const struct {
		const char *reply;
		enum act act;
		unsigned status;
	} cases[] = {
	        {OK_HEAD "hello", ACT_NONE, 200},
	        {OK_HEAD "hello", ACT_CANCEL_IN_BODY, 200},
	        {"HTTP/1.1 103 Early\r\n\r\n" OK_HEAD, ACT_NONE, 200},
	        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhi", ACT_NONE, 200},
	        {"HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n", ACT_NONE, 403},
	        {"HTTP/1.1 999 What\r\nConnection: close\r\n\r\n", ACT_NONE, 0},
	        {"SSH-2.0\r\n\r\n", ACT_NONE, 0},
	        {NULL, ACT_NONE, 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct exchange exchange = {"/x", cases[i].reply, false};
		struct fixture f = {0};
		uint64_t all = 0;
		start(&f, &exchange, 1, cases[i].act);
		f.request = get(&f);
		uv_run(&f.loop, UV_RUN_DEFAULT);
		const struct api_counts *counts = api_counts(f.api);
		for (unsigned status = 0; status < API_STATUSES; status++)
			all += counts->statuses[status];
		assert_int_equal(counts->statuses[cases[i].status], 1);
		assert_int_equal(all, 1);
		assert_int_equal(times_of(&counts->took), 1);
		assert_int_equal(times_of(&counts->waited), 1);
		stop(&f);
	}
}

static void nobody_there(void **state)
{
	struct fixture f = {0};
	(void)state;
	start(&f, NULL, 0, ACT_NONE);
	snprintf(f.endpoint.url, 64, "http://127.0.0.1:1"); /* tcpmux: never in use, and no one's to bind without privileges */
	get(&f);
	uv_run(&f.loop, UV_RUN_DEFAULT);
	assert_string_equal(f.got, "unreachable 0");
	stop(&f);
}

static void cancelled_before_it_began_and_with_the_client(void **state)
{
	struct fixture f = {0};
	(void)state;
	start(&f, NULL, 0, ACT_NONE);
	api_cancel(get(&f));
	get(&f);
	get(&f);
	uv_run(&f.loop, UV_RUN_NOWAIT);
	stop(&f); /* two are under way */
	assert_string_equal(f.got, "");
}

/* All wait for the first to connect; none waits for it to end. */
static void several_at_once(void **state)
{
	static const struct exchange script[] = {{"/x", OK_HEAD, true}, {"/x", OK_HEAD "b", false}, {"/x", OK_HEAD "b", false}};
	struct fixture f = {0};
	(void)state;
	start(&f, script, 3, ACT_NONE);
	for (unsigned i = 0; i < 3; i++)
		get(&f);
	uv_run(&f.loop, UV_RUN_DEFAULT);
	uv_run(&f.loop, UV_RUN_DEFAULT);
	assert_int_equal(fake_server_requests(f.server), 3);
	assert_non_null(strstr(f.got, "[b] ok 200"));
	assert_non_null(strstr(strstr(f.got, "[b] ok 200") + 1, "[b] ok 200"));
	stop(&f);
}

/* Asks once; the request is then fake_server_last. */
static void ask(struct fixture *f)
{
	f->got[0] = '\0';
	get(f);
	uv_run(&f->loop, UV_RUN_DEFAULT);
}

static bool has_line(const struct fixture *f, const char *line)
{
	return strstr(fake_server_last(f->server), line);
}

static const struct exchange twice[] = {{"/x", OK_HEAD, false}, {"/x", OK_HEAD, false}};

static void what_requests_say(void **state)
{
	struct fixture f = {0};
	(void)state;
	start(&f, twice, 2, ACT_NONE);
	ask(&f);
	assert_true(has_line(&f, "\r\nUser-Agent: headns/" HEADNS_VERSION "\r\n"));
	assert_true(has_line(&f, "\r\nAccept: application/json\r\n"));
	assert_false(has_line(&f, "Authorization"));
	f.endpoint.user = strdup("Aladdin");
	f.endpoint.password = strdup("open sesame"); /* RFC 7617's example */
	ask(&f);
	assert_true(has_line(&f, "\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"));
	stop(&f);
}

#define ANY                                                                                                                                \
	{                                                                                                                                  \
		"/x", OK_HEAD, false                                                                                                       \
	}
static const struct exchange many[] = {ANY, ANY, ANY, ANY, ANY, ANY, ANY, ANY, ANY, ANY};

struct token_row {
	const char *file; /* NULL: there is none */
	const char *want; /* a line of the request, or what is called back */
};

static void check_token_files(const char *kubeconfig_token, const struct token_row *rows, size_t n)
{
	char path[] = "/tmp/token-XXXXXX";
	struct fixture f = {0};
	close(mkstemp(path));
	start(&f, many, sizeof many / sizeof *many, ACT_NONE);
	f.endpoint.token_file = strdup(path);
	f.endpoint.token = kubeconfig_token ? strdup(kubeconfig_token) : NULL;
	for (size_t i = 0; i < n; i++) {
		unlink(path);
		if (rows[i].file) {
			FILE *file = fopen(path, "w");
			fputs(rows[i].file, file);
			fclose(file);
		}
		ask(&f);
		if (!strstr(*rows[i].want == '\r' ? fake_server_last(f.server) : f.got, rows[i].want))
			fail_msg("%s: %s\n%s", rows[i].file ? rows[i].file : "no file", f.got, fake_server_last(f.server));
	}
	unlink(path);
	stop(&f);
}

/* One that gives none for a moment does not take away what it gave before. */
static void a_token_file_is_read_for_each_request(void **state)
{
	static const struct token_row rows[] = {
	        {"", "holds no token"},
	        {NULL, "No such file or directory"},
	        {"a\r\nX-Y: z", "holds no token"},
	        {"one\n", "\r\nAuthorization: Bearer one\r\n"},
	        {"", "\r\nAuthorization: Bearer one\r\n"},
	        {NULL, "\r\nAuthorization: Bearer one\r\n"},
	        {"a\r\nX-Y: z", "\r\nAuthorization: Bearer one\r\n"},
	        {"two", "\r\nAuthorization: Bearer two\r\n"},
	};
	(void)state;
	check_token_files(NULL, rows, sizeof rows / sizeof *rows);
}

static void without_one_the_kubeconfigs_token_counts(void **state)
{
	static const struct token_row rows[] = {
	        {NULL, "\r\nAuthorization: Bearer written\r\n"},
	        {"one\n", "\r\nAuthorization: Bearer one\r\n"},
	        {"", "\r\nAuthorization: Bearer one\r\n"},
	};
	(void)state;
	check_token_files("written", rows, sizeof rows / sizeof *rows);
}

static void a_proxy_of_the_kubeconfig_counts_whatever_the_environment_says(void **state)
{
	static const struct exchange script[] = {{"http://api.invalid:1/x", OK_HEAD "hi", false}};
	struct fixture f = {0};
	(void)state;
	setenv("NO_PROXY", "*", 1);
	setenv("no_proxy", "api.invalid", 1);
	start(&f, script, 1, ACT_NONE);
	f.endpoint.proxy_url = f.endpoint.url;
	f.endpoint.url = strdup("http://api.invalid:1");
	ask(&f);
	assert_string_equal(f.got, "begun [hi] ok 200");
	assert_null(fake_server_surprise(f.server));
	unsetenv("NO_PROXY");
	unsetenv("no_proxy");
	stop(&f);
}

/* Also such as the environment may name. */
static void a_proxy_that_cannot_be_used(void **state)
{
	static const char *const proxies[] = {"http://u:s3cret@h h:1", "http://u:s3cret@h:99999", "ftp://u:s3cret@h:1", "u:s3cret@h h:1"};
	(void)state;
	for (size_t i = 0; i < sizeof proxies / sizeof *proxies; i++) {
		struct fixture f = {0};
		start(&f, twice, 0, ACT_NONE);
		f.endpoint.proxy_url = strdup(proxies[i]);
		ask(&f);
		assert_true(strcmp(f.got, "unresolved 0") == 0 || strcmp(f.got, "unreachable 0") == 0);
		stop(&f);
	}
}

static void allocation_failures(void **state)
{
	static const struct exchange script[] = {{"/x", OK_HEAD "a", false}};
	bool hit = true;
	(void)state;
	for (unsigned n = 1; hit; n++) {
		struct fixture f = {0};
		start(&f, script, 1, ACT_NONE);
		f.endpoint.token = strdup("t");
		fail_alloc_at(n);
		f.request = get(&f);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		if (f.request)
			uv_run(&f.loop, UV_RUN_DEFAULT);
		if (!hit)
			assert_string_equal(f.got, "begun [a] ok 200");
		else if (f.request)
			assert_memory_equal(f.got, "nomem", 5);
		stop(&f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(outcomes),
	        cmocka_unit_test(what_is_counted),
	        cmocka_unit_test(nobody_there),
	        cmocka_unit_test(cancelled_before_it_began_and_with_the_client),
	        cmocka_unit_test(several_at_once),
	        cmocka_unit_test(what_requests_say),
	        cmocka_unit_test(a_token_file_is_read_for_each_request),
	        cmocka_unit_test(without_one_the_kubeconfigs_token_counts),
	        cmocka_unit_test(a_proxy_of_the_kubeconfig_counts_whatever_the_environment_says),
	        cmocka_unit_test(a_proxy_that_cannot_be_used),
	        cmocka_unit_test(allocation_failures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
