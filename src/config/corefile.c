#include "config/corefile.h"
#include "base/file.h"
#include "config/value.h"
#include "key.h"
#include "kubernetes_directives.h"
#include "syntax.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)4 << 20)

/* Lines that are wrong. Each is read for itself, so that all can be named at once. */
struct notes {
	unsigned count; /* also of those that have no room */
	enum err first;
	char texts[COREFILE_WRONG_MAX][DIAG_TEXT_MAX];
};

struct reader {
	const struct corefile_options *options;
	struct corefile_reload *reload; /* of the whole */
	struct diag *diag;
	struct notes *notes;
};

/* Takes note of what a line's reading ended with; OK: the next can be read. */
static enum err note(const struct reader *r, enum err err)
{
	struct notes *n = r->notes;
	if (!err || err == ERR_NOMEM)
		return err;
	if (!n->count)
		n->first = err;
	if (n->count < COREFILE_WRONG_MAX)
		memcpy(n->texts[n->count], r->diag->text, DIAG_TEXT_MAX);
	n->count++;
	return OK;
}

/* What was noted, as one error. */
static enum err tell(const struct reader *r, const char *file)
{
	const struct notes *n = r->notes;
	if (!n->count)
		return OK;
	if (n->count == 1 || !r->options->report)
		return diag_set(r->diag, n->first, "%s", n->texts[0]);
	for (unsigned i = 0; i < n->count && i < COREFILE_WRONG_MAX; i++)
		r->options->report(n->texts[i]);
	return diag_set(r->diag, n->first, "%s: %u lines are wrong, see above%s", file, n->count,
	                n->count > COREFILE_WRONG_MAX ? " for the first of them" : "");
}

static enum err no_memory(const struct reader *r)
{
	return diag_set(r->diag, ERR_NOMEM, "out of memory");
}

static enum err place_of(const struct reader *r, const struct token *t, char **place)
{
	if (asprintf(place, "%s:%u", t->file, t->line) >= 0)
		return OK;
	*place = NULL;
	return no_memory(r);
}

/* What a function of config said of a word's text. */
static enum err wrong(const struct reader *r, const struct token *at, enum err err, const struct diag *why)
{
	return err ? syntax_error(r->diag, at, err, "%s", why->text) : OK;
}

/* --- bind --- */

static enum err copy_words(const struct reader *r, const struct line *l, struct text_list *list)
{
	list->texts = calloc(l->count, sizeof *list->texts);
	if (!list->texts)
		return no_memory(r);
	for (unsigned i = 1; i < l->count; i++) {
		if (!(list->texts[list->count] = strdup(l->words[i].text)))
			return no_memory(r);
		list->count++;
	}
	return OK;
}

static enum err take_except(const struct reader *r, const struct line *l, struct corefile_bind *b)
{
	if (strcmp(l->words[0].text, "except") != 0 || l->has_body)
		return syntax_error(r->diag, &l->words[0], ERR_SYNTAX, "bind has only except ADDRESS|INTERFACE...");
	if (l->count < 2)
		return syntax_error(r->diag, &l->words[0], ERR_SYNTAX, "except: an address or an interface is wanted");
	if (b->except.count)
		return syntax_error(r->diag, &l->words[0], ERR_EXISTS, "except: one line takes all that is left out of a bind");
	return copy_words(r, l, &b->except);
}

static enum err take_bind(const struct reader *r, const struct line *l, struct corefile_block *b)
{
	struct corefile_bind *more = realloc(b->binds, (b->bind_count + 1) * sizeof *more), *bind;
	enum err err;
	if (!more)
		return no_memory(r);
	b->binds = more;
	bind = &more[b->bind_count++];
	*bind = (struct corefile_bind){0};
	if (l->count < 2)
		return syntax_error(r->diag, &l->words[0], ERR_SYNTAX, "bind: an address or an interface is wanted");
	err = place_of(r, &l->words[0], &bind->place);
	if (!err)
		err = copy_words(r, l, &bind->addresses);
	for (unsigned i = 0; i < l->body_count && !err; i++)
		err = take_except(r, &l->body[i], bind);
	return err;
}

/* --- loadbalance --- */

static enum err take_loadbalance(const struct reader *r, const struct line *l, struct corefile_block *b)
{
	if (l->count > 1 && strcmp(l->words[1].text, "round_robin") != 0)
		return syntax_error(r->diag, &l->words[1], ERR_SYNTAX, "loadbalance: headns has round_robin, not \"%s\"", l->words[1].text);
	if (l->count > 2)
		return syntax_error(r->diag, &l->words[2], ERR_SYNTAX, "loadbalance round_robin takes nothing more, such as \"%s\"",
		                    l->words[2].text);
	if (l->body_count)
		return syntax_error(r->diag, &l->body[0].words[0], ERR_SYNTAX, "loadbalance: headns has no \"%s\"",
		                    l->body[0].words[0].text);
	b->loadbalance = true;
	return OK;
}

