#include "base/rcu.h"
#include "dns/type.h"
#include "dns/wire.h"
#include "dns/writer.h"
#include "records/zone_answer.h"
#include "records/zone_file.h"
#include "zone_text.h"
#include <stdio.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

static const char zone_text[] =
        "$TTL 60\n"
        "@ SOA ns admin 7 1 2 3 4\n"
        "@ NS ns\n@ NS ns.other.\n@ MX 1 mail\n@ MX 2 mail\n"
        "ns A 10.0.0.1\n"
        "mail A 10.0.0.2\nmail AAAA fd00::2\n"
        "srv SRV 0 0 1 mail\nsrv SRV 0 0 1 mail.other.\nhttps HTTPS 1 mail\n"
        "c1 CNAME c2\nc2 CNAME mail\nout CNAME www.other.\nself CNAME self\nl1 CNAME l2\nl2 CNAME l1\nnx CNAME missing\n"
        "incut CNAME x.sub\n"
        "*.wild A 10.0.0.3\na.ent.wild TXT x\n*.wc CNAME mail\n*.wx CNAME a.wild\n*.star.ent TXT x\n"
        "sub NS ns.sub\nsub NS ns\nsub DS 1 2 3 00\nns.sub A 10.0.0.4\n"
        "d DNAME mail\nd TXT x\nd2 DNAME other.\nbelow.d A 10.0.0.9\ndd DNAME dd\n"
        "dlong DNAME "
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n"
        "x.mail.mail TXT deep\n";

static char *put_record(char *text, const struct response *r, const struct response_record *record)
{
	struct name owner, target;
	char name[NAME_TEXT_MAX], type[TYPE_TEXT_MAX];
	response_owner(r, record, &owner);
	name_to_text(&owner, name);
	type_to_text(record->type, type);
	text += sprintf(text, " %s %s", name, type);
	if (record->type == DNS_TYPE_CNAME || record->type == DNS_TYPE_DNAME || record->type == DNS_TYPE_NS ||
	    record->type == DNS_TYPE_NSEC) {
		response_rdata_name(r, record, 0, &target);
		name_to_text(&target, name);
		text += sprintf(text, "=%s", name);
	}
	if (record->type == DNS_TYPE_A)
		text += sprintf(text, "=%u", r->bytes[record->rdata_at + 3]);
	if (record->type == DNS_TYPE_RRSIG)
		text += sprintf(text, "(%u)", wire_load_u16(r->bytes + record->rdata_at));
	return text;
}

/* "OUTCOME RCODE[ aa]: ANSWER; AUTHORITY; ADDITIONAL" */
static void describe(const uint8_t *bytes, const struct zone_answer *out, char *text)
{
	static const char *const outcomes[] = {"", "noname ", "elsewhere ", "failed "};
	struct response r;
	if (out->outcome == ZONE_FAILED) {
		strcpy(text, "failed");
		return;
	}
	assert_int_equal(response_parse(&r, bytes, out->len), RESPONSE_OK);
	assert_int_equal(r.rcode, out->rcode);
	text += sprintf(text, "%s%u%s%s:", outcomes[out->outcome], r.rcode, r.flags & DNS_AA ? " aa" : "", r.flags & DNS_TC ? " tc" : "");
	for (unsigned s = 0; s < DNS_SECTIONS; s++) {
		struct response_cursor c = response_section(&r, (enum dns_section)s);
		struct response_record record;
		while (response_next(&r, &c, &record))
			text = put_record(text, &r, &record);
		text += sprintf(text, s < 2 ? ";" : "");
	}
}

struct asking {
	struct request request;
	uint8_t question[300], reply[4096];
	struct zone_answer out;
};

static void ask(struct asking *a, const struct zone_data *z, const char *name, const char *type, bool dnssec, const struct response *theirs,
                bool unknown, size_t cap, char *text)
{
	const struct name n = name_of(name);
	uint16_t number;
	assert_true(type_from_text(type, &number));
	const struct outgoing o = {.id = 9,
	                           .flags = DNS_RD,
	                           .qname = n.wire,
	                           .qname_len = n.len,
	                           .qtype = number,
	                           .qclass = DNS_CLASS_IN,
	                           .edns = dnssec,
	                           .edns_do = dnssec,
	                           .edns_udp_size = 4096};
	size_t len = request_write(a->question, sizeof a->question, &o);
	const struct zone_question q = {.request = &a->request, .theirs = theirs, .unknown = unknown};
	assert_int_equal(request_parse(&a->request, a->question, len), REQUEST_OK);
	zone_answer(z, &q, a->reply, cap, &a->out);
	describe(a->reply, &a->out, text);
}

