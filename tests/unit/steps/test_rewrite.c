/* `rewrite`: what those after it are asked, and what the client is answered. */
#include "ask.h"
#include "fail_alloc.h"
#include "leaves.h"
#include "server_worker.h"

static struct server_worker worker;
static struct net_message message;
static struct plan plan_of_nobody;

/* A question from a batch. The client's spelling is that of name. */
static void begin(struct asked *a, const char *lines, const char *name, uint16_t type, uint16_t class)
{
	asked_begin(a, lines);
	asked_for(a, name, type, class);
	a->x.worker = &worker;
	a->x.message = &message;
	a->x.plan = &plan_of_nobody;
}

static const struct rewrite_options *rules(const struct asked *a)
{
	return corefile_values(&a->corefile.blocks[0], DIRECTIVE_REWRITE);
}

/* "NAME TYPE CLASS", "same" where no rule is about the question, "RCODE" where one has failed. */
static void ask_text(struct asked *a, void *state, char *text)
{
	const struct request *r = &a->x.query.request;
	char name[NAME_TEXT_MAX];
	struct name spelt;
	if (ask_step(&rewrite_step, rules(a), state, &a->x, true) == STEP_ANSWER) {
		sprintf(text, "%u", a->reply[3] & 15u);
		return;
	}
	if (!a->x.asked) {
		assert_ptr_equal(r->bytes, a->bytes);
		sprintf(text, "same");
		return;
	}
	assert_ptr_equal(a->x.asked, a->bytes);
	assert_int_equal(name_from_wire(&spelt, r->bytes + DNS_HEADER_LEN, r->question_len) + 4u, r->question_len);
	assert_true(name_equal(&spelt, &r->qname));
	assert_int_equal(wire_load_u16(r->bytes), 0x1234);
	name_to_text(&r->qname, name);
	sprintf(text, "%s %u %u", name, r->qtype, r->qclass);
}

/* --- questions --- */

static const struct {
	const char *lines, *name;
	uint16_t type, class;
	const char *want;
} questions[] = {
        {"rewrite name a.x b.y", "a.x.", 1, 1, "b.y. 1 1"},
        {"rewrite name A.x B.y", "a.X.", 1, 1, "b.y. 1 1"},
        {"rewrite name a.x b.y", "c.a.x.", 1, 1, "same"},
        {"rewrite name a.x .", "a.x.", 1, 1, ". 1 1"},
        {"rewrite name a.x b\\.c.y", "a.x.", 1, 1, "b\\.c.y. 1 1"},
        /* pieces of texts, and each has a last dot */
        {"rewrite name prefix foo. bar.x.", "FOO.y.", 1, 1, "bar.x.y. 1 1"},
        {"rewrite name prefix foo bar", "foox.y.", 1, 1, "same"},
        {"rewrite name prefix foo bar", "foo.y.", 1, 1, "bar.y. 1 1"},
        {"rewrite name suffix .x .y", "a.x.", 1, 1, "a.y. 1 1"},
        {"rewrite name suffix .x .y", "x.", 1, 1, "same"},
        {"rewrite name suffix ab.x y", "cab.x.", 1, 1, "cy. 1 1"},
        {"rewrite name suffix a.much.longer.name.than.this y", "x.", 1, 1, "same"},
        {"rewrite name substring b c", "ab.b.x.", 1, 1, "ac.c.x. 1 1"},
        {"rewrite name substring a.a. b.", "a.a.a.x.", 1, 1, "b.a.x. 1 1"},
        {"rewrite name substring d c", "ab.b.x.", 1, 1, "same"},
        {"rewrite name regex b c", "abc.x.", 1, 1, "c. 1 1"},
        {"rewrite name regex ^(.*)\\.x\\.$ {1}.y", "A.b.x.", 1, 1, "a.b.y. 1 1"},
        {"rewrite name regex (a)(?P<n>b)? {0}.{2}x.{}.{x", "a.", 1, 1, "a.x.{}.{x. 1 1"},
        {"rewrite name regex ^.\\.$ y", "ab.", 1, 1, "same"},
        {"rewrite name suffix .x .y\nrewrite name suffix .y .z", "a.x.", 1, 1, "a.y. 1 1"},
        {"rewrite continue name suffix .x .y\nrewrite name suffix .y .z\nrewrite name suffix .z .v", "a.x.", 1, 1, "a.z. 1 1"},
        {"rewrite continue name suffix .x .y\nrewrite continue name suffix .y .z\nrewrite continue type A AAAA", "a.x.", 1, 1, "a.z. 28 1"},
        {"rewrite type A AAAA\nrewrite type AAAA A", "a.", 1, 1, "a. 28 1"},
        {"rewrite type A AAAA", "a.", 16, 1, "same"},
        {"rewrite class CH IN", "a.", 16, 3, "a. 16 1"},
        {"rewrite ttl a 5", "a.", 1, 1, "a. 1 1"},
        {"rewrite rcode regex . 3 0", "a.", 1, 1, "a. 1 1"},
        /* no names, and too long ones */
        {"rewrite name regex (.*) {1}", "a.", 1, 1, "2"},
        {"rewrite name suffix .x ..y", "a.x.", 1, 1, "2"},
        {"rewrite name prefix a. b..", "a.x.", 1, 1, "2"},
        {"rewrite name regex (.*)\\. {1}{1}{1}{1}", "aaaaaaaaaaaaaaaa.", 1, 1, "2"},
        {"rewrite name regex (.*)\\. {1}.{1}.{1}.{1}.{1}.{1}.{1}.{1}", "aaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbb.", 1, 1, "2"},
        /* one that would take for ever */
        {"rewrite name regex (a*)*b$ y", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab.", 1, 1, "2"},
};

static void test_questions(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
		struct asked a;
		char text[NAME_TEXT_MAX + 32];
		void *state;
		begin(&a, questions[i].lines, questions[i].name, questions[i].type, questions[i].class);
		state = rewrite_step.begin(rules(&a), 0, NULL);
		assert_non_null(state);
		ask_text(&a, state, text);
		if (strcmp(text, questions[i].want) != 0)
			fail_msg("row %zu: \"%s\"", i, text);
		exchange_restore(&a.x);
		assert_ptr_equal(a.x.query.request.bytes, a.bytes);
		assert_int_equal(a.x.query.request.qtype, questions[i].type);
		rewrite_step.end(state);
		asked_end(&a);
	}
}

