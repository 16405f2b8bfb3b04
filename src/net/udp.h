/* udp.h - one UDP socket of one worker: reads datagrams in batches, answers, writes the replies in batches. */
#pragma once
#include "backlog.h"
#include "responder.h"
#include <stdalign.h>
#include <uv.h>

#define UDP_REQUEST_MAX 4096 /* a longer request arrives cut, which the handler finds malformed */

/* One datagram of a batch. Not a multiple of a page, so that the first lines of all don't share a few sets of the cache. */
struct udp_slot {
	union net_peer client;
	struct iovec request_iov, reply_iov;
	alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	uint8_t request[UDP_REQUEST_MAX];
	uint8_t reply[NET_UDP_REPLY_MAX];
};

/* A reply that comes after its batch. */
struct udp_late {
	struct net_client to; /* a copy, of which only what sending needs counts */
	struct iovec iov;
	uint8_t reply[NET_UDP_REPLY_MAX];
};

struct udp_listener {
	TAILQ_ENTRY(udp_listener) siblings; /* of the worker */
	uv_poll_t poll;
	int fd;
	struct backlog backlog;
	unsigned address;   /* its index, for the handler */
	bool retired;       /* reads no more */
	size_t control_len; /* 0: no control messages on this socket */
	struct responder responder;
	LIST_HEAD(, net_client) kept;       /* whose replies come later */
	struct mmsghdr received[NET_BATCH]; /* [i] belongs to slots[i] for good */
	struct mmsghdr replies[NET_BATCH];  /* [k] is the k-th that has one */
	struct net_message messages[NET_BATCH];
	struct udp_slot slots[NET_BATCH];
	unsigned late_count;
	struct udp_late late[NET_BATCH]; /* untouched pages cost nothing */
};
TAILQ_HEAD(udp_listeners, udp_listener);

/* Takes fd, also on failure, which is want of memory: NULL. wildcard: replies leave from the address that the control message of the request names. All
 * that answering needs is allocated here. On any thread. */
struct udp_listener *udp_listener_new(int fd, unsigned address, bool wildcard, const struct responder *responder);

/* Reads from it, from now on. ERR_SYS where it can't be polled. */
enum err udp_listener_begin(struct udp_listener *l, uv_loop_t *loop);

/* Closes one that did not begin. Takes NULL. */
void udp_listener_discard(struct udp_listener *l);

/* Sends the replies that came late. To be called once in each turn of the loop, before it sleeps. */
void udp_listener_flush(struct udp_listener *l);

/* Answers every datagram that has been received, and reads no more. */
void udp_listener_retire(struct udp_listener *l);

/* Nothing is read any more, and nobody's reply is missing. */
static inline bool udp_listener_finished(const struct udp_listener *l)
{
	return l->retired && LIST_EMPTY(&l->kept);
}

/* Sends what came late and closes the socket; kept clients are gone. Everything is freed when the loop lets go of it. */
void udp_listener_close(struct udp_listener *l);

/* --- for client.c --- */

/* Fills *c with where the reply to m goes. */
void udp_listener_keep(struct udp_listener *l, const struct net_message *m, struct net_client *c);

/* Copies a reply, which udp_listener_flush() will send. */
void udp_listener_reply(struct udp_listener *l, const struct net_client *c, const uint8_t *bytes, size_t len);
