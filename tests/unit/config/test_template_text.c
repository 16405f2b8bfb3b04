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
	                                     .id = 7,
	                                     .flags = 0x0100,
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
        /* what Go makes of the same */
        {"{{.Message.Id}} {{.Message.RecursionDesired}} {{(index .Message.Question 0).Name}} {{len .Message.Question}}",
         "7 true IP-0A-FF.x.test. 1"},
        {"{{.Match}} {{.Group}}", "[ip-0a-ff. 0a ff ] map[0:ip-0a-ff. 1:0a 2:ff 3: first:0a]"},
        {"{{if .Group.none}}a{{else if eq .Type \"A\" \"B\"}}b{{else}}c{{end}}", "b"},
        {"{{if and (ne .Type \"A\") (index .Match 9)}}a{{else}}b{{end}}{{if or .Group.first (index .Match 9)}}c{{end}}", "bc"},
        {"{{with .Group.first}}{{.}}{{$.Zone}}{{else}}n{{end}}{{with .Group.none}}x{{else with .Zone}}{{.}}{{end}}", "0ax.test.x.test."},
        {"{{range .Match}}<{{.}}>{{end}}{{range slice .Match 4}}x{{else}}none{{end}}", "<ip-0a-ff.><0a><ff><>none"},
        {"{{range $k, $v := .Group}}{{$k}}={{$v}};{{end}}{{range $e := 3}}{{$e}}{{end}}", "0=ip-0a-ff.;1=0a;2=ff;3=;first=0a;012"},
        {"{{range $i, $e := .Match}}{{if eq $i 1}}{{continue}}{{end}}{{if gt $i 2}}{{break}}{{end}}{{$i}}{{$e}} {{end}}",
         "0ip-0a-ff. 2ff "},
        {"{{$x := \"a\"}}{{if true}}{{$x = printf \"%s-b\" $x}}{{end}}{{$x}}{{$x := 1}}{{$x}}", "a-b1"},
        {"{{.Name | printf \"%s|%q\" .Type}} {{.Name | len | printf \"%03d\"}} {{slice .Name 3 5 | printf \"%5s|\"}}",
         "A|\"ip-0a-ff.x.test.\" 016    0a|"},
        {"{{eq .Group.none .Group.none}}{{eq .Group.none \"\"}}{{ne .Question.Qtype 1}}{{lt \"a\" \"b\"}}{{le 2 .Question.Qtype}}{{ge -1 "
         ".Message.Id}}{{not 0}}",
         "truefalsefalsetruefalsefalsetrue"},
        {"{{printf \"%d.%x.%X.%o.%b.%c.%08b.%+d.%#x.%-4d|%4d|%.3d\" 10 255 255 8 5 'a' 5 7 255 3 4 5}}",
         "10.ff.FF.10.101.a.00000101.+7.0xff.3   |   4|005"},
        {"{{printf \"%s %d %z %!\" 1 \"a\" true}} {{printf \"%d\"}} {{printf \"x\" 1 \"b\"}} {{printf \"%[2]s%[1]s%[9]s\" \"a\" \"b\"}}",
         "%!s(int=1) %!d(string=a) %!z(bool=true) %!!(MISSING) %!d(MISSING) x%!(EXTRA int=1, string=b) ba%!s(BADINDEX)"},
        {"{{printf \"%T %T %T %v %t %5t|%%\" .Name 1 .Match nil true false}} {{printf \"%*d|%-*d|%.*s\" 4 1 4 2 1 \"abc\"}}",
         "string int []string <nil> true false|%    1|2   |a"},
        {"{{printf \"%x %X % x %#x %.2x\" \"az\" \"az\" \"az\" \"az\" \"az\"}}{{print 1 2 \"a\" 3 4}}{{println 1 \"b\"}}",
         "617a 617A 61 7a 0x617a 617a1 2a3 41 b\n"},
        {"{{index .Name 0}} {{index \"ab\" 1 | printf \"%c\"}} {{index .Match 1 | len}} {{len .Group}} {{'a'}} {{0x1f}} {{0b11}} {{-3}} "
         "{{true}}",
         "105 b 2 5 97 31 3 -3 true"},
        {"{{parseInt \"0x1f\" 0 16}} {{parseInt \"017\" 0 16}} {{printf \"%d.%d\" (parseInt (slice .Group.first 0 1) 16 8) (parseInt "
         "\"ff\" 16 8)}}",
         "31 15 0.255"},
        {"{{- if true -}} a {{- end -}} b {{- /* c */ -}} d{{with $y := .Type}}{{$y}}{{.}}{{end}}{{\"\\x41\\102\\t\"}}", "abdAAAB\t"},
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
static void test_constant(void **state)
{
	struct template_text t;
	struct diag d;
	(void)state;
	assert_int_equal(template_text_new("a {{/* b */}}{{\"c\"}} e", &t, &d), OK);
	assert_string_equal(template_text_constant(&t), "a c e");
	template_text_clear(&t);
	assert_null(t.program);
	assert_int_equal(template_text_new("", &t, &d), OK);
	assert_string_equal(template_text_constant(&t), "");
	template_text_clear(&t);
	assert_int_equal(template_text_new("a {{.Name}}", &t, &d), OK);
	assert_null(template_text_constant(&t));
	template_text_clear(&t);
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

static const struct {
	const char *text, *why;
} refused[] = {
        {"{{", "{{ is not closed"},
        {"a {{ .Name }", "{{ is not closed"},
        {"{{ \"}} ", "a text does not end"},
        {"{{ `a }}", "a text does not end"},
        {"{{}}", "a value is wanted"},
        {"{{ }}", "a value is wanted"},
        {"{{ .name }}", "is no field that headns has there"},
        {"{{ .Name.x }}", "is no field that headns has there"},
        {"{{ (.Name).x }}", "is no field that headns has there"},
        {"{{ $.x }}", "is no field that headns has there"},
        {"{{ .Message.Answer }}", "is no field that headns has there"},
        {"{{ Name }}", "Name is not a function that headns has"},
        {"{{ .Name .Zone }}", "a value that is no function has another behind it"},
        {"{{ (print 1) 2 }}", "a value that is no function has another behind it"},
        {"{{ .Name | .Zone }}", "behind | a function is wanted"},
        {"{{ .Name | (print 1) }}", "behind | a function is wanted"},
        {"{{ .Name | }}", "a value is wanted"},
        {"{{ | .Name }}", "a value is wanted"},
        {"{{ .Group.1 }}", "is not expected there"},
        {"{{ .Group. }}", "is not expected there"},
        {"{{ .Meta }}", "Meta takes a label"},
        {"{{ print .Meta }}", "Meta takes a label"},
        {"{{ .Meta.Meta \"x\" }}", "Meta takes a label"},
        {"{{ not.x }}", "is not expected there"},
        {"{{ index }}", "index has too few values, or too many"},
        {"{{ lt 1 }}", "lt has too few values, or too many"},
        {"{{ parseInt .Name 16 }}", "parseInt has too few values, or too many"},
        {"{{ len .Name .Zone }}", "len has too few values, or too many"},
        {"{{ print 1 2 3 4 5 6 7 8 9 1 2 3 4 5 6 7 8 }}", "there are too many values"},
        {"{{ \"a\\q\" }}", "has an escape that headns has not got"},
        {"{{ 'ab' }}", "is no character"},
        {"{{ 1.5 }}", "is not a number that headns has"},
        {"{{ 1x }}", "is not a number that headns has"},
        {"{{ 99999999999999999999 }}", "a number is too large"},
        {"{{ nil }}", "nil is no command"},
        {"{{ (.Name }}", "a parenthesis is not closed"},
        {"{{ .Name) }}", "is not expected there"},
        {"{{ ((((((((((((((((((((((((((.Name)))))))))))))))))))))))))) }}", "too many parentheses in parentheses"},
        {"{{-.Name}}", "is not expected there"},
        {"{{ .Name-}}", "is not expected there"},
        {"{{ $x }}", "is a variable that there is not"},
        {"{{ $x = 1 }}", "a variable is set that there is not"},
        {"{{ $ := 1 }}", "a variable's name is none"},
        {"{{ if 1 }}{{ $x := 1 }}{{ end }}{{ $x }}", "is a variable that there is not"},
        {"{{ /* a */ }}", "is not expected there"},
        {"{{ if .Name }}", "{{ end }} is missing"},
        {"{{ if .Name }}{{ else }}", "{{ end }} is missing"},
        {"{{ if .Name }}{{ else }}{{ else }}{{ end }}", "there are two {{ else }} in a row"},
        {"{{ if }}{{ end }}", "a value is wanted"},
        {"{{ end }}", "{{ end }} ends nothing"},
        {"{{ else }}", "{{ else }} ends nothing"},
        {"{{ if 1 }}{{ else x }}{{ end }}", "is not expected there"},
        {"{{ break }}", "it stands in no range"},
        {"{{ continue }}", "it stands in no range"},
        {"{{ range 3 }}{{ break 1 }}{{ end }}", "is not expected there"},
        {"{{ range $i, 3 }}{{ end }}", "range has $KEY, $ELEMENT := VALUE"},
        {"{{ define \"x\" }}{{ end }}", "define is something of Go's templates that headns has not got"},
        {"{{ template \"x\" }}", "template is something of Go's templates that headns has not got"},
        {"{{ html .Name }}", "html is something of Go's templates that headns has not got"},
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct template_text t;
		struct diag d = {0};
		if (template_text_new(refused[i].text, &t, &d) != ERR_SYNTAX)
			fail_msg("%s: is taken", refused[i].text);
		if (!strstr(d.text, refused[i].why))
			fail_msg("%s: \"%s\"", refused[i].text, d.text);
		assert_null(t.program);
	}
}

