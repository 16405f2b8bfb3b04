#include "config/list.h"
#include <stdlib.h>
#include <string.h>

enum err texts_add(struct text_list *list, const char *const *texts, unsigned count)
{
	char **more = realloc(list->texts, (list->count + count + !count) * sizeof *more);
	unsigned before = list->count;
	if (!more)
		return ERR_NOMEM;
	list->texts = more;
	for (unsigned i = 0; i < count; i++) {
		if ((more[list->count] = strdup(texts[i]))) {
			list->count++;
			continue;
		}
		while (list->count > before)
			free(more[--list->count]);
		return ERR_NOMEM;
	}
	return OK;
}

void texts_clear(struct text_list *list)
{
	for (unsigned i = 0; i < list->count; i++)
		free(list->texts[i]);
	free(list->texts);
	*list = (struct text_list){0};
}

void names_clear(struct name_list *list)
{
	free(list->names);
	*list = (struct name_list){0};
}
