/* tls.h - TLS of one connection to an upstream (RFC 7858), as octets in and octets out: it has no socket. The upstream's certificate must go back to an
 * authority that is believed and be for its name, or, where it has none, for its address (RFC 8310 8.1); the subject's common name does not
 * count (RFC 9525). */
#pragma once
#include "base/buffer.h"
#include "forward/trust.h"
#include "forward/upstream.h"

#define TLS_UNSENT_MAX ((size_t)64 << 10) /* octets that an upstream has us answer and does not read */

struct tls;

/* The last session that an upstream gave, to be resumed by the next connection. All zero is none. */
struct tls_session {
	struct ssl_session_st *kept;
};

/* Frees what was kept; there is none then. */
void tls_session_forget(struct tls_session *s);

/* The session outlives it. NULL: out of memory. */
struct tls *tls_new(const struct trust *t, const struct upstream *to, struct tls_session *session);
void tls_free(struct tls *t); /* takes NULL */

/* Takes what came in, and appends what was said to plain. False: the connection is over, by the upstream's word or because something is wrong; what
 * it had said before is in plain. */
bool tls_receive(struct tls *t, const void *bytes, size_t len, struct buffer *plain);

/* Has plain octets go out, now or once hands were shaken. ERR_NOMEM. */
enum err tls_send(struct tls *t, const void *plain, size_t len);

/* Appends to out what is to be sent; at the beginning that is the first message of the handshake. False: as tls_receive. */
bool tls_produce(struct tls *t, struct buffer *out);

/* Hands were shaken, and the upstream is who it should be. */
bool tls_is_up(const struct tls *t);
bool tls_was_resumed(const struct tls *t);

/* Why it is over: "certificate: hostname mismatch". NULL: nothing is wrong but that it ended. */
const char *tls_trouble(const struct tls *t);
