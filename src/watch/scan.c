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
	bool filled;       /* something of it was copied: a comma comes first */
	bool unwanted;     /* a member has not the value it must have: nothing reads this object */
	bool before_item;  /* what filled was before the item under way, */
	size_t item_start; /* and the frame's length */
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

	/* The piece: its first octet, the next one, the end; and how many came before it. */
	const char *piece, *next, *end;
	uint64_t fed;

	char key[MEMBERS_KEY_MAX]; /* of a key that does not end in the piece it began in */
	size_t key_len;            /* MEMBERS_KEY_MAX + 1: longer than any we know, or with an escape, which none we know has */
	bool key_escape;

	struct buffer frame; /* the text under way */
	const char *from;    /* where in the piece the octets begin that are still to be copied, if copying */
	bool copying;        /* the octets that come: a key with its value, or the value's opening bracket */
	unsigned
	        frame_depth; /* of the bracket that it began with, or one more than the depth if it began with none; 0: none is under way */
	uint8_t frame_kind;  /* enum scan_frame_kind */
	bool too_large;
	bool refused;         /* err is what take returned */
	uint64_t frame_start; /* the position of the frame's first octet */
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
	if (s->too_large)
		return;
	buffer_append(&s->frame, bytes, len);
	s->too_large = s->frame.len > SCAN_OBJECT_MAX;
}

static void copy_octet(struct scan *s, char c)
{
	if (!s->too_large && s->frame.len < s->frame.cap)
		s->frame.data[s->frame.len++] = c;
	else
		copy(s, &c, 1);
}

static void copy_begin(struct scan *s)
{
	s->copying = true;
	s->from = s->next;
}

/* Copies what has been read since it began; more may follow. */
static void copy_read(struct scan *s)
{
	if (!s->copying)
		return;
	copy(s, s->from, (size_t)(s->next - s->from));
	s->from = s->next;
}

static void copy_end(struct scan *s)
{
	copy_read(s);
	s->copying = false;
}

/* Before a key or an item. */
static void copy_comma(struct scan *s, struct level *level)
{
	if (level->filled)
		copy_octet(s, ',');
	level->filled = true;
}

static void copy_item(struct scan *s, struct level *array)
{
	array->before_item = array->filled;
	array->item_start = s->frame.len;
	copy_comma(s, array);
	copy_begin(s);
}

/* As if the item that ends here had not been there. */
static void drop_item(struct scan *s, struct level *array)
{
	array->filled = array->before_item;
	s->frame.len = array->item_start;
}

/* The value copied last is that string. */
static bool copied_value_is(const struct scan *s, const char *text)
{
	size_t len = strlen(text);
	const char *end = s->frame.data + s->frame.len;
	return s->frame.len > len + 3 && end[-1] == '"' && memcmp(end - 1 - len, text, len) == 0 && memcmp(end - len - 3, ":\"", 2) == 0;
}

static uint64_t position(const struct scan *s)
{
	return s->fed + (uint64_t)(s->next - s->piece);
}

/* s->next is behind the bracket that ends it. */
static enum err frame_end(struct scan *s)
{
	struct scan_frame f = {.kind = s->frame_kind, .json = s->frame.data, .len = s->frame.len};
	enum err err;
	f.raw_bytes = (size_t)(position(s) - s->frame_start);
	s->frame_depth = 0;
	if (s->frame.failed)
		return ERR_NOMEM;
	if (f.raw_bytes > SCAN_OBJECT_MAX)
		f.json = NULL;
	err = s->take(s->arg, &f);
	s->refused = err != OK;
	return err;
}

static void frame_begin(struct scan *s, unsigned depth)
{
	s->frame.len = 0;
	s->too_large = false;
	s->frame_depth = depth;
	s->frame_kind = (uint8_t)(s->member->frame - 1);
	s->frame_start = position(s);
	copy_begin(s);
}

/* --- brackets, commas, colons --- */

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Octets that some servers and proxies put first (RFC 8259 8.1 allows to pass over them). */
static bool is_byte_order_mark(const struct scan *s)
{
	static const char mark[] = "\xef\xbb\xbf";
	uint64_t at = position(s);
	return at < sizeof mark - 1 && *s->next == mark[at];
}

