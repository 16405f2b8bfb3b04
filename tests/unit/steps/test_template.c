/* `template`: which rule answers, and what. What is looked up through the server is in tests/blackbox/test_template.py. */
#include "ask.h"
#include "dns/writer.h"
#include "fail_alloc.h"
#include "leaves.h"

/* The step of the block, at work. */
struct fixture {
	struct asked a;
	struct server_step step;
	void *state;
};

static void begin(struct fixture *f, const char *lines)
{
	asked_begin(&f->a, lines);
	asked_from(&f->a, "192.0.2.9");
	assert_int_equal(template_step_new(&f->a.corefile.blocks[0], &f->step), OK);
	f->state = f->step.kind->begin(f->step.self, 0, NULL);
	assert_non_null(f->state);
}

static void end(struct fixture *f)
{
	f->step.kind->end(f->state);
	server_steps_free(&f->step, 1);
	asked_end(&f->a);
}

#define A(name) name " 1 60/c0000201"
#define ANSWER  " answer \"{{ .Name }} 60 A 192.0.2.1\"\n"

static const struct {
	const char *lines, *name;
	uint16_t type, class;
	const char *want;
} questions[] = {
        {"template IN A {\n" ANSWER "}", "a.x.", DNS_TYPE_A, 1, "0 aa rd: " A("a.x.") ";"},
        {"template IN A {\n" ANSWER "}", "a.x.", DNS_TYPE_AAAA, 1, "pass"},
        {"template IN A {\n" ANSWER "}", "a.x.", DNS_TYPE_A, 3, "pass"},
        {"template IN A {\n" ANSWER "}", "a.x.", DNS_TYPE_ANY, 1, "0 aa rd: " A("a.x.") ";"},
        {"template IN A {\n" ANSWER "}", "a.x.", DNS_TYPE_A, 255, "0 aa rd: " A("a.x.") ";"},
        {"template ANY ANY {\n" ANSWER "}", "a.x.", DNS_TYPE_MX, 3, "0 aa rd: " A("a.x.") ";"},
        {"template IN A y x {\n" ANSWER "}", "a.X.", DNS_TYPE_A, 1, "0 aa rd: " A("a.X.") ";"},
        {"template IN A y x {\n" ANSWER "}", "a.z.", DNS_TYPE_A, 1, "pass"},
        {"template IN A y x.y {\n answer \"{{ .Name }} TXT {{ .Zone }}\"\n}", "a.x.y.", DNS_TYPE_A, 1,
         "0 aa rd: a.x.y. 16 3600/04782e792e;"},
        {"template IN A {\n answer \"{{ .Name }} TXT {{ .Zone }} {{ .Remote }}\"\n}", "a.", DNS_TYPE_A, 1,
         "0 aa rd: a. 16 3600/012e093139322e302e322e39;"},
        {"template ANY TXT {\n answer \"{{ .Name }} TXT {{ .Class }} {{ .Type }}\"\n}", "a.", DNS_TYPE_ANY, 255,
         "0 aa rd: a. 16 3600/03414e5903545854;"},
        {"template ANY ANY {\n answer \"{{ .Name }} TXT \\\"{{ .Class }}\\\" \\\"{{ .Type }}\\\"\"\n}", "a.", 65280, 77,
         "0 aa rd: a. 16 3600/0000;"},
        /* regexps */
        {"template IN A {\n match ^b ^a[.]x[.]$\n" ANSWER "}", "A.x.", DNS_TYPE_A, 1, "0 aa rd: " A("A.x.") ";"},
        {"template IN A {\n match ^b\n" ANSWER "}", "a.x.", DNS_TYPE_A, 1, "2 rd:;"},
        {"template IN A {\n match ^b\n" ANSWER "}\ntemplate IN A {\n" ANSWER "}", "a.x.", DNS_TYPE_A, 1, "2 rd:;"},
        {"template IN A {\n match ^b\n fallthrough\n" ANSWER "}", "a.x.", DNS_TYPE_A, 1, "pass"},
        {"template IN A {\n match ^b\n fallthrough y X\n" ANSWER "}", "a.x.", DNS_TYPE_A, 1, "pass"},
        {"template IN A {\n match ^b\n fallthrough y\n" ANSWER "}", "a.x.", DNS_TYPE_A, 1, "2 rd:;"},
        {"template IN A {\n match ^b\n fallthrough\n" ANSWER "}\ntemplate IN A {\n rcode NXDOMAIN\n}", "a.x.", DNS_TYPE_A, 1, "3 aa rd:;"},
        {"template IN A {\n match ^(?P<n>[0-9]+)-([0-9]+)\n answer \"{{ .Name }} 60 A {{ .Group.n }}.{{ index .Match 2 }}.2.1\"\n}",
         "192-0.x.", DNS_TYPE_A, 1, "0 aa rd: " A("192-0.x.") ";"},
        {"template IN A {\n match \"(a*)*b$\"\n fallthrough\n" ANSWER "}", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab.x.",
         DNS_TYPE_A, 1, "2 rd:;"},
        /* sections and rcodes */
        {"template IN A {\n rcode NXDOMAIN\n}", "a.x.", DNS_TYPE_A, 1, "3 aa rd:;"},
        {"template IN A {\n rcode SERVFAIL\n" ANSWER "}", "a.x.", DNS_TYPE_A, 1, "2 rd:;"},
        {"template IN A {\n rcode REFUSED\n" ANSWER "}", "a.x.", DNS_TYPE_A, 1, "5 aa rd: " A("a.x.") ";"},
        {"template IN A {\n rcode BADCOOKIE\n}", "a.x.", DNS_TYPE_A, 1, "7 aa rd:;"}, /* without EDNS its lower bits are all there is */
        {"template IN A {\n authority \"x. 60 NS n.\"\n" ANSWER ANSWER "}", "a.x.", DNS_TYPE_A, 1,
         "0 aa rd: " A("a.x.") " " A("a.x.") "; x. 2 60/016e00"},
        {"template IN A {\n ederror 15 no\n" ANSWER "}", "a.x.", DNS_TYPE_A, 1, "0 aa rd: " A("a.x.") ";"},
        {"template IN CNAME {\n answer \"{{ .Name }} 60 CNAME b.\"\n}", "a.x.", DNS_TYPE_CNAME, 1, "0 aa rd: a.x. 5 60/016200;"},
        /* what comes of the fields is no record */
        {"template IN A {\n answer \"{{ .Name }} A {{ .Name }}\"\n}", "a.x.", DNS_TYPE_A, 1, "2 rd:;"},
        {"template IN A {\n match ^(a)\n answer \"{{ .Name }} TXT {{ index .Match 2 }}\"\n}", "a.x.", DNS_TYPE_A, 1, "2 rd:;"},
        /* with a cache before it all have one TTL, within its bounds */
        {"cache 30\ntemplate IN A {\n" ANSWER "}", "a.x.", DNS_TYPE_A, 1, "0 aa rd: a.x. 1 30/c0000201;"},
        {"cache 30 y\ntemplate IN A {\n" ANSWER "}", "a.x.", DNS_TYPE_A, 1, "0 aa rd: " A("a.x.") ";"},
        {"cache\ntemplate IN A {\n answer \"{{ .Name }} 1 A 192.0.2.1\"\n" ANSWER "}", "a.x.", DNS_TYPE_A, 1,
         "0 aa rd: a.x. 1 5/c0000201 a.x. 1 5/c0000201;"},
};

