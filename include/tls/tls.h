/* tls.h - TLS of one connection (RFC 7858), as octets in and octets out: it has no socket. Belongs to one thread at a time. */
#pragma once
#include "base/buffer.h"
#include "tls/identity.h"
#include "tls/trust.h"

struct sockaddr;

#define TLS_UNSENT_MAX ((size_t)64 << 10) /* octets that a server has us answer and does not read */
#define TLS_PLAIN_MAX  ((size_t)17 << 10) /* octets of plain text, at least, that may come of less than that from before */

struct tls;

/* The last session that an upstream gave, to be resumed by the next connection. All zero is none. */
struct tls_session {
	struct ssl_session_st *kept;
};

/* Frees what was kept; there is none then. */
void tls_session_forget(struct tls_session *s);

/* As a client of the server at that address. Its certificate must go back to an authority that is believed and be for name, or, where that is "", for
 * its address (RFC 8310 8.1); the subject's common name does not count (RFC 9525). The session outlives it. NULL: out of memory. */
struct tls *tls_connect(const struct trust *t, const char *name, const struct sockaddr *at, struct tls_session *session);

/* As a server; it is a user of the identity. NULL: out of memory. */
struct tls *tls_accept(struct identity *i);

void tls_free(struct tls *t); /* takes NULL */

/* Takes what came in, and appends what was said to plain. False: the connection is over, by the other's word or because something is wrong; what
 * it had said before is in plain. */
bool tls_receive(struct tls *t, const void *bytes, size_t len, struct buffer *plain);

/* The same, but that what was said goes to plain, *plain_len octets: there must be room for len + TLS_PLAIN_MAX. */
bool tls_receive_to(struct tls *t, const void *bytes, size_t len, uint8_t *plain, size_t *plain_len);

/* Octets of memory that it has for what came in and is no whole record yet. */
size_t tls_held(const struct tls *t);

/* Has plain octets go out, now or once hands were shaken. ERR_NOMEM. */
enum err tls_send(struct tls *t, const void *plain, size_t len);

/* Has the other told that nothing more comes. */
void tls_say_goodbye(struct tls *t);

/* Appends to out what is to be sent; for a client at the beginning that is the first message of the handshake. False: as tls_receive. */
bool tls_produce(struct tls *t, struct buffer *out);

/* Hands were shaken, and the other is who it should be. */
bool tls_is_up(const struct tls *t);
bool tls_was_resumed(const struct tls *t);

/* Why it is over: "certificate: hostname mismatch". NULL: nothing is wrong but that it ended. */
const char *tls_trouble(const struct tls *t);
