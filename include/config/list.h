/* list.h - names and texts in a row, as a configuration has them. All zero is none. Control thread. */
#pragma once
#include "base/err.h"
#include "dns/name.h"

/* Names in lower case; none: NULL and 0. */
struct name_list {
	struct name *names;
	unsigned count;
};

struct text_list {
	char **texts;
	unsigned count;
};

/* Adds copies of all the texts. ERR_NOMEM: the list is as it was. */
enum err texts_add(struct text_list *list, const char *const *texts, unsigned count);

/* Both free what the list owns, and empty it. */
void texts_clear(struct text_list *list);
void names_clear(struct name_list *list);
