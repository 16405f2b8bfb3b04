/* Directives at work: which of them a block has, and what each does with a query. */
#include "dns/response.h"
#include "kinds.h"
#include "leaves.h"
#include "steps/steps.h"
#include "unit.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static struct corefile parse(const char *lines)
{
	const struct corefile_options options = {.port = 53, .no_imports = true};
	struct corefile c;
	struct diag d;
	char text[512];
	snprintf(text, sizeof text, "a {\n%s\n}\n", lines);
	if (corefile_parse(text, strlen(text), "f", &options, &c, &d))
		fail_msg("%s", d.text);
	return c;
}

/* --- which there are --- */

static const struct {
	const char *lines, *want;
} blocks[] = {
        {"", ""},
        {"bind lo\nreload\nloadbalance", ""},
        {"whoami\nminimal\nbufsize 512\nany", " bufsize any minimal whoami"},
        {"loadbalance {\n prefer 10.0.0.0/8\n}\nany", " any loadbalance"},
        {"bufsize", ""}, /* we never send more */
        {"bufsize 4096\nminimal", " minimal"},
        {"minimal\nbufsize 600\nnsid", " nsid bufsize minimal"},
        {"forward . 192.0.2.1\nwhoami\ncache\nminimal", " minimal forward whoami"},
        {"cache", ""},
        {"header {\n query set rd\n}\nacl\nchaos\nany\nlocal", " local any chaos acl header"},
        {"forward . 192.0.2.1\ntemplate IN A {\n rcode NXDOMAIN\n}\nminimal", " minimal template forward"},
        {"acl\nautopath @kubernetes\nrewrite name a b\nany", " any rewrite autopath acl"},
        {"acl\nrewrite name a b\nrewrite name c d\nany", " any rewrite acl"},
};

static void test_which_there_are(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
		struct corefile c = parse(blocks[i].lines);
		struct server_step steps[STEPS_MAX];
		unsigned count;
		char got[128] = "";
		const struct forward_values *forward = corefile_values(&c.blocks[0], DIRECTIVE_FORWARD);
		struct steps_options options = {.block = &c.blocks[0]};
		if (forward)
			assert_int_equal(forwarding_new(forward, corefile_values(&c.blocks[0], DIRECTIVE_CACHE), &options.forwarding, NULL),
			                 OK);
		assert_int_equal(steps_new(&options, steps, &count), OK);
		for (unsigned k = 0; k < count; k++)
			strcat(strcat(got, " "), steps[k].kind->name);
		assert_string_equal(got, blocks[i].want);
		server_steps_free(steps, count);
		forwarding_unref(options.forwarding);
		corefile_free(&c);
	}
}

static void test_without_a_corefile(void **state)
{
	const struct steps_options options = {0};
	struct server_step steps[STEPS_MAX];
	unsigned count = 7;
	(void)state;
	assert_int_equal(steps_new(&options, steps, &count), OK);
	assert_int_equal(count, 0);
}

/* --- a question --- */

struct question {
	struct exchange x;
	union net_peer peer;
	uint8_t bytes[512], reply[1232];
};

static void ask_for(struct question *q, const char *name, uint16_t type, uint16_t class, bool edns)
{
	struct wire_writer w = {.bytes = q->bytes, .limit = sizeof q->bytes};
	struct name n;
	static const uint8_t opt[] = {0, 0, DNS_TYPE_OPT, 0x10, 0, 0, 0, 0, 0, 0, 0};
	memset(q, 0, sizeof *q);
	assert_int_equal(name_from_text(&n, name, strlen(name)), OK);
	wire_put_u32(&w, 0x12340100);
	wire_put_u16(&w, 1);
	wire_put_u32(&w, 0);
	wire_put_u16(&w, edns);
	wire_put_name(&w, &n);
	wire_put_u16(&w, type);
	wire_put_u16(&w, class);
	wire_put_bytes(&w, opt, edns ? sizeof opt : 0);
	assert_false(w.overflow);
	query_begin(&q->x.query, QUERY_UDP, q->bytes, w.len);
	assert_int_equal(q->x.query.verdict, REQUEST_OK);
	q->peer.v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(4242), .sin_addr.s_addr = htonl(0x0a000001)};
	q->x.peer = &q->peer;
	q->x.reply = q->reply;
	q->x.reply_cap = sizeof q->reply;
}

