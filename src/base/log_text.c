#include "log_text.h"
#include "base/json_line.h"
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static _Atomic(enum log_format) format_now = LOG_TEXT;

void log_set_format(enum log_format format)
{
	format_now = format;
}

bool log_format_parse(const char *text, enum log_format *format)
{
	if (strcmp(text, "text") != 0 && strcmp(text, "json") != 0)
		return false;
	*format = text[0] == 'j' ? LOG_JSON : LOG_TEXT;
	return true;
}

static size_t as_json(char *out, size_t cap, enum log_level level, const char *plugin, const char *text)
{
	static const char *const levels[] = {"ERROR", "WARN", "INFO", "DEBUG"}; /* as Go's slog has them */
	struct json_line j;
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	json_line_begin(&j, out, cap, &now, levels[level], text, strlen(text));
	if (plugin)
		json_line_text(&j, "plugin", plugin);
	return json_line_end(&j);
}

/* Where plugins speak, the line also has what CoreDNS's would begin with. */
static size_t as_text(char *out, size_t cap, enum log_level level, const char *plugin, const char *text)
{
	static const char *const levels[] = {"error", "warning", "info", "debug"}, *const theirs[] = {"ERROR", "WARNING", "INFO", "DEBUG"};
	int len;
	if (plugin)
		len = snprintf(out, cap, "headns: %s: [%s] plugin/%s: %s", levels[level], theirs[level], plugin, text);
	else
		len = snprintf(out, cap, "headns: %s: %s", levels[level], text);
	if ((size_t)len >= cap)
		len = (int)cap - 1;
	out[len] = '\n';
	return (size_t)len + 1;
}

size_t log_text_line(char *out, size_t cap, enum log_level level, const char *plugin, const char *text)
{
	return format_now == LOG_JSON ? as_json(out, cap, level, plugin, text) : as_text(out, cap, level, plugin, text);
}
