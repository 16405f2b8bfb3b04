#include "base/rcu.h"
#include "base/privileges.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/prctl.h>

/* ThreadSanitizer does not see into liburcu: it is told that what a reader did before it left its section happens before what is
 * done after the grace period. */
#if defined(__SANITIZE_THREAD__)
#define TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define TSAN 1
#endif
#endif
#ifdef TSAN
void __tsan_acquire(void *address);
void __tsan_release(void *address);
const char *__tsan_default_suppressions(void);

/* What liburcu allocates in one thread and frees in another is its own affair. Our callbacks' frees are not meant by this. */
const char *__tsan_default_suppressions(void)
{
	return "called_from_lib:liburcu-memb.so\n";
}
#else
static inline void __tsan_acquire(void *address)
{
	(void)address;
}
static inline void __tsan_release(void *address)
{
	(void)address;
}
#endif

/* Process-wide like liburcu's own state. */
static atomic_size_t waiting_bytes;
static char grace_period; /* its address is what TSan synchronises on */

/* A thread has the name and the privileges of the one that makes it. */
static void *make_freeing_thread(void *arg)
{
	prctl(PR_SET_NAME, "rcu");
	privileges_none();
	urcu_memb_get_default_call_rcu_data();
	return arg;
}

/* Makes liburcu's thread, which frees, with every signal blocked: they are for whoever waits for them. */
static void start_freeing_thread(void)
{
	sigset_t all, before;
	pthread_t maker;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&maker, NULL, make_freeing_thread, NULL) == 0)
		pthread_join(maker, NULL);
	urcu_memb_get_default_call_rcu_data(); /* it is made already, unless there was no thread for that */
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void rcu_thread_begin(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	pthread_once(&once, start_freeing_thread);
	urcu_memb_register_thread();
}

void rcu_thread_end(void)
{
	urcu_memb_unregister_thread();
}

void rcu_reader_lock(void)
{
	urcu_memb_read_lock();
}

void rcu_reader_unlock(void)
{
	__tsan_release(&grace_period);
	urcu_memb_read_unlock();
}

static void on_grace_period_over(struct rcu_head *head)
{
	struct rcu_garbage *g = (struct rcu_garbage *)head;
	__tsan_acquire(&grace_period);
	atomic_fetch_sub(&waiting_bytes, g->bytes);
	free(g);
}

void rcu_free_soon(struct rcu_garbage *g, size_t bytes)
{
	if (!g)
		return;
	g->bytes = bytes;
	__tsan_release(&grace_period);
	atomic_fetch_add(&waiting_bytes, bytes);
	urcu_memb_call_rcu(&g->head, on_grace_period_over);
}

void rcu_free_later(struct rcu_garbage *g, size_t bytes)
{
	if (g && atomic_load(&waiting_bytes) + bytes > RCU_GARBAGE_MAX)
		rcu_free_all();
	rcu_free_soon(g, bytes);
}

void rcu_free_all(void)
{
	urcu_memb_barrier();
}
