/* api.h - GET requests to one API server: libcurl's multi interface on the control thread's loop. Nothing blocks; over TLS all requests
 * share one HTTP/2 connection. */
#pragma once
#include "api/api_endpoint.h"
#include "base/diag.h"
#include <stdint.h>
#include <uv.h>

struct api;
struct api_request;

enum api_outcome {
	API_OK,          /* status 200, and the body came to its end */
	API_STATUS,      /* another status */
	API_UNRESOLVED,  /* no address for the host's name */
	API_UNREACHABLE, /* nobody there, or no connection in time */
	API_TLS,         /* no TLS session: a certificate was refused, by us or by the server */
	API_CREDENTIALS, /* our own could not be had: a file that can't be read, a plugin that failed */
	API_SILENT,      /* no octet for too long */
	API_BROKEN,      /* the connection ended before the response did, or it was not HTTP */
	API_REFUSED,     /* the body handler returned an error */
	API_NOMEM,
};

struct api_result {
	enum api_outcome outcome;
	unsigned status;        /* of HTTP; 0: none came */
	unsigned retry_after_s; /* what the server asked for; 0: nothing */
	const char *reason;     /* of the Status object that a refusal comes with, as "Expired"; "" if there is none */
	const char *text;       /* what happened, for a log line; no secrets */
};

struct api_get {
	const char *path;      /* with query, "/api/v1/pods?limit=500" */
	unsigned head_ms;      /* to wait for the response to begin */
	unsigned silence_ms;   /* between octets, from then on */
	bool fresh_connection; /* not one that is there already: it may be dead */
	/* A response of status 200 has begun. connection: a number of the one it comes by; 0: of HTTP/1, one that was there before. Another number
	 * is another connection, and perhaps another server. */
	void (*begun)(void *arg, uint64_t connection);
	/* Octets of the body of a response of status 200. An error ends the request. */
	enum err (*body)(void *arg, const char *bytes, size_t len);
	/* The end, once, unless it was cancelled. The request is gone when this returns. */
	void (*done)(void *arg, const struct api_result *result);
	void *arg;
};

/* True of statuses by which a server objects to the request itself, other than who makes it and when. */
bool api_is_about_request(unsigned status);

/* Borrows e. NULL: out of memory. */
struct api *api_new(uv_loop_t *loop, const struct api_endpoint *e);

/* Cancels what is under way; not in a handler of a request. Memory is freed once libuv has closed the handles. Takes NULL. */
void api_free(struct api *a);

/* Never calls back before it returns. NULL: out of memory. */
struct api_request *api_start(struct api *a, const struct api_get *get);

/* From now on no octet may come for so long before it fails. Takes NULL. */
void api_set_silence(struct api_request *r, unsigned silence_ms);

/* --- counting, as client-go does --- */

#define API_BOUNDS 11
extern const double api_bounds[API_BOUNDS]; /* seconds */
#define API_STATUSES 600

struct api_times {
	uint64_t counts[API_BOUNDS + 1];
	uint64_t ns; /* of all together */
};

/* Requests since the start, but for those that were cancelled before there was a response. */
struct api_counts {
	struct api_times took;           /* from a request to its response's head, or to where it failed */
	struct api_times waited;         /* until the limits of the endpoint let it go */
	uint64_t statuses[API_STATUSES]; /* by HTTP status; 0: there was no response */
};

/* Borrowed; changes while the loop turns. */
const struct api_counts *api_counts(const struct api *a);

/* Nothing more is called back. Allowed in its own handlers, but not after done. Takes NULL. */
void api_cancel(struct api_request *r);
