#include "dns/tsig.h"
#include "base/diag.h"
#include "dns/message.h"
#include "dns/wire.h"
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

#define AT_ARCOUNT  10
#define TIMERS_LEN  8  /* when, and how far from it */
#define FIXED_LEN   16 /* of rdata, beside algorithm, signature and other data */
#define OTHER_TIME  6  /* octets of other data that say the server's time */
#define RECORD_HEAD 10

static const struct algorithm {
	const char *digest, *name; /* of OpenSSL, and of the record */
	uint8_t mac_len;
} algorithms[] = {
        [TSIG_HMAC_SHA1] = {"SHA1", "hmac-sha1", 20},       [TSIG_HMAC_SHA224] = {"SHA224", "hmac-sha224", 28},
        [TSIG_HMAC_SHA256] = {"SHA256", "hmac-sha256", 32}, [TSIG_HMAC_SHA384] = {"SHA384", "hmac-sha384", 48},
        [TSIG_HMAC_SHA512] = {"SHA512", "hmac-sha512", 64},
};

struct tsig_chain {
	const struct tsig_key *key;        /* NULL: it is not known, and nothing is signed */
	const struct algorithm *algorithm; /* as key */
	struct name key_name, algorithm_name;
	EVP_MAC_CTX *digest; /* of what comes before the next signature; NULL: nothing has */
	uint8_t mac[TSIG_MAC_MAX];
	uint16_t mac_len;      /* of the message before; 0: there was none */
	bool accepted;         /* it began with a request that came */
	bool later;            /* the first response has been signed: of the next records the timers alone are */
	enum tsig_error error; /* of the request */
	uint64_t asked_s;      /* when the request was signed */
	unsigned unsigned_count;
};

/* --- reading --- */

static bool skip_name(struct wire_reader *in)
{
	struct name n;
	wire_get_name(in, &n);
	return !in->failed;
}

static bool skip_question(struct wire_reader *in)
{
	return skip_name(in) && wire_get_bytes(in, 4);
}

static bool read_rdata(struct wire_reader *in, struct tsig_record *r)
{
	wire_get_name(in, &r->algorithm);
	r->time_s = (uint64_t)wire_get_u16(in) << 32;
	r->time_s |= wire_get_u32(in);
	r->fudge_s = wire_get_u16(in);
	r->mac_len = wire_get_u16(in);
	r->mac = wire_get_bytes(in, r->mac_len);
	r->original_id = wire_get_u16(in);
	r->error = wire_get_u16(in);
	r->other_len = wire_get_u16(in);
	r->other = wire_get_bytes(in, r->other_len);
	name_lower(&r->algorithm);
	return !in->failed;
}

/* The next record; *type is its type. False: it is cut, or a TSIG that is not as it must be. */
static bool read_record(struct wire_reader *in, struct tsig_record *r, uint16_t *type)
{
	size_t at = in->at, end;
	struct name owner;
	uint16_t class;
	uint32_t ttl;
	wire_get_name(in, &owner);
	*type = wire_get_u16(in);
	class = wire_get_u16(in);
	ttl = wire_get_u32(in);
	end = wire_get_u16(in);
	end += in->at;
	if (in->failed || end > in->len)
		return false;
	if (*type == DNS_TYPE_TSIG) {
		r->at = at;
		r->key = owner;
		name_lower(&r->key);
		return class == DNS_CLASS_ANY && ttl == 0 && read_rdata(in, r) && in->at == end;
	}
	in->at = end;
	return true;
}

enum tsig_presence tsig_find(const uint8_t *bytes, size_t len, struct tsig_record *out)
{
	struct wire_reader in = {.bytes = bytes, .len = len, .at = DNS_HEADER_LEN};
	unsigned records = 0, additional;
	if (len < DNS_HEADER_LEN)
		return TSIG_ABSENT;
	additional = wire_load_u16(bytes + AT_ARCOUNT);
	for (unsigned i = wire_load_u16(bytes + 4); i > 0; i--) {
		if (!skip_question(&in))
			return TSIG_ABSENT;
	}
	for (size_t at = 6; at <= AT_ARCOUNT; at += 2)
		records += wire_load_u16(bytes + at);
	for (; records > 0; records--) {
		uint16_t type;
		bool good = read_record(&in, out, &type);
		if (!good)
			return type == DNS_TYPE_TSIG ? TSIG_MALFORMED : TSIG_ABSENT;
		if (type == DNS_TYPE_TSIG)
			return records == 1 && additional ? TSIG_PRESENT : TSIG_MALFORMED;
	}
	return TSIG_ABSENT;
}

