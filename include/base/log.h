/* log.h - one line per event, to stderr: "headns: LEVEL: text", or a JSON object. Callable from any thread; lines keep their order, and nobody who shares the
 * pipe writes into the middle of one. On the query path only a query that fails
 * logs, and only where `errors` says so. The level is the one process-wide setting, which may be changed at any time.
 *
 * A reader of stderr may stall, a disk may be slow, a terminal may be stopped by ^S: no loop may wait for them. O_NONBLOCK would not do: it
 * belongs to the open file, which is shared with whoever else has it, and means nothing to files and little to terminals. So from log_start
 * on a thread of the log's own does the waiting, and log_line puts lines into a queue of fixed size (LOG_QUEUE_BYTES). What finds it full
 * is lost and counted; the number is said at its place as soon as there is room again. Warnings and what is less leave LOG_ERRORS_BYTES of
 * it to errors. */
#pragma once
#include "base/err.h"
#include <stdbool.h>
#include <stdint.h>

#define LOG_QUEUE_BYTES  ((size_t)256 << 10)
#define LOG_ERRORS_BYTES ((size_t)16 << 10)

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* Lines above that level are not written. Before other threads run. */
void log_set_level(enum log_level level);

/* "error", "warning", "info" or "debug"; false if text is none of them. */
bool log_level_parse(const char *text, enum log_level *level);

enum log_format { LOG_TEXT, LOG_JSON };

/* Of all lines from then on; text before. Callable from any thread. */
void log_set_format(enum log_format format);

/* "text" or "json"; false if it is none of them. */
bool log_format_parse(const char *text, enum log_format *format);

/* Control characters in the formatted text are escaped. Texts over 1,023 octets are cut. Before log_start, and after log_stop, it
 * writes the line itself, and write(2) may block. Between them it never waits. */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same of a line that one of CoreDNS's plugins has too: text has "[ERROR] plugin/NAME: " before it then, as there, and JSON the name by itself. */
void log_plugin(enum log_level level, const char *plugin, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* --- lines that come once for each object --- */

/* A piece of work, such as a list, a watch or a load, in which a line may come for each of a million objects. The first LOG_SERIES_LINES of each
 * kind (the format says the kind) are written, the others counted; log_series_end says "and 1,204 more like: ...". A piece of work that does not
 * end counts anew after LOG_SERIES_S. At the level debug all are written. All zero is an empty one; of one thread. */
#define LOG_SERIES_LINES 20
#define LOG_SERIES_S     60
#define LOG_SERIES_KINDS 8 /* later ones count as one */

struct log_series {
	int64_t begun_s; /* of the monotonic clock */
	struct {
		enum log_level level;
		const char *format;
		unsigned long long count;
		char more[256]; /* the first that was not written */
	} kinds[LOG_SERIES_KINDS];
};

/* s NULL: as log_line. */
void log_series_line(struct log_series *s, enum log_level level, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Says how many were not written, and leaves s empty. */
void log_series_end(struct log_series *s);

/* --- the thread --- */

/* From here on log_line does not wait. After the last fork without exec: a thread is not inherited. ERR_SYS: no thread; lines are written
 * as before. */
enum err log_start(void);

/* Waits until all lines so far are written, for LOG_STOP_MS at most. */
void log_flush(void);

/* log_flush, and the end of the thread. If stderr takes nothing, the lines that wait and all later ones are dropped; else later ones are written
 * as before log_start. */
void log_stop(void);
#define LOG_STOP_MS 2000
