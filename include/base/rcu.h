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

/* The first call in a process starts the thread that frees; so not before a fork(). */
void rcu_thread_begin(void);
void rcu_thread_end(void);
void rcu_reader_lock(void);
void rcu_reader_unlock(void);

/* Frees block (malloc'ed; its first member is the struct rcu_garbage, passed as g; NULL is allowed) once no reader can hold it.
 * Writer thread only. When more than RCU_GARBAGE_MAX bytes wait, it waits for a grace period itself, so what waits is bounded. */
void rcu_free_later(struct rcu_garbage *g, size_t bytes);

#define RCU_GARBAGE_MAX ((size_t)64 << 20)

/* Returns when all that was handed to rcu_free_later is freed. Not inside a read section. */
void rcu_free_all(void);