static struct zone_data *read_zone(const char *text)
{
	struct name apex = name_of("example.");
	struct zone_reading r = {.apex = &apex};
	struct diag diag;
	if (zone_file_parse(&r, text, strlen(text), &diag))
		fail_msg("%s", diag.text);
	return r.data;
}

#define NS  " example. NS=ns.other. example. NS=ns.example."
#define SOA " example. SOA"

static const struct {
	const char *name, *type, *want;
} cases[] = {
        {"example.", "SOA", "0 aa: example. SOA;" NS ";"},
        {"example.", "NS", "0 aa:" NS ";; ns.example. A=1"},
        {"eXample.", "MX",
         "0 aa: eXample. MX eXample. MX; eXample. NS=ns.other. eXample. NS=ns.eXample.; mail.eXample. A=2 mail.eXample. AAAA"},
        {"example.", "TXT", "0 aa:;" SOA ";"},
        {"MAIL.example.", "A", "0 aa: MAIL.example. A=2;" NS ";"},
        {"mail.example.", "TXT", "0 aa:;" SOA ";"},
        {"mail.example.", "ANY", "0 aa:;" SOA ";"},
        {"srv.example.", "SRV", "0 aa: srv.example. SRV srv.example. SRV;" NS "; mail.example. A=2 mail.example. AAAA"},
        {"https.example.", "HTTPS", "0 aa: https.example. HTTPS;" NS "; mail.example. A=2 mail.example. AAAA"},
        {"c1.example.", "A", "0 aa: c1.example. CNAME=c2.example. c2.example. CNAME=mail.example. mail.example. A=2;" NS ";"},
        {"c1.example.", "CNAME", "0 aa: c1.example. CNAME=c2.example.;" NS ";"},
        {"c1.example.", "TXT", "0 aa: c1.example. CNAME=c2.example. c2.example. CNAME=mail.example.;" SOA ";"},
        {"out.example.", "A", "elsewhere 0 aa: out.example. CNAME=www.other.;" NS ";"},
        {"self.example.", "A", "failed"},
        {"l1.example.", "A", "failed"},
        {"nx.example.", "A", "3 aa: nx.example. CNAME=missing.example.;" SOA ";"},
        {"incut.example.", "A",
         "0 aa: incut.example. CNAME=x.sub.example.; sub.example. NS=ns.sub.example. sub.example. NS=ns.example.; ns.sub.example. A=4"},
        {"b.wild.example.", "A", "0 aa: b.wild.example. A=3;" NS ";"},
        {"b.c.wild.example.", "A", "0 aa: b.c.wild.example. A=3;" NS ";"},
        {"*.wild.example.", "A", "0 aa: *.wild.example. A=3;" NS ";"},
        {"b.wild.example.", "TXT", "0 aa:;" SOA ";"},
        {"wild.example.", "A", "noname 0 aa:;" SOA ";"},
        {"ent.wild.example.", "A", "noname 0 aa:;" SOA ";"},
        {"b.ent.wild.example.", "A", "noname 3 aa:;" SOA ";"},
        {"q.wc.example.", "AAAA", "0 aa: q.wc.example. CNAME=mail.example. mail.example. AAAA;" NS ";"},
        {"q.wx.example.", "A", "0 aa: q.wx.example. CNAME=a.wild.example. a.wild.example. A=3;" NS ";"},
        {"missing.example.", "A", "noname 3 aa:;" SOA ";"},
        {"a.b.missing.example.", "A", "noname 3 aa:;" SOA ";"},
        {"sub.example.", "A", "0:; sub.example. NS=ns.sub.example. sub.example. NS=ns.example.; ns.sub.example. A=4"},
        {"ns.sub.example.", "A", "0:; sub.example. NS=ns.sub.example. sub.example. NS=ns.example.; ns.sub.example. A=4"},
        {"a.b.sub.example.", "DS", "0:; sub.example. NS=ns.sub.example. sub.example. NS=ns.example.; ns.sub.example. A=4"},
        {"sub.example.", "DS", "0 aa: sub.example. DS;" NS ";"},
        {"x.d.example.", "A", "3 aa: d.example. DNAME=mail.example. x.d.example. CNAME=x.mail.example.;" SOA ";"},
        {"x.mail.d.example.", "TXT",
         "0 aa: d.example. DNAME=mail.example. x.mail.d.example. CNAME=x.mail.mail.example. x.mail.mail.example. TXT;" NS ";"},
        {"x.d.example.", "CNAME", "0 aa: d.example. DNAME=mail.example. x.d.example. CNAME=x.mail.example.;" NS ";"},
        {"below.d.example.", "A", "3 aa: d.example. DNAME=mail.example. below.d.example. CNAME=below.mail.example.;" SOA ";"},
        {"d.example.", "TXT", "0 aa: d.example. TXT;" NS ";"},
        {"d.example.", "DNAME", "0 aa: d.example. DNAME=mail.example.;" NS ";"},
        {"www.d2.example.", "A", "elsewhere 0 aa: d2.example. DNAME=other. www.d2.example. CNAME=www.other.;" NS ";"},
        {"x.dd.example.", "A", "failed"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.dlong.example.", "A", NULL},
};

static void test_answers(void **state)
{
	struct zone_data *z = read_zone(zone_text);
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct asking a;
		char text[4096];
		ask(&a, z, cases[i].name, cases[i].type, false, NULL, false, sizeof a.reply, text);
		if (!cases[i].want)
			assert_int_equal(a.out.rcode, 6); /* YXDOMAIN */
		else if (strcmp(text, cases[i].want) != 0)
			fail_msg("%s %s:\n%s", cases[i].name, cases[i].type, text);
	}
	zone_data_drop(z);
}

