#include "resolvconf.h"
#include <string.h>

static bool has(const char *const *list, unsigned count, const char *text)
{
	for (unsigned i = 0; i < count; i++) {
		if (strcmp(list[i], text) == 0)
			return true;
	}
	return false;
}

void resolvconf_add_nameserver(struct resolvconf *r, const char *text)
{
	if (has(r->nameservers, r->nameserver_count, text))
		return;
	if (r->nameserver_count == RESOLVCONF_NAMESERVERS_MAX)
		r->cut = true;
	else
		r->nameservers[r->nameserver_count++] = text;
}

void resolvconf_add_search(struct resolvconf *r, const char *domain)
{
	size_t chars = r->search_chars + strlen(domain) + (r->search_count > 0);
	if (has(r->searches, r->search_count, domain))
		return;
	/* As a kubelet: the first one that does not fit ends the list. */
	if (r->search_count == RESOLVCONF_SEARCHES_MAX || chars > RESOLVCONF_SEARCH_CHARS) {
		r->search_chars = RESOLVCONF_SEARCH_CHARS;
		r->cut = true;
		return;
	}
	r->searches[r->search_count++] = domain;
	r->search_chars = chars;
}

void resolvconf_add_option(struct resolvconf *r, const char *option)
{
	size_t name_len = strcspn(option, ":");
	unsigned i = 0;
	while (i < r->option_count && (strcspn(r->options[i], ":") != name_len || strncmp(r->options[i], option, name_len) != 0))
		i++;
	if (i == RESOLVCONF_OPTIONS_MAX) {
		r->cut = true;
		return;
	}
	r->options[i] = option;
	if (i == r->option_count)
		r->option_count++;
}

/* Cuts the next word off *text, or NULL. */
static char *next_word(char **text)
{
	static const char blanks[] = " \t\r";
	char *word = *text + strspn(*text, blanks);
	char *end = word + strcspn(word, blanks);
	if (!*word)
		return NULL;
	*text = *end ? end + 1 : end;
	*end = 0;
	return word;
}

static void parse_line(struct resolvconf *r, char *line)
{
	char *key = next_word(&line);
	void (*add)(struct resolvconf *, const char *);
	if (!key || key[0] == '#' || key[0] == ';')
		return;
	if (strcmp(key, "nameserver") == 0) {
		add = resolvconf_add_nameserver;
	} else if (strcmp(key, "search") == 0 || strcmp(key, "domain") == 0) {
		add = resolvconf_add_search;
		r->search_count = 0;
		r->search_chars = 0;
	} else if (strcmp(key, "options") == 0) {
		add = resolvconf_add_option;
	} else {
		return;
	}
	for (char *word = next_word(&line); word; word = next_word(&line))
		add(r, word);
}

void resolvconf_parse(struct resolvconf *r, char *text)
{
	while (*text) {
		char *line = text;
		text += strcspn(text, "\n");
		if (*text)
			*text++ = 0;
		parse_line(r, line);
	}
}

void resolvconf_add_pod(struct resolvconf *r, const struct pod_dns *dns)
{
	for (char **one = dns->nameservers; one && *one; one++)
		resolvconf_add_nameserver(r, *one);
	for (char **one = dns->searches; one && *one; one++)
		resolvconf_add_search(r, *one);
	for (char **one = dns->options; one && *one; one++)
		resolvconf_add_option(r, *one);
}

static void append(struct buffer *out, const char *text)
{
	buffer_append(out, text, strlen(text));
}

static void write_list(struct buffer *out, const char *key, const char *const *list, unsigned count)
{
	if (!count)
		return;
	append(out, key);
	for (unsigned i = 0; i < count; i++) {
		append(out, " ");
		append(out, list[i]);
	}
	append(out, "\n");
}

void resolvconf_write(const struct resolvconf *r, struct buffer *out)
{
	write_list(out, "search", r->searches, r->search_count);
	for (unsigned i = 0; i < r->nameserver_count; i++)
		write_list(out, "nameserver", &r->nameservers[i], 1);
	write_list(out, "options", r->options, r->option_count);
}
