#include "io/filewatch.h"
#include "base/file.h"
#include "base/hash.h"
#include "io/file_list.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* One folder. Heap-allocated, because it outlives its place in the list by the time that libuv takes to close the handle. */
struct folder_watch {
	uv_fs_event_t handle;
	struct filewatch *owner;
	struct folder_watch *next;
	dev_t dev; /* what the handle watches: a folder that was removed and made again is another one */
	ino_t ino;
	bool wanted;
	char path[PATH_MAX];
};

struct filewatch {
	uv_timer_t timer;
	struct file_list paths;
	struct folder_watch *folders;
	filewatch_changed *changed;
	void *arg;
	uint64_t signature; /* of the files when changed() was last called; 0: unknown */
	uint64_t burst_ms;  /* uv_now() of the burst's first event */
	unsigned handles;   /* not closed yet */
	bool recursive;
	bool stopping;
};

/* --- what the files are --- */

#define CLOCK_TICK_NS 10000000 /* the kernel stamps files with a clock that is up to this late (CONFIG_HZ=100) */

/* A file changed so lately that another change could leave it looking the same. */
static bool is_racy(const struct stat *st)
{
	struct timespec now;
	int64_t age_ns;
	clock_gettime(CLOCK_REALTIME, &now);
	age_ns = ((int64_t)now.tv_sec - st->st_mtim.tv_sec) * 1000000000 + now.tv_nsec - st->st_mtim.tv_nsec;
	return age_ns >= 0 && age_ns < CLOCK_TICK_NS;
}

static uint64_t add_file(uint64_t signature, const char *path, bool *racy)
{
	struct stat st;
	uint64_t fields[5] = {0};
	if (stat(path, &st) == 0) {
		fields[0] = (uint64_t)st.st_dev;
		fields[1] = (uint64_t)st.st_ino;
		fields[2] = (uint64_t)st.st_size;
		fields[3] = (uint64_t)st.st_mtim.tv_sec;
		fields[4] = (uint64_t)st.st_mtim.tv_nsec;
		*racy = *racy || is_racy(&st);
	}
	return hash_mix(hash_mix(signature, hash_bytes(path, strlen(path))), hash_bytes(fields, sizeof fields));
}

/* What the paths mean now. */
struct found {
	struct file_list files, folders;
};

static void found_clear(struct found *f)
{
	file_list_free(&f->files);
	file_list_free(&f->folders);
}

static enum err on_note(void *arg, enum folder_note note, const char *folder)
{
	struct found *f = arg;
	return note == FOLDER_READ ? file_list_add(&f->folders, folder, NULL) : OK;
}

/* False: out of memory. A folder that can't be read has no files. */
static bool find(const struct filewatch *w, struct found *f)
{
	enum err err = OK;
	for (size_t i = 0; i < w->paths.count && err != ERR_NOMEM; i++) {
		const char *path = w->paths.paths[i];
		err = is_folder(path) ? file_list_add_folder(&f->files, path, w->recursive, on_note, f, NULL)
		                      : file_list_add(&f->files, path, NULL);
	}
	return err != ERR_NOMEM;
}

/* 0 where it can't be told or could not be told from the next. */
static uint64_t signature_of(const struct file_list *files)
{
	uint64_t signature = files->count + 1;
	bool racy = false;
	for (size_t i = 0; i < files->count; i++)
		signature = add_file(signature, files->paths[i], &racy);
	return racy ? 0 : signature;
}

/* True if somebody has the file open for writing: what is in it may be half of what will be. Only then does the kernel refuse a read lease
 * with EAGAIN; where it refuses for another reason (a file of somebody else's, a file system without leases) nobody can tell. */
