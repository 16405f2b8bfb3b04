#include "scan.h"
#include "base/buffer.h"
#include "members.h"
#include "span.h"
#include <stdlib.h>
#include <string.h>

/* What the next octet may be. */
enum state {
	STATE_VALUE,      /* a value's first octet */
	STATE_FIRST_ITEM, /* the same, or ']' */
	STATE_FIRST_KEY,  /* '"' or '}' */
	STATE_KEY,        /* '"' */
	STATE_KEY_TEXT,   /* the key, or its closing '"' */
	STATE_COLON,
	STATE_SCALAR, /* more of a number, true, false or null, or what follows it */
	STATE_SPAN,   /* the inside of a value that is taken as a whole */
	STATE_AFTER,  /* ',' or the bracket that closes */
	STATE_DONE,   /* nothing: the list is whole */
};

/* An open bracket whose members or items are looked at one by one. */
struct level {
	const struct member *member; /* whose value it is */
	bool array;
	bool filled; /* something of it was copied: a comma comes first */
};

struct scan {
	const struct member *root;
	scan_take *take;
	void *arg;
	enum state state;
	enum err err;
	struct level levels[SCAN_DEPTH_MAX];
	unsigned depth;
	const struct member *member; /* that the value to come, or under way, belongs to; NULL: nothing reads it */
	struct span span;

	char key[MEMBERS_KEY_MAX];
	size_t key_len; /* MEMBERS_KEY_MAX + 1: longer than any we know, or with an escape, which none we know has */
	bool key_escape;

	struct buffer frame;  /* the text under way */
	unsigned frame_depth; /* of the bracket that it began with; 0: none is under way */
	uint8_t frame_kind;   /* enum scan_frame_kind */
	bool too_large;
	uint64_t fed, frame_start; /* octets before this piece; the position of the frame's first */
};

struct scan *scan_new(enum scan_form form, scan_take *take, void *arg)
{
	struct scan *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->root = form == SCAN_WATCH ? &members_of_watch : &members_of_list;
	s->take = take;
	s->arg = arg;
	s->member = s->root;
	return s;
}

void scan_free(struct scan *s)
{
	if (!s)
		return;
	buffer_free(&s->frame);
	free(s);
}

/* --- copying --- */

/* True if what is being read is to be copied. */
static bool is_copied(const struct scan *s)
{
	return s->frame_depth && s->member;
}

static void copy(struct scan *s, const char *bytes, size_t len)
{
	if (!s->frame_depth || s->too_large)
		return;
	buffer_append(&s->frame, bytes, len);
	s->too_large = s->frame.len > SCAN_OBJECT_MAX;
}

/* Before a key or an item. */
static void copy_comma(struct scan *s, struct level *level)
{
	if (level->filled)
		copy(s, ",", 1);
	level->filled = true;
}

static enum err frame_end(struct scan *s, uint64_t position)
{
	struct scan_frame f = {.kind = s->frame_kind, .json = s->frame.data, .len = s->frame.len};
	f.raw_bytes = (size_t)(position + 1 - s->frame_start);
	s->frame_depth = 0;
	if (s->frame.failed)
		return ERR_NOMEM;
	if (f.raw_bytes > SCAN_OBJECT_MAX)
		f.json = NULL;
	return s->take(s->arg, &f);
}

static void frame_begin(struct scan *s, uint64_t position)
{
	s->frame.len = 0;
	s->too_large = false;
	s->frame_depth = s->depth;
	s->frame_kind = (uint8_t)(s->member->frame - 1);
	s->frame_start = position;
}

/* --- single octets: brackets, commas, colons, and what values begin with --- */

static enum err open_level(struct scan *s, char c, uint64_t position)
{
	if (s->depth == SCAN_DEPTH_MAX)
		return ERR_RANGE;
	s->levels[s->depth++] = (struct level){.member = s->member, .array = c == '['};
	if (s->member->frame && c == '{' && !s->frame_depth)
		frame_begin(s, position);
	copy(s, &c, 1);
	s->state = c == '[' ? STATE_FIRST_ITEM : STATE_FIRST_KEY;
	return OK;
}

static enum err close_level(struct scan *s, uint64_t position)
{
	const struct level *level = &s->levels[s->depth - 1];
	bool frame_ends = s->frame_depth == s->depth;
	copy(s, level->array ? "]" : "}", 1);
	s->depth--;
	s->state = STATE_AFTER;
	if (!s->depth) {
		s->member = s->root;
		s->state = s->root == &members_of_watch ? STATE_VALUE : STATE_DONE;
	}
	return frame_ends ? frame_end(s, position) : OK;
}

static bool is_scalar(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '+' || c == '.';
}

static enum err begin_value(struct scan *s, char c, uint64_t position)
{
	struct level *parent = s->depth ? &s->levels[s->depth - 1] : NULL;
	if (!parent && c != '{')
		return ERR_SYNTAX;
	if (parent && parent->array)
		copy_comma(s, parent);
	if ((c == '{' || c == '[') && s->member && s->member->members)
		return open_level(s, c, position);
	if (c == '{' || c == '[') {
		s->span = span_brackets();
		s->state = STATE_SPAN;
	} else if (c == '"') {
		s->span = span_string();
		s->state = STATE_SPAN;
	} else if (c == '-' || (c >= '0' && c <= '9') || c == 't' || c == 'f' || c == 'n') {
		s->state = STATE_SCALAR;
	} else {
		return ERR_SYNTAX;
	}
	if (is_copied(s))
		copy(s, &c, 1);
	return OK;
}

