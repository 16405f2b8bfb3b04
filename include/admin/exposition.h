/* exposition.h - Prometheus' text format, version 0.0.4: families, each with its samples. Sticky failure as in base/buffer.h: out of memory
 * makes everything that follows do nothing. One thread at a time. https://prometheus.io/docs/instrumenting/exposition_formats/ */
#pragma once
#include "base/buffer.h"
#include <stddef.h>
#include <stdint.h>

#define EXPOSITION_TYPE "text/plain; version=0.0.4; charset=utf-8" /* the Content-Type */

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

/* A label's value is any UTF-8 text; NULL is the empty one. */
struct metric_label {
	const char *name, *value;
};

struct metric_labels {
	const struct metric_label *all; /* in the order in which they are written */
	unsigned count;
};

#define METRIC_LABELS_MAX 8

/* All zero is an empty text. */
struct exposition {
	struct buffer text;
	const char *name; /* of the family that was begun last */
};

/* Begins a family: the samples of one name stand together, so each is begun once. The name is borrowed until the next. */
void exposition_family(struct exposition *e, const char *name, enum metric_type type, const char *help);

/* A sample of a counter or a gauge. labels may be NULL: none. */
void exposition_count(struct exposition *e, const struct metric_labels *labels, uint64_t value);
void exposition_value(struct exposition *e, const struct metric_labels *labels, double value);

/* A histogram's samples: counts has one number for each bound (those at most as large, and larger than the bound before), and one more for
 * what is beyond the last. Upper bounds, growing. */
void exposition_histogram(struct exposition *e, const struct metric_labels *labels, const double *bounds, unsigned bound_count,
                          const uint64_t *counts, double sum);
