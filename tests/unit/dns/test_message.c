#include "dns/message.h"
#include "packet.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(table) (sizeof(table) / sizeof *(table))

#define QUESTION "Web-0.nginx. 0001 0001 "
#define OPT      "00 0029 04d0 00000000 0000 "
#define COOKIE   "000a 0008 6162636465666768 "
#define RECORD   "web-0.nginx. 0001 0001 00000005 0004 0a000001 "

#define OPT_LEN 11 /* octets of OPT */

#define OCTETS_16 "61616161616161616161616161616161 "

#define FORMERR_ECHO "1234 8001 0001 0000 0000 0000 " QUESTION

/* What came of a request, as "id flags question edns": "-" for no question or no EDNS. */
static const struct {
	const char *what, *ask;
	enum request_verdict verdict;
	const char *parsed;
	const char *reply; /* of response_error, with the rcode that belongs to the verdict; NULL: none is asked for */
} requests[] = {
        {"plain query", "1234 0100 0001 0000 0000 0000 " QUESTION, REQUEST_OK, "1234 0100 web-0.nginx. 1 1 -", NULL},
        {"query for the root", "1234 0000 0001 0000 0000 0000 00 0002 0001", REQUEST_OK, "1234 0000 . 2 1 -", NULL},
        {"class and type are not judged here", "1234 0000 0001 0000 0000 0000 a. ffff 0003", REQUEST_OK, "1234 0000 a. 65535 3 -", NULL},
        {"reserved bit, AD and CD are no error", "1234 0170 0001 0000 0000 0000 " QUESTION, REQUEST_OK, "1234 0170 web-0.nginx. 1 1 -",
         NULL},
        {"EDNS", "1234 0100 0001 0000 0000 0001 " QUESTION OPT, REQUEST_OK, "1234 0100 web-0.nginx. 1 1 1232 0 -", NULL},
        {"EDNS with DO", "1234 0100 0001 0000 0000 0001 " QUESTION "00 0029 1000 00008000 0000", REQUEST_OK,
         "1234 0100 web-0.nginx. 1 1 4096 0 do", NULL},
        {"size below 512 is 512", "1234 0100 0001 0000 0000 0001 " QUESTION "00 0029 01ff 00000000 0000", REQUEST_OK,
         "1234 0100 web-0.nginx. 1 1 512 0 -", NULL},
        {"unknown flags and extended rcode", "1234 0100 0001 0000 0000 0001 " QUESTION "00 0029 0200 ff007fff 0000", REQUEST_OK,
         "1234 0100 web-0.nginx. 1 1 512 0 -", NULL},
        {"options are passed over", "1234 0100 0001 0000 0000 0001 " QUESTION "00 0029 04d0 00000000 0010 " COOKIE "ffff 0000", REQUEST_OK,
         "1234 0100 web-0.nginx. 1 1 1232 0 -", NULL},
        {"OPT between other records", "1234 0100 0001 0000 0000 0003 " QUESTION RECORD OPT "c00c 0001 0001 00000000 0000", REQUEST_OK,
         "1234 0100 web-0.nginx. 1 1 1232 0 -", NULL},
        {"IXFR with its SOA", "1234 0000 0001 0000 0001 0000 a. 00fb 0001 c00c 0006 0001 00000000 0000", REQUEST_OK, "1234 0000 a. 251 1 -",
         NULL},

        {"response", "1234 8100 0001 0000 0000 0000 " QUESTION, REQUEST_SILENCE, "1234 8100 - -", NULL},
        {"response of another opcode", "1234 a800 0000 0000 0000 0000", REQUEST_SILENCE, "1234 a800 - -", NULL},
        {"short header", "1234 0100 0001 0000 0000 00", REQUEST_SILENCE, "0000 0000 - -", NULL},
        {"nothing", "", REQUEST_SILENCE, "0000 0000 - -", NULL},

        {"no question", "1234 0100 0000 0000 0000 0000", REQUEST_FORMERR, "1234 0100 - -", "1234 8101 0000 0000 0000 0000"},
        {"no question, but a cookie", "1234 0100 0000 0000 0000 0001 00 0029 04d0 00000000 000c " COOKIE, REQUEST_FORMERR,
         "1234 0100 - 1232 0 -", "1234 8101 0000 0000 0000 0001 " OPT},
        {"two questions", "1234 0000 0002 0000 0000 0000 " QUESTION QUESTION, REQUEST_FORMERR, "1234 0000 - -",
         "1234 8001 0000 0000 0000 0000"},
        {"two questions with EDNS", "1234 0000 0002 0000 0000 0001 " QUESTION QUESTION OPT, REQUEST_FORMERR, "1234 0000 - 1232 0 -",
         "1234 8001 0000 0000 0000 0001 " OPT},
        {"compressed qname with EDNS", "1234 0000 0001 0000 0000 0001 0161 c000 0001 0001" OPT, REQUEST_FORMERR, "1234 0000 - 1232 0 -",
         "1234 8001 0000 0000 0000 0001 " OPT},
        {"qname of more than 255 octets with EDNS",
         "1234 0000 0001 0000 0000 0001 20" OCTETS_16 OCTETS_16 "20" OCTETS_16 OCTETS_16 "20" OCTETS_16 OCTETS_16 "20" OCTETS_16 OCTETS_16
         "20" OCTETS_16 OCTETS_16 "20" OCTETS_16 OCTETS_16 "20" OCTETS_16 OCTETS_16 "20" OCTETS_16 OCTETS_16 "00 0001 0001" OPT,
         REQUEST_FORMERR, "1234 0000 - 1232 0 -", "1234 8001 0000 0000 0000 0001 " OPT},
        {"label of 64, behind which nothing can be told apart", "1234 0000 0001 0000 0000 0001 40 a. 0001 0001" OPT, REQUEST_FORMERR,
         "1234 0000 - -", "1234 8001 0000 0000 0000 0000"},
        {"answer in a query with EDNS", "1234 0000 0001 0001 0000 0001 " QUESTION RECORD OPT, REQUEST_FORMERR,
         "1234 0000 web-0.nginx. 1 1 1232 0 -", "1234 8001 0001 0000 0000 0001 " QUESTION OPT},
        {"octets after EDNS", "1234 0000 0001 0000 0000 0001 " QUESTION OPT "00", REQUEST_FORMERR, "1234 0000 web-0.nginx. 1 1 1232 0 -",
         "1234 8001 0001 0000 0000 0001 " QUESTION OPT},
        {"a cut record before EDNS", "1234 0000 0001 0000 0000 0002 " QUESTION "00 0001 0001 00000000 ffff " OPT, REQUEST_FORMERR,
         "1234 0000 web-0.nginx. 1 1 -", FORMERR_ECHO},
        {"EDNS longer than the message", "1234 0000 0001 0000 0000 0001 " QUESTION "00 0029 04d0 00000000 0004 ", REQUEST_FORMERR,
         "1234 0000 web-0.nginx. 1 1 1232 0 -", "1234 8001 0001 0000 0000 0001 " QUESTION OPT},
        {"compressed qname", "1234 0000 0001 0000 0000 0000 0161 c000 0001 0001", REQUEST_FORMERR, "1234 0000 - -",
         "1234 8001 0000 0000 0000 0000"},
        {"label of 64", "1234 0000 0001 0000 0000 0000 40 a. 0001 0001", REQUEST_FORMERR, "1234 0000 - -", "1234 8001 0000 0000 0000 0000"},
        {"octets after the question", "1234 0000 0001 0000 0000 0000 " QUESTION "00", REQUEST_FORMERR, "1234 0000 web-0.nginx. 1 1 -",
         FORMERR_ECHO},
        {"answer in a query", "1234 0000 0001 0001 0000 0000 " QUESTION RECORD, REQUEST_FORMERR, "1234 0000 web-0.nginx. 1 1 -",
         FORMERR_ECHO},
        {"answer in IXFR", "1234 0000 0001 0001 0000 0000 a. 00fb 0001 " RECORD, REQUEST_FORMERR, "1234 0000 a. 251 1 -",
         "1234 8001 0001 0000 0000 0000 a. 00fb 0001"},
        {"authority in a query", "1234 0000 0001 0000 0001 0000 " QUESTION RECORD, REQUEST_FORMERR, "1234 0000 web-0.nginx. 1 1 -",
         FORMERR_ECHO},
        {"authority in a query with EDNS", "1234 0000 0001 0000 0001 0001 " QUESTION RECORD OPT, REQUEST_FORMERR,
         "1234 0000 web-0.nginx. 1 1 1232 0 -", "1234 8001 0001 0000 0000 0001 " QUESTION OPT},
        {"OPT in authority is not EDNS", "1234 0000 0001 0000 0001 0000 " QUESTION OPT, REQUEST_FORMERR, "1234 0000 web-0.nginx. 1 1 -",
         FORMERR_ECHO},
        {"count of a record that is not there", "1234 0000 0001 0000 0000 0002 " QUESTION OPT, REQUEST_FORMERR,
         "1234 0000 web-0.nginx. 1 1 1232 0 -", "1234 8001 0001 0000 0000 0001 " QUESTION OPT},
        {"two OPTs", "1234 0000 0001 0000 0000 0002 " QUESTION OPT OPT, REQUEST_FORMERR, "1234 0000 web-0.nginx. 1 1 1232 0 -",
         "1234 8001 0001 0000 0000 0001 " QUESTION OPT},
        {"OPT not at the root", "1234 0000 0001 0000 0000 0001 " QUESTION "a. 0029 04d0 00000000 0000", REQUEST_FORMERR,
         "1234 0000 web-0.nginx. 1 1 1232 0 -", "1234 8001 0001 0000 0000 0001 " QUESTION OPT},
        {"OPT at a pointer to the root", "1234 0000 0001 0000 0000 0001 " QUESTION "c018 0029 04d0 00000000 0000", REQUEST_FORMERR,
         "1234 0000 web-0.nginx. 1 1 1232 0 -", "1234 8001 0001 0000 0000 0001 " QUESTION OPT},
        {"option with a cut header", "1234 0000 0001 0000 0000 0001 " QUESTION "00 0029 04d0 00008000 0003 000a00", REQUEST_FORMERR,
         "1234 0000 web-0.nginx. 1 1 1232 0 do", "1234 8001 0001 0000 0000 0001 " QUESTION "00 0029 04d0 00008000 0000"},
        {"option longer than OPT", "1234 0000 0001 0000 0000 0001 " QUESTION "00 0029 04d0 00000000 0006 000a 0003 6162", REQUEST_FORMERR,
         "1234 0000 web-0.nginx. 1 1 1232 0 -", "1234 8001 0001 0000 0000 0001 " QUESTION OPT},
        {"label of 64 in an owner",
         "1234 0000 0001 0000 0000 0001 " QUESTION "40 " OCTETS_16 OCTETS_16 OCTETS_16 OCTETS_16 "00 0001 0001 00000000 0000",
         REQUEST_FORMERR, "1234 0000 web-0.nginx. 1 1 -", FORMERR_ECHO},

        {"EDNS version 1", "1234 0100 0001 0000 0000 0001 " QUESTION "00 0029 04d0 00018000 0000", REQUEST_BADVERS,
         "1234 0100 web-0.nginx. 1 1 1232 1 do", "1234 8100 0001 0000 0000 0001 " QUESTION "00 0029 04d0 01008000 0000"},
        {"options of a later version are not ours to judge", "1234 0100 0001 0000 0000 0001 " QUESTION "00 0029 0000 00ff0000 0001 61",
         REQUEST_BADVERS, "1234 0100 web-0.nginx. 1 1 512 255 -", "1234 8100 0001 0000 0000 0001 " QUESTION "00 0029 04d0 01000000 0000"},
        {"version 1 in a malformed message", "1234 0000 0001 0000 0000 0001 " QUESTION "00 0029 04d0 00010000 0000 61", REQUEST_FORMERR,
         "1234 0000 web-0.nginx. 1 1 1232 1 -", "1234 8001 0001 0000 0000 0001 " QUESTION OPT},

        {"NOTIFY", "1234 2400 0001 0000 0000 0000 " QUESTION, REQUEST_NOTIFY, "1234 2400 web-0.nginx. 1 1 -",
         "1234 a004 0001 0000 0000 0000 " QUESTION},
        {"NOTIFY with the new SOA and EDNS",
         "1234 2400 0001 0001 0000 0001 a. 0006 0001 c00c 0006 0001 00000000 0016 0000 0000000100000002000000030000000400000005 " OPT,
         REQUEST_NOTIFY, "1234 2400 a. 6 1 1232 0 -", "1234 a004 0001 0000 0000 0001 a. 0006 0001 " OPT},
        {"NOTIFY without a question", "1234 2400 0000 0000 0000 0000", REQUEST_NOTIMP, "1234 2400 - -", "1234 a004 0000 0000 0000 0000"},
        {"NOTIFY with authority", "1234 2400 0001 0000 0001 0000 " QUESTION RECORD, REQUEST_NOTIMP, "1234 2400 web-0.nginx. 1 1 -",
         "1234 a004 0001 0000 0000 0000 " QUESTION},
        {"NOTIFY and octets after it", "1234 2400 0001 0000 0000 0000 " QUESTION "00", REQUEST_NOTIMP, "1234 2400 web-0.nginx. 1 1 -",
         "1234 a004 0001 0000 0000 0000 " QUESTION},
        {"NOTIFY with a higher version", "1234 2400 0001 0000 0000 0001 " QUESTION "00 0029 04d0 00010000 0000", REQUEST_NOTIMP,
         "1234 2400 web-0.nginx. 1 1 1232 1 -", "1234 a004 0001 0000 0000 0001 " QUESTION OPT},
        {"UPDATE with records and EDNS", "1234 2800 0001 0001 0001 0001 " QUESTION RECORD RECORD OPT, REQUEST_NOTIMP,
         "1234 2800 web-0.nginx. 1 1 1232 0 -", "1234 a804 0001 0000 0000 0001 " QUESTION OPT},
        {"opcode 15 without a question", "1234 7900 0000 0000 0000 0000", REQUEST_NOTIMP, "1234 7900 - -", "1234 f904 0000 0000 0000 0000"},
        {"opcode 2 and nonsense", "1234 1130 0001 ffff ffff ffff ff", REQUEST_NOTIMP, "1234 1130 - -", "1234 9104 0000 0000 0000 0000"},
        {"opcode 2 with a higher version", "1234 1000 0001 0000 0000 0001 " QUESTION "00 0029 04d0 00010000 0000", REQUEST_NOTIMP,
         "1234 1000 web-0.nginx. 1 1 1232 1 -", "1234 9004 0001 0000 0000 0001 " QUESTION OPT},
};

