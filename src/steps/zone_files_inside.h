/* zone_files_inside.h - private to steps: what is in a struct zone_files. */
#pragma once
#include "base/err.h"
#include "steps/zone_files.h"
#include "zone_step.h"

struct zone_file_watch;

/* What tells a file from another one at its path. */
struct zone_stamp {
	int64_t changed_ns, size; /* size -1: none was read */
	uint64_t inode;
};

/* One zone of one file. */
struct zone_source {
	char *path;
	struct zone_slot *slot;  /* held */
	struct zone_data *first; /* held; what was read, until it is published; NULL: nothing */
	const struct file_line *line;
	struct zone_stamp stamp;       /* of the file that was read last */
	bool included;                 /* which includes others, whose stamps nobody knows */
	enum err complaint;            /* why it could not be read, as was said; OK: nothing was */
	struct zone_file_watch *watch; /* NULL: it is not watched */
};

struct zone_files {
	unsigned users;
	struct zone_files_setting setting; /* options, rotate and explain alone */
	struct zone_source *sources;
	unsigned count;
	struct zone_slot **slots; /* those of sources */
	struct zone_step step;
};