/* --- answers --- */

/* A response to the question that is seen, with one record, whose rdata ends in a name where target is one. */
static void respond(struct asked *a, enum dns_rcode rcode, const char *owner, uint16_t type, const char *target)
{
	const struct request *r = &a->x.query.request;
	struct wire_writer w = {.bytes = a->reply, .limit = sizeof a->reply};
	struct name n;
	const unsigned before = type == DNS_TYPE_SRV ? 6 : type == DNS_TYPE_MX ? 2 : 0;
	response_begin(&w, r, 0, rcode);
	if (owner) {
		assert_int_equal(name_from_text(&n, owner, strlen(owner)), OK);
		wire_put_name(&w, &n);
		wire_put_u16(&w, type);
		wire_put_u16(&w, DNS_CLASS_IN);
		wire_put_u32(&w, 300);
		assert_int_equal(name_from_text(&n, target, strlen(target)), OK);
		wire_put_u16(&w, (uint16_t)(before + n.len + (type == DNS_TYPE_SOA ? n.len + 20u : 0)));
		wire_put_bytes(&w, (const uint8_t *)"\0\1\0\2\0\3", before);
		wire_put_name(&w, &n);
		if (type == DNS_TYPE_SOA) {
			wire_put_name(&w, &n);
			for (unsigned i = 0; i < 5; i++)
				wire_put_u32(&w, i);
		}
	}
	response_end(&w, r, rcode, owner != NULL, 0, 0, NULL);
	a->x.reply_len = w.len;
}

/* "RCODE QNAME QTYPE QCLASS OWNER TTL TARGET", as the client gets it. */
static void answer_text(const struct asked *a, char *text)
{
	struct response r;
	struct response_cursor c;
	struct response_record record;
	char name[NAME_TEXT_MAX];
	assert_int_equal(response_parse(&r, a->reply, a->x.reply_len), RESPONSE_OK);
	assert_int_equal(r.id, 0x1234);
	name_to_text(&r.qname, name);
	text += sprintf(text, "%u %s %u %u", r.rcode, name, r.qtype, r.qclass);
	c = response_section(&r, DNS_ANSWER);
	while (response_next(&r, &c, &record)) {
		struct name n;
		response_owner(&r, &record, &n);
		name_to_text(&n, name);
		text += sprintf(text, " %s %u", name, record.ttl_s);
		response_rdata_name(&r, &record, record.type == DNS_TYPE_SRV ? 6 : record.type == DNS_TYPE_MX ? 2 : 0, &n);
		name_to_text(&n, name);
		text += sprintf(text, " %s", name);
	}
}