static void describe(const struct request *r, char *text, size_t size)
{
	char question[NAME_TEXT_MAX + 16] = "-", edns[32] = "-";
	if (r->has_question) {
		size_t len = name_to_text(&r->qname, question);
		snprintf(question + len, sizeof question - len, " %u %u", r->qtype, r->qclass);
	}
	if (r->edns)
		snprintf(edns, sizeof edns, "%u %u %s", r->edns_udp_size, r->edns_version, r->edns_do ? "do" : "-");
	snprintf(text, size, "%04x %04x %s %s", r->id, r->flags, question, edns);
}

static enum dns_rcode rcode_of(enum request_verdict verdict)
{
	switch (verdict) {
	case REQUEST_OK:
	case REQUEST_SILENCE:
		break;
	case REQUEST_FORMERR:
		return DNS_FORMERR;
	case REQUEST_NOTIMP:
	case REQUEST_NOTIFY:
		return DNS_NOTIMP;
	case REQUEST_BADVERS:
		return DNS_BADVERS;
	}
	return DNS_NOERROR;
}

static void test_request_parse(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(requests); i++) {
		struct request r;
		char text[1200];
		size_t len;
		uint8_t *bytes = packet_from_text(requests[i].ask, &len), reply[512];
		enum request_verdict verdict = request_parse(&r, bytes, len);
		describe(&r, text, sizeof text);
		if (verdict != requests[i].verdict || strcmp(text, requests[i].parsed) != 0)
			fail_msg("%s: verdict %d, %s", requests[i].what, (int)verdict, text);
		if (requests[i].reply) {
			size_t reply_len = response_error(reply, sizeof reply, &r, rcode_of(verdict), NULL);
			packet_assert_equal(requests[i].what, reply, reply_len, requests[i].reply);
		}
		free(bytes);
	}
}

