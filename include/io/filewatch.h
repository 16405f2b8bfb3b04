/* filewatch.h - tells when manifests on disk have changed and come to rest. Control thread's loop. */
#pragma once
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

struct filewatch;

/* Something of what is watched may be another by now. Called on the loop. */
typedef void filewatch_changed(void *arg);

/* Watches the folders that hold paths (so that an editor's rename and a ConfigMap's ..data symlink swap are seen), folders that are paths
 * themselves (recursive: and those within them), and those that symbolic links lead to; where one is gone, the nearest above it. "-" and
 * other open descriptors (base/file.h) are not watched. changed() is called once per burst of events, FILEWATCH_QUIET_MS after the last one
 * or FILEWATCH_BURST_MS after the first; it is not called for a burst after which no file differs (device, inode, size, mtime) from before.
 * "Before" is the moment of this call at first: load the files after it, and no change is missed. changed() may stop the watch.
 * While somebody has one of the files open for writing it is not called, for FILEWATCH_WRITER_MS at most: a shell's `>` empties the file
 * before its command has begun to write.
 * ERR_NOMEM, ERR_SYS (the system's limit of watches): nothing is watched; the loop must turn for all to be freed. */
enum err filewatch_start(uv_loop_t *loop, const char *const *paths, size_t n, bool recursive, filewatch_changed *changed, void *arg,
                         struct filewatch **out);

/* Stops and, once libuv has closed its handles, frees it. Takes NULL. */
void filewatch_stop(struct filewatch *w);

#define FILEWATCH_QUIET_MS  15 /* an editor writes within one quantum; an edit is to be served within 100 ms */
#define FILEWATCH_BURST_MS  50
#define FILEWATCH_WRITER_MS 10000