static const struct {
	const char *lines, *name, *owner;
	uint16_t type;
	const char *target, *want;
	size_t rcode; /* an enum dns_rcode */
} answers[] = {
        /* exact: names, names below, and targets */
        {"rewrite name a.x b.y", "A.x.", "b.y.", 5, "c.b.y.", "0 A.x. 5 1 A.x. 300 c.A.x.", 0},
        {"rewrite name a.x b.y", "a.x.", "d.y.", 15, "B.Y.", "0 a.x. 15 1 d.y. 300 a.x.", 0},
        {"rewrite name a.x b.y", "a.x.", "cb.y.", 5, "y.", "0 a.x. 5 1 cb.y. 300 y.", 0},
        {"rewrite name a.x .", "a.x.", "b.y.", 5, ".", "0 a.x. 5 1 b.y. 300 a.x.", 0},
        /* all others only where it is said, but the question always */
        {"rewrite name prefix a. b.", "A.x.", "b.x.", 5, "b.x.", "0 A.x. 5 1 b.x. 300 b.x.", 0},
        {"rewrite name prefix a. b. answer auto", "a.x.", "b.x.", 33, "c.b.x.", "0 a.x. 33 1 a.x. 300 c.a.x.", 0},
        {"rewrite name substring a b answer auto", "a.x.", "b.x.", 2, "b.y.", "0 a.x. 2 1 a.x. 300 b.y.", 0},
        {"rewrite name regex (.*)\\.x {1}.y answer auto", "a.x.", "a.y.", 12, "b.y.", "0 a.x. 12 1 a.x. 300 b.y.", 0},
        {"rewrite name suffix .x .y", "a.x.", "a.y.", 5, "b.y.", "0 a.x. 5 1 a.y. 300 b.y.", 0},
        {"rewrite name suffix .x .y answer auto", "a.x.", "a.y.", 5, "B.Y.", "0 a.x. 5 1 a.x. 300 B.x.", 0},
        {"rewrite name suffix .x .y answer auto", "a.x.", "y.", 5, "z.", "0 a.x. 5 1 y. 300 z.", 0},
        {"rewrite name suffix .x .y answer name (.*)\\.y {1}.v", "a.x.", "b.y.", 5, "b.y.", "0 a.x. 5 1 b.v. 300 b.y.", 0},
        {"rewrite name suffix .x .y answer value (.*)\\.y {1}.v", "a.x.", "b.y.", 5, "b.y.", "0 a.x. 5 1 b.y. 300 b.v.", 0},
        {"rewrite name suffix .x .y answer value b c answer value c d", "a.x.", "b.y.", 5, "c.", "0 a.x. 5 1 b.y. 300 d.", 0},
        {"rewrite name suffix .x .y answer value b c answer value c b", "a.x.", "b.y.", 5, "c.", "0 a.x. 5 1 b.y. 300 c.", 0},
        {"rewrite name exact a.x b.y answer value c.z b.y", "a.x.", "b.y.", 5, "c.z.", "0 a.x. 5 1 a.x. 300 a.x.", 0},
        /* several: the last first */
        {"rewrite continue name suffix .x .y answer auto\nrewrite name suffix .y .z answer auto", "a.x.", "a.z.", 5, "b.y.",
         "0 a.x. 5 1 a.x. 300 b.x.", 0},
        /* types and classes */
        {"rewrite type CNAME A", "a.x.", "a.x.", 5, "b.", "0 a.x. 5 1 a.x. 300 b.", 0},
        {"rewrite class IN CH", "a.x.", "a.x.", 5, "b.", "0 a.x. 5 1 a.x. 300 b.", 0},
        /* TTLs */
        {"rewrite ttl a.x 5", "a.x.", "a.x.", 5, "b.", "0 a.x. 5 1 a.x. 5 b.", 0},
        {"rewrite ttl prefix a 400-", "a.x.", "c.", 5, "b.", "0 a.x. 5 1 c. 400 b.", 0},
        {"rewrite ttl regex x -299", "a.x.", "a.x.", 5, "b.", "0 a.x. 5 1 a.x. 299 b.", 0},
        {"rewrite ttl suffix .x 10-1000", "a.x.", "a.x.", 5, "b.", "0 a.x. 5 1 a.x. 300 b.", 0},
        {"rewrite ttl suffix .x 4294967295", "a.x.", "a.x.", 5, "b.", "0 a.x. 5 1 a.x. 4294967295 b.", 0},
        /* rcodes */
        {"rewrite rcode a.x NXDOMAIN NOERROR", "a.x.", NULL, 5, NULL, "0 a.x. 5 1", DNS_NXDOMAIN},
        {"rewrite rcode a.x NXDOMAIN NOERROR", "a.x.", NULL, 5, NULL, "2 a.x. 5 1", DNS_SERVFAIL},
        {"rewrite continue rcode a.x 3 0\nrewrite rcode a.x 2 3", "a.x.", NULL, 5, NULL, "0 a.x. 5 1", DNS_SERVFAIL},
        /* what can't be */
        {"rewrite name exact a.x b.y answer value (.*) {1}", "A.x.", "b.y.", 5, "c.", "2 A.x. 5 1", 0},
        {"rewrite name exact a.x b.y answer name (a*)*b$ y", "a.x.", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab.", 5,
         "c.", "2 a.x. 5 1", 0},
        {"rewrite name aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.x b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.x.", "b.", 5,
         "cccccccccccccccccccccccccccccccccccccccccccccccccccc.cccccccccccccccccccccccccccccccccccccccccccccccccccccccccc."
         "cccccccccccccccccccccccccccccccccccccccccccccccccccccc.cccccccccccccccccccccccccccccccccccccccccccccccccccccccccc.b.",
         "2 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.x. 5 1", 0},
};

