/* `loop`: what upstreams are asked, which of them have answered, and what becomes of a question that comes back. */
#include "fail_alloc.h"
#include "forward/upstream.h"
#include "forwarding_inside.h"
#include "kinds.h"
#include "plan.h"
#include "steps/loop.h"
#include "steps/steps.h"
#include "unit.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define UPSTREAMS 3

/* Three sockets stand for upstreams: two of the first line, one of the second. */
struct fixture {
	int fds[UPSTREAMS];
	struct sockaddr_in at[UPSTREAMS];
	int asker;
	struct corefile corefile;
	struct forwarding *forwarding;
	struct loop *loop;
};

static int loopback_socket(struct sockaddr_in *at)
{
	socklen_t len = sizeof *at;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	*at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)at, sizeof *at), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)at, &len), 0);
	return fd;
}

static void read_corefile(struct fixture *f, const char *zone)
{
	const struct corefile_options options = {.port = 53, .no_imports = true};
	const struct corefile_block *b;
	struct diag d;
	char text[1024];
	snprintf(text, sizeof text, "%s {\n forward b.example.org 127.0.0.1:%u 127.0.0.1:%u\n forward . 127.0.0.1:%u\n loop\n}\n", zone,
	         ntohs(f->at[0].sin_port), ntohs(f->at[1].sin_port), ntohs(f->at[2].sin_port));
	if (corefile_parse(text, strlen(text), "f", &options, &f->corefile, &d))
		fail_msg("%s", d.text);
	b = &f->corefile.blocks[0];
	assert_int_equal(forwarding_new(corefile_values(b, DIRECTIVE_FORWARD), NULL, &f->forwarding, NULL), OK);
}

static void begin(struct fixture *f, const char *zone)
{
	struct sockaddr_in unused;
	memset(f, 0, sizeof *f);
	for (unsigned i = 0; i < UPSTREAMS; i++)
		f->fds[i] = loopback_socket(&f->at[i]);
	f->asker = loopback_socket(&unused);
	read_corefile(f, zone);
	assert_int_equal(loop_new(f->forwarding, &f->corefile.blocks[0].keys[0].zones.names[0], &f->loop), OK);
}

static void end(struct fixture *f)
{
	loop_free(f->loop);
	forwarding_unref(f->forwarding);
	corefile_free(&f->corefile);
	for (unsigned i = 0; i < UPSTREAMS; i++)
		close(f->fds[i]);
	close(f->asker);
}

/* On loopback what was sent is there. 0: nothing is. */
static size_t take(const struct fixture *f, unsigned upstream, uint8_t bytes[512])
{
	ssize_t len = recv(f->fds[upstream], bytes, 512, 0);
	return len < 0 ? 0 : (size_t)len;
}

static void take_request(const struct fixture *f, unsigned upstream, uint8_t bytes[512], struct request *r)
{
	size_t len = take(f, upstream, bytes);
	assert_int_equal(request_parse(r, bytes, len), REQUEST_OK);
	assert_int_equal(r->qtype, DNS_TYPE_HINFO);
	assert_true(r->flags & DNS_RD);
}

static void hear(const struct fixture *f, unsigned upstream, uint8_t *bytes, size_t len, enum dns_rcode rcode)
{
	bytes[2] |= 0x80;
	bytes[3] = (uint8_t)rcode;
	loop_hear(f->loop, (const struct sockaddr *)&f->at[upstream], bytes, len);
}

static bool asked_again(const struct fixture *f, unsigned upstream)
{
	uint8_t bytes[512];
	bool asked[UPSTREAMS];
	loop_ask(f->loop, f->asker, -1);
	for (unsigned i = 0; i < UPSTREAMS; i++)
		asked[i] = take(f, i, bytes) > 0;
	return asked[upstream];
}

