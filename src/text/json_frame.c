#include "json_frame.h"
#include "text/list_kind.h"
#include <string.h>

#define TEXT_OF(number)  #number
#define DIGITS_OF(macro) TEXT_OF(macro)
#define DEPTH_TEXT       DIGITS_OF(JSON_DEPTH_MAX)

/* What may come next, at the places that are looked at in detail. */
enum state {
	LOST, /* nothing until a line begins with { */
	TOP,  /* a top-level object */
	KEY_OR_END,
	KEY,
	COLON,
	MEMBER,
	COMMA_OR_END, /* in one */
	ITEM_OR_END,
	ITEM,
	ITEM_COMMA_OR_END, /* in a list's items */
	SKIP_KEY,
	SKIP_MEMBER,
	SKIP_ITEM, /* inside of such a thing, until its end */
};

/* What an octet means. Those before QUOTE mean nothing inside of a string. */
enum octet { OTHER, SPACE, PUNCTUATION, OPEN, CLOSE, QUOTE, BACKSLASH, NEWLINE, CONTROL };

static const uint8_t octets[256] = {
        [0x00 ... 0x08] = CONTROL,
        ['\t'] = SPACE,
        ['\n'] = NEWLINE,
        [0x0b ... 0x0c] = CONTROL,
        ['\r'] = SPACE,
        [0x0e ... 0x1f] = CONTROL,
        [' '] = SPACE,
        ['"'] = QUOTE,
        ['\\'] = BACKSLASH,
        ['{'] = OPEN,
        ['['] = OPEN,
        ['}'] = CLOSE,
        [']'] = CLOSE,
        [','] = PUNCTUATION,
        [':'] = PUNCTUATION,
};

static enum octet octet_at(const char *text, size_t at)
{
	return (enum octet)octets[(uint8_t)text[at]];
}

void json_frame_init(struct json_frame *f)
{
	*f = (struct json_frame){.state = TOP};
}

static enum json_part bad(const struct json_frame *f, struct diag *d, const char *what)
{
	d->line = json_frame_line(f);
	diag_set(d, ERR_SYNTAX, "not JSON: %s", what);
	return JSON_BAD;
}

/* Scans to the end of the string or of the text; false: an octet that no string has. */
static bool scan_string(struct json_frame *f, const char *text, size_t len)
{
	while (f->at < len) {
		enum octet o = octet_at(text, f->at);
		if (f->escaped) {
			f->escaped = false;
		} else if (o == QUOTE) {
			f->in_string = false;
			f->at++;
			return true;
		} else if (o == BACKSLASH) {
			f->escaped = true;
		} else if (o == NEWLINE || o == CONTROL) {
			return false; /* most often a quote is missing: say so here and not megabytes later */
		}
		f->at++;
		while (!f->escaped && f->at < len && octet_at(text, f->at) < QUOTE)
			f->at++;
	}
	return true;
}

static bool open_bracket(struct json_frame *f, char bracket)
{
	uint8_t *octet = &f->arrays[f->depth / 8], bit = (uint8_t)(1u << f->depth % 8);
	if (f->depth == JSON_DEPTH_MAX)
		return false;
	*octet = (uint8_t)(bracket == '[' ? *octet | bit : *octet & ~bit);
	f->depth++;
	if (f->deepest < f->depth)
		f->deepest = f->depth;
	return true;
}

static bool in_array(const struct json_frame *f)
{
	unsigned level = f->depth - 1u;
	return f->arrays[level / 8] >> level % 8 & 1;
}

static bool close_bracket(struct json_frame *f, char bracket)
{
	if (f->depth == 0 || in_array(f) != (bracket == ']'))
		return false;
	f->depth--;
	return true;
}

/* Skips the rest of a value or key: JSON_VALUE at its end. A number or word ends before the octet that ends it. */
static enum json_part skip(struct json_frame *f, const char *text, size_t len, struct diag *d)
{
	while (f->at < len) {
		if (f->in_string) {
			if (!scan_string(f, text, len))
				return bad(f, d, "a string without end in its line");
			if (!f->in_string && f->depth == f->rest)
				return JSON_VALUE;
			continue;
		}
		switch (octet_at(text, f->at)) {
		case QUOTE:
			f->in_string = true;
			break;
		case OPEN:
			if (!open_bracket(f, text[f->at]))
				return bad(f, d, "nested deeper than " DEPTH_TEXT " levels");
			break;
		case CLOSE:
			if (f->depth == f->rest)
				return JSON_VALUE;
			if (!close_bracket(f, text[f->at]))
				return bad(f, d, "a bracket of the wrong kind");
			if (f->depth == f->rest) {
				f->at++;
				return JSON_VALUE;
			}
			break;
		case NEWLINE:
		case SPACE:
		case PUNCTUATION:
			if (f->depth == f->rest)
				return JSON_VALUE;
			f->lines += text[f->at] == '\n';
			break;
		case CONTROL:
		case BACKSLASH:
			return bad(f, d, "an octet that has no meaning here");
		case OTHER:
			break;
		}
		f->at++;
	}
	return JSON_MORE;
}

