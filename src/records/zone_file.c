#include "records/zone_file.h"
#include "base/buffer.h"
#include "base/file.h"
#include "dns/message.h"
#include "dns/record_text.h"
#include "dns/wire.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GENERATE_STEPS_MAX 65535 /* as CoreDNS's library has it */
#define GENERATE_TTL_S     3600
#define GENERATE_LINE_MAX  8192 /* octets */
#define SOA_NUMBERS        20   /* octets of SOA rdata from the serial on */

/* A zone that is being read. */
struct reader {
	struct zone_reading *reading;
	struct zone_draft *draft;
	struct diag *diag;
	size_t text_left, generated_left;
	bool has_soa, known;
	struct record_text record;
};

/* One text of it. */
struct source {
	const char *path; /* NULL: it has none */
	unsigned depth;   /* of files in files */
	unsigned line;    /* that all of its records are of; 0: each is of its own */
};

static enum err read_text(struct reader *r, const struct source *s, struct record_lines *l);

/* Adds the place to what diag says. */
static enum err at_line(const struct reader *r, const struct source *s, unsigned line, enum err err)
{
	char why[DIAG_TEXT_MAX];
	if (!err || err == ERR_NOMEM)
		return err;
	snprintf(why, sizeof why, "%s", r->diag->text);
	r->diag->line = s->line ? s->line : line;
	return diag_set(r->diag, err, "%s:%u: %s", s->path ? s->path : "", r->diag->line, why);
}

/* --- records --- */

/* CoreDNS takes records of other zones, and never answers with them. */
static void pass_over(struct reader *r, const struct source *s, unsigned line)
{
	if (!r->reading->outside++)
		r->reading->outside_line = s->depth ? 0 : s->line ? s->line : line;
}

static void look_at_soa(struct reader *r)
{
	const struct record_text *t = &r->record;
	r->has_soa = true;
	r->known = r->reading->unless_serial && wire_load_u32(t->rdata + t->rdata_len - SOA_NUMBERS) == r->reading->serial;
}

/* CoreDNS answers with these names in lower case, and with others as they are spelt. */
static void lower_names(struct record_text *t)
{
	static const uint16_t types[] = {DNS_TYPE_NS, DNS_TYPE_SOA, DNS_TYPE_CNAME, DNS_TYPE_MX, DNS_TYPE_SVCB, DNS_TYPE_HTTPS};
	uint8_t lowered[RECORD_TEXT_RDATA_MAX];
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		if (t->type == types[i] && record_lower_rdata(t->type, t->rdata, t->rdata_len, lowered))
			memcpy(t->rdata, lowered, t->rdata_len);
	}
}

static enum err take(struct reader *r, const struct source *s, unsigned line)
{
	struct record_text *t = &r->record;
	enum err err;
	if (!name_in(&t->owner, r->reading->apex)) {
		if (t->type == DNS_TYPE_SOA)
			return at_line(r, s, line, diag_set(r->diag, ERR_SYNTAX, "the SOA is of another zone"));
		pass_over(r, s, line);
		return OK;
	}
	lower_names(t);
	err = zone_draft_add(r->draft, &(struct record){&t->owner, t->type, t->ttl_s, t->rdata, t->rdata_len}, r->diag);
	if (!err && t->type == DNS_TYPE_SOA && !r->has_soa)
		look_at_soa(r);
	return at_line(r, s, line, err);
}

/* --- $GENERATE --- */

struct generator {
	uint64_t first, last, step;
	const char *text; /* the line to be repeated */
	size_t len;
};

static bool read_digits(const char **at, const char *end, uint64_t *n)
{
	const char *from = *at;
	*n = 0;
	while (*at < end && **at >= '0' && **at <= '9' && *n <= UINT32_MAX)
		*n = *n * 10 + (unsigned)(*(*at)++ - '0');
	return *at > from && *n <= INT32_MAX;
}

/* FIRST-LAST[/STEP] and a blank. */
static bool read_range(const struct record_directive *d, struct generator *g)
{
	const char *at = d->text, *end = d->text + d->len;
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	g->step = 1;
	if (!read_digits(&at, end, &g->first) || at == end || *at++ != '-' || !read_digits(&at, end, &g->last))
		return false;
	if (at < end && *at == '/' && (at++, !read_digits(&at, end, &g->step)))
		return false;
	if (at == end || (*at != ' ' && *at != '\t') || !g->step || g->last < g->first ||
	    (g->last - g->first) / g->step > GENERATE_STEPS_MAX)
		return false;
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	g->text = at;
	g->len = (size_t)(end - at);
	return at < end;
}