/* The records of a section: "NAME TYPE RDATA-LENGTH TTL;" */
static void describe(const struct response *r, enum dns_section section, char *text)
{
	struct response_cursor c = response_section(r, section);
	struct response_record record;
	*text = '\0';
	while (response_next(r, &c, &record)) {
		struct name owner;
		char name[NAME_TEXT_MAX];
		response_owner(r, &record, &owner);
		name_to_text(&owner, name);
		text += sprintf(text, "%s %u %u %u;", name, record.type, record.rdata_len, record.ttl_s);
	}
}

static void read_reply(const struct question *q, struct response *r)
{
	assert_int_equal(response_parse(r, q->reply, q->x.reply_len), RESPONSE_OK);
	assert_int_equal(r->id, 0x1234);
}

/* --- any --- */

static void test_any(void **state)
{
	struct question q;
	struct response r;
	char text[1024];
	(void)state;
	ask_for(&q, "X.example.", DNS_TYPE_ANY, DNS_CLASS_IN, true);
	assert_int_equal(ask_step(&any_step, NULL, NULL, &q.x, true), STEP_ANSWER);
	read_reply(&q, &r);
	assert_int_equal(r.rcode, DNS_NOERROR);
	assert_false(r.flags & DNS_AA);
	describe(&r, DNS_ANSWER, text);
	assert_string_equal(text, "X.example. 13 27 8482;");
	assert_int_equal(r.counts[DNS_AUTHORITY], 0);
	assert_int_equal(r.counts[DNS_ADDITIONAL], 1);
}

static void test_any_leaves_all_else(void **state)
{
	struct question q;
	(void)state;
	ask_for(&q, "a.", DNS_TYPE_A, DNS_CLASS_IN, true);
	assert_int_equal(ask_step(&any_step, NULL, NULL, &q.x, true), STEP_PASS);
	assert_int_equal(q.x.reply_len, 0);
}

/* --- nsid --- */

/* A question with the option, of a client that takes so many octets. */
static void ask_nsid(struct question *q, uint16_t udp_size, enum query_transport transport)
{
	ask_for(q, "a.", DNS_TYPE_A, DNS_CLASS_IN, true);
	const size_t len = DNS_HEADER_LEN + 3 + 4 + 11;
	memcpy(q->bytes + len, "\0\3\0\0", 4);
	q->bytes[len - 1] = 4;
	wire_store_u16(q->bytes + len - 8, udp_size);
	query_begin(&q->x.query, transport, q->bytes, len + 4);
	assert_int_equal(q->x.query.verdict, REQUEST_OK);
}

/* A response of so many octets. */
static void fill(struct question *q, size_t len)
{
	struct wire_writer w = {.bytes = q->reply, .limit = sizeof q->reply};
	response_begin(&w, &q->x.query.request, 0, DNS_NOERROR);
	size_t rdata = len - w.len - 12 - (q->x.query.request.edns ? 11 : 0);
	wire_put_bytes(&w, "\xc0\x0c\0\x10\0\1\0\0\0\5", 10);
	wire_put_u16(&w, (uint16_t)rdata);
	memset(wire_extend(&w, rdata), 0, rdata);
	response_end(&w, &q->x.query.request, DNS_NOERROR, 1, 0, 0, NULL);
	assert_int_equal(w.len, len);
	q->x.reply_len = w.len;
}

static const struct {
	uint16_t udp_size;
	enum query_transport transport;
	size_t len;
	uint16_t left; /* of the client's size for the response */
	bool told;
} rooms[] = {
        {4096, QUERY_UDP, 100, 1226, true}, {4096, QUERY_UDP, 1226, 1226, true}, {4096, QUERY_UDP, 1227, 1226, false},
        {600, QUERY_UDP, 594, 594, true},   {512, QUERY_UDP, 506, 512, true},    {512, QUERY_UDP, 507, 512, false},
        {512, QUERY_TCP, 1200, 512, true},  {518, QUERY_UDP, 512, 512, true},    {517, QUERY_UDP, 512, 517, false},
};