/* So many that each has to be counted. */
static void test_too_many(void **state)
{
	static const struct {
		const char *begin, *part, *end;
		unsigned count;
		enum err err;
	} texts[] = {
	        {"", "{{$x := 1}}", "", 15, OK},
	        {"", "{{$x := 1}}", "", 16, ERR_SYNTAX},
	        {"", "{{if 1}}", "", 25, ERR_SYNTAX},
	        {"", "{{.Name}}", "", 4097, ERR_RANGE},
	};
	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct template_text t;
		struct diag d;
		char *text = calloc(texts[i].count + 1, strlen(texts[i].part));
		assert_non_null(text);
		for (unsigned n = 0; n < texts[i].count; n++)
			memcpy(text + n * strlen(texts[i].part), texts[i].part, strlen(texts[i].part));
		assert_int_equal(template_text_new(text, &t, &d), texts[i].err);
		template_text_clear(&t);
		free(text);
	}
}

static const struct {
	const char *text;
	enum err err;
	const char *why;
} failing[] = {
        {"{{ index .Match 4 }}", ERR_RANGE, "index, slice: there is no element 4 of 4"},
        {"{{ index .Match -1 }}", ERR_RANGE, "index, slice: there is no element -1 of 4"},
        {"{{ index .Match \"1\" }}", ERR_SYNTAX, "index, slice: a number is wanted"},
        {"{{ index .Group 1 }}", ERR_SYNTAX, "index: this has no such element"},
        {"{{ index .Group.none 1 }}", ERR_SYNTAX, "index: of nothing"},
        {"{{ slice .Name 3 2 }}", ERR_RANGE, "slice: the end stands before the begin"},
        {"{{ slice .Name 1 2 3 }}", ERR_SYNTAX, "slice: a text or a list, and places in it, are wanted"},
        {"{{ len 3 }}", ERR_SYNTAX, "len: of something that has no length"},
        {"{{ eq .Name 1 }}", ERR_SYNTAX, "eq, ne: these two can't be compared"},
        {"{{ lt true false }}", ERR_SYNTAX, "lt, le, gt, ge: two numbers or two texts are wanted"},
        {"{{ range .Name }}{{ end }}", ERR_SYNTAX, "range: a list, groups or a number are wanted"},
        {"{{ range $i, $e := 3 }}{{ end }}", ERR_SYNTAX, "range: a number has no keys"},
        {"{{ range 2 }}{{ .x }}{{ end }}", ERR_SYNTAX, "there is no field .x"},
        {"{{ range 99999 }}{{ end }}", ERR_RANGE, "the template takes more than 20000 steps"},
        {"{{ printf \"%9999d\" 1 }}", ERR_RANGE, "printf: a width is more than 4096"},
        {"{{ printf \"%4000d%4000d\" 1 2 }}", ERR_RANGE, "print, printf: the text is too long"},
        {"{{ printf \"%f\" 1 }}", ERR_SYNTAX, "printf: headns has no %f"},
        {"{{ printf 1 }}", ERR_SYNTAX, "printf: a text is wanted first"},
        {"{{ .Meta 1 }}", ERR_SYNTAX, "Meta: a label is wanted"},
        {"{{ . }}", ERR_SYNTAX, "headns can't print the whole of it: name a field"},
        {"{{ parseInt \"\" 10 8 }}", ERR_SYNTAX, "parseInt: nothing is no number"},
        {"{{ parseInt (.Meta \"x\") 10 8 }}", ERR_SYNTAX, "parseInt: nothing is no number"},
        {"{{ parseInt \"-1\" 10 8 }}", ERR_SYNTAX, "parseInt: \"-1\" is no number in base 10"},
        {"{{ parseInt .Group.first 10 8 }}", ERR_SYNTAX, "parseInt: \"0a\" is no number in base 10"},
        {"{{ parseInt \"8\" 8 8 }}", ERR_SYNTAX, "parseInt: \"8\" is no number in base 8"},
        {"{{ parseInt \"256\" 10 8 }}", ERR_RANGE, "parseInt: \"256\" has more than 8 bits"},
        {"{{ parseInt \"2\" 10 1 }}", ERR_RANGE, "parseInt: \"2\" has more than 1 bits"},
        {"{{ parseInt \"18446744073709551616\" 10 0 }}", ERR_RANGE, "parseInt: \"18446744073709551616\" has more than 64 bits"},
        {"{{ parseInt .Name 1 8 }}", ERR_RANGE, "parseInt: there is no such base, or no number of so many bits"},
        {"{{ parseInt .Name 16 65 }}", ERR_RANGE, "parseInt: there is no such base, or no number of so many bits"},
        {"{{ parseInt .Group.none 36 64 }}", ERR_SYNTAX, "parseInt: a text, a base and a number of bits are wanted"},
        {"{{ parseInt .Question.Qtype 16 8 }}", ERR_SYNTAX, "parseInt: a text, a base and a number of bits are wanted"},
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
		err = template_text_new("a {{.Group.x}} b {{parseInt (index .Group \"y\") 16 8}} {{\"c\"}} {{if eq .Name `x` | not}}{{$x "
		                        ":= 1}}{{else}}d{{end}} e{{/* f */}} g",
		                        &t, &d);
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, hit ? ERR_NOMEM : OK);
		assert_int_equal(t.program == NULL, hit);
		template_text_clear(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_good),      cmocka_unit_test(test_constant), cmocka_unit_test(test_without_a_regexp),
	        cmocka_unit_test(test_refused),   cmocka_unit_test(test_too_many), cmocka_unit_test(test_failing),
	        cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