/* What is none of the octets that may come: space, which is not copied, or an error. The API server sends none, so this is asked last. */
static enum err space(struct scan *s)
{
	if (is_byte_order_mark(s)) {
		s->next++;
		return OK;
	}
	if (!is_space(*s->next))
		return ERR_SYNTAX;
	copy_read(s);
	while (s->next < s->end && is_space(*s->next))
		s->next++;
	s->from = s->next;
	return OK;
}

static enum err open_level(struct scan *s)
{
	char c = *s->next;
	if (s->depth == SCAN_DEPTH_MAX)
		return ERR_RANGE;
	s->levels[s->depth++] = (struct level){.member = s->member, .array = c == '['};
	if (s->member->frame && c == '{' && !s->frame_depth)
		frame_begin(s, s->depth);
	s->next++;
	copy_end(s);
	s->state = c == '[' ? STATE_FIRST_ITEM : STATE_FIRST_KEY;
	return OK;
}

static enum err close_level(struct scan *s)
{
	bool frame_ends = s->frame_depth == s->depth;
	if (s->frame_depth)
		copy_octet(s, *s->next);
	s->next++;
	s->depth--;
	if (s->levels[s->depth].unwanted && s->levels[s->depth - 1].array)
		drop_item(s, &s->levels[s->depth - 1]);
	s->state = STATE_AFTER;
	if (!s->depth) {
		s->member = s->root;
		s->state = s->root == &members_of_watch ? STATE_VALUE : STATE_DONE;
	}
	return frame_ends ? frame_end(s) : OK;
}

static enum err after_value(struct scan *s)
{
	const struct level *level = &s->levels[s->depth - 1];
	if (*s->next == ',') {
		s->next++;
		s->state = level->array ? STATE_VALUE : STATE_KEY;
		s->member = level->array ? level->member : NULL;
		return OK;
	}
	return *s->next == (level->array ? ']' : '}') ? close_level(s) : space(s);
}

static enum err colon(struct scan *s)
{
	if (*s->next != ':')
		return space(s);
	s->next++;
	s->state = STATE_VALUE;
	return OK;
}

/* --- keys --- */

static void find_member(struct scan *s, const char *key, size_t len)
{
	struct level *level = &s->levels[s->depth - 1];
	s->member = members_find(level->member->members, key, len);
	s->state = STATE_COLON;
	if (is_copied(s))
		copy_comma(s, level);
}

/* The next '"' from at on that no backslash stands before, within most octets of the piece; NULL: it takes a longer look. */
static const char *plain_end(const struct scan *s, const char *at, size_t most)
{
	size_t len = (size_t)(s->end - at);
	const char *quote = memchr(at, '"', len < most ? len : most);
	return quote && (quote == at || quote[-1] != '\\') ? quote : NULL;
}

static enum err begin_key(struct scan *s)
{
	const char *text = s->next + 1, *quote;
	if (*s->next != '"')
		return space(s);
	quote = plain_end(s, text, MEMBERS_KEY_MAX + 1);
	if (quote) {
		find_member(s, text, (size_t)(quote - text));
		if (is_copied(s))
			copy_begin(s);
		s->next = quote + 1;
		return s->next < s->end ? colon(s) : OK;
	}
	s->key_len = 0;
	s->key_escape = false;
	s->state = STATE_KEY_TEXT;
	s->next++;
	return OK;
}

static void end_key(struct scan *s)
{
	find_member(s, s->key, s->key_len);
	if (!is_copied(s))
		return;
	copy(s, "\"", 1);
	copy(s, s->key, s->key_len);
	copy_begin(s); /* with the closing quote */
}

static void take_key(struct scan *s)
{
	for (; s->next < s->end; s->next++) {
		char c = *s->next;
		if (c == '"' && !s->key_escape) {
			end_key(s);
			s->next++;
			return;
		}
		s->key_escape = c == '\\' && !s->key_escape;
		if (s->key_len >= MEMBERS_KEY_MAX || s->key_escape)
			s->key_len = MEMBERS_KEY_MAX + 1;
		else
			s->key[s->key_len++] = c;
	}
}

/* --- values --- */

static bool is_scalar(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '+' || c == '.';
}

