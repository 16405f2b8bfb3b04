/* intern.h - each distinct byte string once. The strings of Kubernetes objects (namespaces, labels, subdomains) repeat thousands
 * of times; interned, they cost a pointer each and compare by pointer. Control thread only. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct intern;

struct intern *intern_new(void);       /* NULL: out of memory */
void intern_free(struct intern *pool); /* takes NULL; everything must have been unref'ed (asserted in debug builds) */

/* The pool's copy of these octets, aligned as for a pointer, followed by a NUL that does not count; one reference is the caller's.
 * NULL: out of memory. The octets may be anything (a struct array too, if it has no padding). */
const void *intern_bytes(struct intern *pool, const void *bytes, size_t len);
const char *intern_str(struct intern *pool, const char *text); /* the same, of a C string */

/* One more reference to something interned; returns it. Takes NULL. */
const void *intern_ref(const void *interned);

/* Gives one reference back; returns true if it was the last, and the octets are gone. Takes NULL (false). */
bool intern_unref(struct intern *pool, const void *interned);

size_t intern_len(const void *interned);
size_t intern_refs(const void *interned);