/* --- reload --- */

#define RELOAD_INTERVAL_MS     30000u
#define RELOAD_JITTER_MS       15000u
#define RELOAD_INTERVAL_MIN_MS 2000u
#define RELOAD_JITTER_MIN_MS   1000u

static enum err take_duration(const struct reader *r, const struct token *t, uint64_t *ms)
{
	struct diag why;
	return wrong(r, t, value_duration_ms(t->text, ms, &why), &why);
}

/* It is the process's, whichever block says it; of several the first counts. */
static enum err take_reload(const struct reader *r, const struct line *l, struct corefile_block *b)
{
	struct corefile_reload all = {RELOAD_INTERVAL_MS, RELOAD_JITTER_MS};
	const struct token *at = &l->words[0];
	enum err err = OK;
	(void)b;
	if (l->count > 3 || l->body_count)
		return syntax_error(r->diag, at, ERR_SYNTAX, "reload: it is written: reload [INTERVAL [JITTER]]");
	if (l->count > 1)
		err = take_duration(r, &l->words[1], &all.interval_ms);
	if (!err && all.interval_ms < RELOAD_INTERVAL_MIN_MS)
		err = syntax_error(r->diag, at, ERR_RANGE, "reload: an interval of 2s at least is wanted");
	if (!err && l->count > 2)
		err = take_duration(r, &l->words[2], &all.jitter_ms);
	if (!err && l->count > 2 && all.jitter_ms && all.jitter_ms < RELOAD_JITTER_MIN_MS)
		err = syntax_error(r->diag, at, ERR_RANGE, "reload: a jitter of 0, or of 1s at least, is wanted");
	if (err)
		return err;
	if (all.jitter_ms > all.interval_ms / 2)
		all.jitter_ms = all.interval_ms / 2;
	if (!r->reload->interval_ms)
		*r->reload = all;
	return OK;
}

/* --- kubernetes --- */

static enum err take_zones(const struct reader *r, const struct line *l, struct name_list *zones)
{
	struct diag why;
	enum err err = OK;
	for (unsigned i = 1; i < l->count && !err; i++)
		err = wrong(r, &l->words[i], kubernetes_add_zone(zones, l->words[i].text, &why), &why);
	return err;
}

typedef enum err setter(void *options, const char *directive, const char *const *words, unsigned count, struct diag *d);

static enum err set_kubernetes(void *options, const char *directive, const char *const *words, unsigned count, struct diag *d)
{
	return kubernetes_set(options, directive, words, count, d);
}

static enum err set_external(void *options, const char *directive, const char *const *words, unsigned count, struct diag *d)
{
	return external_set(options, directive, words, count, d);
}

static enum err take_option(const struct reader *r, const struct line *l, setter *set, void *options)
{
	const char **words = calloc(l->count, sizeof *words);
	struct diag why;
	enum err err;
	if (!words)
		return no_memory(r);
	for (unsigned i = 1; i < l->count; i++)
		words[i - 1] = l->words[i].text;
	if (l->has_body)
		err = syntax_error(r->diag, &l->words[0], ERR_SYNTAX, "%s has no braces", l->words[0].text);
	else
		err = wrong(r, &l->words[0], set(options, l->words[0].text, words, l->count - 1, &why), &why);
	free(words);
	return err;
}

/* What goes without saying: the zones of the block. */
static enum err block_zones(const struct reader *r, const struct corefile_block *b, struct name_list *zones)
{
	unsigned count = 0;
	for (unsigned i = 0; i < b->key_count; i++)
		count += b->keys[i].zones.count;
	*zones = (struct name_list){malloc((count + !count) * sizeof *zones->names), 0};
	if (!zones->names)
		return no_memory(r);
	for (unsigned i = 0; i < b->key_count; i++) {
		for (unsigned z = 0; z < b->keys[i].zones.count; z++)
			zones->names[zones->count++] = b->keys[i].zones.names[z];
	}
	return OK;
}

static enum err finish_kubernetes(const struct reader *r, const struct line *l, struct corefile_block *b)
{
	struct name_list zones;
	struct diag why;
	enum err err = block_zones(r, b, &zones);
	if (!err && r->options->settings)
		err = settings_apply(r->options->settings, &b->kubernetes, r->diag);
	if (!err)
		err = wrong(r, &l->words[0], kubernetes_options_finish(&b->kubernetes, &zones, &why), &why);
	free(zones.names);
	return err;
}

