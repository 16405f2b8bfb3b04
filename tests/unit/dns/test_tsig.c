#include "base/diag.h"
#include "dns/message.h"
#include "dns/tsig.h"
#include "fail_alloc.h"
#include "unit.h"
#include <string.h>

#define NOW_S 1700000000 /* when the messages below were signed */

/* What dnspython sends: a question with key.example., hmac-sha256 and the secret "secret", and three responses that belong together. */
static const uint8_t request[] = {0x12, 0x34, 0x01, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x01, 0x61, 0x07, 0x65, 0x78,
                                  0x61, 0x6d, 0x70, 0x6c, 0x65, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x00, 0x29, 0x04, 0xd0, 0x00, 0x00,
                                  0x00, 0x00, 0x00, 0x00, 0x03, 0x6b, 0x65, 0x79, 0xc0, 0x0e, 0x00, 0xfa, 0x00, 0xff, 0x00, 0x00, 0x00,
                                  0x00, 0x00, 0x3d, 0x0b, 0x68, 0x6d, 0x61, 0x63, 0x2d, 0x73, 0x68, 0x61, 0x32, 0x35, 0x36, 0x00, 0x00,
                                  0x00, 0x65, 0x53, 0xf1, 0x00, 0x01, 0x2c, 0x00, 0x20, 0x15, 0xf1, 0x8c, 0x61, 0x58, 0xe5, 0xa7, 0x2c,
                                  0x1d, 0x05, 0x43, 0xb7, 0x95, 0xe1, 0xc2, 0xd6, 0xcc, 0x1f, 0x13, 0x20, 0xed, 0xbc, 0xd3, 0xbd, 0xe3,
                                  0x34, 0xb4, 0x7a, 0xd7, 0x6f, 0x79, 0xd1, 0x12, 0x34, 0x00, 0x00, 0x00, 0x00};
static const uint8_t reply_0[] = {0x12, 0x34, 0x81, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x01, 0x61, 0x07, 0x65, 0x78,
                                  0x61, 0x6d, 0x70, 0x6c, 0x65, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x00, 0x29, 0x20, 0x00, 0x00, 0x00,
                                  0x00, 0x00, 0x00, 0x00, 0x03, 0x6b, 0x65, 0x79, 0xc0, 0x0e, 0x00, 0xfa, 0x00, 0xff, 0x00, 0x00, 0x00,
                                  0x00, 0x00, 0x3d, 0x0b, 0x68, 0x6d, 0x61, 0x63, 0x2d, 0x73, 0x68, 0x61, 0x32, 0x35, 0x36, 0x00, 0x00,
                                  0x00, 0x65, 0x53, 0xf1, 0x00, 0x01, 0x2c, 0x00, 0x20, 0xbc, 0xdc, 0x39, 0x80, 0xb5, 0xf3, 0xbc, 0x68,
                                  0xe7, 0xa7, 0x20, 0x81, 0xfd, 0x28, 0x21, 0x21, 0x1e, 0xae, 0xb4, 0xb8, 0xed, 0x3f, 0x13, 0x6d, 0xeb,
                                  0x97, 0x35, 0xd6, 0xed, 0xc9, 0x4d, 0x5c, 0x12, 0x34, 0x00, 0x00, 0x00, 0x00};