/* --- what others say of a CNAME's target --- */

static const struct {
	const char *what;
	uint16_t rcode;
	bool has_record, unknown;
	const char *want;
} others[] = {
        {"address", DNS_NOERROR, true, false, "elsewhere 0 aa: out.example. CNAME=www.other. www.other. A=77;" NS ";"},
        {"no data", DNS_NOERROR, false, false, "elsewhere 0 aa: out.example. CNAME=www.other.;" SOA ";"},
        {"no name", DNS_NXDOMAIN, false, false, "elsewhere 3 aa: out.example. CNAME=www.other.;" SOA ";"},
        {"refused", DNS_REFUSED, false, false, "elsewhere 0 aa: out.example. CNAME=www.other.;" NS ";"},
        {"failed", DNS_SERVFAIL, false, false, "elsewhere 2 aa: out.example. CNAME=www.other.;" NS ";"},
        {"unknown", DNS_NOERROR, false, true, "elsewhere 2 aa: out.example. CNAME=www.other.;" NS ";"},
};

static void test_others(void **state)
{
	struct zone_data *z = read_zone(zone_text);
	const struct name target = name_of("www.other.");
	(void)state;
	for (size_t i = 0; i < COUNT(others); i++) {
		uint8_t bytes[512];
		struct writer w;
		struct response r;
		struct asking a;
		char text[4096];
		writer_begin(&w, bytes, sizeof bytes, 1, (uint16_t)(DNS_QR | others[i].rcode));
		writer_put_question(&w, &target, DNS_TYPE_A, DNS_CLASS_IN);
		if (others[i].has_record)
			writer_put(&w, DNS_ANSWER, &target, DNS_TYPE_A, DNS_CLASS_IN, 5, &(struct rdata){(const uint8_t *)"\x0a\0\0M", 4});
		assert_int_equal(response_parse(&r, bytes, writer_end(&w, NULL)), RESPONSE_OK);
		ask(&a, z, "out.example.", "A", false, others[i].unknown ? NULL : &r, others[i].unknown, sizeof a.reply, text);
		if (strcmp(text, others[i].want) != 0)
			fail_msg("%s:\n%s", others[i].what, text);
		assert_true(name_equal(&a.out.target, &target));
	}
	zone_data_drop(z);
}

/* --- signed zones --- */

static const char signed_text[] = "$TTL 60\n"
                                  "@ SOA ns admin 7 1 2 3 4\n@ RRSIG SOA 8 1 60 1 1 1 @ AA==\n@ NS ns\n@ RRSIG NS 8 1 60 1 1 1 @ AA==\n"
                                  "@ NSEC b NS SOA\n@ RRSIG NSEC 8 1 60 1 1 1 @ AA==\n"
                                  "b A 10.0.0.1\nb RRSIG A 8 2 60 1 1 1 @ AA==\nb NSEC a.ent A\n"
                                  "a.ent TXT x\na.ent NSEC ns TXT\n"
                                  "ns A 10.0.0.2\nns NSEC sub A\n"
                                  "sub NS x.sub\nsub NSEC sub2 NS\nx.sub A 10.0.0.3\n"
                                  "sub2 NS x.sub2\nsub2 DS 1 2 3 00\nsub2 RRSIG DS 8 2 60 1 1 1 @ AA==\nsub2 NSEC *.w NS DS\n"
                                  "*.w A 10.0.0.9\n*.w RRSIG A 8 2 60 1 1 1 @ AA==\n*.w NSEC @ A\n";

