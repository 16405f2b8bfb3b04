/* fail_alloc.h - makes the n-th allocation of the code under test fail. Link with the fail_alloc dependency of tests/unit.
 * Only calls from our own code are counted: those of shared libraries are not wrapped. Threads of the code under test count too. */
#pragma once
#include <stdbool.h>

/* The n-th malloc, calloc, realloc or aligned_alloc from now on fails, once; n = 1 is the next. 0: none. */
void fail_alloc_at(unsigned n);

/* True if one failed since the last fail_alloc_at. A test loops n = 1, 2, … until this stays false: then every allocation was hit. */
bool fail_alloc_hit(void);
