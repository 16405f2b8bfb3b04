/* padding.h - responses over TLS whose length tells little of what is in them (RFC 7830), as RFC 8467 advises: filled up to a multiple of 468 octets, for
 * clients that have padded their query. */
#pragma once
#include "dns/message.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PADDING_BLOCK 468 /* octets, RFC 8467 4.1 */

/* The query had the option. */
bool padding_is_wanted(const struct request *r);

/* Adds the option at the end of the OPT record, which has to be the message's last. Returns the new length: the old one where there is none, or the
 * message has no room. */
size_t padding_add(uint8_t *reply, size_t len, size_t cap);
