/* log.h - one line per event, to stderr: "headns: LEVEL: text". Callable from any thread; a line is written by one write(2).
 * Nothing on the query path logs. The level is the one process-wide setting, made once before threads start. */
#pragma once
#include <stdbool.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

void log_set_level(enum log_level level);

/* "error", "warning", "info" or "debug"; false if text is none of them. */
bool log_level_parse(const char *text, enum log_level *level);

/* Control characters in the formatted text are escaped. Lines over 1,024 octets are cut. */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
