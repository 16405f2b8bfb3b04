/* plugin_words.h - what a credential plugin says on stderr, as lines of our log, without what may be a secret in them (redact.h). They are held
 * until it is known which secret the plugin has got, if that takes no longer than its owner waits. */
#pragma once
#include "base/log.h"
#include <stdbool.h>
#include <stddef.h>

#define PLUGIN_LINE_MAX 400              /* octets; the rest of a longer line is left out */
#define PLUGIN_LINES    LOG_SERIES_LINES /* held; further ones are counted */

struct plugin_words {
	char lines[PLUGIN_LINES][PLUGIN_LINE_MAX];
	bool cut[PLUGIN_LINES];
	unsigned count; /* of whole lines that are held */
	size_t len;     /* of the line that is being read, which comes after them */
	bool skipping;  /* a line that is counted only */
	bool in_key;    /* between BEGIN and END of a PEM block, which is left out */
	unsigned long long more;
};

/* All zero is an empty one. */
void plugin_words_read(struct plugin_words *w, const char *bytes, size_t len);

/* Logs what is held and forgets it. plugin: its name. secret: what it gave, or NULL. at_end: a line without its end is one too. */
void plugin_words_tell(struct plugin_words *w, struct log_series *lines, const char *plugin, const char *secret, bool at_end);