/* Random labels below the zone; of a line that is about a part of it, below that part. */
static void test_each_has_a_name(void **state)
{
	static const struct {
		const char *zone, *below[UPSTREAMS];
	} zones[] = {
	        {".", {"b.example.org.", "b.example.org.", "."}},
	        {"Example.org", {"b.example.org.", "b.example.org.", "example.org."}},
	        {"a.b.example.org", {"a.b.example.org.", "a.b.example.org.", "a.b.example.org."}},
	};
	(void)state;
	for (size_t z = 0; z < sizeof zones / sizeof *zones; z++) {
		struct fixture f;
		struct request r[UPSTREAMS];
		uint8_t bytes[UPSTREAMS][512];
		begin(&f, zones[z].zone);
		assert_true(loop_ask(f.loop, f.asker, -1));
		for (unsigned i = 0; i < UPSTREAMS; i++) {
			struct name below;
			assert_int_equal(name_from_text(&below, zones[z].below[i], strlen(zones[z].below[i])), OK);
			take_request(&f, i, bytes[i], &r[i]);
			assert_int_equal(r[i].qname.labels, below.labels + 2);
			assert_true(name_in(&r[i].qname, &below));
			for (unsigned k = 0; k < i; k++)
				assert_memory_not_equal(r[i].qname.wire, r[k].qname.wire, 42);
		}
		assert_int_equal(take(&f, 0, bytes[0]), 0);
		end(&f);
	}
}

static void test_whoever_answers_is_asked_once(void **state)
{
	struct fixture f;
	struct request r;
	uint8_t bytes[512];
	(void)state;
	begin(&f, ".");
	loop_ask(f.loop, f.asker, -1);
	for (unsigned i = 0; i < UPSTREAMS; i++) {
		take_request(&f, i, bytes, &r);
		hear(&f, i, bytes, DNS_HEADER_LEN + r.question_len, i ? DNS_NXDOMAIN : DNS_NOERROR);
	}
	assert_false(loop_ask(f.loop, f.asker, -1));
	for (unsigned i = 0; i < UPSTREAMS; i++)
		assert_int_equal(take(&f, i, bytes), 0);
	end(&f);
}

static void test_what_is_no_answer(void **state)
{
	struct fixture f;
	struct request r;
	uint8_t sent[512], bytes[512];
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = 1};
	size_t len;
	(void)state;
	begin(&f, ".");
	loop_ask(f.loop, f.asker, -1);
	take_request(&f, 1, sent, &r);
	len = DNS_HEADER_LEN + (size_t)r.question_len;
	loop_hear(f.loop, (const struct sockaddr *)&f.at[1], sent, len); /* a query, not a response */
	assert_true(asked_again(&f, 1));
	memcpy(bytes, sent, len);
	hear(&f, 1, bytes, len, DNS_SERVFAIL);
	assert_true(asked_again(&f, 1));
	memcpy(bytes, sent, len);
	hear(&f, 0, bytes, len, DNS_NOERROR); /* another one's */
	assert_true(asked_again(&f, 0));
	assert_true(asked_again(&f, 1));
	for (size_t cut = 0; cut < DNS_HEADER_LEN + 42; cut++) {
		memcpy(bytes, sent, len);
		hear(&f, 1, bytes, cut, DNS_NOERROR);
	}
	memcpy(bytes, sent, len);
	bytes[1] ^= 1; /* id */
	hear(&f, 1, bytes, len, DNS_NOERROR);
	memcpy(bytes, sent, len);
	bytes[DNS_HEADER_LEN + 30] ^= 1; /* name */
	hear(&f, 1, bytes, len, DNS_NOERROR);
	memcpy(bytes, sent, len);
	bytes[2] |= 0x80;
	loop_hear(f.loop, (const struct sockaddr *)&v6, bytes, len);
	assert_true(asked_again(&f, 1));
	memcpy(bytes, sent, len);
	hear(&f, 1, bytes, len, DNS_NOERROR);
	assert_false(asked_again(&f, 1));
	end(&f);
}

static void test_without_sockets(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f, ".");
	assert_false(loop_ask(f.loop, -1, -1));
	assert_true(loop_ask(f.loop, f.asker, -1));
	end(&f);
}

/* 4 labels of 53 octets: with 42 more a name would be too long. */
static void test_a_zone_without_room(void **state)
{
	struct fixture f;
	char zone[256];
	char label[54];
	(void)state;
	memset(label, 'a', sizeof label - 1);
	label[sizeof label - 1] = '\0';
	snprintf(zone, sizeof zone, "%s.%s.%s.%s", label, label, label, label);
	begin(&f, zone);
	assert_false(loop_ask(f.loop, f.asker, -1));
	end(&f);
}

/* --- the step --- */

