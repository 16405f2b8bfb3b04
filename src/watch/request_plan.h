/* request_plan.h - what a reflector asks its server for next, and what it asks for otherwise after each kind of failure. It decides only: reflector.h
 * asks, and waits. The reasons are those of client-go's reflector. */
#pragma once
#include "resource.h"
#include "version.h"

/* What a response that is under way is. */
enum request_kind {
	REQUEST_NONE,
	REQUEST_STREAMED_LIST, /* a list as a watch's first events */
	REQUEST_PAGES,         /* a list in pages, or in one long one */
	REQUEST_WATCH,
};

struct request_plan {
	const struct resource *resource; /* which is asked for, of its versions */
	const struct resource *newest;
	char version[VERSION_MAX]; /* the world has, as far as we know; "": nothing is known */
	bool complete;             /* since version: a watch can go on from there */
	bool expired;              /* version, so that a list must not ask for it */
	bool unpaged;              /* a continuation expired: pages take too long here */
	bool no_streamed_list;     /* this server refuses them, or does not end them */
	bool other_absent;         /* this server has just said that it has not got the other version of the resource */
	unsigned short_streams;    /* that ended before the list did */
	unsigned gone;             /* answers of 410 since a watch brought something */
	unsigned odd_failures;     /* of watches from this version, which is no number */
};

/* Nothing is known. resource is borrowed, with its older version. */
void request_plan_init(struct request_plan *p, const struct resource *resource);

/* What is to be asked for. Where it is a list, the version may be asked for afterwards. */
enum request_kind request_plan_next(struct request_plan *p);

/* A list is whole, and of that version. */
void request_plan_listed(struct request_plan *p, const char *version);

/* A watch has come to that version. Versions of a watch grow: false where this one does not, so that the server is not the one that it was. */
bool request_plan_watched(struct request_plan *p, const char *version);

/* What is known may not be true: a list is next, and it is not bound to the version. why: for a log line. */
void request_plan_list_anew(struct request_plan *p, const char *why);

/* A streamed list ended well before it was whole. Where that happens again, lists are fetched. */
void request_plan_stream_was_short(struct request_plan *p);

/* The response, or the request for it, has failed. code: the status by which the server refused; 0: it did not. text: what it said. True: the remedy is
 * to ask for something else, which request_plan_next() tells. False: it isn't, and the same may be asked for later. */
bool request_plan_otherwise(struct request_plan *p, enum request_kind failed, unsigned code, const char *text);
