/* `acl` and `header`: who may ask what, and what becomes of flags. */
#include "ask.h"
#include "leaves.h"

static const struct {
	const char *lines, *from, *name;
	uint16_t type;
	const char *want;
} policies[] = {
        {"acl {\n block\n}", "10.0.0.1", "a.x.", DNS_TYPE_A, "5 rd:;"},
        {"acl {\n filter\n}", "10.0.0.1", "a.x.", DNS_TYPE_A, "0 rd:;"},
        {"acl {\n drop\n}", "10.0.0.1", "a.x.", DNS_TYPE_A, "drop"},
        {"acl {\n allow\n}", "10.0.0.1", "a.x.", DNS_TYPE_A, "pass"},
        {"acl", "10.0.0.1", "a.x.", DNS_TYPE_A, "pass"},
        {"acl x {\n block\n}", "10.0.0.1", "A.X.", DNS_TYPE_A, "5 rd:;"},
        {"acl x {\n block\n}", "10.0.0.1", "a.y.", DNS_TYPE_A, "pass"},
        {"acl x y {\n block\n}", "10.0.0.1", "a.y.", DNS_TYPE_A, "5 rd:;"},
        {"acl {\n block type AAAA TXT\n}", "10.0.0.1", "a.", DNS_TYPE_TXT, "5 rd:;"},
        {"acl {\n block type AAAA TXT\n}", "10.0.0.1", "a.", DNS_TYPE_A, "pass"},
        {"acl {\n block type *\n}", "10.0.0.1", "a.", DNS_TYPE_A, "5 rd:;"},
        {"acl {\n block net 10.0.0.0/8\n}", "10.255.0.1", "a.", DNS_TYPE_A, "5 rd:;"},
        {"acl {\n block net 10.0.0.0/8\n}", "11.0.0.1", "a.", DNS_TYPE_A, "pass"},
        {"acl {\n block net 10.0.0.0/8\n}", "::a00:1", "a.", DNS_TYPE_A, "pass"},
        {"acl {\n block net 10.0.0.96/27\n}", "10.0.0.127", "a.", DNS_TYPE_A, "5 rd:;"},
        {"acl {\n block net 10.0.0.96/27\n}", "10.0.0.128", "a.", DNS_TYPE_A, "pass"},
        {"acl {\n block net 10.0.0.1\n}", "10.0.0.1", "a.", DNS_TYPE_A, "5 rd:;"},
        {"acl {\n block net 10.0.0.1\n}", "10.0.0.2", "a.", DNS_TYPE_A, "pass"},
        {"acl {\n block net 0.0.0.0/0\n}", "10.0.0.2", "a.", DNS_TYPE_A, "5 rd:;"},
        {"acl {\n block net 0.0.0.0/0\n}", "fd00::1", "a.", DNS_TYPE_A, "pass"},
        {"acl {\n block net fd00::/7\n}", "fd12::1", "a.", DNS_TYPE_A, "5 rd:;"},
        {"acl {\n block net fd00::/128\n}", "fd00::1", "a.", DNS_TYPE_A, "pass"},
        {"acl {\n block net *\n}", "fd00::1", "a.", DNS_TYPE_A, "5 rd:;"},
        {"acl {\n block type A net 10.0.0.1\n}", "10.0.0.2", "a.", DNS_TYPE_A, "pass"},
        {"acl {\n block type A net 10.0.0.1\n}", "10.0.0.1", "a.", DNS_TYPE_TXT, "pass"},
        {"acl {\n allow net 10.0.0.0/8\n block\n}", "10.0.0.1", "a.", DNS_TYPE_A, "pass"},
        {"acl {\n allow net 10.0.0.0/8\n block\n}", "11.0.0.1", "a.", DNS_TYPE_A, "5 rd:;"},
        {"acl {\n block\n allow net 10.0.0.0/8\n}", "10.0.0.1", "a.", DNS_TYPE_A, "5 rd:;"},
        /* several: in their order, and what one allows no later one blocks */
        {"acl {\n allow net 10.0.0.1\n}\nacl {\n block\n}", "10.0.0.1", "a.", DNS_TYPE_A, "pass"},
        {"acl {\n allow net 10.0.0.1\n}\nacl {\n block\n}", "10.0.0.2", "a.", DNS_TYPE_A, "5 rd:;"},
        {"acl x {\n drop\n}\nacl {\n filter\n}", "10.0.0.2", "a.", DNS_TYPE_A, "0 rd:;"},
        {"acl x {\n drop\n}\nacl {\n filter\n}", "10.0.0.2", "x.", DNS_TYPE_A, "drop"},
};