/* --- the digest --- */

static bool feed(EVP_MAC_CTX *digest, const void *bytes, size_t len)
{
	return EVP_MAC_update(digest, bytes, len) == 1;
}

static bool feed_u16(EVP_MAC_CTX *digest, uint16_t v)
{
	uint8_t octets[2];
	wire_store_u16(octets, v);
	return feed(digest, octets, sizeof octets);
}

/* Begins one, unless it has begun, with the signature before. */
static bool begin_digest(struct tsig_chain *c)
{
	char *digest = (char *)(uintptr_t)c->algorithm->digest; /* OpenSSL reads it only */
	const OSSL_PARAM params[] = {OSSL_PARAM_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_END};
	EVP_MAC *hmac;
	if (c->digest)
		return true;
	hmac = EVP_MAC_fetch(NULL, OSSL_MAC_NAME_HMAC, NULL);
	c->digest = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
	EVP_MAC_free(hmac);
	return c->digest && EVP_MAC_init(c->digest, c->key->secret, c->key->secret_len, params) == 1 &&
	       (!c->mac_len || (feed_u16(c->digest, c->mac_len) && feed(c->digest, c->mac, c->mac_len)));
}

static void drop_digest(struct tsig_chain *c)
{
	EVP_MAC_CTX_free(c->digest);
	c->digest = NULL;
}

/* A message without its TSIG record: len octets, with that id and count of additional records. */
static bool feed_message(EVP_MAC_CTX *digest, const uint8_t *bytes, size_t len, uint16_t id, unsigned additional)
{
	uint8_t header[DNS_HEADER_LEN];
	memcpy(header, bytes, sizeof header);
	wire_store_u16(header, id);
	wire_store_u16(header + AT_ARCOUNT, additional);
	return feed(digest, header, sizeof header) && feed(digest, bytes + sizeof header, len - sizeof header);
}

static void put_time(struct wire_writer *w, uint64_t s)
{
	wire_put_u16(w, (uint16_t)(s >> 32));
	wire_put_u32(w, (uint32_t)s);
}

/* What of the record is signed (RFC 8945 4.3.3): all but the signature, or the timers alone. Names are in lower case. */
static bool feed_variables(EVP_MAC_CTX *digest, const struct tsig_record *r, bool timers_alone)
{
	uint8_t octets[2 * NAME_WIRE_MAX + 32];
	struct wire_writer w = {.bytes = octets, .limit = sizeof octets};
	if (!timers_alone) {
		wire_put_name(&w, &r->key);
		wire_put_u16(&w, DNS_CLASS_ANY);
		wire_put_u32(&w, 0);
		wire_put_name(&w, &r->algorithm);
	}
	put_time(&w, r->time_s);
	wire_put_u16(&w, r->fudge_s);
	if (!timers_alone) {
		wire_put_u16(&w, r->error);
		wire_put_u16(&w, r->other_len);
	}
	return feed(digest, octets, w.len) && (timers_alone || feed(digest, r->other, r->other_len));
}

/* The signature of what was fed, with the record, which becomes the one before. */
static bool end_digest(struct tsig_chain *c, const struct tsig_record *r)
{
	size_t len = 0;
	bool good = feed_variables(c->digest, r, c->later) && EVP_MAC_final(c->digest, c->mac, &len, sizeof c->mac) == 1;
	drop_digest(c);
	c->mac_len = (uint16_t)len;
	return good;
}

/* Of a message that came: *same says whether the signature is the record's. False: out of memory. */
static bool verify(struct tsig_chain *c, const uint8_t *bytes, const struct tsig_record *r, bool *same)
{
	const unsigned additional = wire_load_u16(bytes + AT_ARCOUNT) - 1u;
	if (!begin_digest(c) || !feed_message(c->digest, bytes, r->at, r->original_id, additional) || !end_digest(c, r))
		return false;
	*same = r->mac_len == c->mac_len && CRYPTO_memcmp(r->mac, c->mac, r->mac_len) == 0;
	return true;
}

