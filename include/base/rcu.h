/* rcu.h - readers that never lock (liburcu, memb flavour), with what ThreadSanitizer must be told, in one place.
 *
 * A thread that reads calls rcu_thread_begin() once, and holds a read section around each batch, opened and closed in the same
 * callback. What a reader got from an RCU-protected pointer is good until its section ends. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <urcu/urcu-memb.h>

/* First member of anything that is freed after a grace period. */
struct rcu_garbage {
	struct rcu_head head;
	size_t bytes; /* what the block weighs, for the account below */
};

/* Each thread that reads calls these once, at its start and at its end. The first call in a process starts the thread that frees, which a fork()
 * does not inherit: so it comes after the fork. */
void rcu_thread_begin(void);
void rcu_thread_end(void);

/* The two ends of a read section. Sections may nest. A thread must not wait for the writer inside. */
void rcu_reader_lock(void);
void rcu_reader_unlock(void);

/* Frees block (malloc'ed; its first member is the struct rcu_garbage, passed as g; NULL is allowed) once no reader can hold it.
 * Writer thread only. If more than RCU_GARBAGE_MAX octets wait to be freed, it waits for a grace period itself, so what waits is bounded. */
void rcu_free_later(struct rcu_garbage *g, size_t bytes);

/* The same for any thread, also in a read section: it never waits, so what waits to be freed is not bounded by it. */
void rcu_free_soon(struct rcu_garbage *g, size_t bytes);

#define RCU_GARBAGE_MAX ((size_t)64 << 20)

/* Returns when all that was handed to these two is freed. Not inside a read section. */
void rcu_free_all(void);
