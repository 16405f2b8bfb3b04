/* transfer_reader.h - transfers of zones as they come in (AXFR, RFC 5936; IXFR, RFC 1995), and the question for the serial that stands before them:
 * the messages of a response, one after the other, to a version of the zone. No I/O. What comes is believed by nobody: whatever is wrong ends the
 * transfer, and there is no version then. A reader belongs to one thread at a time. */
#pragma once
#include "records/zone_data.h"
#include <stdbool.h>

enum transfer_kind {
	TRANSFER_SERIAL, /* the SOA alone */
	TRANSFER_IXFR,   /* the changes since a version that is there; the server may send the whole zone in their place */
	TRANSFER_AXFR,   /* the whole zone */
};

/* What is asked for. */
struct transfer_request {
	enum transfer_kind kind;
	const struct name *apex;
	struct zone_data *base; /* what there is; NULL: nothing, which is not for TRANSFER_IXFR. A reader is a holder of it */
	uint16_t id;
	size_t octets_max; /* of all messages; 0: ZONE_OCTETS_MAX */
};

#define TRANSFER_REQUEST_MAX 1024 /* octets: a name, and a SOA */

/* Writes the query into room for TRANSFER_REQUEST_MAX octets; its length. */
size_t transfer_request_write(const struct transfer_request *q, uint8_t *bytes);

enum transfer_verdict {
	TRANSFER_MORE, /* the next message is to come */
	TRANSFER_WHOLE, /* that was the last one. TRANSFER_SERIAL: there is a newer version, or there is none here; else: transfer_reader_finish() */
	TRANSFER_CURRENT, /* the server's version is the one that is here */
	TRANSFER_BEHIND,  /* it is older (RFC 1982) */
	TRANSFER_WRONG,
};

/* What is wrong. */
enum transfer_fault {
	TRANSFER_FAULT_NONE,
	TRANSFER_FAULT_RCODE,     /* the server says no */
	TRANSFER_FAULT_MALFORMED, /* it is no transfer: not ours, cut, out of order */
	TRANSFER_FAULT_ZONE,      /* the records make no zone, or the changes are not of the version that is here */
	TRANSFER_FAULT_SIZE,      /* there are too many */
	TRANSFER_FAULT_MEMORY,
	TRANSFER_FAULT_BEHIND,  /* of zone_follower.h: its version is older than what is here */
	TRANSFER_FAULT_NETWORK, /* likewise: there is no connection, or it ended in the middle */
	TRANSFER_FAULT_TIME,    /* likewise: nothing came for too long, or it took too long */
};
#define TRANSFER_FAULTS 9

struct transfer_reader;

/* Copies apex. NULL: out of memory. */
struct transfer_reader *transfer_reader_new(const struct transfer_request *q);

/* Takes NULL. */
void transfer_reader_free(struct transfer_reader *r);

/* The next message, without its length. After another verdict than TRANSFER_MORE none may follow. d (not NULL) says what is wrong. The time it takes goes with
 * the message's length, not with the zone's, but for the moments when a draft of it grows. */
enum transfer_verdict transfer_reader_take(struct transfer_reader *r, const uint8_t *bytes, size_t len, struct diag *d);

/* After TRANSFER_WRONG, or an error of transfer_reader_finish(). */
enum transfer_fault transfer_reader_fault(const struct transfer_reader *r);

/* What the server's first SOA said; 0 before it. */
uint32_t transfer_reader_serial(const struct transfer_reader *r);

/* After TRANSFER_WHOLE of IXFR or AXFR, once: the version, with one holder. Takes time that goes with the zone's size. ERR_MISSING: a change removes what is not
 * there. Otherwise as zone_draft_finish(). */
enum err transfer_reader_finish(struct transfer_reader *r, struct zone_data **out, struct diag *d);

/* How many records came; of IXFR, added and removed. */
size_t transfer_reader_records(const struct transfer_reader *r);

/* What came in answer to IXFR was changes. */
bool transfer_reader_is_changes(const struct transfer_reader *r);

/* a is newer than b (RFC 1982 3.2). */
bool transfer_serial_newer(uint32_t a, uint32_t b);
