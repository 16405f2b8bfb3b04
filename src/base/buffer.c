#include "base/buffer.h"
#include "base/secret.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define GROW_MIN 4096

bool buffer_reserve(struct buffer *b, size_t len)
{
	size_t cap = b->cap ? b->cap : GROW_MIN;
	char *data;
	if (b->failed || len > SIZE_MAX / 2 - b->len) {
		b->failed = true;
		return false;
	}
	if (b->len + len <= b->cap)
		return true;
	while (cap < b->len + len)
		cap *= 2;
	data = b->secret ? secret_realloc(b->data, cap) : realloc(b->data, cap);
	if (!data) {
		b->failed = true;
		return false;
	}
	b->data = data;
	b->cap = cap;
	return true;
}

void buffer_append(struct buffer *b, const void *bytes, size_t len)
{
	if (!len || !buffer_reserve(b, len))
		return;
	memcpy(b->data + b->len, bytes, len);
	b->len += len;
}

void buffer_append_text(struct buffer *b, const char *text)
{
	buffer_append(b, text, strlen(text));
}

char *buffer_take_text(struct buffer *b)
{
	char *text = b->failed ? NULL : malloc(b->len + 1);
	if (text) {
		if (b->len)
			memcpy(text, b->data, b->len);
		text[b->len] = '\0';
	}
	buffer_free(b);
	return text;
}

void buffer_free(struct buffer *b)
{
	if (b->secret)
		secret_free(b->data);
	else
		free(b->data);
	*b = (struct buffer){.secret = b->secret};
}
