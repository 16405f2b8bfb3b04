#include "dns/record_text.h"
#include "dns/message.h"
#include "dns/wire.h"
#include "record_scan.h"
#include <string.h>
#include <strings.h>

static bool read_class(const struct word *w, uint16_t *rclass)
{
	static const struct {
		const char *name;
		uint16_t number;
	} classes[] = {{"IN", 1}, {"CS", 2}, {"CH", 3}, {"HS", 4}, {"NONE", 254}, {"ANY", 255}};
	struct word number;
	uint32_t n;
	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
		if (strlen(classes[i].name) == w->len && strncasecmp(w->text, classes[i].name, w->len) == 0) {
			*rclass = classes[i].number;
			return true;
		}
	}
	if (w->len < 6 || strncasecmp(w->text, "CLASS", 5) != 0)
		return false;
	number = (struct word){w->text + 5, w->len - 5, false};
	if (!word_number(&number, UINT16_MAX, &n))
		return false;
	*rclass = (uint16_t)n;
	return true;
}

/* [TTL] [CLASS] TYPE; has_ttl: it says one. */
static enum err read_head(struct scan *s, struct record_text *out, bool *has_ttl)
{
	bool has_class = false;
	*has_ttl = false;
	out->rclass = DNS_CLASS_IN;
	for (;;) {
		struct word w;
		enum err err = scan_want(s, "a type of record", &w);
		if (err)
			return err;
		if (w.quoted)
			return scan_wrong(s, "a type of record", &w);
		if (!*has_ttl && word_seconds(&w, &out->ttl_s))
			*has_ttl = true;
		else if (!has_class && read_class(&w, &out->rclass))
			has_class = true;
		else
			return word_type(&w, &out->type) ? OK : scan_wrong(s, "a type of record", &w);
	}
}

/* Types that stand in questions, or in one message only, are nobody's data. */
static bool is_data(uint16_t type)
{
	return type && type != DNS_TYPE_OPT && (type < DNS_TYPE_TSIG - 1 || type > DNS_TYPE_ANY);
}

static enum err read_end(struct scan *s)
{
	struct word w;
	enum scanned rest = scan_next(s, &w);
	if (rest == SCAN_WORD)
		return scan_wrong(s, "the end of the line", &w);
	return rest == SCAN_END ? OK : ERR_SYNTAX;
}

/* All but the owner. */
static enum err read_rest(struct scan *s, struct record_text *out, bool *has_ttl)
{
	struct wire_writer w = {.bytes = out->rdata, .limit = sizeof out->rdata};
	enum err err = read_head(s, out, has_ttl);
	if (!err && !is_data(out->type))
		err = diag_set(s->d, ERR_SYNTAX, "there are no records of this type");
	if (!err)
		err = scan_rdata(s, out->type, &w);
	out->rdata_len = (uint16_t)w.len;
	return err ? err : read_end(s);
}

enum err record_from_text(const char *text, size_t len, struct record_text *out, struct diag *d)
{
	struct scan s = {.at = text, .end = text + len, .d = d};
	struct word w;
	bool has_ttl;
	enum err err = scan_want(&s, "a record", &w);
	out->ttl_s = RECORD_TEXT_TTL_S;
	if (!err)
		err = scan_name(&s, &w, &out->owner);
	return err ? err : read_rest(&s, out, &has_ttl);
}

/* --- many lines --- */

static enum err read_origin(struct record_lines *l, struct scan *s)
{
	struct name origin;
	struct word w;
	enum err err = scan_want(s, "a name", &w);
	if (!err)
		err = scan_name(s, &w, &origin);
	if (!err)
		err = read_end(s);
	if (!err)
		l->origin = origin;
	return err;
}

static enum err read_ttl(struct record_lines *l, struct scan *s)
{
	struct word w;
	enum err err = scan_want(s, "a number of seconds", &w);
	if (!err && !word_seconds(&w, &l->ttl_s))
		err = scan_wrong(s, "a number of seconds", &w);
	l->has_ttl = l->ttl_is_directive = true;
	return err ? err : read_end(s);
}

static enum err read_include(const struct record_lines *l, struct scan *s, struct record_directive *out)
{
	struct word w;
	enum scanned found;
	enum err err = scan_want(s, "a file", &w);
	if (err)
		return err;
	*out = (struct record_directive){.text = w.text, .len = w.len, .origin = l->origin};
	found = scan_next(s, &w);
	if (found == SCAN_WORD)
		err = scan_name(s, &w, &out->origin);
	return err || found != SCAN_WORD ? (err ? err : found == SCAN_END ? OK : ERR_SYNTAX) : read_end(s);
}

