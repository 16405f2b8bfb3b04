/* worker.h - what all forwarders of one worker share: its loop's clock, the octets that come in, and the sending of what was asked in one turn
 * of the loop together. Belongs to the loop's thread. */
#pragma once
#include "base/err.h"

struct uv_loop_s; /* libuv's uv_loop_t */
struct forward_worker;

/* Once in the process, before there are threads: c-ares's own beginning. Each call wants one forward_library_end(). */
enum err forward_library_begin(void);
void forward_library_end(void);

/* ERR_NOMEM, ERR_SYS: there is none, and the loop must turn for all to be freed. */
enum err forward_worker_new(struct uv_loop_s *loop, struct forward_worker **out);

/* After all of its forwarders were ended. Closes its handles and is freed once the loop has let go of them. Takes NULL. */
void forward_worker_end(struct forward_worker *w);