/* Every beginning of a valid message, and the message with an octet more. */
static void test_request_cut(void **state)
{
	size_t full, question = DNS_HEADER_LEN + 17, options = 12;
	uint8_t *all = packet_from_text("1234 0100 0001 0000 0000 0002 " QUESTION RECORD "00 0029 04d0 00000000 000c " COOKIE, &full);
	(void)state;
	for (size_t len = 0; len <= full; len++) {
		uint8_t *bytes = malloc(len + 1), reply[512];
		struct request r;
		assert_non_null(bytes);
		memcpy(bytes, all, len);
		bytes = realloc(bytes, len ? len : 1); /* the sanitizer guards the very end */
		assert_non_null(bytes);
		enum request_verdict want = len < DNS_HEADER_LEN ? REQUEST_SILENCE : len < full ? REQUEST_FORMERR : REQUEST_OK;
		assert_int_equal(request_parse(&r, bytes, len), want);
		assert_int_equal(r.has_question, len >= question);
		assert_int_equal(r.edns, len >= full - options);
		if (want == REQUEST_FORMERR)
			assert_int_equal(response_error(reply, sizeof reply, &r, DNS_FORMERR, NULL),
			                 (len < question ? DNS_HEADER_LEN : question) + (r.edns ? OPT_LEN : 0));
		free(bytes);
	}
	free(all);
}

