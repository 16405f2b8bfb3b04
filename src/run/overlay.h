/* overlay.h - files of our own in the place of the system's, in a mount namespace of our own. Nothing on disk changes. */
#pragma once
#include "base/buffer.h"
#include "base/diag.h"
#include <stdbool.h>
#include <stddef.h>

struct overlay_file {
	const char *path; /* "/etc/resolv.conf"; a symbolic link's target is covered */
	const struct buffer *text;
	bool needed; /* ERR_MISSING where there is no such file to cover; otherwise it is passed over */
};

/* Covers each file with its text. */
enum err overlay_files(const struct overlay_file *files, size_t n, struct diag *d);

/* Makes the folder look empty; nothing happens where there is none. */
enum err overlay_hide(const char *folder, struct diag *d);
