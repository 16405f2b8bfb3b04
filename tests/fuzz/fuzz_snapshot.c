/* The input is the body of a snapshot, under a header that is right. Whatever it is, it is refused or gives a store; and what that store says
 * is written and read again without a difference. */
#include "fuzz.h"
#include "store/snapshot.h"
#include <stdlib.h>
#include <string.h>

static enum err on_service_changed(void *arg, const struct service_view *view)
{
	size_t *endpoints = arg;
	*endpoints += view->count;
	return OK;
}

static void on_service_gone(void *arg, enum object_kind kind, const char *ns, const char *name)
{
	(void)arg;
	(void)kind;
	(void)ns;
	(void)name;
}

static enum err on_namespace_changed(void *arg, const char *ns, bool exists)
{
	(void)arg;
	(void)ns;
	(void)exists;
	return OK;
}

/* Reads it and writes what came of it to out; false: it was refused. */
static bool round_trip(const void *bytes, size_t len, struct buffer *out, size_t *endpoints)
{
	const struct store_callbacks callbacks = {
	        .service_changed = on_service_changed,
	        .service_gone = on_service_gone,
	        .namespace_changed = on_namespace_changed,
	        .arg = endpoints,
	};
	struct intern *pool = intern_new();
	struct store *s = store_new(pool, &callbacks);
	struct diag d = {0};
	enum err err = snapshot_read(s, pool, "", bytes, len, &d);
	assert(err == OK || err == ERR_SYNTAX);
	if (!err) {
		enum err flushed = store_flush(s), written = snapshot_write(s, "", out);
		assert(flushed == OK && written == OK);
	}
	store_free(s);
	intern_free(pool);
	return !err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = malloc(SNAPSHOT_HEADER_LEN + size);
	struct buffer once = {0}, twice = {0};
	size_t endpoints = 0, again = 0;
	memcpy(bytes + SNAPSHOT_HEADER_LEN, data, size);
	snapshot_put_header(bytes, data, size);
	if (round_trip(bytes, SNAPSHOT_HEADER_LEN + size, &once, &endpoints)) {
		bool good = round_trip(once.data, once.len, &twice, &again);
		assert(good && endpoints == again && once.len == twice.len);
	}
	buffer_free(&once);
	buffer_free(&twice);
	free(bytes);
	return 0;
}
