#include "base/diag.h"
#include "text.h"

enum err diag_set(struct diag *d, enum err e, const char *format, ...)
{
	if (d) {
		va_list args;
		va_start(args, format);
		text_format_line(d->text, sizeof d->text, format, args);
		va_end(args);
	}
	return e;
}

enum err diag_no_memory(struct diag *d)
{
	return diag_set(d, ERR_NOMEM, "out of memory");
}