static enum err end_value(struct scan *s)
{
	copy_end(s);
	s->state = STATE_AFTER;
	if (is_copied(s) && s->member->only && !copied_value_is(s, s->member->only))
		s->levels[s->depth - 1].unwanted = true;
	return s->frame_depth > s->depth ? frame_end(s) : OK;
}

static enum err take_scalar(struct scan *s)
{
	while (s->next < s->end && is_scalar(*s->next))
		s->next++;
	return s->next < s->end ? end_value(s) : OK;
}

static enum err take_span(struct scan *s)
{
	s->next += span_feed(&s->span, s->next, (size_t)(s->end - s->next));
	return s->span.ended ? end_value(s) : OK;
}

/* Most strings are short and without escapes. */
static enum err begin_string(struct scan *s)
{
	const char *quote = plain_end(s, s->next + 1, SIZE_MAX);
	if (quote) {
		s->next = quote + 1;
		return end_value(s);
	}
	s->span = span_string();
	s->state = STATE_SPAN;
	s->next++;
	return OK;
}

/* The value to come is a frame, but not an object whose members are looked at. */
static bool is_plain_frame(const struct scan *s, const struct level *parent)
{
	const struct member *m = s->member;
	if (!parent || !m || !m->frame || s->frame_depth || (m->list && !parent->array))
		return false;
	return *s->next != '{' || !m->members;
}

static enum err begin_brackets(struct scan *s)
{
	if (s->member && s->member->members && s->frame_depth <= s->depth)
		return open_level(s);
	s->span = span_brackets();
	s->state = STATE_SPAN;
	s->next++;
	return OK;
}

static bool begins_value(char c)
{
	return c == '"' || c == '{' || c == '[' || c == '-' || (c >= '0' && c <= '9') || c == 't' || c == 'f' || c == 'n';
}

static enum err begin_value(struct scan *s)
{
	struct level *parent = s->depth ? &s->levels[s->depth - 1] : NULL;
	char c = *s->next;
	if (!begins_value(c))
		return space(s);
	if (!parent && c != '{')
		return ERR_SYNTAX;
	if (parent && !parent->array && s->member && s->member->list && c != '[' && c != 'n')
		return ERR_SYNTAX;
	if (parent && parent->array && is_copied(s))
		copy_item(s, parent);
	if (is_plain_frame(s, parent))
		frame_begin(s, s->depth + 1);
	if (c == '{' || c == '[')
		return begin_brackets(s);
	if (c == '"')
		return begin_string(s);
	s->state = STATE_SCALAR;
	return OK;
}

/* Takes at least one octet, or changes the state. */
static enum err advance(struct scan *s)
{
	switch (s->state) {
	case STATE_FIRST_ITEM:
		return *s->next == ']' ? close_level(s) : begin_value(s);
	case STATE_VALUE:
		return begin_value(s);
	case STATE_FIRST_KEY:
		return *s->next == '}' ? close_level(s) : begin_key(s);
	case STATE_KEY:
		return begin_key(s);
	case STATE_KEY_TEXT:
		take_key(s);
		return OK;
	case STATE_COLON:
		return colon(s);
	case STATE_SCALAR:
		return take_scalar(s);
	case STATE_SPAN:
		return take_span(s);
	case STATE_AFTER:
		return after_value(s);
	case STATE_DONE:
		break;
	}
	return space(s);
}

static enum err explain(const struct scan *s, struct diag *d)
{
	char c = *(s->next < s->end ? s->next : " ");
	unsigned long long octet = position(s) + 1;
	if (s->refused && s->err != ERR_NOMEM)
		return diag_set(d, s->err, "what ends at octet %llu can't be used", octet - 1);
	if (s->err == ERR_SYNTAX)
		return diag_set(d, s->err, "broken JSON: %c is wrong at octet %llu", c, octet);
	if (s->err == ERR_RANGE)
		return diag_set(d, s->err, "JSON nested deeper than %d levels at octet %llu", SCAN_DEPTH_MAX, octet);
	return diag_set(d, s->err, "%s", err_str(s->err));
}

enum err scan_feed(struct scan *s, const char *bytes, size_t len, struct diag *d)
{
	s->piece = s->next = s->from = bytes;
	s->end = bytes + len;
	while (!s->err && s->next < s->end)
		s->err = advance(s);
	if (s->err)
		return explain(s, d);
	copy_read(s);
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
