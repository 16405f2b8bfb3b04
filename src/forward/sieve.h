/* sieve.h - which entry to give up: SIEVE (Zhang and others, NSDI 2024). One list in the order of insertion and one bit for each entry; a hit
 * sets the bit and moves nothing. A hand walks from the oldest to the newest, takes bits away, and stops at the first entry without one. So
 * names that are asked once leave soon, and those that are asked again stay. The caller locks. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* The part of an entry that the list knows. */
struct sieve_node {
	struct sieve_node *newer, *older;
	bool visited;
};

/* All zero is empty. */
struct sieve {
	struct sieve_node *newest, *oldest;
	struct sieve_node *hand; /* looked at next; NULL: the oldest */
};

/* n becomes the newest. Its bit stays as it is. */
void sieve_insert(struct sieve *s, struct sieve_node *n);

/* Takes n, which is in s, out of it. */
void sieve_remove(struct sieve *s, struct sieve_node *n);

/* The node to be given up next, still in s: the caller removes it. NULL: s is empty. */
struct sieve_node *sieve_victim(struct sieve *s);

/* Written only where that changes something, so that hits of several threads share the cache line. */
static inline void sieve_visit(struct sieve_node *n)
{
	if (!n->visited)
		n->visited = true;
}
