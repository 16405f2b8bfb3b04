/* ask.h - a question for one step of a Corefile, and its answer as a text. */
#pragma once
#include "config/corefile.h"
#include "dns/response.h"
#include "kinds.h"
#include "plan.h"
#include "unit.h"
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define ANSWER_TEXT_MAX 4096

struct asked {
	struct corefile corefile;
	struct exchange x;
	union net_peer peer;
	uint8_t bytes[512], reply[65535];
};

static const struct plan nobodys; /* errors are neither explained nor logged */

static inline void asked_begin(struct asked *a, const char *lines)
{
	const struct corefile_options options = {.port = 53, .no_imports = true};
	struct diag d;
	char text[1024];
	memset(a, 0, sizeof *a);
	snprintf(text, sizeof text, ". {\n%s\n}\n", lines);
	if (corefile_parse(text, strlen(text), "f", &options, &a->corefile, &d))
		fail_msg("%s", d.text);
	a->x.peer = &a->peer;
	a->x.plan = &nobodys;
}

static inline void asked_end(struct asked *a)
{
	corefile_free(&a->corefile);
}

static inline void asked_from(struct asked *a, const char *address)
{
	if (strchr(address, ':')) {
		a->peer.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(4242)};
		assert_int_equal(inet_pton(AF_INET6, address, &a->peer.v6.sin6_addr), 1);
	} else {
		a->peer.v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(4242)};
		assert_int_equal(inet_pton(AF_INET, address, &a->peer.v4.sin_addr), 1);
	}
}

static inline void asked_for(struct asked *a, const char *name, uint16_t type, uint16_t class)
{
	struct wire_writer w = {.bytes = a->bytes, .limit = sizeof a->bytes};
	struct name n;
	assert_int_equal(name_from_text(&n, name, strlen(name)), OK);
	wire_put_u32(&w, 0x12340100);
	wire_put_u16(&w, 1);
	wire_put_u32(&w, 0);
	wire_put_u16(&w, 0);
	wire_put_name(&w, &n);
	wire_put_u16(&w, type);
	wire_put_u16(&w, class);
	query_begin(&a->x.query, QUERY_UDP, a->bytes, w.len);
	assert_int_equal(a->x.query.verdict, REQUEST_OK);
	a->x.reply = a->reply;
	a->x.reply_cap = 1232;
	a->x.reply_len = 0;
}

static inline char *asked_put_section(const struct response *r, enum dns_section section, char *text)
{
	struct response_cursor c = response_section(r, section);
	struct response_record record;
	while (response_next(r, &c, &record)) {
		struct name owner;
		char name[NAME_TEXT_MAX];
		response_owner(r, &record, &owner);
		name_to_text(&owner, name);
		text += sprintf(text, " %s %u %u/", name, record.type, record.ttl_s);
		for (unsigned i = 0; i < record.rdata_len; i++)
			text += sprintf(text, "%02x", r->bytes[record.rdata_at + i]);
	}
	return text;
}

/* "pass", "drop", or "RCODE[ aa][ ra][ rd][ tc]: OWNER TYPE TTL/RDATA... ; the same of authority" */
static inline void asked_text(const struct asked *a, enum step_verdict v, char *text)
{
	struct response r;
	if (v != STEP_ANSWER) {
		strcpy(text, v == STEP_PASS ? "pass" : "drop");
		return;
	}
	assert_int_equal(response_parse(&r, a->reply, a->x.reply_len), RESPONSE_OK);
	text += sprintf(text, "%u%s%s%s%s:", r.rcode, r.flags & DNS_AA ? " aa" : "", r.flags & DNS_RA ? " ra" : "",
	                r.flags & DNS_RD ? " rd" : "", r.flags & DNS_TC ? " tc" : "");
	text = asked_put_section(&r, DNS_ANSWER, text);
	text += sprintf(text, ";");
	asked_put_section(&r, DNS_AUTHORITY, text);
}
