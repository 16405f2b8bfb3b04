#include "exec_plugin.h"
#include "base/base64.h"
#include "base/file.h"
#include "base/process.h"
#include "base/secret.h"
#include "plugin_words.h"
#include <cjson/cJSON.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define OUTPUT_MAX    ((size_t)1 << 20)
#define HANDLES       5
#define WORDS_MS      2000 /* what it says waits so long for its end: it may say what it is about to give */
#define WORDS_DRAIN   16   /* reads of what it said last */
#define EXEC_INFO_ENV "KUBERNETES_EXEC_INFO"

struct exec_run {
	uv_process_t process;
	uv_pipe_t out, words_out; /* its stdout and stderr */
	uv_timer_t limit, words_timer;
	unsigned open_handles;
	const struct exec_plugin *plugin;
	exec_done *done; /* NULL: cancelled */
	void *arg;
	struct buffer output;
	struct plugin_words words;
	struct log_series *lines;
	bool exited, ended; /* the process; its output */
	int spawn_error;
	int64_t status;
	char read_buffer[4096];
};

void exec_credential_clear(struct exec_credential *c)
{
	secret_free(c->token);
	secret_free(c->cert_pem);
	secret_free(c->key_pem);
	*c = (struct exec_credential){0};
}

/* --- what it printed --- */

/* RFC 3339, as "2026-01-02T03:04:05Z"; false if it is not that. */
static bool parse_time(const char *text, int64_t *seconds)
{
	struct tm tm = {0};
	long offset;
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (rest && *rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	if (!rest)
		return false;
	*seconds = timegm(&tm);
	tm.tm_gmtoff = 0;
	rest = strptime(rest, "%z", &tm);
	offset = tm.tm_gmtoff;
	*seconds -= offset;
	return rest && !*rest;
}

/* A string member as a copy; false: out of memory. */
static bool copy_member(const cJSON *status, const char *key, char **out)
{
	const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(status, key));
	*out = text && *text ? strdup(text) : NULL;
	return !text || !*text || *out;
}

static enum err read_status(const cJSON *status, struct exec_credential *out, struct diag *d)
{
	const char *expires = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(status, "expirationTimestamp"));
	if (!copy_member(status, "token", &out->token) || !copy_member(status, "clientCertificateData", &out->cert_pem) ||
	    !copy_member(status, "clientKeyData", &out->key_pem))
		return diag_no_memory(d);
	if (!out->token && !(out->cert_pem && out->key_pem))
		return diag_set(d, ERR_SYNTAX, "it gave neither a token nor a client certificate with its key");
	out->expires_s = INT64_MAX;
	if (expires && !parse_time(expires, &out->expires_s))
		return diag_set(d, ERR_SYNTAX, "its expirationTimestamp is not a time such as 2026-01-02T03:04:05Z");
	return OK;
}

enum err exec_credential_parse(const char *text, size_t len, struct exec_credential *out, struct diag *d)
{
	cJSON *json = cJSON_ParseWithLength(text, len);
	const char *kind = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(json, "kind"));
	enum err err;
	*out = (struct exec_credential){0};
	if (kind && strcmp(kind, "ExecCredential") == 0)
		err = read_status(cJSON_GetObjectItemCaseSensitive(json, "status"), out, d);
	else
		err = diag_set(d, ERR_SYNTAX, "what it printed is no ExecCredential");
	cJSON_Delete(json);
	if (err)
		exec_credential_clear(out);
	return err;
}

/* --- its handles --- */

static void on_closed(uv_handle_t *handle)
{
	struct exec_run *r = handle->data;
	if (--r->open_handles)
		return;
	buffer_free(&r->output);
	secret_free(r);
}

static void close_handles(struct exec_run *r)
{
	uv_close((uv_handle_t *)&r->process, on_closed);
	uv_close((uv_handle_t *)&r->out, on_closed);
	uv_close((uv_handle_t *)&r->words_out, on_closed);
	uv_close((uv_handle_t *)&r->limit, on_closed);
	uv_close((uv_handle_t *)&r->words_timer, on_closed);
}

/* --- what it says --- */

static void tell_words(struct exec_run *r, const char *secret, bool at_end)
{
	uv_timer_stop(&r->words_timer);
	plugin_words_tell(&r->words, r->lines, r->plugin->argv[0], secret, at_end);
}

static void on_words_timer(uv_timer_t *handle)
{
	tell_words(handle->data, NULL, false);
}

