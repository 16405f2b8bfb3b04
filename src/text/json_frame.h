/* json_frame.h - finds where the JSON objects of a stream begin and end, and the items of a list within it, without building trees:
 * a dump of 1 GiB is then parsed an item at a time. Knows nothing of where the text comes from, and continues where the text ended,
 * so that what has arrived of a stream can be scanned as it comes.
 *
 * What it walks over in detail is the top-level object and the commas between items; inside of a member or item it only counts
 * brackets and strings: what it frames is still to be parsed, and may then be found wrong. */
#pragma once
#include "base/diag.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_DEPTH_MAX 10000 /* objects and arrays within each other; Kubernetes takes no more either */

enum json_part {
	JSON_MORE,  /* all of the text is scanned: append to it and call again */
	JSON_VALUE, /* a top-level object */
	JSON_ITEM,  /* an item of the list that is being read */
	JSON_LIST,  /* the end of a list whose items were given; kind and api_version are those of the list, "" where it has none */
	JSON_BAD,   /* diag says what, and its line where; json_frame_pass_over() or the frame is of no more use */
};

struct json_frame {
	/* to be read after each call */
	size_t start, end; /* JSON_VALUE, JSON_ITEM: where it is in the text */
	unsigned line;     /* in which it starts, 1-based; of JSON_LIST where the list does */
	unsigned deepest;  /* JSON_VALUE, JSON_ITEM: that many objects and arrays are within each other in it, or in all of its list */
	char kind[64], api_version[96]; /* of the top-level object, as far as it was read; "" too where longer than this */

	/* private */
	size_t at;           /* scanned so far */
	size_t token;        /* where the key or value starts that is being scanned */
	size_t key, key_len; /* the last key of the top-level object, with quotes */
	unsigned lines;      /* line breaks so far */
	unsigned list_line;
	uint8_t state;
	uint8_t dashes; /* of a YAML document separator, modulo 3 */
	uint8_t marks;  /* octets of a byte order mark */
	uint16_t rest;  /* depth at which what is being skipped ends */
	uint16_t depth;
	bool in_string, escaped;
	bool streamed;                            /* items of the top-level object were given one by one */
	bool line_begins;                         /* while passing over: the next octet is a line's first */
	uint8_t arrays[(JSON_DEPTH_MAX + 7) / 8]; /* which of the open brackets are [, a bit each */
};

/* Before the first octet of a text. */
void json_frame_init(struct json_frame *f);

/* Scans on in text, which begins as it did in the last call and may have grown. Items are given one by one if the kind is one of a
 * list, or if the items come before the kind. */
enum json_part json_frame_next(struct json_frame *f, const char *text, size_t len, struct diag *d);

/* After JSON_BAD, or where an object is given up: scanning goes on at the next line that begins with {, as those of a file do that kubectl wrote. */
void json_frame_pass_over(struct json_frame *f);

/* How many octets at the start of the text are needed no more; json_frame_drop() tells that they were removed. */
size_t json_frame_done(const struct json_frame *f);
void json_frame_drop(struct json_frame *f, size_t len);

/* The line that scanning has come to. */
unsigned json_frame_line(const struct json_frame *f);

/* True between top-level objects: a stream may end here. */
bool json_frame_at_rest(const struct json_frame *f);
