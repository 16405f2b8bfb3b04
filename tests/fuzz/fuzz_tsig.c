/* The input is a message, which may end in a TSIG record: what is found lies within it. Signed by us as what follows it, it is believed by the other
 * side, and not with one bit changed. */
#include "base/diag.h"
#include "check_name.h"
#include "dns/message.h"
#include "dns/tsig.h"
#include "fuzz.h"
#include <string.h>

#define NOW_S   1700000000
#define LEN_MAX 2048

static const uint8_t secret[] = "a secret";

static struct tsig_key key_of(const struct name *name)
{
	return (struct tsig_key){*name, secret, sizeof secret};
}

static void check_record(const uint8_t *data, size_t size, const struct tsig_record *r)
{
	check_name(&r->key);
	check_name(&r->algorithm);
	assert(r->at >= DNS_HEADER_LEN && r->at < size);
	assert(r->mac >= data + r->at && r->mac + r->mac_len <= data + size);
	assert(r->other >= data + r->at && r->other + r->other_len <= data + size);
}

/* As whoever gets a request, and signs the response. */
static void check_accept(const uint8_t *data, const struct tsig_record *r)
{
	const struct tsig_key key = key_of(&r->key);
	struct tsig_chain *c = tsig_accept(&key, 1, data, r, NOW_S);
	uint8_t bytes[DNS_HEADER_LEN + TSIG_LEN_MAX] = {0};
	size_t len;
	assert(c && tsig_error(c) != TSIG_NOERROR); /* nobody guesses it */
	len = tsig_sign(c, bytes, DNS_HEADER_LEN, sizeof bytes, NOW_S);
	assert(len == DNS_HEADER_LEN + tsig_room(c) && len <= sizeof bytes);
	tsig_free(c);
}

static enum tsig_error error_of(const struct tsig_key *key, const uint8_t *bytes, size_t len)
{
	struct tsig_record r;
	struct tsig_chain *c = tsig_find(bytes, len, &r) == TSIG_PRESENT ? tsig_accept(key, 1, bytes, &r, NOW_S) : NULL;
	enum tsig_error error = c ? tsig_error(c) : TSIG_BADSIG;
	tsig_free(c);
	return error;
}

/* As whoever sends it. */
static void check_sign(const uint8_t *data, size_t size)
{
	struct tsig_key key = {.secret = secret, .secret_len = sizeof secret};
	uint8_t bytes[LEN_MAX + TSIG_LEN_MAX];
	struct tsig_record r;
	struct tsig_chain *c;
	size_t len;
	name_from_text(&key.name, "k", 1);
	c = tsig_begin(&key, (enum tsig_algorithm)(size % 5));
	memcpy(bytes, data, size);
	len = tsig_sign(c, bytes, size, sizeof bytes, NOW_S);
	assert(len == size + tsig_room(c));
	if (tsig_find(bytes, len, &r) == TSIG_PRESENT && r.at == size) {
		assert(error_of(&key, bytes, len) == TSIG_NOERROR);
		bytes[2] ^= 1;
		assert(error_of(&key, bytes, len) == TSIG_BADSIG);
	}
	tsig_free(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tsig_record r;
	if (tsig_find(data, size, &r) == TSIG_PRESENT) {
		check_record(data, size, &r);
		check_accept(data, &r);
	}
	if (size >= DNS_HEADER_LEN && size <= LEN_MAX)
		check_sign(data, size);
	return 0;
}
