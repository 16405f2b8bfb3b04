#include "target.h"
#include <curl/curl.h>
#include <string.h>

static void put_text(struct buffer *b, const char *text)
{
	buffer_append(b, text, strlen(text));
}

static bool wants_separator(const struct buffer *b)
{
	return b->len && !strchr("?&", b->data[b->len - 1]);
}

void target_escape(struct buffer *target, const char *text)
{
	char *escaped = curl_easy_escape(NULL, text, (int)strlen(text));
	put_text(target, escaped ? escaped : "");
	target->failed |= !escaped;
	curl_free(escaped);
}

void target_put(struct buffer *target, const char *name, const char *value)
{
	if (wants_separator(target))
		put_text(target, "&");
	put_text(target, name);
	put_text(target, "=");
	target_escape(target, value);
}

char *target_take(struct buffer *target)
{
	char *text = NULL;
	buffer_append(target, "", 1);
	if (target->failed)
		buffer_free(target);
	else
		text = target->data;
	*target = (struct buffer){0};
	return text;
}
