/* Texts with fields: what they become, and what is refused. */
#include "config/template.h"
#include "fail_alloc.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 256

static const char name[] = "ip-0a-ff.x.test.", pattern[] = "^ip-(?P<first>[0-9a-z]+)-([0-9a-z]+)(-y)?[.]";

struct fixture {
	struct regexp *re;
	struct regexp_match *match;
	struct template_values values;
};

static void begin(struct fixture *f)
{
	struct diag d;
	f->match = regexp_match_new(REGEXP_GROUPS_MAX);
	assert_non_null(f->match);
	assert_int_equal(regexp_new(pattern, &f->re, &d), OK);
	assert_int_equal(regexp_find(f->re, name, strlen(name), f->match), REGEXP_FOUND);
	f->values = (struct template_values){.name = name,
	                                     .question_name = "IP-0A-FF.x.test.",
	                                     .zone = "x.test.",
	                                     .rclass = "IN",
	                                     .type = "A",
	                                     .remote = "192.0.2.1",
	                                     .qtype = 1,
	                                     .qclass = 3,
	                                     .re = f->re,
	                                     .match = f->match};
}

static void end(struct fixture *f)
{
	regexp_free(f->re);
	regexp_match_free(f->match);
}

static const struct {
	const char *text, *want;
} good[] = {
        {"", ""},
        {"plain } }} { text", "plain } }} { text"},
        {"{{.Name}}", "ip-0a-ff.x.test."},
        {"{{ .Name }} 60 IN {{ .Type }} x", "ip-0a-ff.x.test. 60 IN A x"},
        {"{{\t.Zone\n}}|{{.Class}}|{{.Remote}}", "x.test.|IN|192.0.2.1"},
        {"{{.Question.Name}} {{.Question.Qtype}} {{.Question.Qclass}}", "IP-0A-FF.x.test. 1 3"},
        {"{{(.Name)}}{{((.Zone))}}", "ip-0a-ff.x.test.x.test."},
        {"{{.Group.first}} {{.Group.none}}", "0a <no value>"},
        {"{{index .Group \"first\"}} {{index .Group `2`}} {{index .Group \"0\"}}", "0a ff ip-0a-ff."},
        {"[{{index .Group \"none\"}}{{index .Group \"02\"}}{{index .Group \"4\"}}{{index .Group \"\"}}{{index .Group \"9999\"}}]", "[]"},
        {"{{index .Match 0}} {{index .Match 1}} {{index .Match 2}} [{{index .Match 3}}]", "ip-0a-ff. 0a ff []"},
        {"[{{.Meta \"view/name\"}}]", "[]"},
        {"{{parseInt .Group.first 16 32}}.{{parseInt (index .Match 2) 16 8}}.{{parseInt \"7\" 8 3}}", "10.255.7"},
        {"{{parseInt \"FfZ\" 36 0}} {{parseInt \"18446744073709551615\" 10 64}} {{parseInt \"1\" 2 1}}", "20015 18446744073709551615 1"},
        {"{{\"a\\\"b\\\\c\"}}{{`d\\e`}}{{\"}}\"}}{{`{{`}}", "a\"b\\cd\\e}}{{"},
        {"a{{/* a }comment \" */}}b", "ab"},
        {"a \n{{- .Type}} b", "aA b"},
        {"a {{.Type -}} \t b", "a Ab"},
        {"a {{- /* x */ -}} b {{- \"c\" -}} d", "abcd"},
};

static void test_good(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f);
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct template_text t;
		struct diag d;
		char out[TEXT_MAX];
		size_t len = 0;
		if (template_text_new(good[i].text, &t, &d) || template_text_expand(&t, &f.values, out, sizeof out, &len, &d))
			fail_msg("%s: %s", good[i].text, d.text);
		if (len != strlen(good[i].want) || memcmp(out, good[i].want, len) != 0)
			fail_msg("%s: \"%.*s\"", good[i].text, (int)len, out);
		/* exactly as much room as it takes, and less */
		assert_int_equal(template_text_expand(&t, &f.values, out, len, &len, &d), OK);
		if (len)
			assert_int_equal(template_text_expand(&t, &f.values, out, len - 1, &len, &d), ERR_RANGE);
		template_text_clear(&t);
	}
	end(&f);
}

/* Literals beside each other are one piece, so that it is seen which texts say the same always. */
static void test_pieces(void **state)
{
	struct template_text t;
	struct diag d;
	(void)state;
	assert_int_equal(template_text_new("a {{/* b */}}{{\"c\"}} {{.Meta \"d\"}}e", &t, &d), OK);
	assert_int_equal(t.count, 1);
	assert_string_equal(t.pieces[0].text, "a c e");
	template_text_clear(&t);
	assert_int_equal(t.count, 0);
}

static void test_without_a_regexp(void **state)
{
	static const char text[] = "{{index .Match 0}} {{index .Group \"0\"}} {{.Group.a}} {{index .Group \"1\"}}";
	struct fixture f;
	struct template_text t;
	struct diag d;
	char out[TEXT_MAX + 1];
	size_t len;
	(void)state;
	begin(&f);
	f.values.re = NULL;
	assert_int_equal(template_text_new(text, &t, &d), OK);
	assert_int_equal(template_text_expand(&t, &f.values, out, TEXT_MAX, &len, &d), OK);
	out[len] = '\0';
	assert_string_equal(out, "ip-0a-ff.x.test. ip-0a-ff.x.test. <no value> ");
	template_text_clear(&t);
	end(&f);
}

