#include "base/log.h"
#include "text.h"
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_OCTETS 1024

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

void log_line(enum log_level level, const char *format, ...)
{
	char line[LINE_MAX_OCTETS];
	size_t len;
	va_list args;
	if (level > level_now)
		return;
	len = (size_t)snprintf(line, sizeof line, "headns: %s: ", level_names[level]);
	va_start(args, format);
	len += text_format_line(line + len, sizeof line - len - 1, format, args);
	va_end(args);
	line[len++] = '\n';
	/* There is nobody to tell that stderr is gone. */
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}
