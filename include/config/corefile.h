/* corefile.h - what a Corefile says, checked: server blocks, where they listen, what they answer with. The language is CoreDNS's: words, quotes,
 * comments, {$ENV}, import, snippets, keys (CoreDNS 1.15's corefile(5) and Caddy's lexer). A directive that is not known here, or that nothing does
 * yet, is an error, never passed over. A struct corefile owns all that it points to. Control thread; files and environment are as they are at the call. */
#pragma once
#include "base/diag.h"
#include "base/log.h"
#include "config/directive.h"
#include "config/kube_dns.h"
#include "config/kubernetes.h"
#include "config/settings.h"
#include <stdbool.h>
#include <stdint.h>

/* "cluster.local:1053", or a range with all its reverse zones. */
struct corefile_key {
	struct name_list zones;
	uint16_t port;
	bool tls; /* "tls://" */
};

/* `bind ADDRESS|INTERFACE... { except ADDRESS|INTERFACE... }`; whoever listens finds out which of the words are interfaces. */
struct corefile_bind {
	char *place; /* "Corefile:3" */
	struct text_list addresses, except;
};

/* Of one directive in one block. */
struct corefile_said {
	char *place;  /* "Corefile:3", the first one; NULL: the block does not say it */
	void *values; /* its struct of directive.h; NULL: it has none, or is not said */
};

struct corefile_block {
	char *place;
	struct corefile_key *keys; /* one at least */
	unsigned key_count;
	struct corefile_bind *binds; /* none: every address of the machine */
	unsigned bind_count;
	struct kubernetes_options kubernetes; /* where kubernetes is said; k8s_external is kubernetes.external */
	struct corefile_said said[DIRECTIVES];
	struct identity *identity; /* owned; what tls says, as the files were; NULL: it does not */
	char *cluster_text; /* all that is said of the cluster, in one way of writing: those of equal texts have equal options; NULL: no kubernetes */
	char *forward_text; /* the same of upstreams and cache, with the addresses that files name; NULL: no forward, or one to hosts */
};

struct corefile {
	struct corefile_block *blocks; /* one at least */
	unsigned count;
	struct reload_options
	        reload; /* of the first block that says it: how often the file is looked at for changes; interval 0: it is not */
	char *text;     /* all that it says, with imports, environment and kube_dns, in one way of writing: equal texts say the same */
};

#define COREFILE_WRONG_MAX 20 /* lines that are named */

/* One of several lines that are wrong (LOG_ERROR), or one that is good and has no effect (LOG_WARNING, LOG_INFO), as "FILE:LINE: text". */
typedef void corefile_report(enum log_level level, const char *text);

struct corefile_options {
	uint16_t port;                   /* of keys that name none; of tls:// it is 853 */
	const struct settings *settings; /* count in every kubernetes block */
	const struct kube_dns *kube_dns; /* counts in every block that has a key of the root zone; NULL: it says nothing */
	bool no_imports;                 /* of files, which then are errors */
	corefile_report *report;         /* NULL: of several the first is named alone, and nothing else is said */
};

/* Reads the file; "-" and, as in CoreDNS, "stdin" are standard input. On an error *out is empty, and diag begins with FILE:LINE where there is
 * one. Where several lines are wrong, each is reported, and diag says how many. corefile_free() what is good. */
enum err corefile_read(const char *path, const struct corefile_options *options, struct corefile *out, struct diag *d);

/* Parses a text, in the same way. file is what it is called, and what its imports are relative to. */
enum err corefile_parse(const char *text, size_t len, const char *file, const struct corefile_options *options, struct corefile *out,
                        struct diag *d);

/* Frees what it owns, and empties it. */
void corefile_free(struct corefile *c);

/* What the block says of a directive: its struct of directive.h; NULL: nothing, or it has none. said[id].place tells whether it is said. */
const void *corefile_values(const struct corefile_block *b, enum directive_id id);

/* The zones of all its keys, to be cleared by names_clear(). ERR_NOMEM: *out is empty. */
enum err corefile_zones(const struct corefile_block *b, struct name_list *out);

/* A block says it. */
bool corefile_says(const struct corefile *c, enum directive_id id);
