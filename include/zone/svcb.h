/* svcb.h - what HTTPS and SVCB records say of a port (RFC 9460), in wire form. */
#pragma once
#include "zone/generation.h"
#include <stddef.h>
#include <stdint.h>

#define SVCB_PARAMS_MAX 16

/* The parameters of a record for this port: alpn where it is another than the scheme's own, port unless it is implied, which is 443 for
 * HTTPS; pass 0 where none is. Returns their octets. */
size_t svcb_params(enum alpn alpn, uint16_t port, uint16_t implied, uint8_t out[SVCB_PARAMS_MAX]);