static const uint8_t reply_1[] = {0x12, 0x34, 0x81, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x01, 0x61, 0x07, 0x65, 0x78,
                                  0x61, 0x6d, 0x70, 0x6c, 0x65, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x00, 0x29, 0x20, 0x00, 0x00, 0x00,
                                  0x00, 0x00, 0x00, 0x00, 0x03, 0x6b, 0x65, 0x79, 0xc0, 0x0e, 0x00, 0xfa, 0x00, 0xff, 0x00, 0x00, 0x00,
                                  0x00, 0x00, 0x3d, 0x0b, 0x68, 0x6d, 0x61, 0x63, 0x2d, 0x73, 0x68, 0x61, 0x32, 0x35, 0x36, 0x00, 0x00,
                                  0x00, 0x65, 0x53, 0xf1, 0x00, 0x01, 0x2c, 0x00, 0x20, 0x2e, 0xfa, 0x2b, 0xe4, 0x1d, 0xde, 0xb2, 0xcc,
                                  0xc4, 0x7d, 0x81, 0x89, 0xba, 0x3a, 0xa4, 0xb7, 0x76, 0xe4, 0xf1, 0x00, 0xe5, 0x19, 0x12, 0xea, 0x8e,
                                  0x00, 0x9e, 0x6b, 0x82, 0x98, 0x35, 0x59, 0x12, 0x34, 0x00, 0x00, 0x00, 0x00};
static const uint8_t reply_2[] = {0x12, 0x34, 0x81, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x01, 0x61, 0x07, 0x65, 0x78,
                                  0x61, 0x6d, 0x70, 0x6c, 0x65, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 0x00, 0x29, 0x20, 0x00, 0x00, 0x00,
                                  0x00, 0x00, 0x00, 0x00, 0x03, 0x6b, 0x65, 0x79, 0xc0, 0x0e, 0x00, 0xfa, 0x00, 0xff, 0x00, 0x00, 0x00,
                                  0x00, 0x00, 0x3d, 0x0b, 0x68, 0x6d, 0x61, 0x63, 0x2d, 0x73, 0x68, 0x61, 0x32, 0x35, 0x36, 0x00, 0x00,
                                  0x00, 0x65, 0x53, 0xf1, 0x00, 0x01, 0x2c, 0x00, 0x20, 0xef, 0xc2, 0xc1, 0x17, 0x12, 0x96, 0x17, 0xff,
                                  0xc6, 0xb7, 0xd9, 0x9b, 0x48, 0x8d, 0x97, 0xc9, 0x93, 0x45, 0xd2, 0x0f, 0x28, 0xfd, 0x4d, 0xe1, 0x6a,
                                  0x6d, 0xf6, 0x9d, 0x7d, 0x56, 0x9c, 0x0e, 0x12, 0x34, 0x00, 0x00, 0x00, 0x00};

static struct tsig_key key_of(const char *name, const char *secret)
{
	struct tsig_key key = {.secret = (const uint8_t *)secret, .secret_len = strlen(secret)};
	assert_int_equal(name_from_text(&key.name, name, strlen(name)), OK);
	return key;
}

static struct tsig_chain *accept_request(const struct tsig_key *key, const uint8_t *bytes, size_t len, uint64_t now_s)
{
	struct tsig_record r;
	struct tsig_chain *c;
	assert_int_equal(tsig_find(bytes, len, &r), TSIG_PRESENT);
	c = tsig_accept(key, 1, bytes, &r, now_s);
	assert_non_null(c);
	return c;
}

/* The message without its record. */
static size_t bare(uint8_t *out, const uint8_t *bytes, size_t len)
{
	struct tsig_record r;
	assert_int_equal(tsig_find(bytes, len, &r), TSIG_PRESENT);
	memcpy(out, bytes, r.at);
	out[11]--;
	return r.at;
}

static void test_what_a_record_says(void **state)
{
	struct tsig_record r;
	char text[NAME_TEXT_MAX];
	(void)state;
	assert_int_equal(tsig_find(request, sizeof request, &r), TSIG_PRESENT);
	name_to_text(&r.key, text);
	assert_string_equal(text, "key.example.");
	name_to_text(&r.algorithm, text);
	assert_string_equal(text, "hmac-sha256.");
	assert_int_equal(r.time_s, NOW_S);
	assert_int_equal(r.fudge_s, 300);
	assert_int_equal(r.original_id, 0x1234);
	assert_int_equal(r.mac_len, 32);
	assert_int_equal(r.error, 0);
	assert_int_equal(r.other_len, 0);
}