static void test_request_longest_qname(void **state)
{
	uint8_t bytes[DNS_HEADER_LEN + NAME_WIRE_MAX + 1 + 4 + 11] = {0x12, 0x34, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1}, reply[512];
	struct wire_writer w = {.bytes = bytes, .len = DNS_HEADER_LEN, .limit = sizeof bytes};
	struct request r;
	(void)state;
	for (int i = 0; i < 127; i++)
		wire_put_bytes(&w, "\1A", 2);
	wire_put_bytes(&w,
	               "\0\0\1\0\1"
	               "\0\0\51\377\377\0\0\0\0\0\0",
	               16);
	assert_int_equal(request_parse(&r, bytes, w.len), REQUEST_OK);
	assert_int_equal(r.qname.labels, NAME_LABELS_MAX);
	assert_int_equal(r.question_len, NAME_WIRE_MAX + 4);
	size_t len = response_error(reply, sizeof reply, &r, DNS_REFUSED, NULL);
	assert_int_equal(len, w.len);
	assert_memory_equal(reply + DNS_HEADER_LEN, bytes + DNS_HEADER_LEN, r.question_len);

	w.len = DNS_HEADER_LEN + 252;
	wire_put_bytes(&w, "\2AA", 3); /* one octet more than a name may have */
	wire_put_bytes(&w,
	               "\0\0\1\0\1"
	               "\0\0\51\377\377\0\0\0\0\0\0",
	               16);
	assert_false(w.overflow);
	assert_int_equal(request_parse(&r, bytes, w.len), REQUEST_FORMERR);
	assert_false(r.has_question);
}

