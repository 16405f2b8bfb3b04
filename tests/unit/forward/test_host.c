/* Addresses of hosts, from a resolver of the test's own on loopback. */
#include "../unit.h"
#include "forward/host.h"
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- a resolver that answers each question once, in its order --- */

#define QUESTIONS 2

enum manner { KNOWS_A, KNOWS_BOTH, KNOWS_NONE, SAYS_RUBBISH_FIRST, SAYS_RUBBISH };

struct resolver {
	int fd;
	struct upstream at;
	enum manner manner;
	pthread_t thread;
	unsigned asked;
};

static size_t question_end(const uint8_t *q)
{
	size_t at = 12;
	while (q[at])
		at += 1u + q[at];
	return at + 5;
}

static size_t make_reply(const struct resolver *r, const uint8_t *q, uint8_t *reply)
{
	static const uint8_t head[] = {0xc0, 12, 0, 0, 0, 1, 0, 0, 0, 30, 0};
	size_t len = question_end(q);
	const bool v6 = q[len - 3] == 28;
	memcpy(reply, q, len);
	reply[2] |= 0x80;
	if (r->manner == KNOWS_NONE || (v6 && r->manner != KNOWS_BOTH))
		return len;
	reply[7] = 1;
	memcpy(reply + len, head, sizeof head);
	reply[len + 3] = v6 ? 28 : 1;
	len += sizeof head;
	reply[len++] = v6 ? 16 : 4;
	memset(reply + len, 7, v6 ? 16 : 4);
	return len + (v6 ? 16 : 4);
}

static void *run(void *arg)
{
	struct resolver *r = arg;
	for (; r->asked < QUESTIONS; r->asked++) {
		uint8_t query[512], reply[600];
		struct sockaddr_storage from;
		socklen_t from_len = sizeof from;
		ssize_t len = recvfrom(r->fd, query, sizeof query, 0, (struct sockaddr *)&from, &from_len);
		if (len <= 1) /* one octet: the end */
			return NULL;
		size_t reply_len = make_reply(r, query, reply);
		if (r->manner == SAYS_RUBBISH_FIRST) {
			reply[0] ^= 1; /* another's id */
			sendto(r->fd, reply, reply_len, 0, (struct sockaddr *)&from, from_len);
			reply[0] ^= 1;
		}
		sendto(r->fd, reply, r->manner == SAYS_RUBBISH ? reply_len - 5 : reply_len, 0, (struct sockaddr *)&from, from_len);
	}
	return NULL;
}

static void resolver_begin(struct resolver *r, enum manner manner)
{
	socklen_t len = sizeof r->at.at.v4;
	memset(r, 0, sizeof *r);
	r->manner = manner;
	r->at.at.v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	r->fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(r->fd, &r->at.at.sa, len), 0);
	assert_int_equal(getsockname(r->fd, &r->at.at.sa, &len), 0);
	assert_int_equal(pthread_create(&r->thread, NULL, run, r), 0);
}

static void resolver_end(struct resolver *r)
{
	sendto(r->fd, "", 1, 0, &r->at.at.sa, sizeof r->at.at.v4);
	pthread_join(r->thread, NULL);
	close(r->fd);
}

static const struct {
	enum manner manner;
	enum err err;
	unsigned count;
} manners[] = {
        {KNOWS_A, OK, 1}, {KNOWS_BOTH, OK, 2}, {KNOWS_NONE, ERR_MISSING, 0}, {SAYS_RUBBISH_FIRST, OK, 1}, {SAYS_RUBBISH, ERR_MISSING, 0},
};

static void of_a_resolver(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof manners / sizeof manners[0]; i++) {
		struct host_addresses found;
		struct resolver r;
		struct diag d = {0};
		resolver_begin(&r, manners[i].manner);
		assert_int_equal(host_find("Dns.Example", &r.at, 1, &found, &d), manners[i].err);
		assert_int_equal(found.count, manners[i].count);
		if (manners[i].err)
			assert_non_null(strstr(d.text, "Dns.Example"));
		else
			assert_memory_equal(found.list[0].octets, ((uint8_t[]){7, 7, 7, 7}), 4);
		resolver_end(&r);
	}
}

/* Of several, the first that knows an address. */
static void one_after_the_other(void **state)
{
	struct host_addresses found;
	struct resolver none, knows;
	(void)state;
	resolver_begin(&none, KNOWS_NONE);
	resolver_begin(&knows, KNOWS_A);
	struct upstream both[] = {none.at, knows.at};
	assert_int_equal(host_find("dns.example.", both, 2, &found, NULL), OK);
	assert_int_equal(found.count, 1);
	resolver_end(&none);
	resolver_end(&knows);
	assert_int_equal(none.asked, QUESTIONS);
	assert_int_equal(knows.asked, QUESTIONS);
}

static void of_the_system(void **state)
{
	struct host_addresses found;
	struct diag d = {0};
	struct addr here;
	(void)state;
	assert_int_equal(host_find("localhost", NULL, 0, &found, &d), OK);
	assert_true(found.count >= 1);
	addr_parse("127.0.0.1", 9, &here);
	assert_true(addr_equal(&found.list[0], &here) || found.list[0].family == ADDR_V6);
}

static void no_name(void **state)
{
	struct host_addresses found;
	struct upstream nobody = {.at.v4 = {.sin_family = AF_INET}};
	struct diag d = {0};
	(void)state;
	assert_int_equal(host_find("a..b", &nobody, 1, &found, &d), ERR_SYNTAX);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(of_a_resolver),
	        cmocka_unit_test(one_after_the_other),
	        cmocka_unit_test(of_the_system),
	        cmocka_unit_test(no_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
