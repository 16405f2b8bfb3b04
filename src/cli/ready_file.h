/* ready_file.h - the file that says that the server answers, and where: a line for each address, "127.0.0.1:1053", as it is bound. It is
 * there, whole, from when every name is answered until the end begins. Control thread. */
#pragma once
#include "base/diag.h"
#include "server/server.h"
#include <sys/stat.h>

struct ready_file {
	const char *path; /* borrowed; NULL: none is wanted, and nothing is done */
	bool written;
	struct stat ours; /* which file it is: another server may have put its own there since */
};

/* Takes away what an earlier server has left, which nobody must take for ours. What is no file, or a folder that can't be written to, is an
 * error. */
enum err ready_file_begin(struct ready_file *r, const char *path, struct diag *d);

/* Once the server answers; later calls do nothing. What goes wrong is logged. */
void ready_file_write(struct ready_file *r, const struct server *s);

/* Takes it away, if it still is ours. */
void ready_file_end(struct ready_file *r);