static void parse_ok(struct request *r, const uint8_t *bytes, size_t len)
{
	assert_int_equal(request_parse(r, bytes, len), REQUEST_OK);
}

static void test_response(void **state)
{
	size_t len;
	uint8_t *ask = packet_from_text("1234 0170 0001 0000 0000 0001 " QUESTION OPT, &len), out[512];
	struct wire_writer w = {.bytes = out, .limit = sizeof out};
	struct request r;
	(void)state;
	parse_ok(&r, ask, len);
	response_begin(&w, &r, DNS_AA, DNS_NXDOMAIN);
	packet_assert_equal("begun", out, w.len, "1234 8503 0001 0000 0000 0000 " QUESTION);
	wire_put_u16(&w, 0xc00c);
	response_set_flags(&w, DNS_TC | DNS_RA, DNS_AA);
	response_set_rcode(&w, DNS_NOERROR);
	response_end(&w, &r, DNS_NOERROR, 1, 2, 3, NULL);
	packet_assert_equal("ended", out, w.len, "1234 8380 0001 0001 0002 0004 " QUESTION "c00c " OPT);
	response_set_rcode(&w, DNS_BADVERS);
	packet_assert_equal("rcode over 4 bits", out, DNS_HEADER_LEN, "1234 8380 0001 0001 0002 0004");
	response_set_rcode(&w, DNS_SERVFAIL);
	packet_assert_equal("rcode", out, DNS_HEADER_LEN, "1234 8382 0001 0001 0002 0004");
	free(ask);
}

