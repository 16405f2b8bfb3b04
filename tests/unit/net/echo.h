/* echo.h - a server that sends back what it gets, with QR set, and clients for it. Whatever should come within CLIENT_DEADLINE_S and
 * doesn't, fails the test. */
#pragma once
#include "net/net.h"
#include "unit.h"
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>

#define CLIENT_DEADLINE_S 20
#define QUERY_LEN         16 /* a header, and four octets that say which query it is */

/* In a query: the length that its reply is to have, where the header has ARCOUNT. */
#define REPLY_AS_LONG 0
#define REPLY_NONE    1

struct echo {
	struct net *net;
	struct net_address at[4]; /* as bound */
	atomic_uint answered, largest_batch;
	atomic_bool gated;   /* each batch waits for the gate before it is answered */
	sem_t gate, arrived; /* arrived: posted by a batch that waits */
	sigset_t signals;    /* the mask that the handler has seen */
};

net_handler echo_handler;

/* Starts on the addresses, at most 4, one worker unless options say otherwise; options may be NULL. */
void echo_start(struct echo *e, const char *const *addresses, unsigned count, const struct net_options *options);
void echo_stop(struct echo *e);

/* Lets batches wait; echo_open_gate() lets all of them go on. */
void echo_close_gate(struct echo *e);
void echo_open_gate(struct echo *e);

struct net_address address(const char *text);

/* Connected sockets with a deadline. */
int client_udp(const struct net_address *a);
int client_tcp(const struct net_address *a);

/* Writes a query of QUERY_LEN octets. */
void query_write(uint8_t *at, uint32_t which, uint16_t reply_len);

/* Which query this is the reply to; fails where it is no reply. */
uint32_t reply_which(const uint8_t *reply, size_t len);

void udp_ask(int fd, uint32_t which, uint16_t reply_len);
uint32_t udp_reply(int fd);

/* A framed query; read of a framed reply, and its length. */
void tcp_ask(int fd, uint32_t which, uint16_t reply_len);
uint32_t tcp_reply(int fd, size_t *len);

/* The server closes, with a FIN or a reset, without sending anything more. */
void assert_closed(int fd);

void write_all(int fd, const void *bytes, size_t len);

unsigned open_descriptors(void);