static bool in_time(const struct tsig_record *r, uint64_t now_s)
{
	uint64_t apart = now_s > r->time_s ? now_s - r->time_s : r->time_s - now_s;
	return apart <= r->fudge_s;
}

/* --- chains --- */

static struct tsig_chain *chain_new(const struct name *key, const struct name *algorithm)
{
	struct tsig_chain *c = calloc(1, sizeof *c);
	if (!c)
		return NULL;
	c->key_name = *key;
	c->algorithm_name = *algorithm;
	return c;
}

void tsig_free(struct tsig_chain *c)
{
	if (c)
		drop_digest(c);
	free(c);
}

struct tsig_chain *tsig_begin(const struct tsig_key *key, enum tsig_algorithm algorithm)
{
	struct tsig_chain *c;
	struct name name;
	name_from_text(&name, algorithms[algorithm].name, strlen(algorithms[algorithm].name));
	c = chain_new(&key->name, &name);
	if (!c)
		return NULL;
	c->key = key;
	c->algorithm = &algorithms[algorithm];
	return c;
}

static const struct algorithm *find_algorithm(const struct name *wanted)
{
	for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++) {
		struct name n;
		name_from_text(&n, algorithms[i].name, strlen(algorithms[i].name));
		if (name_equal(&n, wanted))
			return &algorithms[i];
	}
	return NULL;
}

static const struct tsig_key *find_key(const struct tsig_key *keys, unsigned count, const struct name *wanted)
{
	for (unsigned i = 0; i < count; i++) {
		if (name_equal(&keys[i].name, wanted))
			return &keys[i];
	}
	return NULL;
}

struct tsig_chain *tsig_accept(const struct tsig_key *keys, unsigned count, const uint8_t *bytes, const struct tsig_record *r,
                               uint64_t now_s)
{
	struct tsig_chain *c = chain_new(&r->key, &r->algorithm);
	bool same;
	if (!c)
		return NULL;
	c->key = find_key(keys, count, &r->key);
	c->algorithm = find_algorithm(&r->algorithm);
	c->accepted = true;
	c->asked_s = r->time_s;
	c->error = c->key && c->algorithm ? TSIG_NOERROR : TSIG_BADKEY;
	if (c->error)
		return c;
	if (!verify(c, bytes, r, &same)) {
		tsig_free(c);
		return NULL;
	}
	if (!same)
		c->error = TSIG_BADSIG;
	else if (!in_time(r, now_s))
		c->error = TSIG_BADTIME;
	return c;
}

enum tsig_error tsig_error(const struct tsig_chain *c)
{
	return c->error;
}

/* --- signing --- */

static bool signs(const struct tsig_chain *c)
{
	return c->error != TSIG_BADKEY && c->error != TSIG_BADSIG;
}

static size_t other_len(const struct tsig_chain *c)
{
	return c->error == TSIG_BADTIME ? OTHER_TIME : 0;
}

static size_t record_len(const struct tsig_chain *c, size_t mac_len)
{
	return (size_t)c->key_name.len + RECORD_HEAD + c->algorithm_name.len + FIXED_LEN + mac_len + other_len(c);
}

size_t tsig_room(const struct tsig_chain *c)
{
	return record_len(c, signs(c) ? c->algorithm->mac_len : 0);
}

static void put_record(struct wire_writer *w, const struct tsig_record *r)
{
	wire_put_name(w, &r->key);
	wire_put_u16(w, DNS_TYPE_TSIG);
	wire_put_u16(w, DNS_CLASS_ANY);
	wire_put_u32(w, 0);
	wire_put_u16(w, (uint16_t)(r->algorithm.len + FIXED_LEN + r->mac_len + r->other_len));
	wire_put_name(w, &r->algorithm);
	put_time(w, r->time_s);
	wire_put_u16(w, r->fudge_s);
	wire_put_u16(w, r->mac_len);
	wire_put_bytes(w, r->mac, r->mac_len);
	wire_put_u16(w, r->original_id);
	wire_put_u16(w, r->error);
	wire_put_u16(w, r->other_len);
	wire_put_bytes(w, r->other, r->other_len);
}

