#include "admin/exposition.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_TEXT_MAX 40

static void put(struct exposition *e, const char *text)
{
	buffer_append_text(&e->text, text);
}

/* The shortest text that reads back as the same number. */
static const char *number(double value, char text[NUMBER_TEXT_MAX])
{
	if (isnan(value))
		return "NaN";
	if (isinf(value))
		return value > 0 ? "+Inf" : "-Inf";
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, NUMBER_TEXT_MAX, "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	return text;
}

/* HELP has \\ and \n, label values have \" as well. */
static void put_escaped(struct exposition *e, const char *text, const char *special)
{
	while (*text) {
		size_t plain = strcspn(text, special);
		buffer_append(&e->text, text, plain);
		text += plain;
		if (!*text)
			return;
		put(e, *text == '\n' ? "\\n" : *text == '"' ? "\\\"" : "\\\\");
		text++;
	}
}

void exposition_family(struct exposition *e, const char *name, enum metric_type type, const char *help)
{
	static const char *const types[] = {[METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_HISTOGRAM] = "histogram"};
	e->name = name;
	put(e, "# HELP ");
	put(e, name);
	put(e, " ");
	put_escaped(e, help, "\\\n");
	put(e, "\n# TYPE ");
	put(e, name);
	put(e, " ");
	put(e, types[type]);
	put(e, "\n");
}

static void put_label(struct exposition *e, const char *name, const char *value, bool first)
{
	put(e, first ? "{" : ",");
	put(e, name);
	put(e, "=\"");
	put_escaped(e, value ? value : "", "\\\n\"");
	put(e, "\"");
}

/* NAMEsuffix{labels,le="…"} and a blank. */
static void put_series(struct exposition *e, const char *suffix, const struct metric_labels *labels, const char *le)
{
	unsigned count = labels ? labels->count : 0;
	put(e, e->name);
	put(e, suffix);
	for (unsigned i = 0; i < count; i++)
		put_label(e, labels->all[i].name, labels->all[i].value, i == 0);
	if (le)
		put_label(e, "le", le, count == 0);
	put(e, count || le ? "} " : " ");
}

static void put_count(struct exposition *e, uint64_t value)
{
	char text[NUMBER_TEXT_MAX];
	snprintf(text, sizeof text, "%" PRIu64 "\n", value);
	put(e, text);
}

static void put_value(struct exposition *e, double value)
{
	char text[NUMBER_TEXT_MAX];
	put(e, number(value, text));
	put(e, "\n");
}

void exposition_count(struct exposition *e, const struct metric_labels *labels, uint64_t value)
{
	put_series(e, "", labels, NULL);
	put_count(e, value);
}

void exposition_value(struct exposition *e, const struct metric_labels *labels, double value)
{
	put_series(e, "", labels, NULL);
	put_value(e, value);
}

void exposition_histogram(struct exposition *e, const struct metric_labels *labels, const double *bounds, unsigned bound_count,
                          const uint64_t *counts, double sum)
{
	uint64_t so_far = 0;
	for (unsigned i = 0; i <= bound_count; i++) {
		char text[NUMBER_TEXT_MAX];
		so_far += counts[i];
		put_series(e, "_bucket", labels, i < bound_count ? number(bounds[i], text) : "+Inf");
		put_count(e, so_far);
	}
	put_series(e, "_sum", labels, NULL);
	put_value(e, sum);
	put_series(e, "_count", labels, NULL);
	put_count(e, so_far);
}
