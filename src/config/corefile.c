#include "config/corefile.h"
#include "base/file.h"
#include "directives.h"
#include "key.h"
#include "kube_dns_lines.h"
#include "tls/trust.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX ((size_t)4 << 20)
#define TLS_PORT 853

static enum err take_key(const struct reader *r, const struct token *t, struct corefile_key *k)
{
	struct key key;
	struct diag why;
	enum err err = reader_wrong(r, t, key_parse(t->text, &key, &k->zones, &why), &why);
	if (err)
		return err;
	k->tls = key.scheme == KEY_TLS;
	k->port = key.has_port ? key.port : k->tls ? TLS_PORT : r->options->port;
	if (key.scheme == KEY_DNS || key.scheme == KEY_TLS)
		return OK;
	return syntax_error(r->diag, t, ERR_SYNTAX, "\"%s\": headns serves dns:// and tls:// only, not %s://", t->text,
	                    key_scheme_name(key.scheme));
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

static bool is_about_upstreams(const struct line *l)
{
	return strcmp(l->words[0].text, "forward") == 0 || strcmp(l->words[0].text, "cache") == 0;
}

/* Other certificates are other words. */
static void put_trust(struct buffer *out, const struct trust *t)
{
	char text[24];
	snprintf(text, sizeof text, "%" PRIx64, t ? trust_mark(t) : 0);
	buffer_append_text(out, text);
}

static void put_upstreams(struct buffer *out, const struct forward_values *v)
{
	for (unsigned i = 0; i < v->count; i++) {
		for (unsigned k = 0; k < v->lines[i].upstream_count; k++) {
			char text[UPSTREAM_TEXT_MAX];
			upstream_format(&v->lines[i].upstreams[k], text);
			buffer_append(out, text, strlen(text));
			buffer_append(out, " ", 1);
		}
		put_trust(out, v->lines[i].options.trust);
		buffer_append(out, ";", 1);
	}
}

static bool has_hosts(const struct forward_values *v)
{
	unsigned count = 0;
	for (unsigned i = 0; i < v->count; i++)
		count += v->lines[i].host_count;
	return count;
}

/* Of whichever names: those of the block's keys. */
static enum err keep_forward_text(const struct reader *r, const struct syntax_block *from, struct corefile_block *b)
{
	struct buffer text = {0};
	if (!b->said[DIRECTIVE_FORWARD].values || r->notes->count)
		return OK;
	if (has_hosts(b->said[DIRECTIVE_FORWARD].values))
		return OK; /* whose addresses may be others now */
	for (unsigned i = 0; i < b->key_count; i++)
		put_zones(&text, &b->keys[i].zones);
	put_upstreams(&text, b->said[DIRECTIVE_FORWARD].values);
	for (unsigned i = 0; i < from->line_count; i++) {
		if (is_about_upstreams(&from->lines[i]))
			syntax_put_line(&text, &from->lines[i]);
	}
	b->forward_text = text_of(&text);
	return b->forward_text ? OK : reader_no_memory(r);
}

/* Its zones may be those of the block's keys, and nothing else of the block counts. */
static enum err keep_cluster_text(const struct reader *r, const struct syntax_block *from, struct corefile_block *b)
{
	struct buffer text = {0};
	if (!b->said[DIRECTIVE_KUBERNETES].place)
		return OK;
	put_zones(&text, &b->kubernetes.zones);
	put_zones(&text, &b->kubernetes.external.zones);
	for (unsigned i = 0; i < from->line_count; i++) {
		if (is_about_cluster(&from->lines[i]))
			syntax_put_line(&text, &from->lines[i]);
	}
	b->cluster_text = text_of(&text);
	return b->cluster_text ? OK : reader_no_memory(r);
}

static void put_texts(struct buffer *out, const char *what, const struct text_list *texts)
{
	buffer_append_text(out, what);
	for (unsigned i = 0; i < texts->count; i++) {
		buffer_append(out, " ", 1);
		buffer_append_text(out, texts->texts[i]);
	}
	buffer_append(out, ";", 1);
}

/* None of its texts has a blank in it. */
static void put_kube_dns(struct buffer *out, const struct kube_dns *k)
{
	for (unsigned i = 0; i < k->stub_count; i++)
		put_texts(out, k->stubs[i].zone, &k->stubs[i].servers);
	put_texts(out, ".", &k->upstreams);
}

static enum err keep_text(const struct reader *r, const struct syntax *s, struct corefile *out)
{
	struct buffer text = {0};
	for (unsigned i = 0; i < s->block_count; i++)
		syntax_put_block(&text, &s->blocks[i]);
	if (r->options->kube_dns)
		put_kube_dns(&text, r->options->kube_dns);
	out->text = text_of(&text);
	return out->text ? OK : reader_no_memory(r);
}

/* --- tls --- */

/* A relative one is so to what root says. NULL: out of memory. */
static char *path_below(const struct corefile_block *b, const char *path)
{
	const struct root_options *root = corefile_values(b, DIRECTIVE_ROOT);
	struct buffer out = {0};
	if (root && *path != '/') {
		buffer_append_text(&out, root->path);
		buffer_append(&out, "/", 1);
	}
	buffer_append_text(&out, path);
	return text_of(&out);
}

static enum err read_identity(const struct corefile_block *b, const struct tls_options *o, struct identity **out, struct diag *d)
{
	char *const paths[] = {path_below(b, o->cert), path_below(b, o->key), o->ca ? path_below(b, o->ca) : NULL,
	                       o->key_log ? path_below(b, o->key_log) : NULL};
	const struct identity_options options = {{paths[0], paths[1], paths[2]}, o->clients, paths[3]};
	enum err err = diag_no_memory(d);
	if (paths[0] && paths[1] && !paths[2] == !o->ca && !paths[3] == !o->key_log)
		err = identity_new(&options, out, d);
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		free(paths[i]);
	return err;
}

/* Without it CoreDNS would serve a tls:// key in the clear. */
static enum err find_identity(const struct reader *r, struct corefile_block *b)
{
	const struct corefile_said *said = &b->said[DIRECTIVE_TLS];
	struct diag why;
	bool wanted = false;
	enum err err;
	for (unsigned i = 0; i < b->key_count; i++)
		wanted |= b->keys[i].tls;
	if (wanted && !said->place)
		return diag_set(r->diag, ERR_SYNTAX, "%s: tls:// needs a certificate: the block has no tls CERT KEY", b->place);
	if (!said->values)
		return OK;
	err = read_identity(b, said->values, &b->identity, &why);
	return err ? diag_set(r->diag, err, "%s: tls: %s", said->place, why.text) : OK;
}

static enum err take_keys(const struct reader *r, const struct syntax_block *from, struct corefile_block *b)
{
	enum err err = reader_place(r, &from->keys[0], &b->place);
	b->keys = calloc(from->key_count, sizeof *b->keys);
	if (!b->keys)
		return reader_no_memory(r);
	while (!err && b->key_count < from->key_count) {
		unsigned i = b->key_count++;
		err = reader_note(r, take_key(r, &from->keys[i], &b->keys[i]));
	}
	return err;
}

/* Names that `rewrite` leads out of the block's zones are none of the affair of directives that are about these: where nothing else is said, they are told
 * which zones that are. Without rewrite there are no such names. */
static enum err confine(const struct reader *r, struct corefile_block *b)
{
	struct cache_values *cache = b->said[DIRECTIVE_CACHE].values;
	struct acl_options *acl = b->said[DIRECTIVE_ACL].values;
	enum err err = OK;
	if (!b->said[DIRECTIVE_REWRITE].place)
		return OK;
	if (cache && !cache->zones.count) {
		err = corefile_zones(b, &cache->zones);
		cache->options.zones = (struct cache_names){cache->zones.names, cache->zones.count};
	}
	for (unsigned i = 0; acl && i < acl->rule_count && !err; i++) {
		if (!acl->rules[i].zones.count)
			err = corefile_zones(b, &acl->rules[i].zones);
	}
	return err ? reader_no_memory(r) : OK;
}

static enum err take_lines(const struct reader *r, const struct syntax_block *from, struct corefile_block *b)
{
	enum err err = OK;
	for (unsigned i = 0; i < from->line_count && !err; i++)
		err = reader_note(r, directive_read(r, &from->lines[i], b));
	if (!err && !r->notes->count && b->said[DIRECTIVE_K8S_EXTERNAL].place && !b->said[DIRECTIVE_KUBERNETES].place)
		return diag_set(r->diag, ERR_SYNTAX,
		                "%s: k8s_external: the server block has no kubernetes, whose Services it would be about",
		                b->said[DIRECTIVE_K8S_EXTERNAL].place);
	if (!err && !r->notes->count)
		err = reader_note(r, find_identity(r, b));
	if (!err)
		err = confine(r, b);
	if (!err)
		err = keep_cluster_text(r, from, b);
	return err ? err : keep_forward_text(r, from, b);
}

static bool is_of_root(const struct corefile_block *b)
{
	for (unsigned i = 0; i < b->key_count; i++) {
		for (unsigned z = 0; z < b->keys[i].zones.count; z++) {
			if (b->keys[i].zones.names[z].len == 1)
				return true;
		}
	}
	return false;
}

static enum err take_lines_with(const struct reader *r, const struct kube_dns *k, const struct syntax_block *from, struct corefile_block *b)
{
	struct kube_dns_lines lines;
	struct syntax_block whole = *from;
	if (kube_dns_lines_make(k, from, &lines))
		return reader_no_memory(r);
	whole.lines = lines.all;
	whole.line_count = lines.count;
	enum err err = take_lines(r, &whole, b);
	kube_dns_lines_free(&lines);
	return err;
}

static enum err take_block(const struct reader *r, const struct syntax_block *from, struct corefile_block *b)
{
	const struct kube_dns *k = r->options->kube_dns;
	enum err err = take_keys(r, from, b);
	if (err)
		return err;
	return k && is_of_root(b) ? take_lines_with(r, k, from, b) : take_lines(r, from, b);
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
	free(b->cluster_text);
	free(b->forward_text);
	identity_unref(b->identity);
	kubernetes_options_clear(&b->kubernetes);
	directives_clear(b);
}

const void *corefile_values(const struct corefile_block *b, enum directive_id id)
{
	return b->said[id].values;
}

enum err corefile_zones(const struct corefile_block *b, struct name_list *out)
{
	unsigned count = 0;
	for (unsigned i = 0; i < b->key_count; i++)
		count += b->keys[i].zones.count;
	*out = (struct name_list){malloc((count + !count) * sizeof *out->names), 0};
	if (!out->names)
		return ERR_NOMEM;
	for (unsigned i = 0; i < b->key_count; i++) {
		for (unsigned z = 0; z < b->keys[i].zones.count; z++)
			out->names[out->count++] = b->keys[i].zones.names[z];
	}
	return OK;
}

void corefile_free(struct corefile *c)
{
	for (unsigned i = 0; i < c->count; i++)
		block_clear(&c->blocks[i]);
	free(c->blocks);
	free(c->text);
	*c = (struct corefile){0};
}

bool corefile_says(const struct corefile *c, enum directive_id id)
{
	for (unsigned i = 0; i < c->count; i++) {
		if (c->blocks[i].said[id].place)
			return true;
	}
	return false;
}

/* It is the process's, whichever block says it; of several the first counts. */
static void find_reload(struct corefile *c)
{
	const struct reload_options *o = NULL;
	for (unsigned i = 0; i < c->count && !o; i++)
		o = corefile_values(&c->blocks[i], DIRECTIVE_RELOAD);
	if (o)
		c->reload = *o;
}

static enum err take_all(const struct reader *r, const struct syntax *s, const char *file, struct corefile *out)
{
	enum err err = OK;
	if (!s->block_count)
		return diag_set(r->diag, ERR_SYNTAX, "%s: there is no server block in it", file);
	out->blocks = calloc(s->block_count, sizeof *out->blocks);
	if (!out->blocks)
		return reader_no_memory(r);
	while (!err && out->count < s->block_count) {
		unsigned i = out->count++;
		err = reader_note(r, take_block(r, &s->blocks[i], &out->blocks[i]));
	}
	find_reload(out);
	return err ? err : reader_tell(r, file);
}

enum err corefile_parse(const char *text, size_t len, const char *file, const struct corefile_options *options, struct corefile *out,
                        struct diag *d)
{
	const struct syntax_options syntax_options = {.file = file, .no_imports = options->no_imports, .report = options->report};
	struct notes notes = {0};
	const struct reader r = {.options = options, .diag = d, .notes = &notes};
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