static void test_questions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
		struct fixture f;
		char text[ANSWER_TEXT_MAX];
		begin(&f, questions[i].lines);
		asked_for(&f.a, questions[i].name, questions[i].type, questions[i].class);
		asked_text(&f.a, ask_step(f.step.kind, f.step.self, f.state, &f.a.x, false), text);
		if (strcmp(text, questions[i].want) != 0)
			fail_msg("row %zu: \"%s\"", i, text);
		end(&f);
	}
}

/* Of two zones of the block the longer one counts. */
static void test_zones_of_the_block(void **state)
{
	static const char corefile[] = "x a.x b {\n template IN TXT {\n answer \"{{ .Name }} TXT {{ .Zone }}\"\n }\n}\n";
	const struct corefile_options options = {.port = 53, .no_imports = true};
	struct fixture f;
	struct diag d;
	char text[ANSWER_TEXT_MAX];
	(void)state;
	begin(&f, "template IN TXT {\n rcode NXDOMAIN\n}");
	end(&f);
	asked_begin(&f.a, "");
	asked_from(&f.a, "fd00::1");
	corefile_free(&f.a.corefile);
	assert_int_equal(corefile_parse(corefile, strlen(corefile), "f", &options, &f.a.corefile, &d), OK);
	assert_int_equal(template_step_new(&f.a.corefile.blocks[0], &f.step), OK);
	f.state = f.step.kind->begin(f.step.self, 0, NULL);
	asked_for(&f.a, "c.a.x.", DNS_TYPE_TXT, DNS_CLASS_IN);
	asked_text(&f.a, ask_step(f.step.kind, f.step.self, f.state, &f.a.x, false), text);
	assert_string_equal(text, "0 aa rd: c.a.x. 16 3600/04612e782e;");
	asked_for(&f.a, "c.", DNS_TYPE_TXT, DNS_CLASS_IN);
	asked_text(&f.a, ask_step(f.step.kind, f.step.self, f.state, &f.a.x, false), text);
	assert_string_equal(text, "pass");
	end(&f);
}