static void test_response_without_edns(void **state)
{
	size_t len;
	uint8_t *ask = packet_from_text("1234 0000 0001 0000 0000 0000 " QUESTION, &len), out[512];
	struct wire_writer w = {.bytes = out, .limit = sizeof out};
	struct request r;
	(void)state;
	parse_ok(&r, ask, len);
	response_begin(&w, &r, 0, DNS_NOERROR);
	assert_int_equal(w.limit, sizeof out);
	response_end(&w, &r, DNS_NOERROR, 0xfffe, 0, 0xffff, NULL);
	packet_assert_equal("ended", out, w.len, "1234 8000 0001 fffe 0000 ffff " QUESTION);
	free(ask);
}

/* However many records are put, the OPT record has its room. */
static void test_response_keeps_room_for_opt(void **state)
{
	size_t len;
	uint8_t *ask = packet_from_text("1234 0000 0001 0000 0000 0001 " QUESTION OPT, &len), out[DNS_UDP_SIZE_MIN + 1] = {0};
	struct wire_writer w = {.bytes = out, .limit = DNS_UDP_SIZE_MIN};
	struct request r;
	(void)state;
	parse_ok(&r, ask, len);
	response_begin(&w, &r, 0, DNS_NOERROR);
	while (!w.overflow)
		wire_put_bytes(&w, "\xee", 1);
	w.overflow = false;
	response_end(&w, &r, DNS_NOERROR, 0, 0, 0, NULL);
	assert_false(w.overflow);
	assert_int_equal(w.len, DNS_UDP_SIZE_MIN);
	packet_assert_equal("OPT", out + DNS_UDP_SIZE_MIN - 11, 11, OPT);
	assert_int_equal(out[DNS_UDP_SIZE_MIN], 0);
	free(ask);
}

static const struct ede not_ready = EDE_SAYING(DNS_EDE_NOT_READY, "hi");

static void test_extended_error(void **state)
{
	size_t len;
	uint8_t *ask = packet_from_text("1234 0000 0001 0000 0000 0001 " QUESTION OPT, &len), out[512];
	struct request r;
	(void)state;
	parse_ok(&r, ask, len);
	len = response_error(out, sizeof out, &r, DNS_SERVFAIL, &not_ready);
	packet_assert_equal("with EDNS", out, len,
	                    "1234 8002 0001 0000 0000 0001 " QUESTION "00 0029 04d0 0000 0000 0008 000f 0004 000e 6869");
	free(ask);
	ask = packet_from_text("1234 0000 0001 0000 0000 0000 " QUESTION, &len);
	parse_ok(&r, ask, len);
	len = response_error(out, sizeof out, &r, DNS_SERVFAIL, &not_ready);
	packet_assert_equal("without EDNS", out, len, "1234 8002 0001 0000 0000 0000 " QUESTION);
	free(ask);
}

/* It takes no room from records, and goes along only where it fits to its last octet. */
static void test_extended_error_without_room(void **state)
{
	size_t len;
	uint8_t *ask = packet_from_text("1234 0000 0001 0000 0000 0001 " QUESTION OPT, &len), out[DNS_UDP_SIZE_MIN];
	struct request r;
	(void)state;
	parse_ok(&r, ask, len);
	for (size_t left = 0; left < 10; left++) {
		struct wire_writer w = {.bytes = out, .limit = DNS_UDP_SIZE_MIN};
		response_begin(&w, &r, 0, DNS_NOERROR);
		memset(out + w.len, 0xee, w.limit - left - w.len);
		w.len = w.limit - left;
		response_end(&w, &r, DNS_NOERROR, 0, 0, 0, &not_ready);
		assert_int_equal(w.len, DNS_UDP_SIZE_MIN - left + (left < 8 ? 0 : 8));
	}
	free(ask);
}