static void on_words(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct exec_run *r = stream->data;
	if (n < 0) {
		uv_read_stop(stream);
		return;
	}
	plugin_words_read(&r->words, buf->base, (size_t)n);
	if (!uv_is_active((uv_handle_t *)&r->words_timer))
		uv_timer_start(&r->words_timer, on_words_timer, WORDS_MS, 0);
}

/* It has ended, and libuv may not have read its last words yet. Others may hold its stderr open and write for ever. */
static void read_last_words(struct exec_run *r)
{
	uv_os_fd_t fd;
	ssize_t n = 1;
	if (r->spawn_error || uv_fileno((uv_handle_t *)&r->words_out, &fd))
		return;
	for (unsigned i = 0; i < WORDS_DRAIN && n > 0; i++) {
		n = read(fd, r->read_buffer, sizeof r->read_buffer);
		if (n > 0)
			plugin_words_read(&r->words, r->read_buffer, (size_t)n);
	}
}

/* --- its end --- */

static enum err outcome(const struct exec_run *r, struct exec_credential *got, struct diag *d)
{
	if (r->spawn_error)
		return diag_set(d, ERR_SYS, "%s", uv_strerror(r->spawn_error));
	if (r->output.failed)
		return diag_no_memory(d);
	if (r->status)
		return diag_set(d, ERR_SYS, "it ended with status %lld", (long long)r->status);
	return exec_credential_parse(r->output.data, r->output.len, got, d);
}

static void finish(struct exec_run *r)
{
	struct exec_credential got = {0};
	struct diag why = {0}, d = {0};
	enum err err = outcome(r, &got, &why);
	const char *hint = r->plugin->install_hint;
	if (err)
		diag_set(&d, err, "the credential plugin %s: %s%s%s", r->plugin->argv[0], why.text, r->spawn_error && hint ? "; " : "",
		         r->spawn_error && hint ? hint : "");
	read_last_words(r);
	tell_words(r, got.token, true);
	close_handles(r);
	r->done(r->arg, err, &got, &d);
}

static void finish_if_over(struct exec_run *r)
{
	if (r->done && r->exited && r->ended)
		finish(r);
}

static void on_exit_of_plugin(uv_process_t *process, int64_t status, int signal_number)
{
	struct exec_run *r = process->data;
	r->exited = true;
	r->status = signal_number ? 128 + signal_number : status;
	finish_if_over(r);
}

static void on_output(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct exec_run *r = stream->data;
	if (n > 0 && r->output.len + (size_t)n <= OUTPUT_MAX)
		buffer_append(&r->output, buf->base, (size_t)n);
	if (n >= 0)
		return;
	uv_read_stop(stream);
	r->ended = true;
	finish_if_over(r);
}

static void on_room_wanted(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct exec_run *r = handle->data;
	(void)suggested;
	*buf = uv_buf_init(r->read_buffer, sizeof r->read_buffer);
}

static void on_limit(uv_timer_t *handle)
{
	struct exec_run *r = handle->data;
	if (r->spawn_error) {
		finish(r);
		return;
	}
	r->ended = true; /* what it left running may hold its output open for ever */
	if (r->exited)
		finish(r);
	else
		uv_process_kill(&r->process, SIGKILL);
}

/* --- its beginning --- */

/* A file that can't be read is said when we connect. */
static void add_ca(cJSON *cluster, const struct api_endpoint *e)
{
	struct buffer pem = {0};
	struct diag d;
	if (e->ca_pem)
		buffer_append(&pem, e->ca_pem, strlen(e->ca_pem));
	else if (e->ca_file && file_read(&pem, e->ca_file, FILE_REGULAR, OUTPUT_MAX, &d))
		pem.len = 0;
	char *text = pem.len ? base64_encode(pem.data, pem.len) : NULL;
	if (text)
		cJSON_AddStringToObject(cluster, "certificate-authority-data", text);
	free(text);
	buffer_free(&pem);
}

/* As client-go has it, but without the extension `config`. */
static void add_cluster(cJSON *cluster, const struct api_endpoint *e)
{
	cJSON_AddStringToObject(cluster, "server", e->url);
	if (e->tls_server_name)
		cJSON_AddStringToObject(cluster, "tls-server-name", e->tls_server_name);
	if (e->insecure)
		cJSON_AddTrueToObject(cluster, "insecure-skip-tls-verify");
	if (e->proxy_url)
		cJSON_AddStringToObject(cluster, "proxy-url", e->proxy_url);
	add_ca(cluster, e);
}

