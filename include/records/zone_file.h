/* zone_file.h - zone files (RFC 1035 5): text to a version of a zone, as CoreDNS reads them: $ORIGIN, $TTL, $INCLUDE and $GENERATE, whose records have a
 * TTL of an hour where its line says none. Any thread; nothing is logged. */
#pragma once
#include "records/zone_data.h"
#include <stdbool.h>

#define ZONE_FILE_OCTETS_MAX    ((size_t)512 << 20) /* of a file and all that it includes */
#define ZONE_FILE_INCLUDES_MAX  7                   /* files in files */
#define ZONE_FILE_GENERATED_MAX ((size_t)1 << 24)   /* records of all $GENERATE of a zone */

/* What is read, and what came of it. */
struct zone_reading {
	const char *path;
	const struct name *apex;
	bool unless_serial; /* a file whose SOA has this serial is what is known already: it is read no further */
	uint32_t serial;

	struct zone_data *data; /* has one holder; NULL: it is known already, or an error */
	size_t outside;         /* records of names outside of the zone, which are left out */
	unsigned outside_line;  /* of the first of them, in the file that is named by path; 0: in another one */
	bool included;          /* as far as it was read, it includes other files */
};

/* Reads a zone file. ERR_SYNTAX, ERR_RANGE: what is wrong with it; ERR_MISSING, ERR_SYS: it can't be read; ERR_NOMEM. diag begins with FILE, and has the line
 * where there is one; it is not NULL. */
enum err zone_file_read(struct zone_reading *r, struct diag *diag);

/* The same of a text: path is what it is called, and what files that it includes are relative to. NULL: it must not include any. */
enum err zone_file_parse(struct zone_reading *r, const char *text, size_t len, struct diag *diag);
