#include "https.h"
#include "base/buffer.h"
#include "channel.h"
#include "io/transfers.h"
#include "tls/trust.h"
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URL_MAX    1024
#define WAY_MAX    512
#define HTTP_OK    200
#define MS_PER_S   1000
#define MEDIA_TYPE "application/dns-message"
#define BASE64_URL "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

struct https {
	struct channel *channel;
	struct transfers *transfers;
	struct curl_slist *headers, *way; /* way: to which address */
	char url[URL_MAX];
};

struct https_request {
	struct transfer transfer; /* the first member */
	struct https *owner;
	struct attempt *attempt; /* NULL: it has ended */
	struct buffer body;
	char trouble[CURL_ERROR_SIZE];
};

/* --- where --- */

/* The name in the certificate is that of the URL. */
static void write_url(const struct upstream *u, char url[URL_MAX], char way[WAY_MAX])
{
	char at[UPSTREAM_TEXT_MAX];
	const char *port;
	upstream_format(u, at);
	port = strrchr(at, ':');
	if (u->server_name[0])
		snprintf(url, URL_MAX, "https://%s%s/dns-query", u->server_name, port);
	else
		snprintf(url, URL_MAX, "https://%s/dns-query", at);
	snprintf(way, WAY_MAX, "::%s", at);
}

static struct https *https_new(struct channel *c)
{
	struct https *h = calloc(1, sizeof *h);
	char way[WAY_MAX];
	if (!h)
		return NULL;
	h->channel = c;
	write_url(c->upstream, h->url, way);
	h->headers = curl_slist_append(NULL, "Content-Type: " MEDIA_TYPE);
	if (h->headers && curl_slist_append(h->headers, "Accept: " MEDIA_TYPE))
		h->way = curl_slist_append(NULL, way);
	h->transfers = h->way ? transfers_new(c->worker->loop) : NULL;
	if (h->transfers)
		return h;
	https_end(h);
	return NULL;
}

void https_end(struct https *h)
{
	if (!h)
		return;
	transfers_free(h->transfers);
	curl_slist_free_all(h->headers);
	curl_slist_free_all(h->way);
	free(h);
}

/* --- one request --- */

static size_t on_body(char *bytes, size_t size, size_t count, void *arg)
{
	struct https_request *r = arg;
	size_t len = size * count;
	if (r->body.len + len > DNS_TCP_SIZE_MAX)
		return 0; /* which ends it */
	buffer_append(&r->body, bytes, len);
	return r->body.failed ? 0 : len;
}

/* libcurl reads certificates for each connection; ours are read already. */
static CURLcode on_context(CURL *easy, void *context, void *arg)
{
	const struct trust *t = arg;
	STACK_OF(X509) *chain = NULL;
	X509 *cert = SSL_CTX_get0_certificate(trust_context(t));
	(void)easy;
	SSL_CTX_set1_cert_store(context, SSL_CTX_get_cert_store(trust_context(t)));
	if (!cert)
		return CURLE_OK;
	SSL_CTX_get0_chain_certs(trust_context(t), &chain);
	if (SSL_CTX_use_certificate(context, cert) != 1 ||
	    SSL_CTX_use_PrivateKey(context, SSL_CTX_get0_privatekey(trust_context(t))) != 1 ||
	    (chain && SSL_CTX_set1_chain(context, chain) != 1))
		return CURLE_SSL_CERTPROBLEM;
	return CURLE_OK;
}

static bool set_how(CURL *easy, const struct forward_options *o)
{
	char text[ADDR_TEXT_MAX + 8] = "host!";
	bool ok = curl_easy_setopt(easy, CURLOPT_MAXAGE_CONN, (long)((o->expire_ms + MS_PER_S - 1) / MS_PER_S)) == CURLE_OK;
	if (o->max_age_ms)
		ok = ok && curl_easy_setopt(easy, CURLOPT_MAXLIFETIME_CONN, (long)((o->max_age_ms + MS_PER_S - 1) / MS_PER_S)) == CURLE_OK;
	if (o->source.family) {
		addr_format(&o->source, text + 5);
		ok = ok && curl_easy_setopt(easy, CURLOPT_INTERFACE, text) == CURLE_OK;
	}
	return ok;
}