static void test_acl(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof policies / sizeof *policies; i++) {
		struct asked a;
		char text[ANSWER_TEXT_MAX];
		asked_begin(&a, policies[i].lines);
		asked_from(&a, policies[i].from);
		asked_for(&a, policies[i].name, policies[i].type, DNS_CLASS_IN);
		asked_text(&a, ask_step(&acl_step, corefile_values(&a.corefile.blocks[0], DIRECTIVE_ACL), NULL, &a.x, true), text);
		if (strcmp(text, policies[i].want) != 0)
			fail_msg("row %zu: \"%s\"", i, text);
		asked_end(&a);
	}
}

/* --- header --- */

static const struct {
	const char *lines;
	const char *query, *want; /* flags of the query behind it, and of an answer that had AA and, as in the query, RD */
} flags[] = {
        {"header {\n response set ra\n}", "rd", "0 aa ra rd:;"},
        {"header {\n response set ra\n response clear aa rd\n}", "rd", "0 ra:;"},
        {"header {\n response clear AA\n response set Aa\n}", "rd", "0 aa rd:;"},
        {"header {\n query clear rd\n}", "", "0 aa:;"},
        {"header {\n query set aa ra\n}", "aa ra rd", "0 aa rd:;"},
};

static void test_header(void **state)
{
	static const struct step_kind somebody = {.name = "somebody"};
	const struct server_step step = {.kind = &somebody};
	struct plan *plan = plan_new(&(struct plan_options){.steps = &step, .count = 1});
	(void)state;
	assert_non_null(plan);
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		struct asked a;
		struct wire_writer w = {.bytes = a.reply, .limit = sizeof a.reply};
		const struct header_options *o;
		char text[ANSWER_TEXT_MAX];
		asked_begin(&a, flags[i].lines);
		o = corefile_values(&a.corefile.blocks[0], DIRECTIVE_HEADER);
		asked_for(&a, "a.", DNS_TYPE_A, DNS_CLASS_IN);
		assert_int_equal(header_step.ask(o, NULL, &a.x), STEP_PASS);
		assert_int_equal(!!(a.x.query.request.flags & DNS_RD), strstr(flags[i].query, "rd") != NULL);
		assert_int_equal(!!(a.x.query.request.flags & DNS_AA), strstr(flags[i].query, "aa") != NULL);
		assert_int_equal(!!(a.x.query.request.flags & DNS_RA), strstr(flags[i].query, "ra") != NULL);
		response_begin(&w, &a.x.query.request, DNS_AA, DNS_NOERROR);
		response_end(&w, &a.x.query.request, DNS_NOERROR, 0, 0, 0, NULL);
		a.x.reply_len = w.len;
		/* nobody's answer stays as it is */
		header_step.answered(o, NULL, &a.x);
		assert_int_equal(wire_load_u16(a.reply + 2) & (DNS_AA | DNS_RA), DNS_AA);
		a.x.plan = plan;
		header_step.answered(o, NULL, &a.x);
		asked_text(&a, STEP_ANSWER, text);
		assert_string_equal(text, flags[i].want);
		asked_end(&a);
	}
	plan_free(plan);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_acl),
	        cmocka_unit_test(test_header),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
