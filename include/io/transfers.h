/* transfers.h - libcurl's multi interface driven by a libuv loop. Transfers may be started and stopped from anywhere, libcurl's own
 * callbacks included, where libcurl itself would refuse. */
#pragma once
#include "base/err.h"
#include <curl/curl.h>
#include <uv.h>

struct transfers;

struct transfer {
	CURL *easy;                                      /* set up by the owner; CURLOPT_PRIVATE is ours */
	void (*done)(struct transfer *t, CURLcode code); /* it has ended by itself. Not called once it was stopped */
	void (*release)(struct transfer *t);             /* libcurl and we have let go of it; called last, once */
	/* private */
	struct transfer *next;
	enum { TRANSFER_QUEUED = 1, TRANSFER_RUNNING, TRANSFER_STOPPED, TRANSFER_DONE } state;
};

struct transfers *transfers_new(uv_loop_t *loop); /* NULL: out of memory */

/* When all are stopped or done; not in a callback of one. Memory is freed once libuv has closed the handles. Takes NULL. */
void transfers_free(struct transfers *ts);

/* It begins at the next turn of the loop. From here on, release will be called. */
void transfers_start(struct transfers *ts, struct transfer *t);

/* Not after done. Inside one of libcurl's callbacks release comes later, and what libcurl still has to say about t with it. */
void transfers_stop(struct transfers *ts, struct transfer *t);
