/* privileges.h - what the process may do, given up once it is not needed. Capabilities are a thread's: each gives up its own, and those that it
 * starts from then on have no more. */
#pragma once
#include <stdint.h>

/* No other process of the same user may look into this one (ptrace, /proc/PID/mem, a core file), since it holds tokens, and nothing that is
 * executed gains rights by set-user-ID or file capabilities. For ever, and for threads and children that come later (but they may be looked
 * into). A sanitizer, valgrind, or gdb that started the process are not kept out; gdb that comes later must be root's. */
void privileges_lock(void);

/* No capability is left to this thread. */
void privileges_none(void);

/* From begin to end: what is kept. CAP_NET_BIND_SERVICE always is, since listeners may come later. Root reads and writes files of others by
 * CAP_DAC_READ_SEARCH and CAP_DAC_OVERRIDE; each is kept only where one of the paths can't do without, and then a line names that. Where a thread
 * has no capabilities, nothing happens. */
struct privileges {
	uint64_t had, kept;
};
void privileges_begin(struct privileges *p);
void privileges_need_to_read(struct privileges *p, const char *path);  /* a file, or a folder with what is in it; takes NULL */
void privileges_need_to_write(struct privileges *p, const char *path); /* a file that is replaced or removed; takes NULL */
void privileges_end(const struct privileges *p);