static enum err take_kubernetes(const struct reader *r, const struct line *l, struct corefile_block *b)
{
	unsigned before = r->notes->count;
	enum err err;
	if (b->kubernetes_place)
		return syntax_error(r->diag, &l->words[0], ERR_EXISTS,
		                    "a server block has one kubernetes, as in CoreDNS, and this one has it at %s already",
		                    b->kubernetes_place);
	err = place_of(r, &l->words[0], &b->kubernetes_place);
	if (err)
		return err;
	struct external_options external = b->kubernetes.external; /* said before, or none */
	kubernetes_options_init(&b->kubernetes);
	b->kubernetes.external = external;
	err = take_zones(r, l, &b->kubernetes.zones);
	for (unsigned i = 0; i < l->body_count && !err; i++)
		err = note(r, take_option(r, &l->body[i], set_kubernetes, &b->kubernetes));
	return err || r->notes->count > before ? err : finish_kubernetes(r, l, b);
}

static enum err take_external(const struct reader *r, const struct line *l, struct corefile_block *b)
{
	struct external_options *o = &b->kubernetes.external;
	struct name_list zones = {0};
	unsigned before = r->notes->count;
	struct diag why;
	enum err err;
	if (b->external_place)
		return syntax_error(r->diag, &l->words[0], ERR_EXISTS,
		                    "a server block has one k8s_external, and this one has it at %s already", b->external_place);
	err = place_of(r, &l->words[0], &b->external_place);
	if (!err && external_options_init(o))
		err = no_memory(r);
	if (!err)
		err = take_zones(r, l, &o->zones);
	for (unsigned i = 0; i < l->body_count && !err; i++)
		err = note(r, take_option(r, &l->body[i], set_external, o));
	if (!err && r->notes->count == before)
		err = block_zones(r, b, &zones);
	if (!err && r->notes->count == before)
		err = wrong(r, &l->words[0], external_options_finish(o, &zones, &why), &why);
	free(zones.names);
	return err;
}

/* --- blocks --- */

static const struct {
	const char *name;
	enum err (*take)(const struct reader *r, const struct line *l, struct corefile_block *b);
} directives[] = {
        {"bind", take_bind},     {"k8s_external", take_external}, {"kubernetes", take_kubernetes}, {"loadbalance", take_loadbalance},
        {"reload", take_reload},
};
#define DIRECTIVES (sizeof directives / sizeof *directives)

static enum err unknown(const struct reader *r, const struct token *t)
{
	char text[DIAG_TEXT_MAX] = "";
	size_t len = 0;
	for (size_t i = 0; i < DIRECTIVES; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "%s%s", i ? ", " : "", directives[i].name);
	return syntax_error(r->diag, t, ERR_SYNTAX, "unknown directive \"%s\": headns has: %s", t->text, text);
}

static enum err take_line(const struct reader *r, const struct line *l, struct corefile_block *b)
{
	for (size_t i = 0; i < DIRECTIVES; i++) {
		if (strcmp(l->words[0].text, directives[i].name) == 0)
			return directives[i].take(r, l, b);
	}
	return unknown(r, &l->words[0]);
}

static enum err take_key(const struct reader *r, const struct token *t, struct corefile_key *k)
{
	struct key key;
	struct diag why;
	enum err err = wrong(r, t, key_parse(t->text, &key, &k->zones, &why), &why);
	if (err)
		return err;
	k->port = key.has_port ? key.port : r->options->port;
	if (key.scheme == KEY_DNS)
		return OK;
	return syntax_error(r->diag, t, ERR_SYNTAX, "\"%s\": headns serves dns:// only, not %s://", t->text, key_scheme_name(key.scheme));
}

/* Into *out; NULL: out of memory. */
static char *text_of(struct buffer *b)
{
	buffer_append(b, "", 1);
	if (!b->failed)
		return b->data;
	buffer_free(b);
	return NULL;
}

static bool is_about_cluster(const struct line *l)
{
	return strcmp(l->words[0].text, "kubernetes") == 0 || strcmp(l->words[0].text, "k8s_external") == 0;
}

static void put_zones(struct buffer *out, const struct name_list *zones)
{
	for (unsigned i = 0; i < zones->count; i++) {
		char text[NAME_TEXT_MAX];
		name_to_text(&zones->names[i], text);
		buffer_append(out, text, strlen(text));
		buffer_append(out, " ", 1);
	}
	buffer_append(out, ";", 1);
}

