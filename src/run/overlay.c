#include "overlay.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where our files are made; covered for that moment only. What was bound elsewhere lives on after the cover is gone. */
#define WORKSHOP "/tmp"
#define MADE_MAX 64

static enum err sys_error(struct diag *d, const char *what, const char *path)
{
	return diag_set(d, errno == EPERM || errno == EACCES ? ERR_DENIED : ERR_SYS, "%s %s: %s", what, path, strerror(errno));
}

static bool write_whole(int fd, const struct buffer *text)
{
	return write(fd, text->data, text->len) == (ssize_t)text->len;
}

static enum err make_file(const char *made, const struct buffer *text, struct diag *d)
{
	int fd = open(made, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	bool done = fd >= 0 && write_whole(fd, text) && fchmod(fd, 0644) == 0;
	enum err err = done ? OK : sys_error(d, "writing", made);
	if (fd >= 0)
		close(fd);
	return err;
}

/* made is left where it is: nothing can be mounted over a file without a name, and a sandbox in the sandbox wants to. */
static enum err cover(const struct overlay_file *f, const char *made, struct diag *d)
{
	enum err err;
	if (access(f->path, F_OK) != 0) {
		if (!f->needed)
			return OK;
		return diag_set(d, ERR_MISSING, "there is no %s that could be covered with the pod's: create an empty one", f->path);
	}
	err = make_file(made, f->text, d);
	if (err)
		return err;
	if (mount(made, f->path, "none", MS_BIND, NULL) != 0)
		return sys_error(d, "mounting over", f->path);
	return OK;
}

enum err overlay_files(const struct overlay_file *files, size_t n, struct diag *d)
{
	enum err err = OK;
	if (mount("tmpfs", WORKSHOP, "tmpfs", MS_NOSUID | MS_NODEV, "mode=0700") != 0)
		return sys_error(d, "mounting a tmpfs on", WORKSHOP);
	for (size_t i = 0; !err && i < n; i++) {
		char made[MADE_MAX];
		snprintf(made, sizeof made, WORKSHOP "/%zu", i);
		err = cover(&files[i], made, d);
	}
	if (umount2(WORKSHOP, MNT_DETACH) != 0 && !err)
		err = sys_error(d, "unmounting", WORKSHOP);
	return err;
}

enum err overlay_hide(const char *folder, struct diag *d)
{
	if (mount("tmpfs", folder, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, "mode=0755") == 0 || errno == ENOENT)
		return OK;
	return sys_error(d, "mounting over", folder);
}
