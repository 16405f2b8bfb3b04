/* key.h - what stands before a server block's brace: "example.org", "dns://.:53", "10.96.0.0/12:1053", as CoreDNS reads it. */
#pragma once
#include "config/kubernetes.h"

enum key_scheme { KEY_DNS, KEY_TLS, KEY_QUIC, KEY_GRPC, KEY_HTTPS, KEY_HTTPS3 };

struct key {
	enum key_scheme scheme; /* "dns://" and so on; KEY_DNS if none was said */
	bool has_port;
	uint16_t port;
};

/* Takes text apart and adds its zones to the list: one, or where it is a range the reverse zones that cover it, cut at the boundaries
 * of labels (10.0.0.0/15 is 0.10.in-addr.arpa. and 1.10.in-addr.arpa.). ERR_SYNTAX, ERR_RANGE, ERR_NOMEM; then the list is as it was. */
enum err key_parse(const char *text, struct key *key, struct name_list *zones, struct diag *d);

/* "dns", "tls", ... */
const char *key_scheme_name(enum key_scheme scheme);