static bool set_where(CURL *easy, struct https_request *r)
{
	const struct https *h = r->owner;
	return curl_easy_setopt(easy, CURLOPT_CONNECT_TO, h->way) == CURLE_OK && curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https") == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_HTTPHEADER, h->headers) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_WRITEDATA, r) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, r->trouble) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)FORWARD_FLIGHT_MS) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L) == CURLE_OK;
}

static bool set_security(CURL *easy, struct trust *t)
{
	return curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_CAINFO, NULL) == CURLE_OK && curl_easy_setopt(easy, CURLOPT_CAPATH, NULL) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_context) == CURLE_OK &&
	       curl_easy_setopt(easy, CURLOPT_SSL_CTX_DATA, t) == CURLE_OK;
}

/* RFC 4648 5, without padding. */
static void put_base64(char *out, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t three = (uint32_t)bytes[i] << 16 | (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) | (left > 2 ? bytes[i + 2] : 0);
		for (unsigned k = 0; k < (left > 2 ? 4 : left + 1); k++)
			*out++ = BASE64_URL[three >> (18 - 6 * k) & 63];
	}
	*out = 0;
}

/* With id 0, so that what is between may keep answers (RFC 8484 4.1). */
static bool set_query(CURL *easy, const struct https *h, struct attempt *e)
{
	uint8_t query[QUERY_LEN_MAX];
	size_t len = e->len - 2u; /* without the octets of its length */
	char url[URL_MAX + 2 * QUERY_LEN_MAX];
	memcpy(query, attempt_query(e), len);
	query[0] = query[1] = 0;
	if (!h->channel->upstreams->options.doh_get)
		return curl_easy_setopt(easy, CURLOPT_URL, h->url) == CURLE_OK &&
		       curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)len) == CURLE_OK &&
		       curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, query) == CURLE_OK;
	int at = snprintf(url, sizeof url, "%s?dns=", h->url);
	put_base64(url + at, query, len);
	return curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK;
}

static void on_release(struct transfer *t)
{
	struct https_request *r = (struct https_request *)t;
	curl_easy_cleanup(t->easy);
	buffer_free(&r->body);
	free(r);
}

/* What a person should hear of; "" is nothing. */
static void note_trouble(struct https_request *r, CURLcode code, long status)
{
	if (code == CURLE_OK)
		snprintf(r->trouble, sizeof r->trouble, "HTTP status %ld", status);
	else if (code == CURLE_COULDNT_CONNECT || code == CURLE_OPERATION_TIMEDOUT || code == CURLE_OUT_OF_MEMORY)
		r->trouble[0] = 0;
	else if (!r->trouble[0])
		snprintf(r->trouble, sizeof r->trouble, "%s", curl_easy_strerror(code));
}

static void on_done(struct transfer *t, CURLcode code)
{
	struct https_request *r = (struct https_request *)t;
	struct attempt *e = r->attempt;
	long status = 0;
	if (!e)
		return;
	r->attempt = NULL;
	e->request = NULL;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK && status == HTTP_OK) {
		channel_on_https_message(e, (uint8_t *)r->body.data, r->body.len);
		return;
	}
	struct channel *c = e->channel;
	note_trouble(r, code, status);
	channel_tell_trouble(c, r->trouble[0] ? r->trouble : NULL);
	channel_on_trouble(c);
	channel_finish(e, ATTEMPT_FAILED, NULL, 0);
}

enum err https_send(struct https **h, struct channel *c, struct attempt *e)
{
	if (!*h && !(*h = https_new(c)))
		return ERR_NOMEM;
	struct https_request *r = calloc(1, sizeof *r);
	if (!r)
		return ERR_NOMEM;
	r->owner = *h;
	r->attempt = e;
	r->transfer = (struct transfer){.easy = curl_easy_init(), .done = on_done, .release = on_release};
	CURL *easy = r->transfer.easy;
	if (!easy || !set_where(easy, r) || !set_security(easy, c->upstreams->options.trust) || !set_how(easy, &c->upstreams->options) ||
	    !set_query(easy, *h, e)) {
		on_release(&r->transfer);
		return ERR_NOMEM;
	}
	e->request = r;
	e->sent_ns = uv_hrtime();
	transfers_start((*h)->transfers, &r->transfer);
	return OK;
}

void https_forget(struct https_request *r)
{
	if (!r)
		return;
	r->attempt->request = NULL;
	r->attempt = NULL;
	transfers_stop(r->owner->transfers, &r->transfer);
}