static void test_nsid(void **state)
{
	const struct nsid_options o = {.data = (char[]){"ab"}};
	(void)state;
	for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
		struct question q;
		struct response r;
		struct edns_option option = {0};
		ask_nsid(&q, rooms[i].udp_size, rooms[i].transport);
		assert_int_equal(nsid_step.ask(&o, NULL, &q.x), STEP_PASS);
		assert_int_equal(q.x.query.request.edns_udp_size, rooms[i].left);
		fill(&q, rooms[i].len);
		nsid_step.answered(&o, NULL, &q.x);
		read_reply(&q, &r);
		assert_int_equal(edns_find(r.options, EDNS_NSID, &option), rooms[i].told);
		assert_int_equal(q.x.reply_len, rooms[i].len + (rooms[i].told ? 6 : 0));
		assert_true(!rooms[i].told || (option.len == 2 && memcmp(option.bytes, "ab", 2) == 0));
	}
}

/* Without the option, without EDNS, and where nothing is sent. */
static void test_nsid_is_not_asked_for(void **state)
{
	const struct nsid_options o = {.data = (char[]){"ab"}};
	struct question q;
	(void)state;
	for (unsigned edns = 0; edns < 2; edns++) {
		ask_for(&q, "a.", DNS_TYPE_A, DNS_CLASS_IN, edns);
		assert_int_equal(nsid_step.ask(&o, NULL, &q.x), STEP_PASS);
		fill(&q, 100);
		nsid_step.answered(&o, NULL, &q.x);
		assert_int_equal(q.x.reply_len, 100);
	}
	ask_nsid(&q, 4096, QUERY_UDP);
	assert_int_equal(nsid_step.ask(&o, NULL, &q.x), STEP_PASS);
	nsid_step.answered(&o, NULL, &q.x);
	assert_int_equal(q.x.reply_len, 0);
}

/* --- bufsize --- */

static void test_bufsize_lowers(void **state)
{
	const struct bufsize_options o = {.max = 600};
	struct question q;
	(void)state;
	ask_for(&q, "a.", DNS_TYPE_A, DNS_CLASS_IN, true);
	assert_int_equal(q.x.query.request.edns_udp_size, 4096);
	assert_int_equal(ask_step(&bufsize_step, &o, NULL, &q.x, true), STEP_PASS);
	assert_int_equal(q.x.query.request.edns_udp_size, 600);
	ask_for(&q, "a.", DNS_TYPE_A, DNS_CLASS_IN, false);
	assert_int_equal(ask_step(&bufsize_step, &o, NULL, &q.x, true), STEP_PASS);
	assert_int_equal(q.x.query.request.edns_udp_size, 512);
}

/* --- whoami --- */

static void test_whoami(void **state)
{
	struct question q;
	struct response r;
	char text[1024];
	(void)state;
	ask_for(&q, "X.example.", DNS_TYPE_TXT, DNS_CLASS_IN, true);
	assert_int_equal(whoami_step.ask(NULL, NULL, &q.x), STEP_ANSWER);
	read_reply(&q, &r);
	assert_int_equal(r.rcode, DNS_NOERROR);
	assert_true(r.flags & DNS_AA);
	assert_int_equal(r.counts[DNS_ANSWER], 0);
	assert_true(r.edns);
	describe(&r, DNS_ADDITIONAL, text);
	assert_string_equal(text, "X.example. 1 4 0;_udp.X.example. 33 7 0;");
	assert_non_null(memmem(q.reply, q.x.reply_len, "\x0a\0\0\1", 4));
	assert_non_null(memmem(q.reply, q.x.reply_len, "\0\0\0\0\x10\x92\0", 7)); /* 0 0 4242 . */
}

static void test_whoami_ipv6_over_tcp_of_the_root(void **state)
{
	struct question q;
	struct response r;
	char text[1024];
	(void)state;
	ask_for(&q, ".", DNS_TYPE_ANY, DNS_CLASS_IN, false);
	q.x.query.transport = QUERY_TCP;
	q.peer.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(1), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	assert_int_equal(whoami_step.ask(NULL, NULL, &q.x), STEP_ANSWER);
	read_reply(&q, &r);
	describe(&r, DNS_ADDITIONAL, text);
	assert_string_equal(text, ". 28 16 0;_tcp. 33 7 0;");
	assert_false(r.edns);
}

/* The longest name makes the owner of the SRV record longer than a name may be; then it is left out. */
static void test_whoami_of_a_long_name(void **state)
{
	struct question q;
	struct response r;
	char name[260], text[2048];
	(void)state;
	memset(name, 'x', sizeof name);
	name[62] = name[124] = name[186] = name[249] = '.';
	name[250] = '\0';
	ask_for(&q, name, DNS_TYPE_A, DNS_CLASS_IN, true);
	assert_int_equal(q.x.query.request.qname.len, 251);
	assert_int_equal(whoami_step.ask(NULL, NULL, &q.x), STEP_ANSWER);
	read_reply(&q, &r);
	assert_true(q.x.reply_len <= DNS_UDP_SIZE_MIN);
	describe(&r, DNS_ADDITIONAL, text);
	assert_non_null(strstr(text, " 1 4 0;"));
	assert_null(strstr(text, " 33 "));
}

