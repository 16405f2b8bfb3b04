#include "config/kube_dns.h"
#include "base/file.h"
#include "forward/upstream.h"
#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOWER         "abcdefghijklmnopqrstuvwxyz"
#define DIGITS        "0123456789"
#define SUBDOMAIN_MAX 253 /* RFC 1123, as Kubernetes counts it */

const char *kube_dns_key_name(enum kube_dns_key key)
{
	static const char *const names[KUBE_DNS_KEYS] = {"stubDomains", "upstreamNameservers", "federations"};
	return names[key];
}

/* --- what a value may be --- */

/* Labels of a-z, 0-9 and, inside, "-": a name of Kubernetes that is one of DNS, too, which bounds labels. */
static bool is_subdomain(const char *text, size_t len)
{
	struct name n;
	char before = '.'; /* as if a label ended there */
	for (size_t i = 0; i < len; i++) {
		bool is_letter = text[i] && strchr(LOWER DIGITS, text[i]);
		bool may_follow = text[i] == '.' ? before != '.' && before != '-' : text[i] == '-' && before != '.';
		if (!is_letter && !may_follow)
			return false;
		before = text[i];
	}
	return len && len <= SUBDOMAIN_MAX && name_from_text(&n, text, len) == OK && before != '.' && before != '-';
}

static bool is_address(const char *text)
{
	struct upstream u;
	return !strstr(text, "://") && upstream_parse(text, &u, NULL) == OK;
}

/* With a port, perhaps. Digits alone are an address that is cut, as forward has it. */
static bool is_host(const char *text)
{
	char name[SERVER_NAME_MAX];
	struct upstream u;
	return !strstr(text, "://") && upstream_parse_host(text, &u, name, NULL) == OK && is_subdomain(name, strlen(name)) &&
	       strspn(text, LOWER DIGITS ".-:") == strlen(text) && strspn(text, DIGITS ".:") != strlen(text);
}

/* --- stubDomains --- */

static enum err add_server(struct kube_dns_stub *stub, const cJSON *value, struct diag *d)
{
	const char *text = cJSON_GetStringValue(value);
	if (!text)
		return diag_set(d, ERR_SYNTAX, "%s: a list of servers is wanted: [\"10.0.0.1\", \"ns.example:53\"]", stub->zone);
	if (!is_address(text) && !is_host(text))
		return diag_set(d, ERR_SYNTAX, "%s: \"%s\" is no server: an address or a host's name, perhaps with :PORT, is wanted",
		                stub->zone, text);
	return texts_add(&stub->servers, &text, 1) ? diag_no_memory(d) : OK;
}

static bool is_said(const struct kube_dns *k, const char *zone)
{
	for (unsigned i = 0; i < k->stub_count; i++) {
		if (strcmp(k->stubs[i].zone, zone) == 0)
			return true;
	}
	return false;
}

/* Owned by k from here on, whatever becomes of it. */
static struct kube_dns_stub *new_stub(struct kube_dns *k, const char *zone)
{
	struct kube_dns_stub *more = realloc(k->stubs, (k->stub_count + 1) * sizeof *more);
	if (!more)
		return NULL;
	k->stubs = more;
	more[k->stub_count] = (struct kube_dns_stub){.zone = strdup(zone)};
	return more[k->stub_count].zone ? &more[k->stub_count++] : NULL;
}

static enum err add_stub(struct kube_dns *k, const cJSON *entry, struct diag *d)
{
	const char *zone = entry->string;
	const cJSON *server;
	enum err err = OK;
	if (!is_subdomain(zone, strlen(zone)))
		return diag_set(d, ERR_SYNTAX, "\"%s\" is no domain: labels of a-z, 0-9 and - are wanted", zone);
	if (is_said(k, zone))
		return diag_set(d, ERR_SYNTAX, "%s is there twice", zone);
	if (!cJSON_IsArray(entry))
		return diag_set(d, ERR_SYNTAX, "%s: a list of servers is wanted: [\"10.0.0.1\", \"ns.example:53\"]", zone);
	if (!entry->child)
		return OK; /* no server, nothing said */
	struct kube_dns_stub *stub = new_stub(k, zone);
	if (!stub)
		return diag_no_memory(d);
	for (server = entry->child; server && !err; server = server->next)
		err = add_server(stub, server, d);
	return err;
}

/* Longer ones first, and else by the alphabet: in whichever order the file has them. */
static int compare_stubs(const void *a, const void *b)
{
	const struct kube_dns_stub *one = a, *other = b;
	size_t len = strlen(one->zone), other_len = strlen(other->zone);
	return len != other_len ? (len < other_len) - (len > other_len) : strcmp(one->zone, other->zone);
}

