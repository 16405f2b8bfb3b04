/* udp.h - one UDP socket of one worker: reads datagrams in batches, answers, writes the replies in batches. */
#pragma once
#include "responder.h"
#include <uv.h>

struct udp_listener;

/* Takes fd, also on failure, and polls it on loop. address: its number, for the handler; wildcard: replies leave from the address that the control message of the
 * request names. All that answering needs is allocated here. ERR_NOMEM, or ERR_SYS where the socket can't be polled. */
enum err udp_listener_new(uv_loop_t *loop, int fd, unsigned address, bool wildcard, const struct responder *responder,
                          struct udp_listener **out);

/* Answers every datagram that has been received. */
void udp_listener_drain(struct udp_listener *l);

/* Closes the socket; the loop must run once more before udp_listener_free(). */
void udp_listener_close(struct udp_listener *l);

/* After the loop has ended. Takes NULL. */
void udp_listener_free(struct udp_listener *l);