/* What one step makes. */
struct expansion {
	char text[GENERATE_LINE_MAX];
	size_t len;
	bool wrong;
};

static void put(struct expansion *e, const char *text, size_t len)
{
	if (len > sizeof e->text - e->len) {
		e->wrong = true;
		return;
	}
	memcpy(e->text + e->len, text, len);
	e->len += len;
}

/* OFFSET[,WIDTH[,BASE]]}; *at is behind it afterwards. */
static bool read_modifier(const char **at, const char *end, int64_t *offset, unsigned *width, char *base)
{
	uint64_t n;
	bool minus = *at < end && **at == '-';
	*at += minus;
	if (!read_digits(at, end, &n))
		return false;
	*offset = minus ? -(int64_t)n : (int64_t)n;
	if (*at < end && **at == ',') {
		++*at;
		if (!read_digits(at, end, &n) || n > UINT8_MAX)
			return false;
		*width = (unsigned)n;
	}
	if (*at < end && **at == ',' && ++*at < end)
		*base = *(*at)++;
	return *at < end && *(*at)++ == '}' && strchr("doxX", *base);
}

/* Behind a $. */
static const char *put_number(struct expansion *e, const char *at, const char *end, uint64_t number)
{
	char text[UINT8_MAX + 1];
	int64_t offset = 0, value;
	unsigned width = 0;
	char base = 'd';
	if (at < end && *at == '$') {
		put(e, "$", 1);
		return at + 1;
	}
	if (at < end && *at == '{' && (at++, !read_modifier(&at, end, &offset, &width, &base)))
		e->wrong = true;
	value = (int64_t)number + offset;
	if (value < 0 || value > INT32_MAX)
		e->wrong = true;
	if (e->wrong)
		return end;
	snprintf(text, sizeof text,
	         base == 'd'   ? "%0*u"
	         : base == 'o' ? "%0*o"
	         : base == 'x' ? "%0*x"
	                       : "%0*X",
	         (int)width, (unsigned)value);
	put(e, text, strlen(text));
	return at;
}

static bool expand(const struct generator *g, uint64_t number, struct expansion *e)
{
	const char *at = g->text, *end = g->text + g->len;
	e->len = 0;
	e->wrong = false;
	while (at < end && !e->wrong) {
		if (*at == '$') {
			at = put_number(e, at + 1, end, number);
		} else if (*at == '\\' && at + 1 < end && at[1] == '$') {
			put(e, "$", 1);
			at += 2;
		} else if (*at == '\\' && at + 1 < end) {
			put(e, at, 2);
			at += 2;
		} else {
			put(e, at++, 1);
		}
	}
	return !e->wrong;
}

static enum err generate_one(struct reader *r, const struct source *s, const struct record_lines *l, const struct generator *g,
                             uint64_t number, struct expansion *e)
{
	struct record_lines line = {.origin = l->origin, .line = 1, .has_ttl = true, .ttl_s = GENERATE_TTL_S};
	if (!r->generated_left--)
		return at_line(r, s, 0, diag_set(r->diag, ERR_RANGE, "$GENERATE makes too many records"));
	if (!expand(g, number, e))
		return at_line(r, s, 0, diag_set(r->diag, ERR_SYNTAX, "$GENERATE: ${OFFSET,WIDTH,BASE} is wrong, or too long"));
	line.at = e->text;
	line.end = e->text + e->len;
	return read_text(r, s, &line);
}

static enum err generate(struct reader *r, const struct source *from, const struct record_lines *l, const struct record_directive *d)
{
	const struct source s = {.path = from->path, .depth = from->depth, .line = from->line ? from->line : d->line};
	struct generator g;
	struct expansion *e;
	enum err err = OK;
	if (from->line)
		return at_line(r, &s, 0, diag_set(r->diag, ERR_SYNTAX, "a $GENERATE makes records, no directives"));
	if (!read_range(d, &g))
		return at_line(
		        r, &s, 0,
		        diag_set(r->diag, ERR_SYNTAX, "it is written: $GENERATE FIRST-LAST[/STEP] RECORD, of at most 65536 records"));
	e = malloc(sizeof *e);
	if (!e)
		return diag_no_memory(r->diag);
	for (uint64_t n = g.first; n <= g.last && !err && !r->known; n += g.step)
		err = generate_one(r, &s, l, &g, n, e);
	free(e);
	return err;
}

/* --- files --- */

