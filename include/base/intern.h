/* intern.h - each distinct byte string once. The strings of Kubernetes objects (namespaces, labels, subdomains) repeat thousands
 * of times; interned, they cost a pointer each and compare by pointer. Control thread only. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct intern;

/* An empty pool. NULL: out of memory. */
struct intern *intern_new(void);

/* Every reference must have been given back, which debug builds assert. Takes NULL. */
void intern_free(struct intern *pool);

/* The pool's copy of these octets, which lives until its last reference is given back; the caller has one. It is aligned as for a pointer, and a
 * NUL follows it that does not count. The octets may be anything, also an array of structs without padding. NULL: out of memory. */
const void *intern_bytes(struct intern *pool, const void *bytes, size_t len);

/* A C string, in the same way. */
const char *intern_str(struct intern *pool, const char *text);

/* One more reference to something interned, which it returns. Takes NULL, and returns it. */
const void *intern_ref(const void *interned);

/* Gives one reference back. True: it was the last, and the octets are gone. Takes NULL, and returns false. */
bool intern_unref(struct intern *pool, const void *interned);

/* The number of octets, without the NUL, and of references. interned is not NULL. */
size_t intern_len(const void *interned);
size_t intern_refs(const void *interned);