static const char *const refused[] = {
        "{{",
        "a {{ .Name }",
        "{{ \"}} ",
        "{{}}",
        "{{ }}",
        "{{ . }}",
        "{{ .name }}",
        "{{ .Name.x }}",
        "{{ Name }}",
        "{{ .Name .Zone }}",
        "{{ .Name | printf }}",
        "{{ printf \"%s\" .Name }}",
        "{{ if .Name }}x{{ end }}",
        "{{ .Group }}",
        "{{ .Group. }}",
        "{{ .Group.1 }}",
        "{{ .Group.a.b }}",
        "{{ .Message.Id }}",
        "{{ .Meta }}",
        "{{ .Meta x }}",
        "{{ .Match }}",
        "{{ index }}",
        "{{ index .Match }}",
        "{{ index .Match -1 }}",
        "{{ index .Match 101 }}",
        "{{ index .Match 99999999999 }}",
        "{{ index .Match \"1\" }}",
        "{{ index .Group 1 }}",
        "{{ index .Group \"a\" \"b\" }}",
        "{{ index .Name 1 }}",
        "{{ index .Group \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" }}",
        "{{ parseInt }}",
        "{{ parseInt .Name }}",
        "{{ parseInt .Name 16 }}",
        "{{ parseInt .Name 1 8 }}",
        "{{ parseInt .Name 37 8 }}",
        "{{ parseInt .Name 16 65 }}",
        "{{ parseInt .Question.Qtype 16 8 }}",
        "{{ parseInt (parseInt \"1\" 10 8) 10 8 }}",
        "{{ \"a\\n\" }}",
        "{{ 5 }}",
        "{{ (.Name }}",
        "{{ .Name) }}",
        "{{ ((((((((((((.Name)))))))))))) }}",
        "{{-.Name}}",
        "{{ .Name-}}",
        "{{ $x }}",
        "{{ /* a */ }}",
        "{{ \"a }}",
        "{{ `a }}",
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct template_text t;
		struct diag d = {0};
		if (template_text_new(refused[i], &t, &d) != ERR_SYNTAX)
			fail_msg("%s: is taken", refused[i]);
		if (!strstr(d.text, "is not among what headns has of Go's templates: .Name") && strcmp(d.text, "{{ is not closed") != 0)
			fail_msg("%s: \"%s\"", refused[i], d.text);
		assert_null(t.pieces);
		assert_int_equal(t.count, 0);
	}
}

static const struct {
	const char *text;
	enum err err;
	const char *why;
} failing[] = {
        {"{{ index .Match 4 }}", ERR_RANGE, "index .Match 4: there is no such group"},
        {"{{ parseInt \"\" 10 8 }}", ERR_SYNTAX, "parseInt: nothing is no number"},
        {"{{ parseInt .Meta \"x\" 10 8 }}", ERR_SYNTAX, "parseInt: nothing is no number"},
        {"{{ parseInt \"-1\" 10 8 }}", ERR_SYNTAX, "parseInt: \"-1\" is no number in base 10"},
        {"{{ parseInt .Group.first 10 8 }}", ERR_SYNTAX, "parseInt: \"0a\" is no number in base 10"},
        {"{{ parseInt \"8\" 8 8 }}", ERR_SYNTAX, "parseInt: \"8\" is no number in base 8"},
        {"{{ parseInt \"256\" 10 8 }}", ERR_RANGE, "parseInt: \"256\" has more than 8 bits"},
        {"{{ parseInt \"2\" 10 1 }}", ERR_RANGE, "parseInt: \"2\" has more than 1 bits"},
        {"{{ parseInt \"18446744073709551616\" 10 0 }}", ERR_RANGE, "parseInt: \"18446744073709551616\" has more than 64 bits"},
        {"{{ parseInt .Group.none 36 64 }}", ERR_SYNTAX, "parseInt: \"<no value>\" is no number in base 36"},
};

static void test_failing(void **state)
{
	struct fixture f;
	(void)state;
	begin(&f);
	for (size_t i = 0; i < sizeof failing / sizeof *failing; i++) {
		struct template_text t;
		struct diag d;
		char out[TEXT_MAX];
		size_t len;
		if (template_text_new(failing[i].text, &t, &d))
			fail_msg("%s: %s", failing[i].text, d.text);
		assert_int_equal(template_text_expand(&t, &f.values, out, sizeof out, &len, &d), failing[i].err);
		assert_string_equal(d.text, failing[i].why);
		template_text_clear(&t);
	}
	end(&f);
}

static void test_no_memory(void **state)
{
	bool hit = true;
	(void)state;
	for (unsigned n = 1; hit; n++) {
		struct template_text t;
		struct diag d;
		enum err err;
		fail_alloc_at(n);
		err = template_text_new("a {{.Group.x}} b {{parseInt (index .Group \"y\") 16 8}} {{\"c\"}} {{.Name}} d", &t, &d);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, hit ? ERR_NOMEM : OK);
		assert_int_equal(t.count == 0, hit);
		template_text_clear(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_good),    cmocka_unit_test(test_pieces),  cmocka_unit_test(test_without_a_regexp),
	        cmocka_unit_test(test_refused), cmocka_unit_test(test_failing), cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