static enum err read_file(struct reader *r, const struct source *s, const struct record_lines *start)
{
	struct record_lines l = *start;
	struct buffer b = {0};
	enum err err = file_read(&b, s->path, FILE_REGULAR, r->text_left, r->diag);
	if (!err) {
		r->text_left -= b.len;
		l.at = b.data ? b.data : "";
		l.end = l.at + b.len;
		l.line = 1;
		err = read_text(r, s, &l);
	}
	buffer_free(&b);
	return err;
}

/* Relative to the folder of the file that includes it. NULL: out of memory. */
static char *find_path(const struct source *s, const struct record_directive *d)
{
	const char *slash = s->path ? strrchr(s->path, '/') : NULL;
	struct buffer b = {0};
	if (slash && *d->text != '/')
		buffer_append(&b, s->path, (size_t)(slash + 1 - s->path));
	buffer_append(&b, d->text, d->len);
	return buffer_take_text(&b);
}

static enum err include(struct reader *r, const struct source *from, const struct record_lines *l, const struct record_directive *d)
{
	struct record_lines start = {
	        .origin = d->origin, .has_ttl = l->has_ttl, .ttl_is_directive = l->ttl_is_directive, .ttl_s = l->ttl_s};
	struct source s = {.depth = from->depth + 1};
	char *path;
	enum err err;
	if (from->line || !from->path)
		return at_line(r, from, d->line, diag_set(r->diag, ERR_SYNTAX, "$INCLUDE can't stand here"));
	if (s.depth > ZONE_FILE_INCLUDES_MAX || memchr(d->text, '\0', d->len))
		return at_line(r, from, d->line, diag_set(r->diag, ERR_RANGE, "files are included too deeply"));
	path = find_path(from, d);
	if (!path)
		return diag_no_memory(r->diag);
	s.path = path;
	r->reading->included = true;
	err = read_file(r, &s, &start);
	free(path);
	return err;
}

static enum err read_text(struct reader *r, const struct source *s, struct record_lines *l)
{
	enum err err = OK;
	while (!err && !r->known) {
		struct record_directive directive;
		switch (record_lines_next(l, &r->record, &directive, r->diag)) {
		case RECORD_LINES_END:
			return OK;
		case RECORD_LINES_RECORD:
			err = take(r, s, l->last);
			break;
		case RECORD_LINES_INCLUDE:
			err = include(r, s, l, &directive);
			break;
		case RECORD_LINES_GENERATE:
			err = generate(r, s, l, &directive);
			break;
		case RECORD_LINES_WRONG:
			return at_line(r, s, r->diag->line, ERR_SYNTAX);
		}
	}
	return err;
}

/* --- all of it --- */

static struct reader *begin(struct zone_reading *reading, struct diag *diag)
{
	struct reader *r = calloc(1, sizeof *r);
	reading->data = NULL;
	reading->outside = reading->outside_line = 0;
	reading->included = false;
	if (r)
		r->draft = zone_draft_new(reading->apex);
	if (!r || !r->draft) {
		free(r);
		diag_no_memory(diag);
		return NULL;
	}
	r->reading = reading;
	r->diag = diag;
	r->text_left = ZONE_FILE_OCTETS_MAX;
	r->generated_left = ZONE_FILE_GENERATED_MAX;
	return r;
}

static enum err finish(struct reader *r, const char *path, enum err err)
{
	char why[DIAG_TEXT_MAX];
	if (err || r->known) {
		zone_draft_free(r->draft);
	} else {
		err = zone_draft_finish(r->draft, &r->reading->data, r->diag);
		if (err && err != ERR_NOMEM) {
			snprintf(why, sizeof why, "%s", r->diag->text);
			diag_set(r->diag, err, "%s: %s", path ? path : "", why);
		}
	}
	free(r);
	return err;
}

enum err zone_file_read(struct zone_reading *reading, struct diag *diag)
{
	struct reader *r = begin(reading, diag);
	const struct source s = {.path = reading->path};
	const struct record_lines start = {.origin = *reading->apex};
	return r ? finish(r, reading->path, read_file(r, &s, &start)) : ERR_NOMEM;
}

enum err zone_file_parse(struct zone_reading *reading, const char *text, size_t len, struct diag *diag)
{
	struct reader *r = begin(reading, diag);
	const struct source s = {.path = reading->path};
	struct record_lines l = {.at = text, .end = text + len, .line = 1, .origin = *reading->apex};
	return r ? finish(r, reading->path, read_text(r, &s, &l)) : ERR_NOMEM;
}
