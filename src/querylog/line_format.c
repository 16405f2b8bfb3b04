#include "line_format.h"
#include "base/buffer.h"
#include "dns/message.h"
#include "dns/type.h"
#include "server/tally.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMON   "{remote}:{port} - {>id} \"{type} {class} {name} {proto} {size} {>do} {>bufsize}\" {rcode} {>rflags} {rsize} {duration}"
#define COMBINED COMMON " \"{>opcode}\""

enum field {
	FIELD_TEXT,
	FIELD_NOTHING, /* a label of `metadata` */
	FIELD_TYPE,
	FIELD_NAME,
	FIELD_CLASS,
	FIELD_PROTO,
	FIELD_SIZE,
	FIELD_REMOTE,
	FIELD_PORT,
	FIELD_LOCAL,
	FIELD_ID,
	FIELD_OPCODE,
	FIELD_DO,
	FIELD_BUFSIZE,
	FIELD_RCODE,
	FIELD_RFLAGS,
	FIELD_RSIZE,
	FIELD_DURATION,
};

static const char *const names[] = {
        [FIELD_TYPE] = "{type}",   [FIELD_NAME] = "{name}",      [FIELD_CLASS] = "{class}", [FIELD_PROTO] = "{proto}",
        [FIELD_SIZE] = "{size}",   [FIELD_REMOTE] = "{remote}",  [FIELD_PORT] = "{port}",   [FIELD_LOCAL] = "{local}",
        [FIELD_ID] = "{>id}",      [FIELD_OPCODE] = "{>opcode}", [FIELD_DO] = "{>do}",      [FIELD_BUFSIZE] = "{>bufsize}",
        [FIELD_RCODE] = "{rcode}", [FIELD_RFLAGS] = "{>rflags}", [FIELD_RSIZE] = "{rsize}", [FIELD_DURATION] = "{duration}",
};
#define FIELDS (sizeof names / sizeof *names)

struct piece {
	enum field field;
	const char *text; /* FIELD_TEXT: in the format's own */
	size_t len;
};

struct line_format {
	char *said;     /* as it was given */
	char *expanded; /* with {common} and {combined} in full */
	struct piece *pieces;
	unsigned count;
};

/* --- taking apart --- */

/* Copies text with each `what` replaced. */
static char *replace(const char *text, const char *what, const char *by)
{
	struct buffer b = {0};
	const char *at;
	for (; (at = strstr(text, what)); text = at + strlen(what)) {
		buffer_append(&b, text, (size_t)(at - text));
		buffer_append_text(&b, by);
	}
	buffer_append_text(&b, text);
	return buffer_take_text(&b);
}

static char *expand(const char *text)
{
	char *common = replace(text, "{common}", COMMON), *all = common ? replace(common, "{combined}", COMBINED) : NULL;
	free(common);
	return all;
}

static enum field find_field(const char *text, size_t len)
{
	if (len > 2 && text[1] == '/')
		return FIELD_NOTHING;
	for (unsigned i = FIELD_TYPE; i < FIELDS; i++) {
		if (strlen(names[i]) == len && memcmp(names[i], text, len) == 0)
			return (enum field)i;
	}
	return FIELD_TEXT;
}

static void add(struct line_format *f, enum field field, const char *text, size_t len)
{
	if (len)
		f->pieces[f->count++] = (struct piece){field, text, len};
}

/* Finds the closing bracket and goes back to the opening one, so that "{ {type} }" has a value too. */
static void take_apart(struct line_format *f)
{
	const char *at = f->expanded, *close;
	while ((close = strchr(at, '}'))) {
		const char *open = memrchr(at, '{', (size_t)(close - at)), *next = close + 1;
		enum field field = open ? find_field(open, (size_t)(next - open)) : FIELD_TEXT;
		if (field == FIELD_TEXT) {
			add(f, FIELD_TEXT, at, (size_t)(next - at));
		} else {
			add(f, FIELD_TEXT, at, (size_t)(open - at));
			add(f, field, open, (size_t)(next - open));
		}
		at = next;
	}
	add(f, FIELD_TEXT, at, strlen(at));
}

static size_t pieces_max(const char *text)
{
	size_t count = 1;
	for (; (text = strchr(text, '}')); text++)
		count += 2;
	return count;
}

struct line_format *line_format_new(const char *text)
{
	struct line_format *f = calloc(1, sizeof *f);
	if (!f)
		return NULL;
	f->said = strdup(text ? text : "{common}");
	f->expanded = f->said ? expand(f->said) : NULL;
	f->pieces = f->expanded ? calloc(pieces_max(f->expanded), sizeof *f->pieces) : NULL;
	if (!f->pieces) {
		line_format_free(f);
		return NULL;
	}
	take_apart(f);
	return f;
}

void line_format_free(struct line_format *f)
{
	if (!f)
		return;
	free(f->pieces);
	free(f->expanded);
	free(f->said);
	free(f);
}

const char *line_format_text(const struct line_format *f)
{
	return f->said;
}

/* --- values --- */

