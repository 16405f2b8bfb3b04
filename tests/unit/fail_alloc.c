#include "fail_alloc.h"
#include <stdatomic.h>
#include <stddef.h>

static atomic_uint countdown;
static atomic_bool hit;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *block, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *block, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

void fail_alloc_at(unsigned n)
{
	hit = false;
	countdown = n;
}

bool fail_alloc_hit(void)
{
	return hit;
}

static bool fails_now(void)
{
	unsigned n = countdown;
	while (n && !atomic_compare_exchange_weak(&countdown, &n, n - 1))
		;
	if (n == 1)
		hit = true;
	return n == 1;
}

void *__wrap_malloc(size_t size)
{
	return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *block, size_t size)
{
	return fails_now() ? NULL : __real_realloc(block, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	return fails_now() ? NULL : __real_aligned_alloc(alignment, size);
}
