#include "exec_plugin.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CREDENTIAL(status) "{'kind':'ExecCredential','apiVersion':'client.authentication.k8s.io/v1','status':{" status "}}"
#define NEVER              "9223372036854775807"

static const struct {
	const char *what, *printed, *want; /* ' stands for " */
} answers[] = {
        {"a token", CREDENTIAL("'token':'t'"), "token=t until " NEVER},
        {"one that expires", CREDENTIAL("'token':'t','expirationTimestamp':'1970-01-02T00:00:01Z'"), "token=t until 86401"},
        {"with a fraction and an offset", CREDENTIAL("'token':'t','expirationTimestamp':'1970-01-02T00:00:01.5+01:00'"),
         "token=t until 82801"},
        {"a certificate", CREDENTIAL("'clientCertificateData':'c','clientKeyData':'k'"), "cert=c key=k until " NEVER},
        {"a certificate without its key", CREDENTIAL("'clientCertificateData':'c'"),
         "it gave neither a token nor a client certificate with its key"},
        {"nothing", CREDENTIAL(""), "it gave neither a token nor a client certificate with its key"},
        {"no status", "{'kind':'ExecCredential'}", "it gave neither a token nor a client certificate with its key"},
        {"no time", CREDENTIAL("'token':'t','expirationTimestamp':'tomorrow'"),
         "its expirationTimestamp is not a time such as 2026-01-02T03:04:05Z"},
        {"no time zone", CREDENTIAL("'token':'t','expirationTimestamp':'1970-01-02T00:00:01'"),
         "its expirationTimestamp is not a time such as 2026-01-02T03:04:05Z"},
        {"another kind", "{'kind':'Pod'}", "what it printed is no ExecCredential"},
        {"no JSON", "error: not logged in", "what it printed is no ExecCredential"},
        {"no output", "", "what it printed is no ExecCredential"},
};

static void describe(const struct exec_credential *c, char *text, size_t cap)
{
	size_t len = 0;
	if (c->token)
		len += (size_t)snprintf(text + len, cap - len, "token=%s ", c->token);
	if (c->cert_pem)
		len += (size_t)snprintf(text + len, cap - len, "cert=%s key=%s ", c->cert_pem, c->key_pem);
	snprintf(text + len, cap - len, "until %lld", (long long)c->expires_s);
}

static void what_it_prints(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		struct exec_credential c;
		struct diag d = {0};
		char *json = strdup(answers[i].printed), got[256];
		for (char *p = json; *p; p++)
			if (*p == '\'')
				*p = '"';
		if (exec_credential_parse(json, strlen(json), &c, &d))
			snprintf(got, sizeof got, "%.200s", d.text);
		else
			describe(&c, got, sizeof got);
		if (strcmp(got, answers[i].want) != 0)
			print_error("%s\n", answers[i].what);
		assert_string_equal(got, answers[i].want);
		exec_credential_clear(&c);
		free(json);
	}
}

struct outcome {
	enum err err;
	unsigned calls;
	char text[DIAG_TEXT_MAX];
};

static void on_done(void *arg, enum err err, struct exec_credential *got, const struct diag *d)
{
	struct outcome *o = arg;
	o->err = err;
	o->calls++;
	snprintf(o->text, sizeof o->text, "%s", err ? d->text : got->token);
	exec_credential_clear(got);
}

