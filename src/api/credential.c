#include "credential.h"
#include "base/base64.h"
#include "base/file.h"
#include "base/log.h"
#include "base/secret.h"
#include "exec_plugin.h"
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TOKEN_MAX     ((size_t)64 << 10)
#define EXPIRES_EARLY 10 /* seconds; a request under way should not meet the end of its credential */

struct credential {
	uv_loop_t *loop;
	const struct api_endpoint *endpoint;
	credential_news *news;
	void *arg;
	char *header;
	bool old_token; /* the token file gives none, and an earlier token or the kubeconfig's is shown: that was told */

	struct exec_run *run;
	struct log_series lines; /* of what the plugin says, whenever it runs */
	struct exec_credential got;
	bool just_ran; /* those who waited are being told: what it gave is good for them, though it may have expired already */
	bool failed;   /* it did in that run */
	struct diag why;
};

struct credential *credential_new(uv_loop_t *loop, const struct api_endpoint *e, credential_news *news, void *arg)
{
	struct credential *c = calloc(1, sizeof *c);
	if (c)
		*c = (struct credential){.loop = loop, .endpoint = e, .news = news, .arg = arg};
	return c;
}

void credential_free(struct credential *c)
{
	if (!c)
		return;
	exec_cancel(c->run);
	log_series_end(&c->lines);
	exec_credential_clear(&c->got);
	secret_free(c->header);
	free(c);
}

/* --- the header --- */

static enum credential_state set_header(struct credential *c, const char *scheme, const char *secret, size_t len, struct diag *d)
{
	struct buffer line = {.secret = true};
	buffer_append_text(&line, "Authorization: ");
	buffer_append_text(&line, scheme);
	buffer_append_text(&line, " ");
	buffer_append(&line, secret, len);
	secret_free(c->header);
	c->header = buffer_take_text(&line);
	if (c->header)
		return CREDENTIAL_READY;
	diag_no_memory(d);
	return CREDENTIAL_FAILED;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* A header line that the secret could break out of is not sent. */
static bool is_one_line(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return false;
	}
	return len > 0;
}

static enum credential_state set_bearer(struct credential *c, const char *token, size_t len, const char *from, struct diag *d)
{
	while (len && is_space(token[len - 1]))
		len--;
	if (is_one_line(token, len))
		return set_header(c, "Bearer", token, len, d);
	diag_set(d, ERR_SYNTAX, "%s holds no token", from);
	return CREDENTIAL_FAILED;
}

static enum credential_state set_token_of_file(struct credential *c, struct diag *d)
{
	const char *path = c->endpoint->token_file;
	struct buffer b = {.secret = true};
	enum credential_state state = CREDENTIAL_FAILED;
	if (file_read(&b, path, FILE_REGULAR, TOKEN_MAX, d) == OK)
		state = set_bearer(c, b.data, b.len, path, d);
	buffer_free(&b);
	return state;
}

/* A file that is empty or not there may be one that is being written, or whose volume will be back: as in client-go the last token goes on,
 * and where there never was one, that of the kubeconfig. */
static enum credential_state read_token_file(struct credential *c, struct diag *d)
{
	const char *token = c->endpoint->token;
	bool told = c->old_token;
	c->old_token = set_token_of_file(c, d) != CREDENTIAL_READY && (c->header || token);
	if (c->old_token && !told)
		log_line(LOG_WARNING, "%s; %s goes on", d->text, c->header ? "the last token" : "the kubeconfig's token");
	if (c->header)
		return CREDENTIAL_READY;
	return token ? set_bearer(c, token, strlen(token), "the kubeconfig", d) : CREDENTIAL_FAILED;
}

static enum credential_state set_basic(struct credential *c, struct diag *d)
{
	const char *user = c->endpoint->user, *password = c->endpoint->password ? c->endpoint->password : "";
	enum credential_state state = CREDENTIAL_FAILED;
	struct buffer plain = {.secret = true};
	char *encoded = NULL;
	buffer_append_text(&plain, user);
	buffer_append_text(&plain, ":");
	buffer_append_text(&plain, password);
	if (!plain.failed)
		encoded = base64_encode(plain.data, plain.len);
	if (encoded)
		state = set_header(c, "Basic", encoded, strlen(encoded), d);
	else
		diag_no_memory(d);
	buffer_free(&plain);
	secret_free(encoded);
	return state;
}

/* --- the plugin --- */

static void on_plugin_done(void *arg, enum err err, struct exec_credential *got, const struct diag *d)
{
	struct credential *c = arg;
	c->run = NULL;
	c->failed = err != OK;
	if (err)
		c->why = *d;
	else
		c->got = *got;
	c->just_ran = true;
	c->news(c->arg);
	c->just_ran = c->failed = false;
}

static bool has_expired(const struct exec_credential *got)
{
	return got->expires_s != INT64_MAX && time(NULL) >= got->expires_s - EXPIRES_EARLY;
}

static enum credential_state ask_plugin(struct credential *c, struct diag *d)
{
	if (c->run)
		return CREDENTIAL_PENDING;
	if (c->failed) {
		*d = c->why;
		return CREDENTIAL_FAILED;
	}
	if ((c->got.token || c->got.cert_pem) && (c->just_ran || !has_expired(&c->got)))
		return c->got.token ? set_bearer(c, c->got.token, strlen(c->got.token), "the credential plugin's answer", d)
		                    : CREDENTIAL_READY;
	exec_credential_clear(&c->got);
	c->run = exec_start(c->loop, c->endpoint, &c->lines, on_plugin_done, c);
	if (c->run)
		return CREDENTIAL_PENDING;
	diag_no_memory(d);
	return CREDENTIAL_FAILED;
}

/* --- what to show --- */

/* The order is client-go's: a file before what is written in the kubeconfig, a token before a password. */
static enum credential_state prepare(struct credential *c, struct diag *d)
{
	const struct api_endpoint *e = c->endpoint;
	if (e->token_file)
		return read_token_file(c, d);
	if (e->token)
		return set_bearer(c, e->token, strlen(e->token), "the kubeconfig", d);
	if (e->user)
		return set_basic(c, d);
	return e->exec ? ask_plugin(c, d) : CREDENTIAL_READY;
}

enum credential_state credential_get(struct credential *c, struct authorization *a, struct diag *d)
{
	enum credential_state state = prepare(c, d);
	*a = (struct authorization){c->header, c->got.cert_pem, c->got.key_pem};
	return state;
}

void credential_reject(struct credential *c)
{
	exec_credential_clear(&c->got);
	if (c->endpoint->exec) {
		secret_free(c->header);
		c->header = NULL;
	}
}
