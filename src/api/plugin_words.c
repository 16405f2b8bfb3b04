#include "plugin_words.h"
#include "redact.h"
#include <string.h>

#define BEGIN "-----BEGIN "
#define END   "-----END "

static void end_line(struct plugin_words *w)
{
	char *line = w->lines[w->count];
	bool empty = !w->len;
	line[w->len] = '\0';
	w->len = 0;
	if (strstr(line, BEGIN)) {
		w->in_key = !strstr(line, END);
		memcpy(strstr(line, BEGIN), REDACTED, sizeof REDACTED);
	} else if (w->in_key) {
		w->in_key = !strstr(line, END);
		empty = true;
	}
	if (empty)
		w->cut[w->count] = false;
	else
		w->count++;
}

static void read_octet(struct plugin_words *w, char octet)
{
	if (w->count == PLUGIN_LINES || w->skipping) {
		w->skipping = octet != '\n';
		w->more += octet == '\n';
	} else if (octet == '\n') {
		end_line(w);
	} else if (w->len < PLUGIN_LINE_MAX - 1) {
		w->lines[w->count][w->len++] = (char)(octet ? octet : ' ');
	} else {
		w->cut[w->count] = true;
	}
}

void plugin_words_read(struct plugin_words *w, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		read_octet(w, bytes[i]);
}

/* The line that is being read stays, as the first. */
static void forget(struct plugin_words *w)
{
	unsigned begun = w->count;
	if (begun && begun < PLUGIN_LINES) {
		memcpy(w->lines[0], w->lines[begun], w->len);
		w->cut[0] = w->cut[begun];
	} else if (begun) {
		w->cut[0] = false;
	}
	explicit_bzero(w->lines[0] + w->len, sizeof w->lines - w->len);
	memset(w->cut + 1, 0, sizeof w->cut - sizeof *w->cut);
	w->count = 0;
	w->more = 0;
}

void plugin_words_tell(struct plugin_words *w, struct log_series *lines, const char *plugin, const char *secret, bool at_end)
{
	if (at_end && w->len)
		end_line(w);
	for (unsigned i = 0; i < w->count; i++) {
		char text[PLUGIN_LINE_MAX * 2];
		redact(w->lines[i], w->cut[i], secret, text, sizeof text);
		log_series_line(lines, LOG_WARNING, "the credential plugin %s: %s%s", plugin, text, w->cut[i] ? "..." : "");
	}
	if (w->more)
		log_series_line(lines, LOG_WARNING, "the credential plugin %s: and %llu lines more", plugin, w->more);
	forget(w);
}
