#include "base/log.h"
#include "log_queue.h"
#include "log_text.h"
#include "text.h"
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define TEXT_MAX_OCTETS 1024

static _Atomic(enum log_level) level_now = LOG_INFO;

static const char *const level_names[] = {"error", "warning", "info", "debug"};

void log_set_level(enum log_level level)
{
	level_now = level;
}

bool log_level_parse(const char *text, enum log_level *level)
{
	for (unsigned i = 0; i < sizeof level_names / sizeof *level_names; i++) {
		if (strcmp(text, level_names[i]) == 0) {
			*level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

static void write_line(enum log_level level, const char *plugin, const char *format, va_list args)
{
	char text[TEXT_MAX_OCTETS], line[LOG_LINE_MAX];
	text_format_line(text, sizeof text, format, args);
	log_queue_put(line, log_text_line(line, sizeof line, level, plugin, text), level == LOG_ERROR);
}

void log_line(enum log_level level, const char *format, ...)
{
	va_list args;
	if (level > level_now)
		return;
	va_start(args, format);
	write_line(level, NULL, format, args);
	va_end(args);
}

void log_plugin(enum log_level level, const char *plugin, const char *format, ...)
{
	va_list args;
	if (level > level_now)
		return;
	va_start(args, format);
	write_line(level, plugin, format, args);
	va_end(args);
}

/* --- series --- */

static int64_t now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return t.tv_sec;
}

/* The number of the kind; a free one becomes its. */
static unsigned kind_of(struct log_series *s, enum log_level level, const char *format)
{
	unsigned i = 0;
	while (i < LOG_SERIES_KINDS - 1 && s->kinds[i].format && (s->kinds[i].format != format || s->kinds[i].level != level))
		i++;
	if (s->kinds[i].format)
		return i;
	s->kinds[i].format = format;
	s->kinds[i].level = level;
	return i;
}

static void count_line(struct log_series *s, enum log_level level, const char *format, va_list args)
{
	unsigned kind;
	if (s->begun_s && now_s() - s->begun_s >= LOG_SERIES_S)
		log_series_end(s);
	if (!s->begun_s)
		s->begun_s = now_s();
	kind = kind_of(s, level, format);
	s->kinds[kind].count++;
	if (s->kinds[kind].count <= LOG_SERIES_LINES)
		write_line(level, NULL, format, args);
	else if (s->kinds[kind].count == LOG_SERIES_LINES + 1)
		text_format_line(s->kinds[kind].more, sizeof s->kinds[kind].more, format, args);
}

void log_series_line(struct log_series *s, enum log_level level, const char *format, ...)
{
	va_list args;
	if (level > level_now)
		return;
	va_start(args, format);
	if (!s || level_now == LOG_DEBUG)
		write_line(level, NULL, format, args);
	else
		count_line(s, level, format, args);
	va_end(args);
}
void log_series_end(struct log_series *s)
{
	for (unsigned i = 0; i < LOG_SERIES_KINDS && s->kinds[i].format; i++) {
		char number[TEXT_NUMBER_ROOM];
		if (s->kinds[i].count > LOG_SERIES_LINES)
			log_line(s->kinds[i].level, "and %s more like: %s (--log-level debug shows all)",
			         text_number(s->kinds[i].count - LOG_SERIES_LINES, number), s->kinds[i].more);
	}
	*s = (struct log_series){0};
}