static void test_whoami_in_the_class_that_was_asked(void **state)
{
	struct question q;
	struct response r;
	struct response_cursor c;
	struct response_record record;
	(void)state;
	ask_for(&q, "a.", DNS_TYPE_A, 3, true);
	assert_int_equal(whoami_step.ask(NULL, NULL, &q.x), STEP_ANSWER);
	read_reply(&q, &r);
	c = response_section(&r, DNS_ADDITIONAL);
	assert_true(response_next(&r, &c, &record));
	assert_int_equal(record.rclass, 3);
}

/* --- minimal --- */

static void put_record(struct wire_writer *w, uint16_t type)
{
	wire_put_u16(w, 0xc000 | DNS_HEADER_LEN);
	wire_put_u16(w, type);
	wire_put_u16(w, DNS_CLASS_IN);
	wire_put_u32(w, 5);
	wire_put_u16(w, 4);
	wire_put_u32(w, 0x0a000001);
}

/* A response with so many records in each section, for minimal to see. */
static void answer_with(struct question *q, enum dns_rcode rcode, unsigned answers, unsigned authority, unsigned additional)
{
	static const struct ede why = EDE_SAYING(DNS_EDE_OTHER, "why");
	struct wire_writer w = {.bytes = q->reply, .limit = sizeof q->reply};
	response_begin(&w, &q->x.query.request, DNS_AA, rcode);
	for (unsigned i = 0; i < answers + authority + additional; i++)
		put_record(&w, DNS_TYPE_A);
	response_end(&w, &q->x.query.request, rcode, (uint16_t)answers, (uint16_t)authority, (uint16_t)additional, &why);
	q->x.reply_len = w.len;
	minimal_step.answered(NULL, NULL, &q->x);
}

static const struct {
	enum dns_rcode rcode;
	bool edns;
	unsigned before[3], after[3]; /* records of each section */
} minimized[] = {
        {DNS_NOERROR, true, {1, 2, 3}, {1, 0, 1}},  {DNS_NOERROR, false, {2, 0, 1}, {2, 0, 0}}, {DNS_NOERROR, true, {3, 0, 0}, {3, 0, 1}},
        {DNS_NOERROR, true, {0, 2, 1}, {0, 2, 2}},  {DNS_NXDOMAIN, true, {1, 1, 0}, {1, 1, 1}}, {DNS_SERVFAIL, true, {0, 0, 0}, {0, 0, 1}},
        {DNS_NOERROR, false, {1, 0, 0}, {1, 0, 0}},
};

static void test_minimal(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof minimized / sizeof *minimized; i++) {
		struct question q;
		struct response r;
		struct edns_option ede;
		ask_for(&q, "a.", DNS_TYPE_A, DNS_CLASS_IN, minimized[i].edns);
		assert_int_equal(minimal_step.ask(NULL, NULL, &q.x), STEP_PASS);
		answer_with(&q, minimized[i].rcode, minimized[i].before[0], minimized[i].before[1], minimized[i].before[2]);
		read_reply(&q, &r);
		for (unsigned k = 0; k < DNS_SECTIONS; k++)
			assert_int_equal(r.counts[k], minimized[i].after[k]);
		assert_int_equal(edns_find(r.options, EDNS_EXTENDED_ERROR, &ede), minimized[i].edns);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_which_there_are),
	        cmocka_unit_test(test_without_a_corefile),
	        cmocka_unit_test(test_any),
	        cmocka_unit_test(test_any_leaves_all_else),
	        cmocka_unit_test(test_nsid),
	        cmocka_unit_test(test_nsid_is_not_asked_for),
	        cmocka_unit_test(test_bufsize_lowers),
	        cmocka_unit_test(test_whoami),
	        cmocka_unit_test(test_whoami_ipv6_over_tcp_of_the_root),
	        cmocka_unit_test(test_whoami_of_a_long_name),
	        cmocka_unit_test(test_whoami_in_the_class_that_was_asked),
	        cmocka_unit_test(test_minimal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
