/* packet.h - messages in tests, as text that one can read: tokens between spaces, each either hexadecimal octets or, where it has a
 * dot, a name: "1234 0100 0001 0000 0000 0000 web-0.nginx. 0001 0001". */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Its octets, in a block of exactly that size (so that the address sanitizer sees a read past the end); the caller frees it. */
uint8_t *packet_from_text(const char *text, size_t *len);

/* Fails the test unless the octets are those of want. */
void packet_assert_equal(const char *what, const uint8_t *bytes, size_t len, const char *want);