/* Each octet of the message but its id's, and each of the signature, makes it another one. */
static void test_a_request(void **state)
{
	const struct tsig_key key = key_of("KEY.example", "secret");
	(void)state;
	for (size_t i = 2; i < sizeof request; i++) {
		uint8_t bytes[sizeof request];
		struct tsig_record r;
		memcpy(bytes, request, sizeof bytes);
		bytes[i] ^= 1;
		if (tsig_find(bytes, sizeof bytes, &r) == TSIG_PRESENT) {
			struct tsig_chain *c = tsig_accept(&key, 1, bytes, &r, NOW_S);
			assert_non_null(c);
			assert_int_not_equal(tsig_error(c), TSIG_NOERROR);
			tsig_free(c);
		}
	}
	tsig_free(NULL);
}

static const struct {
	const char *name, *secret;
	int64_t apart_s;
	enum tsig_error want;
} requests[] = {
        {"key.example", "secret", 0, TSIG_NOERROR},    {"key.example", "secret", 300, TSIG_NOERROR},
        {"key.example", "secret", -300, TSIG_NOERROR}, {"key.example", "secret", 301, TSIG_BADTIME},
        {"key.example", "secret", -301, TSIG_BADTIME}, {"key.example", "other", 0, TSIG_BADSIG},
        {"key.example", "other", 10000, TSIG_BADSIG},  {"other.example", "secret", 0, TSIG_BADKEY},
};

static void test_what_is_wrong_with_a_request(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof requests / sizeof *requests; i++) {
		const struct tsig_key key = key_of(requests[i].name, requests[i].secret);
		const uint64_t now = (uint64_t)(NOW_S + requests[i].apart_s);
		struct tsig_chain *c = accept_request(&key, request, sizeof request, now);
		uint8_t bytes[512];
		struct tsig_record r;
		size_t len = bare(bytes, reply_0, sizeof reply_0), room = tsig_room(c);
		bool mute = requests[i].want == TSIG_BADKEY || requests[i].want == TSIG_BADSIG;
		assert_int_equal(tsig_error(c), requests[i].want);
		assert_int_equal(tsig_sign(c, bytes, len, len + room - 1, now), 0);
		assert_int_equal(tsig_sign(c, bytes, len, sizeof bytes, now), len + room);
		assert_int_equal(tsig_find(bytes, len + room, &r), TSIG_PRESENT);
		assert_int_equal(r.error, requests[i].want);
		assert_int_equal(r.mac_len, mute ? 0 : 32);
		assert_int_equal(r.time_s, requests[i].want == TSIG_BADTIME ? NOW_S : now);
		assert_int_equal(r.other_len, requests[i].want == TSIG_BADTIME ? 6 : 0);
		tsig_free(c);
	}
}

/* A signature that was cut is none, nor is one of an algorithm that nobody has. */
static void test_odd_signatures(void **state)
{
	const struct tsig_key key = key_of("key.example", "secret");
	struct tsig_record r;
	struct tsig_chain *c;
	(void)state;
	assert_int_equal(tsig_find(request, sizeof request, &r), TSIG_PRESENT);
	r.mac_len = 16;
	c = tsig_accept(&key, 1, request, &r, NOW_S);
	assert_int_equal(tsig_error(c), TSIG_BADSIG);
	tsig_free(c);
	r.mac_len = 32;
	name_from_text(&r.algorithm, "hmac-md5.sig-alg.reg.int", 24);
	c = tsig_accept(&key, 1, request, &r, NOW_S);
	assert_int_equal(tsig_error(c), TSIG_BADKEY);
	tsig_free(c);
}

