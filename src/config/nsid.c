/* `nsid [DATA...]` */
#include "base/buffer.h"
#include "directives.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HOST_MAX 256

/* CoreDNS's, where the host has no name. */
static void put_host(struct buffer *b)
{
	char host[HOST_MAX] = "";
	const char *name = gethostname(host, sizeof host - 1) ? "localhost" : host;
	buffer_append(b, name, strlen(name));
}

static enum err take(void *values, const struct words *w, struct diag *d)
{
	struct buffer b = {0};
	if (!w->count)
		put_host(&b);
	for (unsigned i = 0; i < w->count; i++) {
		buffer_append(&b, " ", i ? 1 : 0);
		buffer_append(&b, w->texts[i], strlen(w->texts[i]));
	}
	buffer_append(&b, "", 1);
	if (!b.failed) {
		((struct nsid_options *)values)->data = b.data;
		return OK;
	}
	buffer_free(&b);
	return diag_set(d, ERR_NOMEM, "out of memory");
}

static void clear(void *values)
{
	free(((struct nsid_options *)values)->data);
}

const struct directive nsid_directive = {
        .name = "nsid",
        .arguments = "[DATA...]",
        .max = OPTION_ANY_NUMBER,
        .size = sizeof(struct nsid_options),
        .take = take,
        .clear = clear,
};