static enum err take_stubs(struct kube_dns *k, const cJSON *value, struct diag *d)
{
	enum err err = OK;
	if (!cJSON_IsObject(value))
		return diag_set(d, ERR_SYNTAX, "domains with their servers are wanted: {\"corp.example\": [\"10.0.0.1\"]}");
	for (const cJSON *entry = value->child; entry && !err; entry = entry->next)
		err = add_stub(k, entry, d);
	if (!err && k->stub_count)
		qsort(k->stubs, k->stub_count, sizeof *k->stubs, compare_stubs);
	return err;
}

/* --- upstreamNameservers, federations --- */

static enum err take_upstreams(struct kube_dns *k, const cJSON *value, struct diag *d)
{
	enum err err = OK;
	if (!cJSON_IsArray(value))
		return diag_set(d, ERR_SYNTAX, "a list of addresses is wanted: [\"10.0.0.1\", \"10.0.0.2:54\"]");
	if (cJSON_GetArraySize(value) > KUBE_DNS_UPSTREAMS)
		return diag_set(d, ERR_RANGE, "%d addresses at most are wanted", KUBE_DNS_UPSTREAMS);
	for (const cJSON *one = value->child; one && !err; one = one->next) {
		const char *text = cJSON_GetStringValue(one);
		if (!text || !is_address(text))
			return diag_set(d, ERR_SYNTAX, "\"%s\" is no address, perhaps with :PORT", text ? text : "");
		if (texts_add(&k->upstreams, &text, 1))
			err = diag_no_memory(d);
	}
	return err;
}

static enum err take_federations(struct kube_dns *k, const cJSON *value, struct diag *d)
{
	if (!cJSON_IsObject(value))
		return diag_set(d, ERR_SYNTAX, "names with domains are wanted: {\"name\": \"corp.example\"}");
	for (const cJSON *entry = value->child; entry; entry = entry->next) {
		if (!cJSON_IsString(entry))
			return diag_set(d, ERR_SYNTAX, "%s: a domain is wanted", entry->string);
		k->federations = true;
	}
	return OK;
}

/* --- JSON --- */

static bool is_blank(const char *text, const char *end)
{
	while (text < end && strchr(" \t\r\n", *text) && *text)
		text++;
	return text == end;
}

static enum err take(struct kube_dns *k, enum kube_dns_key key, const cJSON *value, struct diag *d)
{
	if (cJSON_IsNull(value))
		return OK;
	switch (key) {
	case KUBE_DNS_STUB_DOMAINS:
		return take_stubs(k, value, d);
	case KUBE_DNS_UPSTREAM_NAMESERVERS:
		return take_upstreams(k, value, d);
	case KUBE_DNS_FEDERATIONS:
		return take_federations(k, value, d);
	}
	return OK;
}

enum err kube_dns_parse(struct kube_dns *k, enum kube_dns_key key, const char *text, size_t len, struct diag *d)
{
	const char *end = text;
	cJSON *value = cJSON_ParseWithLengthOpts(text, len, &end, false);
	enum err err;
	if (value && is_blank(end, text + len))
		err = take(k, key, value, d);
	else
		err = diag_set(d, ERR_SYNTAX, "it is no JSON, from octet %zu on", (size_t)(end - text));
	cJSON_Delete(value);
	return err;
}

/* --- the folder --- */

static enum err read_key(const char *folder, enum kube_dns_key key, struct kube_dns *out, struct diag *d)
{
	struct buffer text = {0};
	struct diag why;
	char *path;
	enum err err;
	if (asprintf(&path, "%s/%s", folder, kube_dns_key_name(key)) < 0)
		return diag_no_memory(d);
	err = file_read(&text, path, FILE_REGULAR, KUBE_DNS_VALUE_MAX, d);
	if (err == ERR_MISSING) {
		err = OK;
	} else if (!err) {
		err = kube_dns_parse(out, key, text.data ? text.data : "", text.len, &why);
		if (err)
			diag_set(d, err, "%s: %s", path, why.text);
	}
	buffer_free(&text);
	free(path);
	return err;
}

enum err kube_dns_read(const char *folder, struct kube_dns *out, struct diag *d)
{
	enum err err = OK;
	*out = (struct kube_dns){0};
	for (enum kube_dns_key key = 0; key < KUBE_DNS_KEYS && !err; key++)
		err = read_key(folder, key, out, d);
	if (err)
		kube_dns_clear(out);
	return err;
}

void kube_dns_clear(struct kube_dns *k)
{
	for (unsigned i = 0; i < k->stub_count; i++) {
		free(k->stubs[i].zone);
		texts_clear(&k->stubs[i].servers);
	}
	free(k->stubs);
	texts_clear(&k->upstreams);
	*k = (struct kube_dns){0};
}