/* The same signatures that dnspython makes. */
static void test_responses(void **state)
{
	const struct tsig_key key = key_of("key.example", "secret");
	struct tsig_chain *c = accept_request(&key, request, sizeof request, NOW_S);
	static const struct {
		const uint8_t *bytes;
		size_t len;
	} replies[] = {{reply_0, sizeof reply_0}, {reply_1, sizeof reply_1}, {reply_2, sizeof reply_2}};
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct tsig_record theirs, ours;
		uint8_t bytes[512];
		size_t len = bare(bytes, replies[i].bytes, replies[i].len);
		len = tsig_sign(c, bytes, len, sizeof bytes, NOW_S);
		assert_int_equal(tsig_find(replies[i].bytes, replies[i].len, &theirs), TSIG_PRESENT);
		assert_int_equal(tsig_find(bytes, len, &ours), TSIG_PRESENT);
		assert_int_equal(ours.mac_len, theirs.mac_len);
		assert_memory_equal(ours.mac, theirs.mac, ours.mac_len);
	}
	tsig_free(c);
}

/* --- both sides --- */

struct sides {
	struct tsig_key key;
	struct tsig_chain *client, *server;
	uint8_t bytes[1024];
	size_t len;
	struct diag d;
};

static void sides_begin(struct sides *s, enum tsig_algorithm algorithm, uint64_t server_s)
{
	uint8_t plain[512];
	s->key = key_of("key.example", "a secret");
	s->client = tsig_begin(&s->key, algorithm);
	assert_non_null(s->client);
	s->len = bare(plain, request, sizeof request);
	memcpy(s->bytes, plain, s->len);
	s->len = tsig_sign(s->client, s->bytes, s->len, sizeof s->bytes, NOW_S);
	assert_true(s->len > 0);
	s->server = accept_request(&s->key, s->bytes, s->len, server_s);
}

/* The next response, signed or not. */
static void respond(struct sides *s, bool sign)
{
	s->len = bare(s->bytes, reply_0, sizeof reply_0);
	if (sign)
		s->len = tsig_sign(s->server, s->bytes, s->len, sizeof s->bytes, NOW_S);
}

static enum tsig_verdict check(struct sides *s)
{
	return tsig_check(s->client, s->bytes, s->len, NOW_S, &s->d);
}

static void sides_end(struct sides *s)
{
	tsig_free(s->client);
	tsig_free(s->server);
}

static void test_each_algorithm(void **state)
{
	(void)state;
	for (unsigned i = TSIG_HMAC_SHA1; i <= TSIG_HMAC_SHA512; i++) {
		struct sides s;
		sides_begin(&s, (enum tsig_algorithm)i, NOW_S);
		assert_int_equal(tsig_error(s.server), TSIG_NOERROR);
		for (unsigned k = 0; k < 3; k++) {
			respond(&s, true);
			assert_int_equal(check(&s), TSIG_GOOD);
		}
		s.bytes[3] ^= 1;
		assert_int_equal(check(&s), TSIG_BAD);
		assert_string_equal(s.d.text, "its signature is wrong");
		sides_end(&s);
	}
}

static void test_a_first_response_must_be_signed(void **state)
{
	struct sides s;
	(void)state;
	sides_begin(&s, TSIG_HMAC_SHA256, NOW_S);
	respond(&s, false);
	assert_int_equal(check(&s), TSIG_BAD);
	assert_string_equal(s.d.text, "it is not signed");
	sides_end(&s);
}

/* Not each message of a transfer has to be, but what comes between is covered by the next signature. */
static void test_some_are_not_signed(void **state)
{
	struct sides s;
	(void)state;
	sides_begin(&s, TSIG_HMAC_SHA256, NOW_S);
	respond(&s, true);
	assert_int_equal(check(&s), TSIG_GOOD);
	for (unsigned i = 0; i < TSIG_UNSIGNED_MAX; i++) {
		respond(&s, false);
		assert_int_equal(check(&s), TSIG_LATER);
	}
	assert_int_equal(check(&s), TSIG_BAD);
	sides_end(&s);
	sides_begin(&s, TSIG_HMAC_SHA256, NOW_S);
	respond(&s, true);
	assert_int_equal(check(&s), TSIG_GOOD);
	respond(&s, false);
	assert_int_equal(check(&s), TSIG_LATER);
	respond(&s, true); /* the server knows nothing of the one between */
	assert_int_equal(check(&s), TSIG_BAD);
	sides_end(&s);
}

