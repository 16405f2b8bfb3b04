/* log_queue.h - lines on their way to stderr, and the thread that writes them. One for the process, as stderr is. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* A line with its '\n', of LOG_LINE_MAX octets at most (log_text.h); an error may use what is kept for errors. */
void log_queue_put(const char *line, size_t len, bool is_error);
