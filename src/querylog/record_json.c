#include "record_json.h"
#include "base/json_line.h"
#include "dns/type.h"
#include "line_format.h"
#include "zone/absence.h"

#define NS_PER_S INT64_C(1000000000)

static void put_question(struct json_line *j, const struct query_record *r)
{
	char name[NAME_TEXT_MAX], type[TYPE_TEXT_MAX], class[CLASS_TEXT_MAX];
	line_name(r, name);
	type_to_text(r->type, type);
	json_line_text(j, "qname", name);
	json_line_text(j, "qtype", type);
	json_line_text(j, "qclass", line_class(r->class, class));
}

static void put_client(struct json_line *j, const struct query_record *r)
{
	char address[ADDR_TEXT_MAX];
	addr_format(&r->client, address);
	json_line_text(j, "client_ip", address);
	json_line_number(j, "client_port", r->client_port);
}

static void put_response(struct json_line *j, const struct query_record *r)
{
	char rcode[RCODE_TEXT_MAX], seconds[SECONDS_TEXT_MAX];
	json_line_text(j, "rcode", line_rcode(r, rcode));
	json_line_number(j, "response_size", r->response_len);
	json_line_raw(j, "duration_seconds", line_seconds(r->duration_ns, seconds));
	if (r->absence != ABSENCE_NONE)
		json_line_text(j, "reason", absence_ede((enum absence)r->absence)->text);
}

size_t record_json_write(const struct query_record *r, const char *text, size_t text_len, char *out, size_t cap)
{
	const struct timespec when = {.tv_sec = r->when_ns / NS_PER_S, .tv_nsec = r->when_ns % NS_PER_S};
	struct json_line j;
	json_line_begin(&j, out, cap, &when, "INFO", text, text_len);
	json_line_text(&j, "plugin", "log");
	put_client(&j, r);
	put_question(&j, r);
	json_line_text(&j, "protocol", r->tcp ? "tcp" : "udp");
	json_line_number(&j, "id", r->id);
	json_line_number(&j, "opcode", r->opcode);
	json_line_number(&j, "request_size", r->request_len);
	json_line_bool(&j, "dnssec_ok", r->edns_do);
	json_line_number(&j, "bufsize", r->bufsize);
	put_response(&j, r);
	return json_line_end(&j);
}
