/* snapshot_writer.h - keeps a snapshot of a store in a file: written off the control thread when changes have settled, and at the end. Control thread. */
#pragma once
#include "base/diag.h"
#include "store/store.h"
#include <uv.h>

struct snapshot_writer;

/* origin: snapshot.h. Reads the snapshot into the store, which is empty. OK also where there is no such file, *found false. Another error: diag names the file and
 * says what is wrong, and the store may hold a part. */
enum err snapshot_writer_read(const char *path, const char *origin, struct store *s, struct intern *pool, bool *found, struct diag *d);

/* path, origin and s are borrowed. NULL: out of memory. */
struct snapshot_writer *snapshot_writer_new(uv_loop_t *loop, const char *path, const char *origin, const struct store *s);

/* The store has changed. */
void snapshot_writer_changed(struct snapshot_writer *w);

/* Writes what was not written yet, now. Memory is freed once libuv has closed its handles. Takes NULL. */
void snapshot_writer_close(struct snapshot_writer *w);
