#include "packet.h"
#include "dns/name.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t put_name(uint8_t *to, const char *token, size_t len)
{
	struct name n;
	if (name_from_text(&n, token, len))
		fail_msg("bad name in packet: %.*s", (int)len, token);
	memcpy(to, n.wire, n.len);
	return n.len;
}

static size_t put_hex(uint8_t *to, const char *token, size_t len)
{
	for (size_t i = 0; i < len; i += 2)
		if (sscanf(token + i, "%2hhx", &to[i / 2]) != 1)
			fail_msg("bad octets in packet: %.*s", (int)len, token);
	return len / 2;
}

uint8_t *packet_from_text(const char *text, size_t *len)
{
	uint8_t bytes[4096];
	*len = 0;
	while (*text) {
		size_t token = strcspn(text, " ");
		assert_true(*len + NAME_WIRE_MAX + token < sizeof bytes);
		*len += memchr(text, '.', token) ? put_name(bytes + *len, text, token) : put_hex(bytes + *len, text, token);
		text += token;
		text += strspn(text, " ");
	}
	uint8_t *block = malloc(*len ? *len : 1);
	assert_non_null(block);
	memcpy(block, bytes, *len);
	return block;
}

void packet_assert_equal(const char *what, const uint8_t *bytes, size_t len, const char *want)
{
	size_t want_len;
	uint8_t *want_bytes = packet_from_text(want, &want_len);
	if (len != want_len)
		fail_msg("%s: %zu octets, not %zu", what, len, want_len);
	for (size_t i = 0; i < len; i++)
		if (bytes[i] != want_bytes[i])
			fail_msg("%s: octet %zu is %02x, not %02x", what, i, bytes[i], want_bytes[i]);
	free(want_bytes);
}
