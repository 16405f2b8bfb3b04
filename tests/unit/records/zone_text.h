/* zone_text.h - zones as lines of text, for the tests of records. */
#pragma once
#include "dns/record_text.h"
#include "records/zone_data.h"
#include "unit.h"
#include <stdlib.h>
#include <string.h>

static inline struct name name_of(const char *text)
{
	struct name n;
	assert_int_equal(name_from_text(&n, text, strlen(text)), OK);
	return n;
}

/* One line. */
typedef enum err zone_text_take(struct zone_draft *d, const struct record *r, struct diag *diag);
static inline enum err take_line(struct zone_draft *d, const char *line, zone_text_take *take, struct diag *diag)
{
	static struct record_text t;
	struct diag why = {0};
	if (record_from_text(line, strcspn(line, "\n"), &t, &why))
		fail_msg("%s: %s", line, why.text);
	return take(d, &(struct record){&t.owner, t.type, t.ttl_s, t.rdata, t.rdata_len}, diag);
}

/* Lines, each with its end. What the first that is not OK returns. */
static inline enum err take_lines(struct zone_draft *d, const char *lines, zone_text_take *take, struct diag *diag)
{
	enum err err = OK;
	for (; *lines && !err; lines = strchr(lines, '\n') + 1)
		err = take_line(d, lines, take, diag);
	return err;
}

/* NULL: memory was short, or diag says what is wrong. */
static inline struct zone_data *try_zone_of(const char *apex, const char *lines, struct diag *diag)
{
	const struct name n = name_of(apex);
	struct zone_draft *d = zone_draft_new(&n);
	struct zone_data *z = NULL;
	if (!d)
		return NULL;
	if (take_lines(d, lines, zone_draft_add, diag)) {
		zone_draft_free(d);
		return NULL;
	}
	zone_draft_finish(d, &z, diag);
	return z;
}

static inline struct zone_data *zone_of(const char *apex, const char *lines)
{
	struct diag diag = {0};
	struct zone_data *z = try_zone_of(apex, lines, &diag);
	if (!z)
		fail_msg("%s", diag.text);
	return z;
}

static inline enum err append_record(void *buffer, const struct record *r)
{
	record_to_text(r, buffer);
	return OK;
}

static inline void assert_records(const struct zone_data *z, const char *want)
{
	struct buffer b = {0};
	assert_int_equal(zone_data_walk(z, append_record, &b), OK);
	buffer_append(&b, "", 1);
	assert_string_equal(b.data, want);
	buffer_free(&b);
}