static void test_what_the_server_says(void **state)
{
	static const char *const said[] = {
	        [TSIG_BADSIG] = "the peer says that the signature is not of the key that it has (BADSIG)",
	        [TSIG_BADKEY] = "the peer does not know the key, or not with that algorithm (BADKEY)",
	        [TSIG_BADTIME] = "the peer's clock is too far from this one's (BADTIME)",
	};
	(void)state;
	for (unsigned error = TSIG_BADSIG; error <= TSIG_BADTIME; error++) {
		struct sides s;
		struct tsig_key other = key_of(error == TSIG_BADKEY ? "k" : "key.example", error == TSIG_BADSIG ? "b" : "a secret");
		sides_begin(&s, TSIG_HMAC_SHA256, NOW_S);
		tsig_free(s.server);
		s.server = accept_request(&other, s.bytes, s.len, NOW_S + (error == TSIG_BADTIME ? 5000 : 0));
		assert_int_equal(tsig_error(s.server), error);
		respond(&s, true);
		assert_int_equal(check(&s), TSIG_BAD);
		assert_string_equal(s.d.text, said[error]);
		sides_end(&s);
	}
}

/* --- messages that are not as they must be --- */

static void test_where_it_stands(void **state)
{
	uint8_t bytes[2 * sizeof request];
	struct tsig_record r;
	size_t plain = bare(bytes, request, sizeof request), len = sizeof request - plain;
	(void)state;
	assert_int_equal(tsig_find(bytes, plain, &r), TSIG_ABSENT);
	for (size_t cut = 0; cut < sizeof request; cut++)
		assert_int_not_equal(tsig_find(request, cut, &r), TSIG_PRESENT);
	memcpy(bytes, request, sizeof request); /* twice */
	memcpy(bytes + sizeof request, request + plain, len);
	bytes[11] = 3;
	assert_int_equal(tsig_find(bytes, sizeof request + len, &r), TSIG_MALFORMED);
	memcpy(bytes, request, sizeof request); /* as an answer */
	bytes[11] = 0;
	bytes[7] = 2;
	assert_int_equal(tsig_find(bytes, sizeof request, &r), TSIG_MALFORMED);
	memcpy(bytes, request, sizeof request);
	bytes[plain + 9] = 1; /* class IN */
	assert_int_equal(tsig_find(bytes, sizeof request, &r), TSIG_MALFORMED);
	bytes[plain + 9] = 0xff;
	bytes[sizeof request - 1] = 1; /* other data that are not there */
	assert_int_equal(tsig_find(bytes, sizeof request, &r), TSIG_MALFORMED);
}

static void test_without_memory(void **state)
{
	const struct tsig_key key = key_of("key.example", "secret");
	struct tsig_record r;
	(void)state;
	assert_int_equal(tsig_find(request, sizeof request, &r), TSIG_PRESENT);
	fail_alloc_at(1);
	assert_null(tsig_begin(&key, TSIG_HMAC_SHA256));
	fail_alloc_at(1);
	assert_null(tsig_accept(&key, 1, request, &r, NOW_S));
	fail_alloc_at(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_what_a_record_says),
	        cmocka_unit_test(test_a_request),
	        cmocka_unit_test(test_what_is_wrong_with_a_request),
	        cmocka_unit_test(test_odd_signatures),
	        cmocka_unit_test(test_responses),
	        cmocka_unit_test(test_each_algorithm),
	        cmocka_unit_test(test_a_first_response_must_be_signed),
	        cmocka_unit_test(test_some_are_not_signed),
	        cmocka_unit_test(test_what_the_server_says),
	        cmocka_unit_test(test_where_it_stands),
	        cmocka_unit_test(test_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