/* With BADTIME the client's own time, so that it takes the signature for good, and ours beside it (RFC 8945 5.2.3). */
static struct tsig_record describe(const struct tsig_chain *c, const uint8_t *bytes, uint64_t now_s, uint8_t other[OTHER_TIME])
{
	struct wire_writer w = {.bytes = other, .limit = OTHER_TIME};
	put_time(&w, now_s);
	return (struct tsig_record){
	        .key = c->key_name,
	        .algorithm = c->algorithm_name,
	        .time_s = c->error == TSIG_BADTIME ? c->asked_s : now_s,
	        .fudge_s = TSIG_FUDGE_S,
	        .original_id = wire_load_u16(bytes),
	        .error = (uint16_t)c->error,
	        .other = other,
	        .other_len = (uint16_t)other_len(c),
	};
}

size_t tsig_sign(struct tsig_chain *c, uint8_t *bytes, size_t len, size_t cap, uint64_t now_s)
{
	uint8_t other[OTHER_TIME];
	struct tsig_record r = describe(c, bytes, now_s, other);
	struct wire_writer w = {.bytes = bytes, .len = len, .limit = cap};
	unsigned additional = wire_load_u16(bytes + AT_ARCOUNT);
	if (cap < len || cap - len < tsig_room(c))
		return 0;
	if (signs(c)) {
		if (!begin_digest(c) || !feed_message(c->digest, bytes, len, r.original_id, additional) || !end_digest(c, &r)) {
			drop_digest(c);
			return 0;
		}
		r.mac = c->mac;
		r.mac_len = c->mac_len;
	}
	put_record(&w, &r);
	wire_store_u16(bytes + AT_ARCOUNT, additional + 1);
	c->later = c->accepted;
	return w.len;
}

/* --- checking --- */

static bool is_of_chain(const struct tsig_chain *c, const struct tsig_record *r)
{
	return name_equal(&c->key_name, &r->key) && name_equal(&c->algorithm_name, &r->algorithm);
}

static enum tsig_verdict bad(struct tsig_chain *c, struct diag *d, const char *why)
{
	drop_digest(c);
	diag_set(d, ERR_DENIED, "%s", why);
	return TSIG_BAD;
}

/* What the other side says is wrong with the request. */
static const char *complaint(uint16_t error)
{
	switch (error) {
	case TSIG_BADSIG:
		return "the peer says that the signature is not of the key that it has (BADSIG)";
	case TSIG_BADKEY:
		return "the peer does not know the key, or not with that algorithm (BADKEY)";
	case TSIG_BADTIME:
		return "the peer's clock is too far from this one's (BADTIME)";
	default:
		return "the peer says that something is wrong with the signature";
	}
}

static enum tsig_verdict check_unsigned(struct tsig_chain *c, const uint8_t *bytes, size_t len, struct diag *d)
{
	if (!c->later || ++c->unsigned_count > TSIG_UNSIGNED_MAX)
		return bad(c, d, "it is not signed");
	if (begin_digest(c) && feed_message(c->digest, bytes, len, wire_load_u16(bytes), wire_load_u16(bytes + AT_ARCOUNT)))
		return TSIG_LATER;
	drop_digest(c);
	return TSIG_FAILED;
}

static enum tsig_verdict check_signed(struct tsig_chain *c, const uint8_t *bytes, const struct tsig_record *r, uint64_t now_s,
                                      struct diag *d)
{
	bool same;
	if (!is_of_chain(c, r))
		return bad(c, d, "it is signed with another key");
	if (!r->mac_len && r->error)
		return bad(c, d, complaint(r->error));
	if (!verify(c, bytes, r, &same)) {
		drop_digest(c);
		return TSIG_FAILED;
	}
	c->later = true;
	c->unsigned_count = 0;
	if (!same)
		return bad(c, d, "its signature is wrong");
	if (r->error)
		return bad(c, d, complaint(r->error));
	return in_time(r, now_s) ? TSIG_GOOD : bad(c, d, "it was signed at another time than now");
}

enum tsig_verdict tsig_check(struct tsig_chain *c, const uint8_t *bytes, size_t len, uint64_t now_s, struct diag *d)
{
	struct tsig_record r;
	switch (tsig_find(bytes, len, &r)) {
	case TSIG_ABSENT:
		return len < DNS_HEADER_LEN ? bad(c, d, "it is no message") : check_unsigned(c, bytes, len, d);
	case TSIG_MALFORMED:
		return bad(c, d, "its signature is malformed");
	case TSIG_PRESENT:
		break;
	}
	return check_signed(c, bytes, &r, now_s, d);
}
