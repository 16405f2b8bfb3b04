/* pid_file.h - the file that says the process's number, a line. Control thread. */
#pragma once
#include "base/diag.h"

/* Writes it, in the place of what is there; path NULL: none is wanted. The errors of file_replace. */
enum err pid_file_write(const char *path, struct diag *d);

/* Takes it away, unless another process has written its own number since. */
void pid_file_end(const char *path);
