/* step.h - one directive at work. What a server block does with a query is a flat list of steps in a fixed order: a query walks it forwards until a
 * step answers, and back past those that want to see the answer. A step may let the query wait, for whatever comes on the worker's loop, and
 * go on later. It never blocks, and nothing here recurses: a query that waits is a position in its list.
 *
 * A step is immutable configuration (self) and, where it wants one, a state on each worker (state). All of its functions but free are
 * called on a worker's thread. */
#pragma once
#include "net/net.h"
#include "query/query.h"
#include "server/tally.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uv_loop_s; /* libuv's uv_loop_t */

enum step_verdict {
	STEP_PASS,        /* the next step is asked; nothing was written */
	STEP_FALLTHROUGH, /* the next step is asked; the response in reply stands if nobody after this one has another. Not after a wait */
	STEP_ANSWER,      /* the response is in reply, reply_len octets */
	STEP_DROP,        /* no response is sent */
	STEP_WAIT,        /* exchange_keep() or exchange_ask() said so */
};

#define EXCHANGE_QUESTION_MAX (DNS_HEADER_LEN + NAME_WIRE_MAX + 4) /* octets of header and question */

struct exchange;

/* What becomes of a message for the client when no step changes it any more: a signature covers its last octets. */
struct exchange_seal {
	/* Of a message of len octets that belongs to x, with room for cap; returns its new length. It is called for each message of a response
	 * of several. */
	size_t (*apply)(struct exchange_seal *s, const struct exchange *x, uint8_t *bytes, size_t len, size_t cap);
	void (*free)(struct exchange_seal *s);
};

/* A question on its way to its response: what steps see of it. It belongs to the pipeline. */
struct exchange {
	struct query query;         /* request: the question; transport. query.h says what a query's parts are */
	const uint8_t *asked;       /* header and question of the client, while another question stands in the place of it; else NULL */
	unsigned address;           /* index of the listener that was asked */
	uint16_t asked_len;         /* octets of that question */
	uint16_t nsid_room;         /* of the step nsid: how long a response may be for it; 0: the client does not want to know */
	const union net_peer *peer; /* who asked; of a sub-query, who asked the first question */
	uint8_t *reply;             /* room for the response, */
	size_t reply_cap;           /* for so many octets: NET_UDP_REPLY_MAX over UDP, 65,535 over TCP */
	size_t reply_len;           /* 0: there is none yet */
	void *waiting;              /* the step's that lets it wait: for what forget() needs */
	struct exchange_seal *seal; /* set by a step, once, and freed with x; NULL: none */
	uint64_t waited_ms;         /* when it is done: how long it was kept; 0: it was answered in its batch */
	const struct plan *plan;    /* the rest is private to server/ */
	struct server_worker *worker;
	struct served_hold *hold;           /* the worker's part of the configuration that plan is of */
	struct tally_row *row;              /* where it is counted; NULL: it is not */
	uint64_t began_ns;                  /* where it is counted or logged: when it came, */
	size_t request_len;                 /* and how long it was */
	struct net_message *message;        /* in its batch; NULL: it was kept, or is a sub-query */
	uint8_t at;                         /* the step that is asked, or that it waits in */
	uint8_t untold;                     /* so many of the first steps have not seen the response on its way out */
	uint8_t stands;                     /* one more than the last step that fell through; 0: none did */
	uint8_t stood_rcode, stood_absence; /* what it said */
	bool padded;                        /* the response is to have a length that tells little (padding.h) */
	bool last_word;                     /* that step is asked again, and nobody waits any more */
};

/* What a kind of step does. ask and name alone must be given. The calls run in an RCU read section of their own (state that outlives a call must
 * not point into RCU data). */
struct step_kind {
	const char *name; /* the directive; several kinds may be of one */
	/* A block of the address has it: then questions of all classes are asked of the steps of each of its blocks, as in CoreDNS; else those of
	 * others than IN are refused before. */
	bool all_classes;

	/* Whether the step leaves the query, of class IN, as it is: true if ask() would change nothing and give STEP_PASS, and nothing is done on the way
	 * out. In the first pass over a batch the steps before a cluster's are asked this; where all say so, they are passed by, and the name
	 * is looked up together with those of the rest of the batch. x: as in ask(), but that nothing of it is to be changed and reply is not
	 * to be written to; whoever says true is not asked, and counts here what there is to count. NULL: it may always have something to do. */
	bool (*leaves)(const void *self, void *state, const struct exchange *x);
	/* On the way in. Allocates and waits only where it must. */
	enum step_verdict (*ask)(const void *self, void *state, struct exchange *x);
	/* On the way out, the last step first: the response may be changed in place, and be no longer than reply_cap. NULL: the step need not
	 * see responses. */
	void (*answered)(const void *self, void *state, struct exchange *x);
	/* On the way out, too, before answered(): the answer may depend on another question. STEP_WAIT after exchange_ask(), which loses what is in
	 * reply; else STEP_ANSWER. The verdict of heard() is STEP_ANSWER then, and the way out goes on with the step before. */
	enum step_verdict (*reconsider)(const void *self, void *state, struct exchange *x);
	/* What exchange_ask() asked for has its response (len 0: it has none), which is good for this call. The verdict is as that of ask(). */
	enum step_verdict (*heard)(const void *self, void *state, struct exchange *x, const uint8_t *bytes, size_t len);
	/* The time of exchange_keep() is over, and x has to be forgotten; the verdict is as that of ask(). NULL: forget() is called, and the
	 * client gets SERVFAIL. */
	enum step_verdict (*expired)(const void *self, void *state, struct exchange *x);
	/* x has waited for long, and is answered now to make room for another: it has to be forgotten, and its response written; the verdict is
	 * STEP_ANSWER. May be called as forget() is. NULL: forget() is called, and the client gets SERVFAIL. */
	enum step_verdict (*yield)(const void *self, void *state, struct exchange *x);
	/* x was answered without this step, to make room or because the server stops. It must not be resumed. May be called in the middle of
	 * another query's exchange_keep(). NULL where nothing of the step's knows of x. */
	void (*forget)(const void *self, void *state, struct exchange *x);