static void runs(void **state)
{
	static const struct {
		const char *what, *command, *script, *want;
		enum err err;
	} rows[] = {
	        {"a token out of what it is told", "/bin/sh",
	         "echo \"{\\\"kind\\\":\\\"ExecCredential\\\",\\\"status\\\":{\\\"token\\\":\\\"$A-$(echo \"$KUBERNETES_EXEC_INFO\" | grep "
	         "-c https://a)\\\"}}\"",
	         "b-1", OK},
	        {"an exit status", "/bin/sh", "exit 3", "the credential plugin /bin/sh: it ended with status 3", ERR_SYS},
	        {"a signal", "/bin/sh", "kill -9 $$", "the credential plugin /bin/sh: it ended with status 137", ERR_SYS},
	        {"no such command", "/nonexistent/plugin", "",
	         "the credential plugin /nonexistent/plugin: no such file or directory; get it", ERR_SYS},
	        {"nonsense", "/bin/sh", "echo hello", "the credential plugin /bin/sh: what it printed is no ExecCredential", ERR_SYNTAX},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *argv[] = {(char *)rows[i].command, "-c", (char *)rows[i].script, NULL}, *env[] = {"A=b", NULL};
		struct exec_plugin plugin = {"client.authentication.k8s.io/v1", argv, env, "/", "get it", true};
		struct api_endpoint e = {.url = "https://a", .exec = &plugin};
		struct outcome o = {0};
		uv_loop_t loop;
		uv_loop_init(&loop);
		assert_non_null(exec_start(&loop, &e, &(struct log_series){0}, on_done, &o));
		assert_int_equal(o.calls, 0);
		uv_run(&loop, UV_RUN_DEFAULT);
		assert_int_equal(o.calls, 1);
		assert_string_equal(o.text, rows[i].want);
		assert_int_equal(o.err, rows[i].err);
		assert_int_equal(uv_loop_close(&loop), 0);
	}
}

/* What client-go tells a plugin that wants to know about the cluster, the CA also where it stands in a file. */
static void what_it_is_told(void **state)
{
	char *argv[] = {"/bin/sh", "-c",
	                "echo \"$KUBERNETES_EXEC_INFO\" | sed 's/\"/~/g; s/.*/{\"kind\":\"ExecCredential\",\"status\":{\"token\":\"&\"}}/'",
	                NULL},
	     *env[] = {NULL}, path[] = "/tmp/ca-XXXXXX";
	struct exec_plugin plugin = {"client.authentication.k8s.io/v1", argv, env, "/", NULL, true};
	struct api_endpoint with[] = {{.url = "https://a", .ca_pem = "pem", .proxy_url = "http://p:1", .exec = &plugin},
	                              {.url = "https://a", .ca_file = path, .tls_server_name = "n", .exec = &plugin},
	                              {.url = "https://a", .ca_file = "/nonexistent/ca", .insecure = true, .exec = &plugin}};
	static const char *const want[] = {"~proxy-url~:~http://p:1~,~certificate-authority-data~:~cGVt~}}",
	                                   "~tls-server-name~:~n~,~certificate-authority-data~:~cGVt~}}",
	                                   "~insecure-skip-tls-verify~:true}}"};
	(void)state;
	FILE *file = fdopen(mkstemp(path), "w");
	fputs("pem", file);
	fclose(file);
	for (size_t i = 0; i < sizeof with / sizeof *with; i++) {
		struct outcome o = {0};
		uv_loop_t loop;
		uv_loop_init(&loop);
		assert_non_null(exec_start(&loop, &with[i], &(struct log_series){0}, on_done, &o));
		uv_run(&loop, UV_RUN_DEFAULT);
		const char *cluster = strstr(o.text, "~cluster~:{~server~:~https://a~,");
		assert_non_null(cluster);
		cluster += strlen("~cluster~:{~server~:~https://a~,");
		assert_int_equal(strncmp(cluster, want[i], strlen(want[i])), 0);
		assert_int_equal(uv_loop_close(&loop), 0);
	}
	unlink(path);
}

static void cancelled_it_is_killed_and_heard_no_more(void **state)
{
	char *argv[] = {"/bin/sleep", "1000", NULL}, *env[] = {NULL};
	struct exec_plugin plugin = {"client.authentication.k8s.io/v1", argv, env, NULL, NULL, false};
	struct api_endpoint e = {.url = "https://a", .exec = &plugin};
	struct outcome o = {0};
	struct exec_run *r;
	uv_loop_t loop;
	(void)state;
	uv_loop_init(&loop);
	r = exec_start(&loop, &e, &(struct log_series){0}, on_done, &o);
	uv_run(&loop, UV_RUN_NOWAIT);
	exec_cancel(r);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(o.calls, 0);
	assert_int_equal(uv_loop_close(&loop), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(what_it_prints),
	        cmocka_unit_test(runs),
	        cmocka_unit_test(what_it_is_told),
	        cmocka_unit_test(cancelled_it_is_killed_and_heard_no_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