/* The response to a question for A at target: rcode, and one address. */
static size_t write_theirs(uint8_t *bytes, size_t cap, const char *target, uint16_t flags)
{
	const struct rdata address = {(const uint8_t *)"\300\0\2\7", 4};
	struct writer w;
	struct name n;
	assert_int_equal(name_from_text(&n, target, strlen(target)), OK);
	writer_begin(&w, bytes, cap, 7, (uint16_t)(DNS_QR | flags));
	writer_put_question(&w, &n, DNS_TYPE_A, DNS_CLASS_IN);
	writer_put(&w, DNS_ANSWER, &n, DNS_TYPE_A, DNS_CLASS_IN, 9, &address);
	return writer_end(&w, NULL);
}

/* What its CNAME leads to stands behind it; what another question was answered with, or octets that are no response, does not. */
static void test_heard(void **state)
{
	static const char alone[] = "0 aa rd: a.x. 5 60/0162c00e;";
	struct fixture f;
	uint8_t theirs[512];
	char text[ANSWER_TEXT_MAX];
	size_t len;
	(void)state;
	begin(&f, "template IN A {\n answer \"{{ .Name }} 60 CNAME b.x.\"\n}");
	asked_for(&f.a, "a.x.", DNS_TYPE_A, DNS_CLASS_IN);
	len = write_theirs(theirs, sizeof theirs, "B.x.", 0);
	asked_text(&f.a, f.step.kind->heard(f.step.self, f.state, &f.a.x, theirs, len), text);
	assert_string_equal(text, "0 aa rd: a.x. 5 60/0162c00e b.x. 1 9/c0000207;");
	asked_text(&f.a, f.step.kind->heard(f.step.self, f.state, &f.a.x, theirs, 0), text);
	assert_string_equal(text, alone);
	asked_text(&f.a, f.step.kind->heard(f.step.self, f.state, &f.a.x, theirs, len - 1), text);
	assert_string_equal(text, alone);
	len = write_theirs(theirs, sizeof theirs, "c.x.", 0);
	asked_text(&f.a, f.step.kind->heard(f.step.self, f.state, &f.a.x, theirs, len), text);
	assert_string_equal(text, alone);
	end(&f);
}

/* What does not fit in a datagram is cut at a record's end. */
static void test_cut(void **state)
{
	struct fixture f;
	struct response r;
	char lines[1024];
	size_t len = (size_t)snprintf(lines, sizeof lines, "template IN TXT {\n");
	(void)state;
	for (unsigned i = 0; i < 20; i++)
		len += (size_t)snprintf(lines + len, sizeof lines - len, "answer \"{{.Name}} 60 TXT 0123456789012345\"\n");
	snprintf(lines + len, sizeof lines - len, "}");
	begin(&f, lines);
	asked_for(&f.a, "a.x.", DNS_TYPE_TXT, DNS_CLASS_IN);
	assert_int_equal(ask_step(f.step.kind, f.step.self, f.state, &f.a.x, false), STEP_ANSWER);
	assert_int_equal(response_parse(&r, f.a.reply, f.a.x.reply_len), RESPONSE_OK);
	assert_true(r.flags & DNS_TC);
	assert_true(f.a.x.reply_len <= DNS_UDP_SIZE_MIN);
	assert_int_equal(r.counts[DNS_ANSWER], (DNS_UDP_SIZE_MIN - DNS_HEADER_LEN - 9) / 29);
	f.a.x.query.transport = QUERY_TCP;
	f.a.x.reply_cap = sizeof f.a.reply;
	assert_int_equal(ask_step(f.step.kind, f.step.self, f.state, &f.a.x, false), STEP_ANSWER);
	assert_int_equal(response_parse(&r, f.a.reply, f.a.x.reply_len), RESPONSE_OK);
	assert_int_equal(r.counts[DNS_ANSWER], 20);
	assert_false(r.flags & DNS_TC);
	end(&f);
}

static void test_no_memory(void **state)
{
	struct fixture f;
	bool hit = true;
	(void)state;
	asked_begin(&f.a, "cache 30\ntemplate IN A {\n rcode NXDOMAIN\n}");
	for (unsigned n = 1; hit; n++) {
		enum err err;
		fail_alloc_at(n);
		err = template_step_new(&f.a.corefile.blocks[0], &f.step);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, hit ? ERR_NOMEM : OK);
	}
	hit = true;
	for (unsigned n = 1; hit; n++) {
		fail_alloc_at(n);
		f.state = f.step.kind->begin(f.step.self, 0, NULL);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(f.state == NULL, hit);
	}
	end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_questions), cmocka_unit_test(test_zones_of_the_block), cmocka_unit_test(test_heard),
	        cmocka_unit_test(test_cut),       cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