#define SIGNED_NS  " example. NS=ns.example. example. RRSIG(2)"
#define SIGNED_SOA " example. SOA example. RRSIG(6)"
#define APEX_NSEC  " example. NSEC=b.example. example. RRSIG(47)"

static const struct {
	const char *name, *type, *want;
} signed_cases[] = {
        {"b.example.", "A", "0 aa: b.example. A=1 b.example. RRSIG(1);" SIGNED_NS ";"},
        {"b.example.", "RRSIG", "0 aa: b.example. RRSIG(1);" SIGNED_NS ";"},
        {"b.example.", "TXT", "0 aa:;" SIGNED_SOA " b.example. NSEC=a.ent.example.;"},
        {"ent.example.", "TXT", "noname 0 aa:;" SIGNED_SOA " b.example. NSEC=a.ent.example.;"},
        {"a.example.", "A", "noname 3 aa:;" SIGNED_SOA APEX_NSEC ";"},
        {"c.example.", "A", "noname 3 aa:;" SIGNED_SOA " b.example. NSEC=a.ent.example." APEX_NSEC ";"},
        {"q.w.example.", "A", "0 aa: q.w.example. A=9 q.w.example. RRSIG(1);" SIGNED_NS " *.w.example. NSEC=example.;"},
        {"q.w.example.", "TXT", "0 aa:;" SIGNED_SOA " *.w.example. NSEC=example.;"},
        {"y.sub.example.", "A", "0:; sub.example. NS=x.sub.example. sub.example. NSEC=sub2.example.; x.sub.example. A=3"},
        {"sub2.example.", "A", "0:; sub2.example. NS=x.sub2.example. sub2.example. DS sub2.example. RRSIG(43);"},
        {"sub1.example.", "A", "noname 3 aa:;" SIGNED_SOA " sub.example. NSEC=sub2.example." APEX_NSEC ";"},
};

static void test_signed(void **state)
{
	struct zone_data *z = read_zone(signed_text);
	(void)state;
	for (size_t i = 0; i < COUNT(signed_cases); i++) {
		struct asking a;
		char text[4096];
		ask(&a, z, signed_cases[i].name, signed_cases[i].type, true, NULL, false, sizeof a.reply, text);
		if (strcmp(text, signed_cases[i].want) != 0)
			fail_msg("%s %s:\n%s", signed_cases[i].name, signed_cases[i].type, text);
	}
	zone_data_drop(z);
}

/* A long chain ends somewhere, and what does not fit is cut. */
static void test_bounds(void **state)
{
	char lines[4096] = "$TTL 5\n@ SOA ns admin 7 1 2 3 4\n", text[4096];
	struct zone_data *z;
	struct asking a;
	struct response r;
	(void)state;
	for (unsigned i = 0; i < 20; i++)
		sprintf(lines + strlen(lines), "c%u CNAME c%u\n", i, i + 1);
	for (unsigned i = 0; i < 80; i++)
		sprintf(lines + strlen(lines), "many A 10.0.0.%u\n", i);
	z = read_zone(lines);
	ask(&a, z, "c0.example.", "A", false, NULL, false, sizeof a.reply, text);
	assert_int_equal(response_parse(&r, a.reply, a.out.len), RESPONSE_OK);
	assert_int_equal(r.counts[DNS_ANSWER], 10);
	ask(&a, z, "many.example.", "A", false, NULL, false, DNS_UDP_SIZE_MIN, text);
	assert_non_null(strstr(text, "0 aa tc: many.example. A=0"));
	const struct zone_question q = {.request = &a.request, .dice = UINT32_MAX / 2 + 1};
	zone_answer(z, &q, a.reply, sizeof a.reply, &a.out);
	describe(a.reply, &a.out, text);
	assert_non_null(strstr(text, "0 aa: many.example. A=40 many.example. A=41"));
	assert_non_null(strstr(text, " many.example. A=39;"));
	zone_data_drop(z);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_answers),
	        cmocka_unit_test(test_others),
	        cmocka_unit_test(test_signed),
	        cmocka_unit_test(test_bounds),
	};
	rcu_thread_begin();
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rcu_free_all();
	rcu_thread_end();
	return failed;
}
