#include "reply.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SLICES  "/apis/discovery.k8s.io/v1/endpointslices"
#define VERSION "900000000" /* the world's, after all objects */

struct resource resources[RESOURCES] = {
        {.name = "namespaces", .path = "/api/v1/namespaces", .kind = "Namespace", .api_version = "v1"},
        {.name = "services", .path = "/api/v1/services", .kind = "Service", .api_version = "v1"},
        {.name = "pods", .path = "/api/v1/pods", .kind = "Pod", .api_version = "v1"},
        {.name = "endpointslices", .path = SLICES, .kind = "EndpointSlice", .api_version = "discovery.k8s.io/v1"},
        {.name = "foreignslices", .path = SLICES, .kind = "EndpointSlice", .api_version = "discovery.k8s.io/v1"},
        {.name = "noslices", .path = SLICES, .kind = "EndpointSlice", .api_version = "discovery.k8s.io/v1"},
};

/* --- the objects --- */

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static uint32_t length_at(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void map(struct objects *o, const char *folder, const char *resource, const char *suffix)
{
	char path[4096];
	struct stat st;
	int fd;
	snprintf(path, sizeof path, "%s/%s.%s", folder, resource, suffix);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		fail(path);
	o->len = (size_t)st.st_size;
	if (o->len) {
		o->bytes = mmap(NULL, o->len, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
		if (o->bytes == MAP_FAILED)
			fail(path);
	}
	close(fd);
	for (size_t at = 0; at < o->len; at += 4 + length_at(o->bytes + at)) {
		o->count++;
		o->body_bytes += length_at(o->bytes + at);
	}
}

void resources_open(const char *folder)
{
	for (struct resource *r = resources; r < resources + RESOURCES; r++) {
		map(&r->base[ENCODING_JSON], folder, r->name, "json");
		map(&r->base[ENCODING_PROTOBUF], folder, r->name, "pb");
		map(&r->changes[ENCODING_JSON], folder, r->name, "changes.json");
		map(&r->changes[ENCODING_PROTOBUF], folder, r->name, "changes.pb");
	}
}

struct resource *resource_named(const char *name)
{
	for (struct resource *r = resources; r < resources + RESOURCES; r++)
		if (strcmp(r->name, name) == 0)
			return r;
	return NULL;
}

/* What the label selectors that headns asks with select in this world. */
static struct resource *find_slices(const char *query)
{
	if (strstr(query, "service-name"))
		return resource_named("noslices"); /* of Services without a selector, what the controller has made */
	return resource_named(strstr(query, "managed-by%21%3D") ? "foreignslices" : "endpointslices");
}

struct resource *resource_find(const char *path)
{
	for (struct resource *r = resources; r < resources + RESOURCES; r++) {
		size_t len = strlen(r->path);
		if (strncmp(path, r->path, len) == 0 && (path[len] == '?' || path[len] == '\0'))
			return strcmp(r->path, SLICES) == 0 ? find_slices(path) : r;
	}
	return NULL;
}

/* --- protobuf, written from its end to its start, since a length stands before what it counts --- */

struct back {
	uint8_t *at; /* the first octet written */
	size_t len;  /* from there to the end, with what follows the buffer */
};

static void put(struct back *b, const void *bytes, size_t len)
{
	b->at -= len;
	b->len += len;
	memcpy(b->at, bytes, len);
}

static void put_varint(struct back *b, uint64_t n)
{
	uint8_t octets[10];
	size_t len = 0;
	do {
		octets[len] = (uint8_t)((n & 127) | (n > 127 ? 128 : 0));
		len++;
	} while (n >>= 7);
	put(b, octets, len);
}

static void put_tag(struct back *b, unsigned field)
{
	put_varint(b, field << 3 | 2);
}

/* Makes the last len octets the value of a field. */
static void wrap(struct back *b, unsigned field, size_t len)
{
	put_varint(b, len);
	put_tag(b, field);
}

static void put_text(struct back *b, unsigned field, const char *text)
{
	size_t len = strlen(text);
	put(b, text, len);
	wrap(b, field, len);
}

/* Before an object's message: runtime.Unknown with the magic number. */
static void put_unknown(struct back *b, const char *api_version, const char *kind)
{
	size_t before;
	wrap(b, 2, b->len);
	before = b->len;
	put_text(b, 2, kind);
	put_text(b, 1, api_version);
	wrap(b, 1, b->len - before);
	put(b, "k8s", 4);
}

static void put_event(struct back *b, const char *type)
{
	uint8_t length[4];
	wrap(b, 1, b->len); /* RawExtension.raw */
	wrap(b, 2, b->len); /* WatchEvent.object */
	put_text(b, 1, type);
	for (int i = 0; i < 4; i++)
		length[i] = (uint8_t)(b->len >> (24 - 8 * i));
	put(b, length, 4);
}

/* --- frames --- */

static void set_pieces(struct reply *r, struct piece head, struct piece body, struct piece tail)
{
	r->pieces[0] = head;
	r->pieces[1] = body;
	r->pieces[2] = tail;
	r->piece = 0;
}

static struct piece head_text(struct reply *r, int len)
{
	return (struct piece){r->head, (size_t)len};
}

static void set_event(struct reply *r, const char *type, struct piece body)
{
	const struct resource *of = r->resource;
	if (r->encoding == ENCODING_JSON) {
		int len = snprintf((char *)r->head, sizeof r->head, "{\"type\":\"%s\",\"object\":{\"kind\":\"%s\",\"apiVersion\":\"%s\",",
		                   type, of->kind, of->api_version);
		set_pieces(r, head_text(r, len), body, (struct piece){"}\n", 2});
		return;
	}
	struct back b = {r->head + sizeof r->head, body.len};
	put_unknown(&b, of->api_version, of->kind);
	put_event(&b, type);
	set_pieces(r, (struct piece){b.at, b.len - body.len}, body, (struct piece){0});
}

static void set_bookmark(struct reply *r, bool initial_end)
{
	static const char json[] = "\"metadata\":{\"resourceVersion\":\"" VERSION "\"}}";
	static const char json_end[] =
	        "\"metadata\":{\"resourceVersion\":\"" VERSION "\",\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}}";
	struct back b = {r->bookmark + sizeof r->bookmark, 0};
	if (r->encoding == ENCODING_JSON) {
		set_event(r, "BOOKMARK",
		          initial_end ? (struct piece){json_end, sizeof json_end - 1} : (struct piece){json, sizeof json - 1});
		return;
	}
	if (initial_end) {
		put_text(&b, 2, "true");
		put_text(&b, 1, "k8s.io/initial-events-end");
		wrap(&b, 12, b.len);
	}
	put_text(&b, 6, VERSION);
	wrap(&b, 1, b.len);
	set_event(r, "BOOKMARK", (struct piece){b.at, b.len});
}

static void set_expired(struct reply *r)
{
	static const char text[] = "too old resource version";
	int len =
	        snprintf((char *)r->head, sizeof r->head,
	                 "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","
	                 "\"message\":\"%s\",\"reason\":\"Expired\",\"code\":410}}\n",
	                 text);
	if (r->encoding == ENCODING_PROTOBUF) {
		struct back b = {r->head + sizeof r->head, 0};
		put_varint(&b, 410);
		put_varint(&b, 6 << 3);
		put_text(&b, 4, "Expired");
		put_text(&b, 3, text);
		put_text(&b, 2, "Failure");
		put_unknown(&b, "v1", "Status");
		put_event(&b, "ERROR");
		set_pieces(r, (struct piece){b.at, b.len}, (struct piece){0}, (struct piece){0});
		return;
	}
	set_pieces(r, head_text(r, len), (struct piece){0}, (struct piece){0});
}

static size_t varint_len(size_t n)
{
	size_t len = 1;
	while (n >>= 7)
		len++;
	return len;
}

static void set_list_head(struct reply *r)
{
	const struct resource *of = r->resource;
	const struct objects *o = &of->base[r->encoding];
	char kind[64];
	snprintf(kind, sizeof kind, "%sList", of->kind);
	if (r->encoding == ENCODING_JSON) {
		int len = snprintf((char *)r->head, sizeof r->head,
		                   "{\"kind\":\"%s\",\"apiVersion\":\"%s\",\"metadata\":{\"resourceVersion\":\"" VERSION "\"},\"items\":[",
		                   kind, of->api_version);
		set_pieces(r, head_text(r, len), (struct piece){0}, (struct piece){0});
		return;
	}
	size_t items = o->body_bytes, before;
	for (size_t at = 0; at < o->len; at += 4 + length_at(o->bytes + at))
		items += 1 + varint_len(length_at(o->bytes + at));
	struct back b = {r->head + sizeof r->head, items};
	before = b.len;
	put_text(&b, 2, VERSION);
	wrap(&b, 1, b.len - before);
	put_unknown(&b, of->api_version, kind);
	set_pieces(r, (struct piece){b.at, b.len - items}, (struct piece){0}, (struct piece){0});
}

static void set_item(struct reply *r, struct piece body, bool first)
{
	if (r->encoding == ENCODING_JSON) {
		set_pieces(r, first ? (struct piece){"{", 1} : (struct piece){",{", 2}, body, (struct piece){0});
		return;
	}
	struct back b = {r->head + sizeof r->head, body.len};
	wrap(&b, 2, body.len);
	set_pieces(r, (struct piece){b.at, b.len - body.len}, body, (struct piece){0});
}

/* --- the reply --- */

void reply_begin(struct reply *r, struct resource *resource, enum encoding encoding, enum phase phase)
{
	*r = (struct reply){.resource = resource, .encoding = encoding, .phase = phase, .piece = 3};
	r->expired = resource->expired;
	r->changed = resource->due;
}

static bool next_object(struct reply *r, const struct objects *o, struct piece *body)
{
	if (r->at == o->len)
		return false;
	body->len = length_at(o->bytes + r->at);
	body->bytes = o->bytes + r->at + 4;
	r->at += 4 + body->len;
	return true;
}

static bool next_of_list(struct reply *r)
{
	struct piece body;
	bool first = !r->at;
	if (!r->begun) {
		r->begun = true;
		set_list_head(r);
	} else if (next_object(r, &r->resource->base[r->encoding], &body)) {
		set_item(r, body, first);
	} else {
		r->phase = PHASE_END;
		set_pieces(r, (struct piece){"]}\n", r->encoding == ENCODING_JSON ? 3 : 0}, (struct piece){0}, (struct piece){0});
	}
	return true;
}

static bool next_initial(struct reply *r)
{
	struct piece body;
	if (next_object(r, &r->resource->base[r->encoding], &body)) {
		set_event(r, "ADDED", body);
		return true;
	}
	r->phase = PHASE_WATCH;
	r->at = 0;
	set_bookmark(r, true);
	return true;
}

static bool next_of_watch(struct reply *r)
{
	struct piece body;
	if (r->expired < r->resource->expired) {
		r->phase = PHASE_END;
		set_expired(r);
	} else if (r->changed < r->resource->due && next_object(r, &r->resource->changes[r->encoding], &body)) {
		r->changed++;
		set_event(r, "MODIFIED", body);
	} else if (r->bookmarks) {
		r->bookmarks--;
		set_bookmark(r, false);
	} else {
		return false;
	}
	return true;
}

static bool next(struct reply *r)
{
	switch (r->phase) {
	case PHASE_LIST:
		return next_of_list(r);
	case PHASE_INITIAL:
		return next_initial(r);
	case PHASE_WATCH:
		return next_of_watch(r);
	case PHASE_END:
		break;
	}
	return false;
}

size_t reply_read(struct reply *r, uint8_t *out, size_t cap)
{
	size_t len = 0;
	while (len < cap) {
		while (r->piece < 3 && !r->pieces[r->piece].len)
			r->piece++;
		if (r->piece == 3) {
			if (!next(r))
				break;
			continue;
		}
		struct piece *p = &r->pieces[r->piece];
		size_t n = p->len < cap - len ? p->len : cap - len;
		memcpy(out + len, p->bytes, n);
		p->bytes = (const uint8_t *)p->bytes + n;
		p->len -= n;
		len += n;
	}
	return len;
}
