/* reply.h - what the benchmark's API server sends: objects that were prepared as octets, in the frames of a list or of a watch, as JSON
 * or as protobuf. Only the frames are made while it runs.
 *
 * An object's file FOLDER/RESOURCE.json holds, for each, a length (4 octets, little endian) and what follows `"kind":...,"apiVersion":...,`
 * of it, the last bracket included; RESOURCE.pb the same with the object's message. RESOURCE.changes.json holds objects as they become. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum encoding { ENCODING_JSON, ENCODING_PROTOBUF, ENCODINGS };

struct objects {
	const uint8_t *bytes;
	size_t len, count, body_bytes;
};

struct resource {
	const char *name, *path, *kind, *api_version;
	struct objects base[ENCODINGS], changes[ENCODINGS];
	unsigned expired; /* how often its watches were ended by 410 */
	size_t due;       /* changes that may be sent now */
};

#define RESOURCES 6
extern struct resource resources[RESOURCES];

/* Maps all files; exits where one is missing or broken. */
void resources_open(const char *folder);

/* Of a request's path with query; NULL: none. */
struct resource *resource_find(const char *path);
struct resource *resource_named(const char *name);

enum phase {
	PHASE_LIST,    /* a list's items, and then its end */
	PHASE_INITIAL, /* a watch's first events, and then the bookmark */
	PHASE_WATCH,
	PHASE_END, /* nothing more comes */
};

struct piece {
	const void *bytes;
	size_t len;
};

struct reply {
	struct resource *resource;
	enum encoding encoding;
	enum phase phase;
	bool begun;
	size_t at;      /* in the objects of the phase */
	size_t changed; /* changes sent */
	unsigned expired;
	unsigned bookmarks; /* to be sent */
	struct piece pieces[3];
	unsigned piece;
	uint8_t head[512], bookmark[128]; /* what pieces point to */
};

void reply_begin(struct reply *r, struct resource *resource, enum encoding encoding, enum phase phase);

/* The next octets; 0: none now, or, in PHASE_END, none any more. */
size_t reply_read(struct reply *r, uint8_t *out, size_t cap);
