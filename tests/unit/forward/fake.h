/* fake.h - an upstream on loopback, UDP and TCP on one port, on the test's own loop; it does what its manner says. And a world around it: worker,
 * forwarder, askers. */
#pragma once
#include "forward/flight.h"
#include <stdbool.h>
#include <uv.h>

enum manner {
	ANSWERS, /* one A record */
	SILENT,
	KEEPS,            /* the last query, until fake_release() */
	SERVFAILS,        /* header and question */
	TRUNCATES,        /* TC over UDP; answers over TCP */
	MINDS_EDNS,       /* FORMERR without a question to what has an OPT record */
	LOWERS_CASE,      /* of the question it gives back */
	GARBLES,          /* says more records than there are */
	FORGES_ID,        /* sends a reply with another id first, then the right one */
	FORGES_QUESTION,  /* ... one to another question */
	FORGES_OPCODE,    /* ... one with another opcode */
	FORGES_QR,        /* ... the query itself */
	FORGES_SOURCE,    /* ... one from another port */
	SENDS_RUBBISH,    /* ... a few octets, and more than fits */
	HANGS_UP,         /* TCP: closes instead of a reply */
	HANGS_UP_HALFWAY, /* TCP: half a reply, then closes */
	IN_PARTS,         /* TCP: octet by octet */
	TURNS_ROUND,      /* TCP: of two queries on a connection, the second is answered first */
};

struct fake {
	uv_udp_t udp, other;
	uv_tcp_t tcp;
	struct upstream at;
	enum manner udp_manner, tcp_manner;
	unsigned udp_queries, tcp_queries, connections, with_edns;
	unsigned capitals; /* letters of names that were asked in capitals */
	unsigned ports_seen;
	uint16_t ports[64]; /* that queries came from */
	uint8_t kept[512];
	size_t kept_len;
	struct sockaddr_storage kept_from;
	struct sockaddr_storage last_from; /* UDP */
};

struct asker {
	struct flight_waiter waiter;
	bool done;
	enum flight_end end;
	bool tcp;
	unsigned tries;
	unsigned rcode, answers;
	bool spelt_right; /* the question given back is, but for case, the one asked */
	const struct upstream *upstream;
	void (*then)(struct asker *a); /* called when it is done; may be NULL */
	struct world *world;
};

#define FAKES_MAX 3

struct world {
	uv_loop_t loop;
	uv_timer_t guard;
	unsigned guarded; /* turns of the guard since world_wait began */
	struct fake fakes[FAKES_MAX];
	unsigned count;
	struct forward_options options;
	struct upstreams *upstreams;
	struct forward_worker *worker;
	struct forwarder *forwarder;
};

/* A loop and n fakes that answer. Options are set after it, then world_start(). */
void world_begin(struct world *w, unsigned n);

/* One fake on ::1; false, and nothing to end: this machine has no IPv6. */
bool world_begin_v6(struct world *w);
enum err world_start(struct world *w);
void world_stop(struct world *w); /* forwarder, worker, upstreams; the loop is turned until they are gone */
void world_end(struct world *w);

/* Turns the loop until what(arg); fails the test after 20 s. */
void world_wait(struct world *w, bool (*what)(void *arg), void *arg);
void world_wait_done(struct world *w, struct asker *a);
void world_turn(struct world *w); /* once, without waiting */

/* Asks for A of NAME. */
enum flight_start ask(struct world *w, struct asker *a, const char *name);

void fake_release(struct fake *f);

/* A port of loopback that nobody listens on, as an upstream. */
void closed_port(struct upstream *u);
