/* identity.h - who we are to clients over TLS (RFC 7858), and which clients we let in: what a server block's `tls` says. Its files may be read again at any time:
 * connections that there are go on, those that come have what is new. Counted; made on the control thread, connections begin on any. */
#pragma once
#include "base/diag.h"
#include "tls/trust.h"
#include <stdbool.h>

struct identity;

/* As Go's crypto/tls has them. */
enum client_auth {
	CLIENT_AUTH_NONE,               /* no certificate is asked for */
	CLIENT_AUTH_REQUEST,            /* one is asked for, and whatever comes is good */
	CLIENT_AUTH_REQUIRE,            /* there must be one, whoever it is from */
	CLIENT_AUTH_VERIFY_IF_GIVEN,    /* one that comes must be from an authority of ours */
	CLIENT_AUTH_REQUIRE_AND_VERIFY, /* there must be one from an authority of ours */
};

struct identity_options {
	struct trust_files files; /* cert and key must be there; ca: authorities of clients */
	enum client_auth clients;
	const char *
	        key_log; /* appended to: what decrypts what was recorded, in NSS's format. Made if need be, for its owner alone. NULL: nothing is */
};

/* Options are copied. TLS 1.2 at least. Errors as of trust_new(), and ERR_SYS: the key log can't be written. */
enum err identity_new(const struct identity_options *options, struct identity **out, struct diag *d);

/* Reads the files again. On an error, those before go on. Sessions of before are resumed. */
enum err identity_reload(struct identity *i, struct diag *d);

/* The files, and whether they are others than when they were read last. Control thread. */
const struct trust_files *identity_files(const struct identity *i);
bool identity_is_old(const struct identity *i);

/* True of the same files, as they are when they were read last, and the same clients. */
bool identity_equal(const struct identity *a, const struct identity *b);

/* Who keeps it open may be many: it goes with the last one. */
struct identity *identity_ref(struct identity *i);
void identity_unref(struct identity *i); /* takes NULL */