static bool is_being_written(const char *path)
{
	bool written = false;
	int fd;
	if (file_open(path, FILE_REGULAR, UINT64_MAX, &fd, NULL))
		return false;
	/* Who opens it for writing while we hold the lease makes the kernel signal us: with SIGIO, which would end us. */
	if (fcntl(fd, F_SETSIG, SIGURG) == 0)
		written = fcntl(fd, F_SETLEASE, F_RDLCK) != 0 && errno == EAGAIN;
	close(fd); /* gives the lease back */
	return written;
}

static bool any_is_being_written(const struct file_list *files)
{
	for (size_t i = 0; i < files->count; i++)
		if (is_being_written(files->paths[i]))
			return true;
	return false;
}

/* --- which folders are watched --- */

static void on_handle_closed(struct filewatch *w)
{
	if (--w->handles || !w->stopping)
		return;
	file_list_free(&w->paths);
	free(w);
}

static void on_timer_closed(uv_handle_t *handle)
{
	on_handle_closed(handle->data);
}

static void on_folder_closed(uv_handle_t *handle)
{
	struct folder_watch *f = handle->data;
	struct filewatch *w = f->owner;
	free(f);
	on_handle_closed(w);
}

static void on_burst_end(uv_timer_t *timer);

static void on_folder_event(uv_fs_event_t *handle, const char *name, int events, int status)
{
	struct filewatch *w = ((struct folder_watch *)handle->data)->owner;
	uint64_t now = uv_now(handle->loop), rest;
	(void)name;
	(void)events;
	(void)status; /* whatever happened, looking at the files tells more */
	if (!uv_is_active((uv_handle_t *)&w->timer))
		w->burst_ms = now;
	rest = now - w->burst_ms < FILEWATCH_BURST_MS ? w->burst_ms + FILEWATCH_BURST_MS - now : 0;
	uv_timer_start(&w->timer, on_burst_end, rest < FILEWATCH_QUIET_MS ? rest : FILEWATCH_QUIET_MS, 0);
}

static struct folder_watch *find_folder(const struct filewatch *w, const char *path, const struct stat *st)
{
	for (struct folder_watch *f = w->folders; f; f = f->next) {
		if (strcmp(f->path, path) == 0 && f->dev == st->st_dev && f->ino == st->st_ino)
			return f;
	}
	return NULL;
}

static enum err add_folder(struct filewatch *w, const char *path, const struct stat *st)
{
	struct folder_watch *f = calloc(1, sizeof *f);
	int code;
	if (!f)
		return ERR_NOMEM;
	uv_fs_event_init(w->timer.loop, &f->handle);
	f->handle.data = f;
	f->owner = w;
	f->wanted = true;
	f->dev = st->st_dev;
	f->ino = st->st_ino;
	memcpy(f->path, path, strlen(path) + 1);
	w->handles++;
	code = uv_fs_event_start(&f->handle, on_folder_event, path, 0);
	if (code) {
		uv_close((uv_handle_t *)&f->handle, on_folder_closed);
		return code == UV_ENOENT ? ERR_MISSING : code == UV_ENOMEM ? ERR_NOMEM : ERR_SYS;
	}
	f->next = w->folders;
	w->folders = f;
	return OK;
}

/* Sees to it that the folder is watched, or else the nearest above it, in which it will appear. */
static enum err want_folder(struct filewatch *w, const char *folder)
{
	char path[PATH_MAX];
	enum err err = ERR_MISSING;
	if (strlen(folder) >= sizeof path)
		return ERR_RANGE;
	memcpy(path, folder, strlen(folder) + 1);
	for (;;) {
		struct stat st;
		struct folder_watch *f;
		char *above;
		bool top = strcmp(path, "/") == 0 || strcmp(path, ".") == 0;
		if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
			f = find_folder(w, path, &st);
			if (f)
				f->wanted = true;
			err = f ? OK : add_folder(w, path, &st);
		}
		if (err != ERR_MISSING || top)
			return err;
		above = dirname(path); /* within path, or static */
		memmove(path, above, strlen(above) + 1);
	}
}