static void test_answers(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
		struct asked a;
		char text[4 * NAME_TEXT_MAX];
		void *state;
		begin(&a, answers[i].lines, answers[i].name, answers[i].type, DNS_CLASS_IN);
		state = rewrite_step.begin(rules(&a), 0, NULL);
		assert_non_null(state);
		assert_int_equal(ask_step(&rewrite_step, rules(&a), state, &a.x, true), STEP_PASS);
		assert_non_null(a.x.asked);
		respond(&a, (enum dns_rcode)answers[i].rcode, answers[i].owner, answers[i].type, answers[i].target);
		rewrite_step.answered(rules(&a), state, &a.x);
		answer_text(&a, text);
		if (strcmp(text, answers[i].want) != 0)
			fail_msg("row %zu: \"%s\"", i, text);
		assert_null(a.x.asked);
		assert_ptr_equal(a.x.query.request.bytes, a.bytes);
		rewrite_step.end(state);
		asked_end(&a);
	}
}

/* Of a SOA, the server's name alone. */
static void test_soa(void **unused)
{
	struct asked a;
	struct response r;
	struct response_cursor c;
	struct response_record record;
	struct name n;
	char name[NAME_TEXT_MAX];
	void *state;
	(void)unused;
	begin(&a, "rewrite name a.x b.y", "a.x.", DNS_TYPE_SOA, DNS_CLASS_IN);
	state = rewrite_step.begin(rules(&a), 0, NULL);
	assert_int_equal(ask_step(&rewrite_step, rules(&a), state, &a.x, true), STEP_PASS);
	respond(&a, DNS_NOERROR, "b.y.", DNS_TYPE_SOA, "b.y.");
	rewrite_step.answered(rules(&a), state, &a.x);
	assert_int_equal(response_parse(&r, a.reply, a.x.reply_len), RESPONSE_OK);
	c = response_section(&r, DNS_ANSWER);
	assert_true(response_next(&r, &c, &record));
	response_rdata_name(&r, &record, 0, &n);
	name_to_text(&n, name);
	assert_string_equal(name, "a.x.");
	response_rdata_name(&r, &record, record.rdata_len - 20u - 5u, &n); /* "b.y." has no other name to be compressed with */
	name_to_text(&n, name);
	assert_string_equal(name, "b.y.");
	rewrite_step.end(state);
	asked_end(&a);
}

