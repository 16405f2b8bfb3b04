/* The first octet says whether the rest is a watch or a list, and how it is cut into pieces. Whatever the pieces, the frames are the
 * same; and a frame is what a JSON parser makes of the object as it was sent, without the members that are not read. */
#include "base/buffer.h"
#include "fuzz.h"
#include "members.h"
#include "scan.h"
#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static enum err on_frame(void *arg, const struct scan_frame *f)
{
	char kind = (char)('0' + f->kind);
	assert(f->json && f->len <= f->raw_bytes);
	buffer_append(arg, &kind, 1);
	buffer_append(arg, f->json, f->len);
	buffer_append(arg, "", 1);
	return OK;
}

/* All frames, and how the scan ended, as one text. Pieces are copies of their own, so that a read beyond one is seen. */
static enum err scan_all(enum scan_form form, const char *text, size_t len, size_t piece_max, struct buffer *out)
{
	struct scan *s = scan_new(form, on_frame, out);
	struct diag d = {0};
	enum err err = OK;
	for (size_t at = 0, piece; !err && at < len; at += piece) {
		piece = len - at < piece_max ? len - at : piece_max;
		char *copy = memcpy(malloc(piece), text + at, piece);
		err = scan_feed(s, copy, piece, &d);
		free(copy);
	}
	if (!err)
		err = scan_end(s, &d);
	assert(err == OK || err == ERR_SYNTAX || err == ERR_RANGE);
	buffer_append(out, d.text, strlen(d.text) + 1);
	scan_free(s);
	return err;
}

/* The child's entry in the list; NULL: there is none, or it is an array's item. */
static const struct member *member_of(const cJSON *object, const cJSON *child, const struct member *members)
{
	return cJSON_IsObject(object) ? members_find(members, child->string, strlen(child->string)) : NULL;
}

/* True if a member has not the value that it must have. */
static bool is_unwanted(const cJSON *object, const struct member *members)
{
	for (const cJSON *child = object->child; child; child = child->next) {
		const struct member *m = member_of(object, child, members);
		if (m && m->only && !(cJSON_IsString(child) && strcmp(child->valuestring, m->only) == 0))
			return true;
	}
	return false;
}

/* What pruning is, on a tree: each object loses the members that are not in the list, each array the items that are unwanted. */
static void prune(cJSON *value, const struct member *members)
{
	cJSON *next;
	for (cJSON *child = members ? value->child : NULL; child; child = next) {
		const struct member *m = member_of(value, child, members);
		next = child->next;
		if (cJSON_IsObject(value) ? !m : is_unwanted(child, members))
			cJSON_Delete(cJSON_DetachItemViaPointer(value, child));
		else
			prune(child, m ? m->members : members);
	}
}

static void expect_frame(const cJSON *json, enum scan_frame_kind kind, const struct member *members, const char **at)
{
	cJSON *want = cJSON_Duplicate(json, true), *got;
	char *want_text, *got_text;
	prune(want, members);
	assert(**at == '0' + (char)kind);
	got = cJSON_Parse(*at + 1);
	assert(got);
	want_text = cJSON_PrintUnformatted(want);
	got_text = cJSON_PrintUnformatted(got);
	assert(strcmp(want_text, got_text) == 0);
	*at += strlen(*at) + 1;
	cJSON_free(want_text);
	cJSON_free(got_text);
	cJSON_Delete(want);
	cJSON_Delete(got);
}

/* Only objects lose members: what is none is for whoever takes the frames to refuse. */
static void expect_value(const cJSON *json, const struct member *m, const char **at)
{
	expect_frame(json, (enum scan_frame_kind)(m->frame - 1), cJSON_IsObject(json) ? m->members : NULL, at);
}

static void expect_list(const cJSON *json, const char **at)
{
	for (const cJSON *child = json->child; child; child = child->next) {
		const struct member *m = members_find(members_of_list.members, child->string, strlen(child->string));
		const cJSON *item = m && m->list ? child->child : NULL;
		if (m && !m->list)
			expect_value(child, m, at);
		for (; item; item = item->next)
			expect_value(item, m, at);
	}
}

/* False: items are neither an array nor null. */
static bool is_list(const cJSON *json)
{
	for (const cJSON *child = json->child; child; child = child->next) {
		const struct member *m = members_find(members_of_list.members, child->string, strlen(child->string));
		if (m && m->list && !cJSON_IsArray(child) && !cJSON_IsNull(child))
			return false;
	}
	return true;
}

/* What cJSON prints is strict JSON: it must be taken, unless it is nested too deep, or is no list. */
static void check_strict(enum scan_form form, const cJSON *json)
{
	struct buffer frames = {0};
	char *text = cJSON_PrintUnformatted(json);
	enum err err = scan_all(form, text, strlen(text), SIZE_MAX, &frames);
	const char *at = frames.data;
	assert(err == OK || err == ERR_RANGE || (err == ERR_SYNTAX && form == SCAN_LIST && !is_list(json)));
	if (err == OK && form == SCAN_WATCH)
		expect_frame(json, SCAN_EVENT, members_of_watch.members, &at);
	else if (err == OK)
		expect_list(json, &at);
	assert(err || at + 1 == frames.data + frames.len);
	buffer_free(&frames);
	cJSON_free(text);
}

/* A key that is written with an escape is not known to the scanner; cJSON would print it without. */
static bool has_written_out_escapes(const char *text, size_t len)
{
	return memmem(text, len, "\\u", 2) || memmem(text, len, "\\/", 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buffer whole = {0}, pieces = {0};
	const char *text = (const char *)data + 1;
	enum scan_form form;
	cJSON *json;
	if (!size)
		return 0;
	form = data[0] & 1 ? SCAN_LIST : SCAN_WATCH;
	size--;
	enum err one = scan_all(form, text, size, SIZE_MAX, &whole);
	enum err other = scan_all(form, text, size, data[0] / 2 + 1, &pieces);
	assert(one == other && whole.len == pieces.len && memcmp(whole.data, pieces.data, whole.len) == 0);
	buffer_free(&whole);
	buffer_free(&pieces);

	json = cJSON_ParseWithLength(text, size);
	if (cJSON_IsObject(json) && !has_written_out_escapes(text, size))
		check_strict(form, json);
	cJSON_Delete(json);
	return 0;
}