/* What the plugin is told: KUBERNETES_EXEC_INFO=... The caller frees it as a secret: a proxy's URL may have a password. */
static char *exec_info(const struct api_endpoint *e)
{
	cJSON *info = cJSON_CreateObject(), *spec = cJSON_AddObjectToObject(info, "spec");
	struct buffer line = {.secret = true};
	char *json = NULL;
	cJSON_AddStringToObject(info, "kind", "ExecCredential");
	cJSON_AddStringToObject(info, "apiVersion", e->exec->api_version);
	cJSON_AddFalseToObject(spec, "interactive");
	if (e->exec->provide_cluster_info)
		add_cluster(cJSON_AddObjectToObject(spec, "cluster"), e);
	json = cJSON_PrintUnformatted(info);
	buffer_append_text(&line, EXEC_INFO_ENV "=");
	buffer_append_text(&line, json ? json : "");
	line.failed |= !json;
	cJSON_free(json);
	cJSON_Delete(info);
	return buffer_take_text(&line);
}

static size_t list_length(char **list)
{
	size_t n = 0;
	while (list && list[n])
		n++;
	return n;
}

/* Our own environment, what the kubeconfig adds to it, and the last line; the array alone is the caller's. Of two lines of one name a
 * program takes the first. */
static char **environment(const struct exec_plugin *p, char *last)
{
	size_t ours = list_length(environ), added = list_length(p->env);
	char **env = calloc(ours + added + 2, sizeof *env);
	if (!env)
		return NULL;
	env[0] = last;
	if (added)
		memcpy(env + 1, p->env, added * sizeof *env);
	memcpy(env + 1 + added, environ, ours * sizeof *env);
	return env;
}

static int spawn(uv_loop_t *loop, struct exec_run *r, char **env)
{
	const struct exec_plugin *p = r->plugin;
	char path[PATH_MAX];
	uv_stdio_container_t stdio[3] = {
	        {.flags = UV_IGNORE},
	        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&r->out},
	        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&r->words_out},
	};
	uv_process_options_t options = {
	        .exit_cb = on_exit_of_plugin, .file = p->argv[0], .args = p->argv, .env = env, .stdio = stdio, .stdio_count = 3};
	if (p->folder && p->argv[0][0] != '/' && strchr(p->argv[0], '/')) {
		snprintf(path, sizeof path, "%s/%s", p->folder, p->argv[0]);
		options.file = path;
	}
	process_close_on_exec();
	return uv_spawn(loop, &r->process, &options);
}

static struct exec_run *run_new(uv_loop_t *loop, const struct exec_plugin *plugin, struct log_series *lines, exec_done *done, void *arg)
{
	struct exec_run *r = calloc(1, sizeof *r);
	if (!r)
		return NULL;
	*r = (struct exec_run){.plugin = plugin, .lines = lines, .done = done, .arg = arg, .open_handles = HANDLES, .output.secret = true};
	uv_pipe_init(loop, &r->out, 0);
	uv_pipe_init(loop, &r->words_out, 0);
	uv_timer_init(loop, &r->limit);
	uv_timer_init(loop, &r->words_timer);
	r->process.data = r->out.data = r->words_out.data = r->limit.data = r->words_timer.data = r;
	return r;
}

struct exec_run *exec_start(uv_loop_t *loop, const struct api_endpoint *e, struct log_series *lines, exec_done *done, void *arg)
{
	char *info = exec_info(e), **env = info ? environment(e->exec, info) : NULL;
	struct exec_run *r = env ? run_new(loop, e->exec, lines, done, arg) : NULL;
	if (r) {
		r->spawn_error = spawn(loop, r, env);
		if (!r->spawn_error) {
			uv_read_start((uv_stream_t *)&r->out, on_room_wanted, on_output);
			uv_read_start((uv_stream_t *)&r->words_out, on_room_wanted, on_words);
		}
		uv_timer_start(&r->limit, on_limit, r->spawn_error ? 0 : EXEC_MAX_MS, 0);
	}
	free(env);
	secret_free(info);
	return r;
}

void exec_cancel(struct exec_run *r)
{
	if (!r)
		return;
	r->done = NULL;
	if (!r->exited && !r->spawn_error)
		uv_process_kill(&r->process, SIGKILL);
	close_handles(r);
}
