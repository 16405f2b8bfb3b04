/* transfer_session.h - private to records: a TCP connection to a primary, on which one request after the other is made. What comes is read by a thread of
 * libuv's, so that a large zone keeps nobody waiting. Control thread. */
#pragma once
#include "records/transfer_reader.h"
#include <sys/socket.h>

struct uv_loop_s; /* libuv's uv_loop_t */
struct transfer_session;

/* What came of a request. */
struct transfer_outcome {
	enum transfer_kind kind;
	enum transfer_verdict verdict; /* never TRANSFER_MORE */
	enum transfer_fault fault;     /* of TRANSFER_WRONG */
	bool kept; /* the connection was one of an earlier request, and ended before anything came: it may have been closed for its age */
	uint32_t serial;        /* the primary's, where it has said it */
	struct zone_data *zone; /* of TRANSFER_WHOLE, but not of TRANSFER_SERIAL: whoever is called takes it */
	size_t records;
	bool changes;    /* they were changes */
	const char *why; /* of TRANSFER_WRONG */
};

/* Is called once for each request, and may begin the next one or end the session. */
typedef void transfer_done(void *arg, struct transfer_outcome *o);

/* Connects with the first request. NULL: out of memory. */
struct transfer_session *transfer_session_new(struct uv_loop_s *loop, const struct sockaddr *primary, transfer_done *done, void *arg);

/* Nothing is called any more; the loop must turn until what it had there is closed. Takes NULL. */
void transfer_session_end(struct transfer_session *s);

/* It has been closed by the primary or by a fault: nothing more can be asked. */
bool transfer_session_is_over(const struct transfer_session *s);

/* One request at a time. ERR_NOMEM, ERR_SYS: nothing is called. */
enum err transfer_session_ask(struct transfer_session *s, const struct transfer_request *q);