static enum step_verdict step(const struct loop *l, uint8_t *bytes, size_t len, size_t *reply_len)
{
	static const union net_peer peer = {.v4 = {.sin_family = AF_INET}};
	struct plan plan = {.rest.ede = true};
	uint8_t reply[512];
	struct exchange x = {.plan = &plan, .peer = &peer, .reply = reply, .reply_cap = sizeof reply};
	enum step_verdict v;
	query_begin(&x.query, QUERY_UDP, bytes, len);
	assert_int_equal(x.query.verdict, REQUEST_OK);
	v = loop_step.ask(l, NULL, &x);
	*reply_len = x.reply_len;
	if (v == STEP_ANSWER)
		assert_int_equal(reply[3] & 15, DNS_SERVFAIL);
	return v;
}

static void test_what_comes_back(void **state)
{
	struct fixture f;
	const struct upstreams *u;
	uint8_t bytes[512];
	size_t len, reply_len;
	(void)state;
	begin(&f, ".");
	u = f.forwarding->lines[0].upstreams;
	loop_ask(f.loop, f.asker, -1);
	len = take(&f, 1, bytes);
	assert_true(len > 0);
	assert_false(upstream_leads_back(u, 1));
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(step(f.loop, bytes, len, &reply_len), STEP_ANSWER);
		assert_true(reply_len >= len);
		assert_true(upstream_leads_back(u, 1));
		assert_true(upstream_is_down(u, 1));
		assert_false(upstream_leads_back(u, 0));
	}
	assert_true(asked_again(&f, 0));
	assert_false(asked_again(&f, 1));
	end(&f);
}

static void test_other_questions_pass(void **state)
{
	static const struct {
		unsigned from_end, octet; /* of the question: what is changed */
	} changes[] = {{3, DNS_TYPE_A}, {1, 3}, {4 + 1 + 42 - 1, '0' - 1}};
	struct fixture f;
	uint8_t sent[512], bytes[512];
	size_t len, reply_len;
	(void)state;
	begin(&f, ".");
	loop_ask(f.loop, f.asker, -1);
	len = take(&f, 2, sent);
	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		memcpy(bytes, sent, len);
		bytes[len - changes[i].from_end] = (uint8_t)changes[i].octet;
		assert_int_equal(step(f.loop, bytes, len, &reply_len), STEP_PASS);
		assert_int_equal(reply_len, 0);
	}
	/* short names */
	memcpy(bytes, sent, len);
	memcpy(bytes + DNS_HEADER_LEN, "\1a\0\0\15\0\1", 7);
	assert_int_equal(step(f.loop, bytes, DNS_HEADER_LEN + 7, &reply_len), STEP_PASS);
	assert_false(upstream_leads_back(f.forwarding->lines[1].upstreams, 0));
	assert_int_equal(step(f.loop, sent, len, &reply_len), STEP_ANSWER);
	assert_true(upstream_leads_back(f.forwarding->lines[1].upstreams, 0));
	end(&f);
}

/* It stands right before `forward`. */
static void test_where_it_stands(void **state)
{
	struct fixture f;
	struct server_step steps[STEPS_MAX];
	unsigned count;
	(void)state;
	begin(&f, ".");
	const struct steps_options options = {.block = &f.corefile.blocks[0], .forwarding = f.forwarding, .loop = f.loop};
	assert_int_equal(steps_new(&options, steps, &count), OK);
	assert_int_equal(count, 2);
	assert_string_equal(steps[0].kind->name, "loop");
	assert_string_equal(steps[1].kind->name, "forward");
	server_steps_free(steps, count);
	end(&f);
}

static void test_out_of_memory(void **state)
{
	struct fixture f;
	struct loop *l;
	bool hit = true;
	(void)state;
	begin(&f, ".");
	for (unsigned n = 1; hit; n++) {
		enum err err;
		fail_alloc_at(n);
		err = loop_new(f.forwarding, &f.corefile.blocks[0].keys[0].zones.names[0], &l);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, hit ? ERR_NOMEM : OK);
		assert_true(hit == !l);
		loop_free(l);
	}
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_each_has_a_name),      cmocka_unit_test(test_whoever_answers_is_asked_once),
	        cmocka_unit_test(test_what_is_no_answer),    cmocka_unit_test(test_without_sockets),
	        cmocka_unit_test(test_a_zone_without_room),  cmocka_unit_test(test_what_comes_back),
	        cmocka_unit_test(test_other_questions_pass), cmocka_unit_test(test_where_it_stands),
	        cmocka_unit_test(test_out_of_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