/* Its zones may be those of the block's keys, and nothing else of the block counts. */
static enum err keep_cluster_text(const struct reader *r, const struct syntax_block *from, struct corefile_block *b)
{
	struct buffer text = {0};
	if (!b->kubernetes_place)
		return OK;
	put_zones(&text, &b->kubernetes.zones);
	put_zones(&text, &b->kubernetes.external.zones);
	for (unsigned i = 0; i < from->line_count; i++) {
		if (is_about_cluster(&from->lines[i]))
			syntax_put_line(&text, &from->lines[i]);
	}
	b->cluster_text = text_of(&text);
	return b->cluster_text ? OK : no_memory(r);
}

static enum err keep_text(const struct reader *r, const struct syntax *s, struct corefile *out)
{
	struct buffer text = {0};
	for (unsigned i = 0; i < s->block_count; i++)
		syntax_put_block(&text, &s->blocks[i]);
	out->text = text_of(&text);
	return out->text ? OK : no_memory(r);
}

static enum err take_block(const struct reader *r, const struct syntax_block *from, struct corefile_block *b)
{
	enum err err = place_of(r, &from->keys[0], &b->place);
	b->keys = calloc(from->key_count, sizeof *b->keys);
	if (!b->keys)
		return no_memory(r);
	while (!err && b->key_count < from->key_count) {
		unsigned i = b->key_count++;
		err = note(r, take_key(r, &from->keys[i], &b->keys[i]));
	}
	for (unsigned i = 0; i < from->line_count && !err; i++)
		err = note(r, take_line(r, &from->lines[i], b));
	if (!err && !r->notes->count && b->external_place && !b->kubernetes_place)
		return diag_set(r->diag, ERR_SYNTAX,
		                "%s: k8s_external: the server block has no kubernetes, whose Services it would be about",
		                b->external_place);
	return err ? err : keep_cluster_text(r, from, b);
}

static void block_clear(struct corefile_block *b)
{
	for (unsigned i = 0; b->keys && i < b->key_count; i++)
		free(b->keys[i].zones.names);
	for (unsigned i = 0; i < b->bind_count; i++) {
		free(b->binds[i].place);
		texts_clear(&b->binds[i].addresses);
		texts_clear(&b->binds[i].except);
	}
	free(b->keys);
	free(b->binds);
	free(b->place);
	free(b->kubernetes_place);
	free(b->external_place);
	free(b->cluster_text);
	kubernetes_options_clear(&b->kubernetes);
}

void corefile_free(struct corefile *c)
{
	for (unsigned i = 0; i < c->count; i++)
		block_clear(&c->blocks[i]);
	free(c->blocks);
	free(c->text);
	*c = (struct corefile){0};
}

static enum err take_all(const struct reader *r, const struct syntax *s, const char *file, struct corefile *out)
{
	enum err err = OK;
	if (!s->block_count)
		return diag_set(r->diag, ERR_SYNTAX, "%s: there is no server block in it", file);
	out->blocks = calloc(s->block_count, sizeof *out->blocks);
	if (!out->blocks)
		return no_memory(r);
	while (!err && out->count < s->block_count) {
		unsigned i = out->count++;
		err = note(r, take_block(r, &s->blocks[i], &out->blocks[i]));
	}
	return err ? err : tell(r, file);
}

enum err corefile_parse(const char *text, size_t len, const char *file, const struct corefile_options *options, struct corefile *out,
                        struct diag *d)
{
	const struct syntax_options syntax_options = {.file = file, .no_imports = options->no_imports};
	struct notes notes = {0};
	const struct reader r = {.options = options, .reload = &out->reload, .diag = d, .notes = &notes};
	struct syntax s;
	enum err err = syntax_parse(text, len, &syntax_options, &s, d);
	*out = (struct corefile){0};
	if (!err)
		err = take_all(&r, &s, file, out);
	if (!err)
		err = keep_text(&r, &s, out);
	if (err)
		corefile_free(out);
	syntax_free(&s);
	return err;
}

enum err corefile_read(const char *path, const struct corefile_options *options, struct corefile *out, struct diag *d)
{
	bool is_stdin = strcmp(path, "-") == 0 || strcmp(path, "stdin") == 0;
	struct buffer b = {0};
	enum err err = file_read(&b, is_stdin ? "-" : path, FILE_GIVEN, FILE_MAX, d);
	*out = (struct corefile){0};
	if (!err)
		err = corefile_parse(b.data ? b.data : "", b.len, is_stdin ? "stdin" : path, options, out, d);
	buffer_free(&b);
	return err;
}
