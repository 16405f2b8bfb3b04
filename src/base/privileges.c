#include "base/privileges.h"
#include "base/log.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BIT(capability) (UINT64_C(1) << (capability))

void privileges_lock(void)
{
	prctl(PR_SET_DUMPABLE, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* --- capset(2), which the C library leaves to others --- */

static uint64_t permitted(void)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};
	if (syscall(SYS_capget, &head, sets))
		return 0;
	return sets[0].permitted | (uint64_t)sets[1].permitted << 32;
}

static void set(uint64_t effective, uint64_t may)
{
	struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
	const struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {
	        {.effective = (uint32_t)effective, .permitted = (uint32_t)may},
	        {.effective = (uint32_t)(effective >> 32), .permitted = (uint32_t)(may >> 32)},
	};
	syscall(SYS_capset, &head, sets); /* less is never refused */
}

/* Ambient ones go with the permitted ones. */
void privileges_none(void)
{
	set(0, 0);
}

/* --- what is kept --- */

void privileges_begin(struct privileges *p)
{
	p->had = permitted();
	p->kept = p->had & BIT(CAP_NET_BIND_SERVICE);
	set(p->kept, p->had); /* so that access(2) says what will be */
}

static void keep(struct privileges *p, int capability, const char *name, const char *path)
{
	if (!(p->had & ~p->kept & BIT(capability)))
		return;
	p->kept |= BIT(capability);
	log_line(LOG_INFO, "%s is kept: %s is another user's, and out of reach without it", name, path);
}

static bool is_refused(const char *path, int mode)
{
	return faccessat(AT_FDCWD, path, mode, AT_EACCESS) != 0 && errno == EACCES;
}

void privileges_need_to_read(struct privileges *p, const char *path)
{
	struct stat st;
	if (!path || strcmp(path, "-") == 0)
		return;
	if (is_refused(path, R_OK) || (stat(path, &st) == 0 && S_ISDIR(st.st_mode) && is_refused(path, R_OK | X_OK)))
		keep(p, CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH", path);
}

/* Its folder counts: files are replaced, and not written over. */
void privileges_need_to_write(struct privileges *p, const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;
	char *folder;
	if (!path)
		return;
	folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
	if (!folder || is_refused(folder, W_OK | X_OK)) /* out of memory: rather too much than a snapshot less */
		keep(p, CAP_DAC_OVERRIDE, "CAP_DAC_OVERRIDE", path);
	free(folder);
}

void privileges_end(const struct privileges *p)
{
	set(p->kept, p->kept);
}
