#include "fail_alloc.h"
#include "line_format.h"
#include "record.h"
#include "record_json.h"
#include "unit.h"

static const char *line(const char *format, const struct query_record *r, char out[512])
{
	struct line_format *f = line_format_new(format);
	assert_non_null(f);
	out[line_format_write(f, r, out, 511)] = '\0';
	line_format_free(f);
	return out;
}

#define COMMON_LINE "10.0.0.7:4711 - 65535 \"A IN web-0.nginx. udp 40 true 1232\" NOERROR qr,aa,rd 56 0.00012345s"

/* As CoreDNS 1.15 takes formats apart. */
static const struct {
	const char *format, *want;
} formats[] = {
        {NULL, COMMON_LINE},
        {"{common}", COMMON_LINE},
        {"{combined}", COMMON_LINE " \"0\""},
        {"a {common} b {common}", "a " COMMON_LINE " b " COMMON_LINE},
        {"", ""},
        {"text", "text"},
        {"{type}{name}", "Aweb-0.nginx."},
        {"{local} {remote} {port}", "[::1] 10.0.0.7 4711"},
        {"{>opcode}/{>id}/{>do}/{>bufsize}/{>rflags}", "0/65535/true/1232/qr,aa,rd"},
        {"{>ID} {Type} {nope} {}", "{>ID} {Type} {nope} {}"},
        {"{/kubernetes/client-namespace} {/x} {/}", "- - -"},
        {"{ {type} }", "{ A }"},
        {"{{type}", "{A"},
        {"} {type} {", "} A {"},
        {"{type", "{type"},
        {"%s {proto} \\n", "%s udp \\n"},
};

static void test_formats(void **state)
{
	struct query_record r = record_example();
	char out[512];
	(void)state;
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		assert_string_equal(line(formats[i].format, &r, out), formats[i].want);
}

static void test_values(void **state)
{
	struct query_record r = record_example();
	char out[512];
	(void)state;
	r.tcp = true;
	r.edns_do = false;
	r.type = 65534;
	r.class = 3;
	r.opcode = 15;
	r.rcode = 16;
	r.flags = 0xffff;
	addr_parse("2001:db8::1", 11, &r.client);
	assert_string_equal(line("{proto} {type} {class} {>do} {>opcode} {remote}:{port} {>rflags}", &r, out),
	                    "tcp TYPE65534 CH false 15 [2001:db8::1]:4711 qr,aa,tc,rd,ra,z,ad,cd");
	r.class = 4000;
	r.rcode = 24;
	r.flags = 0;
	assert_string_equal(line("{class} {rcode} {>rflags}.", &r, out), "CLASS4000 24 .");
	r.replied = false;
	r.response_len = 0;
	assert_string_equal(line("{rcode} {>rflags} {rsize}", &r, out), "- - 0");
}

static void test_names_as_go_writes_them(void **state)
{
	static const uint8_t qname[] = "\14a .\\'\"@;()$\1\377";
	struct query_record r = record_example();
	char out[512];
	(void)state;
	r.qname_len = sizeof qname + 1;
	memcpy(r.qname, "\15", 1);
	memcpy(r.qname + 1, qname + 1, sizeof qname - 2);
	r.qname[14] = 0;
	r.qname_len = 15;
	assert_string_equal(line("{name}", &r, out), "a\\ \\.\\\\\\'\\\"\\@\\;\\(\\)$\\001\\255.");
	r.qname_len = 1;
	r.qname[0] = 0;
	assert_string_equal(line("{name}", &r, out), ".");
}

static void test_durations(void **state)
{
	static const struct {
		uint64_t ns;
		const char *want;
	} cases[] = {{0, "0"}, {1, "0.000000001"}, {120000000, "0.12"}, {1000000000, "1"}, {61000500000, "61.0005"}};
	char text[SECONDS_TEXT_MAX];
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(line_seconds(cases[i].ns, text), cases[i].want);
}

static void test_cut(void **state)
{
	struct query_record r = record_example();
	struct line_format *f = line_format_new(NULL);
	char out[200];
	(void)state;
	for (size_t cap = 0; cap < sizeof COMMON_LINE; cap++) {
		memset(out, '#', sizeof out);
		assert_int_equal(line_format_write(f, &r, out, cap), cap < sizeof COMMON_LINE - 1 ? cap : sizeof COMMON_LINE - 1);
		assert_memory_equal(out, COMMON_LINE, cap);
		assert_int_equal(out[cap], '#');
	}
	line_format_free(f);
}

static void test_json(void **state)
{
	struct query_record r = record_example();
	char out[1024];
	(void)state;
	out[record_json_write(&r, "a \"b\"", 5, out, sizeof out - 1)] = '\0';
	assert_string_equal(out,
	                    "{\"time\":\"2023-11-14T22:13:20.000000005Z\",\"level\":\"INFO\",\"msg\":\"a \\\"b\\\"\",\"plugin\":\"log\","
	                    "\"client_ip\":\"10.0.0.7\",\"client_port\":4711,\"qname\":\"web-0.nginx.\",\"qtype\":\"A\",\"qclass\":\"IN\","
	                    "\"protocol\":\"udp\",\"id\":65535,\"opcode\":0,"
	                    "\"request_size\":40,\"dnssec_ok\":true,\"bufsize\":1232,\"rcode\":\"NOERROR\",\"response_size\":56,"
	                    "\"duration_seconds\":0.00012345}\n");
	r.replied = false;
	r.absence = 1;
	out[record_json_write(&r, "", 0, out, sizeof out - 1)] = '\0';
	assert_non_null(strstr(out, "\"rcode\":null,\"response_size\":56,"));
	assert_non_null(strstr(out, ",\"reason\":\""));
}

static void test_allocations_fail_in_turn(void **state)
{
	bool hit = true;
	(void)state;
	for (unsigned n = 1; hit; n++) {
		struct line_format *f;
		fail_alloc_at(n);
		f = line_format_new("{combined} {common}");
		hit = fail_alloc_hit();
		fail_alloc_at(0);
		assert_true(hit == !f);
		line_format_free(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_formats),
	        cmocka_unit_test(test_values),
	        cmocka_unit_test(test_names_as_go_writes_them),
	        cmocka_unit_test(test_durations),
	        cmocka_unit_test(test_cut),
	        cmocka_unit_test(test_json),
	        cmocka_unit_test(test_allocations_fail_in_turn),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