static void test_error_needs_room(void **state)
{
	size_t len;
	uint8_t *ask = packet_from_text("1234 0000 0001 0000 0000 0000 " QUESTION, &len), out[DNS_UDP_SIZE_MIN] = {0};
	struct request r;
	(void)state;
	parse_ok(&r, ask, len);
	assert_int_equal(response_error(out, DNS_UDP_SIZE_MIN - 1, &r, DNS_REFUSED, NULL), 0);
	assert_int_equal(out[0], 0);
	assert_int_equal(response_error(out, DNS_UDP_SIZE_MIN, &r, DNS_REFUSED, NULL), len);
	free(ask);
}

/* Options are found where they stand; none are in what is cut, or of a version that we don't know. */
static const struct {
	const char *what, *ask;
	unsigned options, nsid; /* how many, and octets of NSID plus one */
} with_options[] = {
        {"no EDNS", "1234 0100 0001 0000 0000 0000 " QUESTION, 0, 0},
        {"no options", "1234 0100 0001 0000 0000 0001 " QUESTION OPT, 0, 0},
        {"cookie and NSID", "1234 0100 0001 0000 0000 0001 " QUESTION "00 0029 04d0 00000000 0010 " COOKIE "0003 0000 ", 2, 1},
        {"in a NOTIFY", "1234 2400 0001 0000 0000 0001 " QUESTION "00 0029 04d0 00000000 0005 0003 0001 61", 1, 2},
        {"cut", "1234 0100 0001 0000 0000 0001 " QUESTION "00 0029 04d0 00000000 0010 " COOKIE, 0, 0},
        {"version 1", "1234 0100 0001 0000 0000 0001 " QUESTION "00 0029 04d0 00010000 000c " COOKIE, 0, 0},
};

static void test_request_options(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(with_options); i++) {
		struct request r;
		struct edns_option option;
		unsigned n = 0;
		size_t len;
		uint8_t *bytes = packet_from_text(with_options[i].ask, &len);
		request_parse(&r, bytes, len);
		for (struct edns_options left = request_options(&r); edns_next(&left, &option);)
			n++;
		unsigned nsid = edns_find(request_options(&r), EDNS_NSID, &option) ? option.len + 1u : 0;
		if (n != with_options[i].options || nsid != with_options[i].nsid)
			fail_msg("%s: %u options, NSID %u", with_options[i].what, n, nsid);
		free(bytes);
	}
}

/* Questions that we ask, each also with every room that is too small. */
static const struct {
	const char *what;
	struct outgoing out;
	const char *want;
} outgoing[] = {
        {"plain", {.id = 0x1234, .flags = DNS_RD, .qtype = 1, .qclass = 1}, "1234 0100 0001 0000 0000 0000 " QUESTION},
        {"AD and CD, EDNS",
         {.id = 0xffff, .flags = DNS_AD | DNS_CD, .qtype = 1, .qclass = 1, .edns = true, .edns_udp_size = 1232},
         "ffff 0030 0001 0000 0000 0001 " QUESTION OPT},
        {"DO",
         {.qtype = 28, .qclass = 3, .edns = true, .edns_do = true, .edns_udp_size = 4096},
         "0000 0000 0001 0000 0000 0001 Web-0.nginx. 001c 0003 00 0029 1000 00008000 0000"},
};

static void test_request_write(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(outgoing); i++) {
		struct outgoing out = outgoing[i].out;
		size_t full;
		uint8_t *want = packet_from_text(outgoing[i].want, &full);
		out.qname = (const uint8_t *)"\5Web-0\5nginx";
		out.qname_len = 13;
		for (size_t cap = 0; cap <= full; cap++) {
			uint8_t *bytes = malloc(cap + 1);
			assert_non_null(bytes);
			size_t len = request_write(bytes, cap, &out);
			assert_int_equal(len, cap < full ? 0 : full);
			if (len)
				packet_assert_equal(outgoing[i].what, bytes, len, outgoing[i].want);
			free(bytes);
		}
		free(want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_request_options),
	        cmocka_unit_test(test_request_write),
	        cmocka_unit_test(test_request_parse),
	        cmocka_unit_test(test_request_cut),
	        cmocka_unit_test(test_request_longest_qname),
	        cmocka_unit_test(test_response),
	        cmocka_unit_test(test_response_without_edns),
	        cmocka_unit_test(test_response_keeps_room_for_opt),
	        cmocka_unit_test(test_error_needs_room),
	        cmocka_unit_test(test_extended_error),
	        cmocka_unit_test(test_extended_error_without_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
