/* snapshot.h - the objects of a store as octets, so that one who starts while the API server is away can serve what was served last.
 *
 * All numbers of the header are little-endian:
 *
 *	0   8  "headns\r\n": a copy that went through a text filter is found out at once
 *	8   4  version of the format, SNAPSHOT_VERSION; another one is not read
 *	12  4  0
 *	16  8  octets of the body
 *	24  8  XXH3 (64 bits) of the body
 *	32     the body
 *
 * In the body a number is LEB128, seven bits an octet, low ones first; a text is a number of octets and these. It has, one after the other:
 *
 *	origin        a text: the cluster it is of
 *	texts         how many, and each; later ones are numbered from 0
 *	label sets    how many, and each: how many pairs, key and value of each (numbers of texts)
 *	port sets     of pods: how many, and each: how many ports, name, number and protocol of each
 *	1 or 0        whether slices stand for Pods
 *	objects       how many, and each: what code_object in store/snapshot.c has, kind first
 *
 * A text that may be absent has 1 or 0 before it, a set is 0 where there is none, else its number and one. 150,000 pods are about 9 MiB.
 * The store's thread; the octets may go to another. */
#pragma once
#include "base/buffer.h"
#include "base/diag.h"
#include "store/store.h"
#include <stddef.h>
#include <stdint.h>

#define SNAPSHOT_VERSION    4
#define SNAPSHOT_HEADER_LEN 32
#define SNAPSHOT_MAX        ((size_t)1 << 30) /* octets that are read */

/* Appends a snapshot of all Namespaces, Services, Pods, slices and Endpoints. origin names the cluster: its API server's URL. ERR_NOMEM; out
 * is then to be freed. */
enum err snapshot_write(const struct store *s, const char *origin, struct buffer *out);

/* Puts the objects of a snapshot into the store, which is empty and was made with pool. ERR_SYNTAX: it is none, or of another version, or
 * damaged, or of another origin, and diag says which; ERR_NOMEM. The store is then to be thrown away if it holds anything, which takes
 * ERR_NOMEM. */
enum err snapshot_read(struct store *s, struct intern *pool, const char *origin, const void *bytes, size_t len, struct diag *d);

/* Writes the header of a body; for tests, which make bodies of their own. */
void snapshot_put_header(uint8_t header[SNAPSHOT_HEADER_LEN], const void *body, size_t len);