/* Begins to skip what starts at f->at, and is to be in state until it ends. */
static void begin_skip(struct json_frame *f, enum state state)
{
	f->state = (uint8_t)state;
	f->token = f->at;
	f->rest = f->depth;
}

static bool key_is(const struct json_frame *f, const char *text, const char *key)
{
	return f->key_len == strlen(key) + 2 && memcmp(text + f->key + 1, key, f->key_len - 2) == 0;
}

/* Keeps the string between start and end if it fits and has no escapes. */
static void keep_string(char *out, size_t cap, const char *text, size_t start, size_t end)
{
	size_t len = end - start - 2;
	if (text[start] != '"' || len >= cap || memchr(text + start, '\\', end - start))
		return;
	memcpy(out, text + start + 1, len);
	out[len] = '\0';
}

static void end_member(struct json_frame *f, const char *text)
{
	if (key_is(f, text, "kind"))
		keep_string(f->kind, sizeof f->kind, text, f->token, f->at);
	else if (key_is(f, text, "apiVersion"))
		keep_string(f->api_version, sizeof f->api_version, text, f->token, f->at);
	f->state = COMMA_OR_END;
}

/* A token that is skipped has ended: JSON_MORE means that scanning goes on. */
static enum json_part end_skip(struct json_frame *f, const char *text)
{
	switch (f->state) {
	case SKIP_KEY:
		f->key = f->token;
		f->key_len = f->at - f->token;
		f->state = COLON;
		return JSON_MORE;
	case SKIP_MEMBER:
		end_member(f, text);
		return JSON_MORE;
	default:
		f->state = ITEM_COMMA_OR_END;
		f->start = f->token;
		f->end = f->at;
		return JSON_ITEM;
	}
}

static void begin_object(struct json_frame *f)
{
	f->state = KEY_OR_END;
	f->start = f->at;
	f->line = f->list_line = f->lines + 1;
	f->kind[0] = f->api_version[0] = '\0';
	f->streamed = false;
	f->deepest = 0;
	open_bracket(f, '{');
	f->at++;
}

static enum json_part end_object(struct json_frame *f)
{
	close_bracket(f, '}');
	f->at++;
	f->state = TOP;
	f->line = f->list_line;
	f->end = f->at;
	return f->streamed ? JSON_LIST : JSON_VALUE;
}

static bool begins_items(const struct json_frame *f, const char *text)
{
	return text[f->at] == '[' && key_is(f, text, "items") && (!f->kind[0] || is_list_kind(f->kind));
}

/* A byte order mark may stand before any object: files were put together. */
static bool take_mark(struct json_frame *f, char c)
{
	if (c != "\xef\xbb\xbf"[f->marks])
		return false;
	f->marks = (uint8_t)((f->marks + 1) % 3);
	f->at++;
	return true;
}

static enum json_part at_top(struct json_frame *f, const char *text, struct diag *d)
{
	if (take_mark(f, text[f->at]))
		return JSON_MORE;
	if (text[f->at] == '-') {
		f->dashes = (uint8_t)((f->dashes + 1) % 3);
		f->at++;
		return JSON_MORE;
	}
	if (text[f->at] == '[')
		return bad(f, d, "an array at the top: objects are wanted, or a List of them");
	if (text[f->at] != '{' || f->dashes || f->marks)
		return bad(f, d, "an object is wanted, beginning with {");
	begin_object(f);
	return JSON_MORE;
}

static enum json_part at_key(struct json_frame *f, const char *text, struct diag *d)
{
	if (text[f->at] == '}' && f->state == KEY_OR_END)
		return end_object(f);
	if (text[f->at] != '"')
		return bad(f, d, "a key is wanted, in quotes");
	begin_skip(f, SKIP_KEY);
	return JSON_MORE;
}