/* The line as it stands. */
static enum err read_generate(struct scan *s, struct record_directive *out)
{
	const char *end = memchr(s->at, '\n', (size_t)(s->end - s->at));
	*out = (struct record_directive){.text = s->at, .len = (size_t)((end ? end : s->end) - s->at)};
	s->at += out->len;
	return OK;
}

static bool is_word(const struct word *w, const char *text)
{
	return w->len == strlen(text) && strncasecmp(w->text, text, w->len) == 0;
}

/* RECORD_LINES_RECORD: it is done, and a record may follow. */
static enum record_lines_kind read_directive(struct record_lines *l, struct scan *s, const struct word *w, struct record_directive *out)
{
	enum record_lines_kind kind = RECORD_LINES_RECORD;
	enum err err;
	if (is_word(w, "$ORIGIN")) {
		err = read_origin(l, s);
	} else if (is_word(w, "$TTL")) {
		err = read_ttl(l, s);
	} else if (is_word(w, "$INCLUDE")) {
		kind = RECORD_LINES_INCLUDE;
		err = read_include(l, s, out);
	} else if (is_word(w, "$GENERATE")) {
		kind = RECORD_LINES_GENERATE;
		err = read_generate(s, out);
	} else {
		err = scan_wrong(s, "$GENERATE, $INCLUDE, $ORIGIN or $TTL", w);
	}
	return err ? RECORD_LINES_WRONG : kind;
}

static enum err read_owner(struct record_lines *l, struct scan *s, const struct word *w, bool blank, struct record_text *out)
{
	enum err err = OK;
	if (!blank)
		err = scan_name(s, w, &out->owner);
	else if (!l->has_owner)
		err = diag_set(s->d, ERR_SYNTAX,
		               "the line begins with a blank, but there is no record before it whose owner it could have");
	else
		out->owner = l->owner;
	if (!err)
		l->owner = out->owner;
	l->has_owner = true;
	return err;
}

static enum err read_record(struct record_lines *l, struct scan *s, const struct word *w, bool blank, struct record_text *out)
{
	bool has_ttl;
	enum err err = read_owner(l, s, w, blank, out);
	if (!err)
		err = read_rest(s, out, &has_ttl);
	if (err)
		return err;
	if (out->rclass != DNS_CLASS_IN)
		return diag_set(s->d, ERR_SYNTAX, "there is no class but IN here");
	if (!has_ttl && !l->has_ttl)
		return diag_set(s->d, ERR_SYNTAX, "it has no TTL, and there is neither $TTL nor a TTL of a record before it");
	if (!has_ttl)
		out->ttl_s = l->ttl_s;
	else if (!l->ttl_is_directive)
		l->ttl_s = out->ttl_s;
	l->has_ttl = true;
	return OK;
}

static unsigned count_lines(const char *from, const char *to)
{
	unsigned n = 0;
	while ((from = memchr(from, '\n', (size_t)(to - from)))) {
		from++;
		n++;
	}
	return n;
}

/* A line that is not empty, or lines in parentheses; kind RECORD_LINES_END: it was empty. */
static enum record_lines_kind read_line(struct record_lines *l, struct record_text *out, struct record_directive *directive, struct diag *d)
{
	struct scan s = {.at = l->at, .end = l->end, .many = true, .origin = &l->origin, .d = d};
	const bool blank = *s.at == ' ' || *s.at == '\t';
	enum record_lines_kind kind = RECORD_LINES_RECORD;
	struct word w;
	enum scanned found = scan_next(&s, &w);
	if (found == SCAN_END) {
		kind = RECORD_LINES_END;
	} else if (found == SCAN_WRONG) {
		kind = RECORD_LINES_WRONG;
	} else if (!blank && !w.quoted && w.len && *w.text == '$') {
		kind = read_directive(l, &s, &w, directive);
		directive->line = l->line;
		kind = kind == RECORD_LINES_RECORD ? RECORD_LINES_END : kind;
	} else {
		if (blank) {
			s.at = l->at;
			s.open = false;
		}
		if (read_record(l, &s, &w, blank, out))
			kind = RECORD_LINES_WRONG;
	}
	l->line += count_lines(l->at, s.at);
	l->last = l->line;
	if (kind == RECORD_LINES_WRONG) {
		d->line = l->line;
		return kind;
	}
	l->line += s.at < s.end;
	l->at = s.at + (s.at < s.end);
	return kind;
}

enum record_lines_kind record_lines_next(struct record_lines *l, struct record_text *out, struct record_directive *directive,
                                         struct diag *d)
{
	enum record_lines_kind kind = RECORD_LINES_END;
	while (kind == RECORD_LINES_END && l->at < l->end)
		kind = read_line(l, out, directive, d);
	return kind;
}
