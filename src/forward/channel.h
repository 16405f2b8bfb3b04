/* channel.h - all that goes between one worker and one upstream: attempts by their ids, sockets, connections, and what was learnt of the
 * upstream on the way. */
#pragma once
#include "attempt.h"
#include "datagrams.h"
#include "forward/upstream.h"
#include "https.h"
#include "ledger.h"
#include "streams.h"
#include "tls/tls.h"
#include "traffic_inside.h"

#define CHANNEL_EXCHANGES_MAX 32768        /* half of all ids, so that drawing one that is free takes two draws at most on average */
#define CHANNEL_MISSPELT_MAX  3            /* such replies: the upstream lowers case, and is no longer asked in mixed case */
#define CHANNEL_PLAIN_MS      (15 * 60000) /* how long one that did not understand EDNS is asked without */

struct channel {
	struct forward_worker *worker;
	struct upstreams *upstreams;
	const struct upstream *upstream; /* of upstreams, by index */
	unsigned index;
	void (*on_trouble)(struct channel *c); /* something failed that should not */
	void *arg;                             /* the owner's, for on_trouble */
	struct traffic_numbers *traffic;       /* this worker's of this upstream */

	struct chain_table by_id;
	struct ledger *udp, *tcp; /* NULL until they are wanted */
	struct datagrams datagrams;
	struct streams streams;
	struct https *https; /* NULL until it is wanted */
	struct tls_session session;

	uint32_t rtt_us, deviation_us; /* smoothed; rtt_us 0: never measured */
	uint32_t cost_us;              /* rtt_us, and more while it is silent; 0: never asked */
	unsigned misspelt;
	uint64_t plain_until_ms; /* of the loop's clock: no EDNS until then */
};

/* How to ask. */
struct channel_way {
	bool tcp;
	bool plain; /* without EDNS, whatever is known */
	bool probe; /* no question of a client's: not counted as one */
};

/* c is the caller's memory, left alone until channel_end. ERR_NOMEM: nothing to end. */
enum err channel_begin(struct channel *c, struct forward_worker *w, struct upstreams *u, unsigned index, struct traffic *t,
                       void (*on_trouble)(struct channel *), void *arg);

/* Not from within a callback of its own. All attempts have been ended. */
void channel_end(struct channel *c);

/* Asks. done is called once, never within this call. NULL: no memory, no socket, or too many under way; then it is not called. */
struct attempt *channel_ask(struct channel *c, const struct question *q, struct channel_way way, attempt_done *done, void *arg);

/* Ends e without calling anybody. */
void channel_cancel(struct attempt *e);

/* No question goes to it over UDP. */
bool channel_is_stream_only(const struct channel *c);

/* What a try should wait for a reply, in ms: 2 smoothed round-trip times and 4 deviations, between FORWARD_TRY_MS_MIN and _MAX. */
unsigned channel_patience_ms(const struct channel *c);

/* In so many ms at most a reply comes, as a rule: the same without bounds. 0: nobody knows, or the last thing it was is silent. */
unsigned channel_usual_ms(const struct channel *c);

/* A try got no reply in time: the upstream counts as slower until there is one. */
void channel_on_silence(struct channel *c);

/* A try has got no reply for so long, which is no fault yet: it does not count as faster. */
void channel_on_delay(struct channel *c, unsigned ms);

/* --- for datagrams and streams; the question's letters become small in bytes, where they are a reply --- */

/* A datagram came to s, len octets. It is of no use where its id is that of nothing that left by s. */
void channel_on_datagram(struct channel *c, struct udp_socket *s, uint8_t *bytes, size_t len, uint64_t now_ns);

/* A whole message that came over that connection. False: it has the id of nothing that went out there. */
bool channel_on_stream_message(struct channel *c, struct stream *s, uint8_t *bytes, size_t len, uint64_t now_ns);

/* What came back for e, whose id it need not have. */
void channel_on_https_message(struct attempt *e, uint8_t *bytes, size_t len);

/* Says what is wrong with the upstream: once a minute, however many connections it costs on however many workers. Takes NULL. */
void channel_tell_trouble(struct channel *c, const char *trouble);

/* e has got a socket or a connection: one that there was, or a new one. */
void channel_count_socket(const struct attempt *e, bool opened);

/* The upstream did not do what it should; said once for however many attempts it costs. */
void channel_on_trouble(struct channel *c);

/* Ends e and calls its done. */
void channel_finish(struct attempt *e, enum attempt_end end, const uint8_t *reply, size_t len);

/* A socket to the upstream, from the source address that options say where that is of the same family. type: SOCK_DGRAM, or SOCK_STREAM, which is still
 * connecting when this returns. -1: there is none, and errno says why. */
int channel_socket(const struct channel *c, int type);