const char *line_rcode(const struct query_record *r, char text[RCODE_TEXT_MAX])
{
	const char *name = tally_rcode_name(r->rcode);
	if (!r->replied)
		return NULL;
	snprintf(text, RCODE_TEXT_MAX, "%u", r->rcode);
	return name ? name : text;
}

const char *line_class(uint16_t class, char text[CLASS_TEXT_MAX])
{
	const char *name = class_name(class);
	if (*name)
		return name;
	snprintf(text, CLASS_TEXT_MAX, "CLASS%u", class);
	return text;
}

const char *line_seconds(uint64_t ns, char text[SECONDS_TEXT_MAX])
{
	int len = snprintf(text, SECONDS_TEXT_MAX, "%" PRIu64 ".%09u", ns / 1000000000, (unsigned)(ns % 1000000000));
	while (text[len - 1] == '0')
		len--;
	text[text[len - 1] == '.' ? len - 1 : len] = '\0';
	return text;
}

size_t line_name(const struct query_record *r, char text[NAME_TEXT_MAX])
{
	struct name n;
	name_from_wire(&n, r->qname, r->qname_len);
	return name_to_go_text(&n, text);
}

/* --- writing --- */

struct out {
	char *text;
	size_t len, cap;
};

static void put(struct out *o, const char *text, size_t len)
{
	if (len > o->cap - o->len)
		len = o->cap - o->len;
	memcpy(o->text + o->len, text, len);
	o->len += len;
}

static void put_text(struct out *o, const char *text)
{
	put(o, text, strlen(text));
}

static void put_number(struct out *o, unsigned n)
{
	char digits[12];
	snprintf(digits, sizeof digits, "%u", n);
	put_text(o, digits);
}

static void put_address(struct out *o, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];
	addr_format(a, text);
	put_text(o, a->family == ADDR_V6 ? "[" : "");
	put_text(o, text);
	put_text(o, a->family == ADDR_V6 ? "]" : "");
}

static void put_flags(struct out *o, uint16_t flags)
{
	static const struct {
		uint16_t bit;
		const char *text;
	} known[] = {{DNS_QR, "qr"}, {DNS_AA, "aa"}, {DNS_TC, "tc"}, {DNS_RD, "rd"},
	             {DNS_RA, "ra"}, {0x0040, "z"},  {DNS_AD, "ad"}, {DNS_CD, "cd"}};
	const char *between = "";
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (!(flags & known[i].bit))
			continue;
		put_text(o, between);
		put_text(o, known[i].text);
		between = ",";
	}
}

static void put_name(struct out *o, const struct query_record *r)
{
	char text[NAME_TEXT_MAX];
	put(o, text, line_name(r, text));
}

static void put_type(struct out *o, uint16_t type)
{
	char text[TYPE_TEXT_MAX];
	type_to_text(type, text);
	put_text(o, text);
}

static void put_rcode(struct out *o, const struct query_record *r)
{
	char text[RCODE_TEXT_MAX];
	put_text(o, r->replied ? line_rcode(r, text) : "-");
}

static void put_duration(struct out *o, uint64_t ns)
{
	char text[SECONDS_TEXT_MAX];
	put_text(o, line_seconds(ns, text));
	put_text(o, "s");
}

static void put_field(struct out *o, const struct piece *p, const struct query_record *r)
{
	char text[CLASS_TEXT_MAX];
	switch (p->field) {
	case FIELD_TEXT:
		put(o, p->text, p->len);
		break;
	case FIELD_NOTHING:
		put_text(o, "-");
		break;
	case FIELD_TYPE:
		put_type(o, r->type);
		break;
	case FIELD_NAME:
		put_name(o, r);
		break;
	case FIELD_CLASS:
		put_text(o, line_class(r->class, text));
		break;
	case FIELD_PROTO:
		put_text(o, r->tcp ? "tcp" : "udp");
		break;
	case FIELD_SIZE:
		put_number(o, r->request_len);
		break;
	case FIELD_REMOTE:
		put_address(o, &r->client);
		break;
	case FIELD_PORT:
		put_number(o, r->client_port);
		break;
	case FIELD_LOCAL:
		put_address(o, &r->local);
		break;
	case FIELD_ID:
		put_number(o, r->id);
		break;
	case FIELD_OPCODE:
		put_number(o, r->opcode);
		break;
	case FIELD_DO:
		put_text(o, r->edns_do ? "true" : "false");
		break;
	case FIELD_BUFSIZE:
		put_number(o, r->bufsize);
		break;
	case FIELD_RCODE:
		put_rcode(o, r);
		break;
	case FIELD_RFLAGS:
		if (r->replied)
			put_flags(o, r->flags);
		else
			put_text(o, "-");
		break;
	case FIELD_RSIZE:
		put_number(o, r->response_len);
		break;
	case FIELD_DURATION:
		put_duration(o, r->duration_ns);
		break;
	}
}

size_t line_format_write(const struct line_format *f, const struct query_record *r, char *out, size_t cap)
{
	struct out o = {.text = out, .cap = cap};
	for (unsigned i = 0; i < f->count; i++)
		put_field(&o, &f->pieces[i], r);
	return o.len;
}
