#include "ready_file.h"
#include "base/file.h"
#include "base/log.h"
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define MODE 0644

enum err ready_file_begin(struct ready_file *r, const char *path, struct diag *d)
{
	struct diag why;
	enum err err;
	*r = (struct ready_file){.path = path};
	if (!path)
		return OK;
	err = file_clear(path, &why);
	return err ? diag_set(d, err, "--ready-file %s", why.text) : OK;
}

static void put_addresses(struct buffer *out, const struct server *s)
{
	unsigned count;
	const struct net_address *addresses = server_addresses(s, &count);
	for (unsigned i = 0; i < count; i++) {
		char text[64];
		net_address_format(&addresses[i], text);
		buffer_append(out, text, strlen(text));
		buffer_append(out, "\n", 1);
	}
}

static enum err write_file(struct ready_file *r, const struct buffer *text, struct diag *d)
{
	enum err err = text->failed ? diag_set(d, ERR_NOMEM, "out of memory") : file_replace(r->path, text->data, text->len, MODE, d);
	if (err)
		return err;
	return stat(r->path, &r->ours) ? diag_set(d, ERR_SYS, "%s: %s", r->path, strerror(errno)) : OK;
}

void ready_file_write(struct ready_file *r, const struct server *s)
{
	struct buffer text = {0};
	struct diag d;
	if (!r->path || r->written)
		return;
	put_addresses(&text, s);
	if (write_file(r, &text, &d))
		log_line(LOG_ERROR, "--ready-file %s", d.text);
	else
		r->written = true;
	buffer_free(&text);
}

/* The number of a file that is gone is used again, so the time has to be the same too. */
static bool is_ours(const struct ready_file *r)
{
	const struct stat *a = &r->ours;
	struct stat b;
	return stat(r->path, &b) == 0 && a->st_dev == b.st_dev && a->st_ino == b.st_ino && a->st_mtim.tv_sec == b.st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

void ready_file_end(struct ready_file *r)
{
	if (r->written && is_ours(r))
		unlink(r->path);
	r->written = false;
}