/* What nobody's rule is about passes untouched. */
static void test_nothing_to_do(void **unused)
{
	struct asked a;
	uint8_t before[512];
	void *state;
	(void)unused;
	begin(&a, "rewrite name a.x b.y\nrewrite ttl a.x 5", "c.x.", DNS_TYPE_CNAME, DNS_CLASS_IN);
	state = rewrite_step.begin(rules(&a), 0, NULL);
	assert_int_equal(ask_step(&rewrite_step, rules(&a), state, &a.x, true), STEP_PASS);
	respond(&a, DNS_NOERROR, "b.y.", DNS_TYPE_CNAME, "b.y.");
	memcpy(before, a.reply, a.x.reply_len);
	rewrite_step.answered(rules(&a), state, &a.x);
	assert_memory_equal(a.reply, before, a.x.reply_len);
	rewrite_step.end(state);
	asked_end(&a);
}

/* Longer than the client takes once it is the client's: cut. */
static void test_too_long(void **unused)
{
	struct asked a;
	struct wire_writer w = {.bytes = a.reply, .limit = sizeof a.reply};
	struct response r;
	void *state;
	(void)unused;
	begin(&a, "rewrite name suffix .aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.x .y answer auto",
	      "a.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.x.", DNS_TYPE_CNAME, DNS_CLASS_IN);
	state = rewrite_step.begin(rules(&a), 0, NULL);
	assert_int_equal(ask_step(&rewrite_step, rules(&a), state, &a.x, true), STEP_PASS);
	response_begin(&w, &a.x.query.request, 0, DNS_NOERROR);
	for (uint16_t i = 0; i < 30; i++) { /* each below a name of its own, so that nothing can be left out */
		static const char label[] = "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn";
		wire_put_u16(&w, 0xc000 | DNS_HEADER_LEN);
		wire_put_u16(&w, DNS_TYPE_TXT);
		wire_put_u16(&w, DNS_CLASS_IN);
		wire_put_u32(&w, 300);
		wire_put_u16(&w, sizeof label);
		wire_put_bytes(&w, (const uint8_t[]){sizeof label - 1}, 1);
		wire_put_bytes(&w, (const uint8_t *)label, sizeof label - 1);
	}
	response_end(&w, &a.x.query.request, DNS_NOERROR, 30, 0, 0, NULL);
	a.x.reply_len = w.len;
	rewrite_step.answered(rules(&a), state, &a.x);
	assert_in_range(a.x.reply_len, 100, DNS_UDP_SIZE_MIN);
	assert_int_equal(response_parse(&r, a.reply, a.x.reply_len), RESPONSE_OK);
	assert_true(r.flags & DNS_TC);
	rewrite_step.end(state);
	asked_end(&a);
}

/* What is no response can't be one for the client. */
static void test_nonsense(void **unused)
{
	struct asked a;
	char text[NAME_TEXT_MAX];
	void *state;
	(void)unused;
	begin(&a, "rewrite name a.x b.y", "A.x.", DNS_TYPE_A, DNS_CLASS_IN);
	state = rewrite_step.begin(rules(&a), 0, NULL);
	assert_int_equal(ask_step(&rewrite_step, rules(&a), state, &a.x, true), STEP_PASS);
	respond(&a, DNS_NOERROR, "b.y.", DNS_TYPE_CNAME, "b.y.");
	a.x.reply_len -= 3;
	rewrite_step.answered(rules(&a), state, &a.x);
	answer_text(&a, text);
	assert_string_equal(text, "2 A.x. 1 1");
	rewrite_step.end(state);
	asked_end(&a);
}

static void test_no_memory(void **unused)
{
	struct asked a;
	bool failed = true;
	(void)unused;
	begin(&a, "rewrite continue name a b", "a.", DNS_TYPE_A, DNS_CLASS_IN);
	for (unsigned n = 1; failed; n++) {
		void *state;
		fail_alloc_at(n);
		state = rewrite_step.begin(rules(&a), 0, NULL);
		failed = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(state == NULL, failed);
		if (state)
			rewrite_step.end(state);
	}
	asked_end(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_questions),     cmocka_unit_test(test_answers),  cmocka_unit_test(test_soa),
	        cmocka_unit_test(test_nothing_to_do), cmocka_unit_test(test_too_long), cmocka_unit_test(test_nonsense),
	        cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