static enum err want_folder_of(struct filewatch *w, const char *file)
{
	char path[PATH_MAX];
	if (strlen(file) >= sizeof path)
		return ERR_RANGE;
	memcpy(path, file, strlen(file) + 1);
	return want_folder(w, dirname(path));
}

static void close_unwanted(struct filewatch *w)
{
	struct folder_watch **link = &w->folders;
	while (*link) {
		struct folder_watch *f = *link;
		if (f->wanted) {
			link = &f->next;
		} else {
			*link = f->next;
			uv_close((uv_handle_t *)&f->handle, on_folder_closed);
		}
	}
}

/* The folders of the paths, folders that are paths, and those that symbolic links lead to. What is watched already stays so; on an error some
 * may not be. */
static enum err watch_folders(struct filewatch *w, const struct found *found)
{
	enum err err = OK;
	for (struct folder_watch *f = w->folders; f; f = f->next)
		f->wanted = false;
	for (size_t i = 0; i < w->paths.count && !err; i++)
		err = want_folder_of(w, w->paths.paths[i]);
	for (size_t i = 0; i < found->folders.count && !err; i++)
		err = want_folder(w, found->folders.paths[i]);
	for (size_t i = 0; i < found->files.count && !err; i++) {
		char real[PATH_MAX];
		if (realpath(found->files.paths[i], real))
			err = want_folder_of(w, real);
	}
	if (!err)
		close_unwanted(w);
	return err;
}

/* --- the whole --- */

/* What a look at the files told. */
struct sight {
	uint64_t signature;
	bool being_written;
};

/* Watches what is to be watched now, and then looks at the files: what happens later raises an event. */
static enum err look(struct filewatch *w, struct sight *sight)
{
	struct found found = {0};
	enum err err = find(w, &found) ? watch_folders(w, &found) : ERR_NOMEM;
	*sight = (struct sight){0};
	if (err != ERR_NOMEM) {
		sight->being_written = any_is_being_written(&found.files);
		sight->signature = signature_of(&found.files);
	}
	found_clear(&found);
	return err;
}

static void on_burst_end(uv_timer_t *timer)
{
	struct filewatch *w = timer->data;
	struct sight now;
	look(w, &now);
	if (now.being_written && uv_now(timer->loop) - w->burst_ms < FILEWATCH_WRITER_MS) {
		uv_timer_start(timer, on_burst_end, FILEWATCH_QUIET_MS, 0);
		return;
	}
	if (now.signature && now.signature == w->signature)
		return;
	w->signature = now.signature;
	w->changed(w->arg); /* may stop the watch */
}

static enum err copy_paths(struct filewatch *w, const char *const *paths, size_t n)
{
	enum err err = OK;
	for (size_t i = 0; i < n && !err; i++) {
		if (file_given(paths[i]) < 0)
			err = file_list_add(&w->paths, paths[i], NULL);
	}
	return err;
}

enum err filewatch_start(uv_loop_t *loop, const char *const *paths, size_t n, bool recursive, filewatch_changed *changed, void *arg,
                         struct filewatch **out)
{
	struct filewatch *w = calloc(1, sizeof *w);
	enum err err;
	*out = NULL;
	if (!w)
		return ERR_NOMEM;
	w->recursive = recursive;
	w->changed = changed;
	w->arg = arg;
	uv_timer_init(loop, &w->timer);
	w->timer.data = w;
	w->handles = 1;
	err = copy_paths(w, paths, n);
	struct sight before;
	if (!err)
		err = look(w, &before);
	if (err) {
		filewatch_stop(w);
		return err;
	}
	w->signature = before.signature;
	*out = w;
	return OK;
}

void filewatch_stop(struct filewatch *w)
{
	if (!w)
		return;
	w->stopping = true;
	for (struct folder_watch *f = w->folders; f; f = f->next)
		f->wanted = false;
	close_unwanted(w);
	uv_close((uv_handle_t *)&w->timer, on_timer_closed);
}