	/* The state of one worker, made before the first ask(), on that worker's thread. NULL: out of memory; the query gets SERVFAIL, and the
	 * next one tries again. */
	void *(*begin)(const void *self, unsigned worker, struct uv_loop_s *loop);
	/* The worker has come to another configuration and none of its queries waits for this one any more. Must close what the state has on the
	 * loop; self may be gone when libuv's close callbacks run. */
	void (*end)(void *state);
	/* No worker has a state any more. Control thread. */
	void (*free)(void *self);
};

/* --- another question --- */

/* In ask(), once: steps after this one see that question in the place of the client's; name is in lower case. Options of EDNS are not seen any more. Also where
 * it is the same, so that exchange.asked says in answered() that the response is to be looked at. */
void exchange_replace(struct exchange *x, const struct name *qname, uint16_t qtype, uint16_t qclass);

/* In answered() of that step: the client's question is x's again. Where no step is asked any more, it is done in any case. What is in reply
 * is not touched. */
void exchange_restore(struct exchange *x);

/* --- waiting --- */

/* Most that a query may wait in all, so that a client has its answer before its own patience ends (5 s in resolv.conf). */
#define EXCHANGE_WAIT_MAX_MS 4500

/* In ask(), heard() or expired(): x is to wait, at most timeout_ms from now (0: as long as it may). On STEP_WAIT, *kept is what is to be resumed; it
 * is x itself if that has waited before, else a copy in its place, of which only header and question of the request's bytes are left. Then
 * the step returns STEP_WAIT. Any other verdict is to be returned at once, and nothing waits: there is no room (STEP_ANSWER, the response
 * is SERVFAIL), or the client has sent the same question again (STEP_DROP). What reply holds is lost in any case. */
enum step_verdict exchange_keep(struct exchange *x, unsigned timeout_ms, struct exchange **kept);

/* Goes on with one that waits, with a verdict as of ask() but STEP_WAIT: from the loop of its worker, once, outside of any read section, never from
 * inside a step's function. x->reply is shared by all that wait on a worker: write it directly before this with STEP_ANSWER. x is gone
 * afterwards, unless a later step let it wait. */
void exchange_resume(struct exchange *x, enum step_verdict verdict);

/* The same, but that the step that it waits in is asked again. */
void exchange_retry(struct exchange *x);

/* In ask(), heard() or expired(): looks up another name as if the client had asked for it over TCP, from the routes on. heard() is called with the
 * response, never before this step's function has returned. Returns as exchange_keep(); STEP_PASS where the question is too deep in
 * questions of questions (EXCHANGE_DEPTH_MAX). name: lower case or not. */
enum step_verdict exchange_ask(struct exchange *x, const struct name *name, uint16_t type);
#define EXCHANGE_DEPTH_MAX 10

/* It was asked for by a step of that kind, or a question was that it is part of. */
bool exchange_is_for(const struct exchange *x, const struct step_kind *kind);

/* One of several messages of a response, as it is about to be sent: sealed, where x has a seal. Its new length. */
size_t exchange_seal_part(const struct exchange *x, uint8_t *bytes, size_t len, size_t cap);

/* How long the response may be, in octets: what the client takes, and what we send. */
size_t exchange_room(const struct exchange *x);

/* Writes the response that is only an rcode, and why (may be NULL). Returns STEP_ANSWER. */
enum step_verdict exchange_error(struct exchange *x, enum dns_rcode rcode, const struct ede *why);

/* The same, where something of ours or on the way failed: a block that says `errors` logs a line with this text. Not for an rcode that somebody
 * else has sent. */
enum step_verdict exchange_fail(struct exchange *x, enum dns_rcode rcode, const struct ede *why, const char *format, ...)
        __attribute__((format(printf, 4, 5)));

/* In a function of a step: counts what it did, where x is counted. */
void exchange_count(const struct exchange *x, enum tally_deed what);

/* --- for whoever looks at a query that is done --- */

/* The directive that answered; "" for none: the query is malformed, or no step has the name. */
const char *exchange_answerer(const struct exchange *x);

/* The zone of the server block that it belongs to; NULL: none has it. */
const struct name *exchange_zone(const struct exchange *x);

/* The address that was asked, as it is listened on: where that is every address, it does not say which. */
const struct net_address *exchange_address(const struct exchange *x);

/* --- handing over --- */

/* One step of a server block as it is handed over. */
struct server_step {
	const struct step_kind *kind;
	void *self;
	bool owned; /* the server calls kind->free(self), also where taking the block fails */
};

/* Frees what is owned of them. */
void server_steps_free(const struct server_step *steps, unsigned count);