static void begin_key(struct scan *s)
{
	s->key_len = 0;
	s->key_escape = false;
	s->state = STATE_KEY_TEXT;
}

/* The key is whole: finds what it means, and copies it if it means something. */
static void end_key(struct scan *s)
{
	struct level *level = &s->levels[s->depth - 1];
	s->member = members_find(level->member->members, s->key, s->key_len);
	s->state = STATE_COLON;
	if (!is_copied(s))
		return;
	copy_comma(s, level);
	copy(s, "\"", 1);
	copy(s, s->key, s->key_len);
	copy(s, "\":", 2);
}

static enum err after_value(struct scan *s, char c, uint64_t position)
{
	const struct level *level = &s->levels[s->depth - 1];
	if (c == ',') {
		s->state = level->array ? STATE_VALUE : STATE_KEY;
		s->member = level->array ? level->member : NULL;
		return OK;
	}
	return c == (level->array ? ']' : '}') ? close_level(s, position) : ERR_SYNTAX;
}

/* position: of c in the stream. */
static enum err take_octet(struct scan *s, char c, uint64_t position)
{
	switch (s->state) {
	case STATE_FIRST_ITEM:
		return c == ']' ? close_level(s, position) : begin_value(s, c, position);
	case STATE_VALUE:
		return begin_value(s, c, position);
	case STATE_FIRST_KEY:
		if (c == '}')
			return close_level(s, position);
		/* fall through */
	case STATE_KEY:
		if (c != '"')
			return ERR_SYNTAX;
		begin_key(s);
		return OK;
	case STATE_COLON:
		s->state = STATE_VALUE;
		return c == ':' ? OK : ERR_SYNTAX;
	case STATE_AFTER:
		return after_value(s, c, position);
	case STATE_DONE:
	case STATE_KEY_TEXT: /* the last three are taken in runs, see below */
	case STATE_SCALAR:
	case STATE_SPAN:
		break;
	}
	return ERR_SYNTAX;
}

/* --- runs of octets; each returns how many it took --- */

static size_t take_key(struct scan *s, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '"' && !s->key_escape) {
			end_key(s);
			return i + 1;
		}
		s->key_escape = bytes[i] == '\\' && !s->key_escape;
		if (s->key_len >= MEMBERS_KEY_MAX || s->key_escape)
			s->key_len = MEMBERS_KEY_MAX + 1;
		else
			s->key[s->key_len++] = bytes[i];
	}
	return len;
}

static size_t take_scalar(struct scan *s, const char *bytes, size_t len)
{
	size_t n = 0;
	while (n < len && is_scalar(bytes[n]))
		n++;
	if (is_copied(s))
		copy(s, bytes, n);
	if (n < len)
		s->state = STATE_AFTER;
	return n;
}

static size_t take_span(struct scan *s, const char *bytes, size_t len)
{
	size_t n = span_feed(&s->span, bytes, len);
	if (is_copied(s))
		copy(s, bytes, n);
	if (s->span.ended)
		s->state = STATE_AFTER;
	return n;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Takes at least one octet, or changes the state; *at is where they begin in this piece. */
static enum err advance(struct scan *s, const char *bytes, size_t len, size_t *at)
{
	const char *p = bytes + *at;
	enum err err;
	if (s->state == STATE_KEY_TEXT) {
		*at += take_key(s, p, len - *at);
		return OK;
	}
	if (s->state == STATE_SCALAR) {
		*at += take_scalar(s, p, len - *at);
		return OK;
	}
	if (s->state == STATE_SPAN) {
		*at += take_span(s, p, len - *at);
		return OK;
	}
	err = is_space(*p) ? OK : take_octet(s, *p, s->fed + *at);
	if (!err)
		++*at;
	return err;
}

static enum err explain(const struct scan *s, char c, uint64_t position, struct diag *d)
{
	if (s->err == ERR_SYNTAX)
		return diag_set(d, s->err, "broken JSON: %c is wrong at octet %llu", c, (unsigned long long)position + 1);
	if (s->err == ERR_RANGE)
		return diag_set(d, s->err, "JSON nested deeper than %d levels at octet %llu", SCAN_DEPTH_MAX,
		                (unsigned long long)position + 1);
	return diag_set(d, s->err, "%s", err_str(s->err));
}

enum err scan_feed(struct scan *s, const char *bytes, size_t len, struct diag *d)
{
	size_t at = 0;
	while (!s->err && at < len)
		s->err = advance(s, bytes, len, &at);
	if (s->err)
		return explain(s, (char)(at < len ? bytes[at] : ' '), s->fed + at, d);
	s->fed += len;
	return OK;
}

enum err scan_end(const struct scan *s, struct diag *d)
{
	bool whole = s->root == &members_of_watch ? !s->depth : s->state == STATE_DONE;
	if (s->err || whole)
		return s->err;
	return diag_set(d, ERR_SYNTAX, "it ends %s, after %llu octets",
	                s->root == &members_of_watch ? "within an event" : "before the list does", (unsigned long long)s->fed);
}
