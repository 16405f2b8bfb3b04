/* reports.h - what is said of the files of one load: so much of each, so much in all, and then how much more there is. */
#pragma once
#include "base/diag.h"
#include "manifest/manifest.h"

#define REPORTS_MAX      100
#define REPORTS_FILE_MAX 20    /* of one file after another */
#define REPORTS_WRONG    10000 /* then what is read is no set of manifests: a log of JSON lines, say */

/* What is counted of errors and of warnings, each for itself, so that many of these leave room for the others. */
struct tally {
	size_t said, said_of_file; /* said_of_file: of the file that the last one was of */
	const char *file;          /* that one, borrowed */
	size_t unsaid;
};

struct reports {
	bool lenient;
	manifest_report *report;
	void *arg;

	/* private */
	enum err err; /* the first that is fatal */
	size_t wrong; /* things, said or not */
	struct tally wrongs, warnings;
};

/* Something is wrong in file, and d says what and where: fatal unless lenient. Memory that ran out is no fault of the input, so lenient doesn't
 * help. file is borrowed. */
void reports_wrong(struct reports *r, const char *file, enum err err, const struct diag *d);

/* The same of what makes the load useless, lenient or not; it is always said. */
void reports_fatal(struct reports *r, const char *file, enum err err, const struct diag *d);

/* Something is no error, but hardly what was meant. */
void reports_warn(struct reports *r, const char *file, const struct diag *d);

/* Something that explains what was said of file; it is always said. */
void reports_explain(const struct reports *r, const char *file, const struct diag *d);

/* So much is wrong that nothing more is to be read. Lenient loading goes on to the end: something right may follow. */
bool reports_given_up(const struct reports *r);

/* How much was not said. */
void reports_rest(const struct reports *r);
