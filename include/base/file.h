/* file.h - files written whole or not at all. */
#pragma once
#include "base/diag.h"
#include <stdbool.h>
#include <stddef.h>

/* Makes these octets the content of path, by a file beside it that takes its place once it is on the disk: whoever reads path, now or after a
 * crash, finds the old content or the new one. Only its owner may read it. ERR_NOMEM, ERR_SYS: path is as it was; diag names the file and
 * errno's text. */
enum err file_replace(const char *path, const void *bytes, size_t len, struct diag *d);

/* True if two paths are the same name in the same folder, however they are spelt, so that file_replace has one place for both. A folder that
 * can't be looked at is none but itself by its letters. */
bool file_same_place(const char *a, const char *b);
