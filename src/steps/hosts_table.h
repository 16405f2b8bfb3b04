/* hosts_table.h - private to steps: what a file such as /etc/hosts says, as one immutable block. Readers need no lock. */
#pragma once
#include "base/err.h"
#include "base/rcu.h"
#include "config/list.h"
#include "dns/name.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hosts_table;

#define HOSTS_TEXT_MAX ((size_t)256 << 20) /* octets; a million lines are some 30 MiB */

struct hosts_rules {
	struct name_list zones; /* names outside are passed over; none: all names are inside */
	bool reverse;           /* addresses have names */
};

/* Lines that are passed over, as CoreDNS does it, because they begin with no address or have a name that can't be one. */
struct hosts_slips {
	size_t count, first; /* first: the number of the first such line, from 1 */
};

/* Reads lines "ADDRESS NAME..."; what follows a # is a comment, and %INTERFACE behind an address is passed over. ERR_NOMEM; ERR_RANGE: the text
 * is longer than HOSTS_TEXT_MAX. */
enum err hosts_table_new(const char *text, size_t len, const struct hosts_rules *rules, struct hosts_table **out,
                         struct hosts_slips *slips);

/* At once, or when no reader has it any more (writer only, as rcu_free_later). Both take NULL. */
void hosts_table_free(struct hosts_table *t);
void hosts_table_free_later(struct hosts_table *t);

/* As CoreDNS counts them: an address of a name, and a name of an address. Of NULL none. */
size_t hosts_table_entries(const struct hosts_table *t);

/* What is left of an answer. */
struct hosts_cursor {
	const struct hosts_table *table;
	uint32_t at, end;
	uint8_t len; /* of the addresses, 4 or 16; 0: they are names */
};

/* The addresses of a name (lower case), those of one family. A name that has none of the family has those of *.PARENT, if that is there. Of NULL
 * none, as of what is not there. */
struct hosts_cursor hosts_table_addresses(const struct hosts_table *t, const struct name *n, enum addr_family family);

/* The names of an address. */
struct hosts_cursor hosts_table_names(const struct hosts_table *t, const struct addr *a);

/* The next one, in the order of the text: the octets of an address, or a name in wire format, and how many; NULL: there is none. */
const uint8_t *hosts_next(struct hosts_cursor *c, size_t *len);
