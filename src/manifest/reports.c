#include "reports.h"
#include <stdio.h>

#define TEXT_MAX (DIAG_TEXT_MAX + 512) /* a longer path loses the end of the text */

static void say(const struct reports *r, bool fatal, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void say(const struct reports *r, bool fatal, const char *format, ...)
{
	char text[TEXT_MAX];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args); /* NOLINT(clang-analyzer-valist.Uninitialized): it is, a line above */
	va_end(args);
	r->report(r->arg, fatal, text);
}

static void say_of(const struct reports *r, bool fatal, const char *file, const struct diag *d)
{
	if (d->line)
		say(r, fatal, "%s:%u: %s", file, d->line, d->text);
	else
		say(r, fatal, "%s: %s", file, d->text);
}

static bool may_say(struct tally *t, const char *file)
{
	if (file != t->file)
		t->said_of_file = 0;
	t->file = file;
	if (t->said == REPORTS_MAX || t->said_of_file == REPORTS_FILE_MAX) {
		t->unsaid++;
		return false;
	}
	t->said++;
	t->said_of_file++;
	return true;
}

void reports_wrong(struct reports *r, const char *file, enum err err, const struct diag *d)
{
	bool fatal = !r->lenient || err == ERR_NOMEM;
	if (fatal && !r->err)
		r->err = err;
	r->wrong++;
	if (may_say(&r->wrongs, file) || err == ERR_NOMEM)
		say_of(r, fatal, file, d);
}

void reports_fatal(struct reports *r, const char *file, enum err err, const struct diag *d)
{
	if (!r->err)
		r->err = err;
	say_of(r, true, file, d);
}

void reports_warn(struct reports *r, const char *file, const struct diag *d)
{
	if (may_say(&r->warnings, file))
		say_of(r, false, file, d);
}

void reports_explain(const struct reports *r, const char *file, const struct diag *d)
{
	say_of(r, false, file, d);
}

bool reports_given_up(const struct reports *r)
{
	return !r->lenient && r->wrong >= REPORTS_WRONG;
}

void reports_rest(const struct reports *r)
{
	if (r->wrongs.unsaid)
		say(r, !r->lenient, "… and %zu more%s", r->wrongs.unsaid, reports_given_up(r) ? "; the rest was not read" : "");
	if (r->warnings.unsaid)
		say(r, false, "… and %zu more warnings", r->warnings.unsaid);
}
