/* keeper.h - keeps a snapshot of a store in a file: written off the control thread when changes have settled, and at the end. Control thread. */
#pragma once
#include "base/diag.h"
#include "store/store.h"
#include <uv.h>

struct keeper;

/* origin: snapshot.h. Reads the snapshot into the store, which is empty. OK also where there is no such file, *found false. Another error: diag names the file and
 * says what is wrong, and the store may hold a part. */
enum err keeper_read(const char *path, const char *origin, struct store *s, struct intern *pool, bool *found, struct diag *d);

/* path, origin and s are borrowed. NULL: out of memory. */
struct keeper *keeper_new(uv_loop_t *loop, const char *path, const char *origin, const struct store *s);

/* The store has changed. */
void keeper_changed(struct keeper *k);

/* Writes what was not written yet, now. Memory is freed once libuv has closed its handles. Takes NULL. */
void keeper_close(struct keeper *k);