static enum json_part at_member(struct json_frame *f, const char *text, struct diag *d)
{
	if (begins_items(f, text)) {
		open_bracket(f, '[');
		f->at++;
		f->streamed = true;
		f->state = ITEM_OR_END;
		return JSON_MORE;
	}
	if (strchr(",:]}", text[f->at]))
		return bad(f, d, "a value is wanted");
	begin_skip(f, SKIP_MEMBER);
	return JSON_MORE;
}

static enum json_part at_item(struct json_frame *f, const char *text, struct diag *d)
{
	if (text[f->at] == ']' && f->state == ITEM_OR_END) {
		close_bracket(f, ']');
		f->at++;
		f->state = COMMA_OR_END;
		return JSON_MORE;
	}
	if (text[f->at] != '{')
		return bad(f, d, "an item of a list is wanted, beginning with {");
	f->line = f->lines + 1;
	begin_skip(f, SKIP_ITEM);
	return JSON_MORE;
}

/* After a member or an item: a comma, or what ends the object or the list. */
static enum json_part at_separator(struct json_frame *f, const char *text, struct diag *d)
{
	bool in_items = f->state == ITEM_COMMA_OR_END;
	if (text[f->at] == ',') {
		f->state = in_items ? ITEM : KEY;
		f->at++;
		return JSON_MORE;
	}
	if (text[f->at] != (in_items ? ']' : '}'))
		return bad(f, d, "a comma is wanted");
	if (!in_items)
		return end_object(f);
	f->state = ITEM_OR_END;
	return JSON_MORE;
}

static void pass_over(struct json_frame *f, const char *text)
{
	if (f->line_begins && text[f->at] == '{') {
		f->state = TOP;
		return;
	}
	f->line_begins = false;
	f->at++;
}

void json_frame_pass_over(struct json_frame *f)
{
	f->state = LOST;
	f->depth = 0;
	f->dashes = f->marks = 0;
	f->in_string = f->escaped = f->line_begins = false;
}

/* One octet that is no white space, at a place that is looked at in detail. */
static enum json_part step(struct json_frame *f, const char *text, struct diag *d)
{
	switch ((enum state)f->state) {
	case LOST:
		pass_over(f, text);
		return JSON_MORE;
	case TOP:
		return at_top(f, text, d);
	case KEY_OR_END:
	case KEY:
		return at_key(f, text, d);
	case COLON:
		if (text[f->at] != ':')
			return bad(f, d, "a colon is wanted");
		f->at++;
		f->state = MEMBER;
		return JSON_MORE;
	case MEMBER:
		return at_member(f, text, d);
	case COMMA_OR_END:
	case ITEM_COMMA_OR_END:
		return at_separator(f, text, d);
	case ITEM_OR_END:
	case ITEM:
		return at_item(f, text, d);
	case SKIP_KEY:
	case SKIP_MEMBER:
	case SKIP_ITEM:
		break;
	}
	return JSON_MORE; /* not reached: these are skipped */
}

enum json_part json_frame_next(struct json_frame *f, const char *text, size_t len, struct diag *d)
{
	enum json_part part = JSON_MORE;
	while (f->at < len && part == JSON_MORE) {
		enum octet o = octet_at(text, f->at);
		if (f->state >= SKIP_KEY) {
			part = skip(f, text, len, d);
			if (part == JSON_VALUE)
				part = end_skip(f, text);
		} else if (o == SPACE || o == NEWLINE) {
			f->lines += o == NEWLINE;
			f->line_begins = o == NEWLINE;
			f->at++;
		} else {
			part = step(f, text, d);
		}
	}
	return part;
}

size_t json_frame_done(const struct json_frame *f)
{
	switch ((enum state)f->state) {
	case LOST:
	case TOP:
		return f->at;
	case COLON:
	case MEMBER:
	case SKIP_MEMBER:
		return f->streamed ? f->key : f->start;
	case SKIP_KEY:
	case SKIP_ITEM:
		return f->streamed ? f->token : f->start;
	case KEY_OR_END:
	case KEY:
	case COMMA_OR_END:
	case ITEM_OR_END:
	case ITEM:
	case ITEM_COMMA_OR_END:
		break;
	}
	return f->streamed ? f->at : f->start;
}

void json_frame_drop(struct json_frame *f, size_t len)
{
	f->at -= len;
	f->start -= len;
	f->end -= len;
	f->token -= len;
	f->key -= len;
}

unsigned json_frame_line(const struct json_frame *f)
{
	return f->lines + 1;
}

bool json_frame_at_rest(const struct json_frame *f)
{
	return f->state == LOST || (f->state == TOP && !f->dashes && !f->marks);
}
