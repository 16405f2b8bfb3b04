#include "sieve.h"

void sieve_insert(struct sieve *s, struct sieve_node *n)
{
	n->newer = NULL;
	n->older = s->newest;
	if (s->newest)
		s->newest->newer = n;
	else
		s->oldest = n;
	s->newest = n;
}

void sieve_remove(struct sieve *s, struct sieve_node *n)
{
	if (s->hand == n)
		s->hand = n->newer;
	*(n->newer ? &n->newer->older : &s->newest) = n->older;
	*(n->older ? &n->older->newer : &s->oldest) = n->newer;
	n->newer = n->older = NULL;
}

/* Ends: after one round no bit is set. */
struct sieve_node *sieve_victim(struct sieve *s)
{
	struct sieve_node *n = s->hand ? s->hand : s->oldest;
	while (n && n->visited) {
		n->visited = false;
		n = n->newer ? n->newer : s->oldest;
	}
	s->hand = n;
	return n;
}
