#include "describe.h"
#include <stdio.h>
#include <string.h>

static size_t put_edns(const struct response *r, char *text)
{
	struct edns_options left = r->options;
	struct edns_option o;
	char *to = text;
	if (!r->edns)
		return (size_t)sprintf(text, "-");
	to += sprintf(to, "%u %u %s", r->edns_udp_size, r->edns_version, r->edns_do ? "do" : "-");
	while (r->edns_version == 0 && edns_next(&left, &o))
		to += sprintf(to, " %u", o.code);
	return (size_t)(to - text);
}

/* Where the name in rdata of this type stands; -1: it has none, or is not described by it. */
static int name_in_rdata(uint16_t type)
{
	switch (type) {
	case DNS_TYPE_CNAME:
	case DNS_TYPE_DNAME:
	case DNS_TYPE_NS:
	case DNS_TYPE_PTR:
		return 0;
	case DNS_TYPE_MX:
		return 2;
	case DNS_TYPE_SRV:
		return 6;
	default:
		return -1;
	}
}

static size_t put_rdata(const struct response *r, const struct response_record *record, char *text)
{
	int at = name_in_rdata(record->type);
	struct name n;
	char *to = text;
	if (at >= 0) {
		response_rdata_name(r, record, (size_t)at, &n);
		return name_to_text(&n, text);
	}
	for (unsigned i = 0; i < record->rdata_len; i++)
		to += sprintf(to, "%02x", r->bytes[record->rdata_at + i]);
	return (size_t)(to - text);
}

void describe_response(const struct response *r, char *text)
{
	text += sprintf(text, "%04x %04x %u %u | ", r->id, r->flags, r->opcode, r->rcode);
	if (r->has_question) {
		text += name_to_text(&r->qname, text);
		text += sprintf(text, " %u %u", r->qtype, r->qclass);
	} else
		text += sprintf(text, "-");
	text += sprintf(text, " | ");
	text += put_edns(r, text);
	if (r->tsig_at)
		sprintf(text, " | %u\n", r->tsig_at);
	else
		strcpy(text, " | -\n");
}

static size_t put_record(const struct response *r, unsigned section, const struct response_record *record, char *text)
{
	struct name owner;
	char *to = text;
	response_owner(r, record, &owner);
	to += sprintf(to, "%u ", section);
	to += name_to_text(&owner, to);
	to += sprintf(to, " %u %u %u ", record->type, record->rclass, (unsigned)record->ttl_s);
	to += put_rdata(r, record, to);
	to += sprintf(to, "\n");
	return (size_t)(to - text);
}

void describe_records(const struct response *r, char *text)
{
	*text = '\0';
	for (unsigned s = 0; s < DNS_SECTIONS; s++) {
		struct response_cursor c = response_section(r, (enum dns_section)s);
		struct response_record record;
		while (response_next(r, &c, &record))
			text += put_record(r, s, &record, text);
	}
}
