#include "kube_dns_lines.h"
#include <stdlib.h>
#include <string.h>

static bool forwards_all(const struct line *l)
{
	return l->count > 2 && strcmp(l->words[0].text, "forward") == 0 && strcmp(l->words[1].text, ".") == 0;
}

/* In resolv.conf form. */
static bool is_file(const struct token *t)
{
	return strchr(t->text, '/') && !strstr(t->text, "://");
}

/* How many words there will be, at most. */
static size_t count_words(const struct kube_dns *k, const struct syntax_block *from)
{
	size_t count = 2 + k->upstreams.count;
	for (unsigned i = 0; i < k->stub_count; i++)
		count += 2 + k->stubs[i].servers.count;
	for (unsigned i = 0; i < from->line_count; i++)
		count += forwards_all(&from->lines[i]) ? from->lines[i].count + k->upstreams.count : 0;
	return count;
}

/* --- writing --- */

struct writer {
	struct kube_dns_lines *out;
	size_t words; /* that are written */
};

static struct line *begin(struct writer *w)
{
	struct line *l = &w->out->all[w->out->count++];
	*l = (struct line){.words = &w->out->words[w->words]};
	return l;
}

static void put(struct writer *w, struct line *l, struct token t)
{
	w->out->words[w->words++] = t;
	l->count++;
}

static void put_texts(struct writer *w, struct line *l, const struct text_list *texts, enum kube_dns_key key)
{
	for (unsigned i = 0; i < texts->count; i++)
		put(w, l, (struct token){texts->texts[i], kube_dns_key_name(key), 1});
}

static void put_forward(struct writer *w, const char *zone, const struct text_list *servers, enum kube_dns_key key)
{
	struct line *l = begin(w);
	put(w, l, (struct token){"forward", kube_dns_key_name(key), 1});
	put(w, l, (struct token){zone, kube_dns_key_name(key), 1});
	put_texts(w, l, servers, key);
}

/* Options stay: they are about any upstreams. */
static void put_replaced(struct writer *w, const struct line *from, const struct text_list *upstreams)
{
	struct line *l = begin(w);
	bool found = false;
	for (unsigned i = 0; i < from->count; i++) {
		bool goes = i > 1 && is_file(&from->words[i]);
		if (!goes)
			put(w, l, from->words[i]);
		else if (!found)
			put_texts(w, l, upstreams, KUBE_DNS_UPSTREAM_NAMESERVERS);
		found |= goes;
	}
	l->body = from->body;
	l->body_count = from->body_count;
	l->has_body = from->has_body;
}

static void put_all(struct writer *w, const struct kube_dns *k, const struct syntax_block *from)
{
	bool found = false;
	for (unsigned i = 0; i < k->stub_count; i++)
		put_forward(w, k->stubs[i].zone, &k->stubs[i].servers, KUBE_DNS_STUB_DOMAINS);
	for (unsigned i = 0; i < from->line_count; i++) {
		bool all = forwards_all(&from->lines[i]);
		if (all && k->upstreams.count)
			put_replaced(w, &from->lines[i], &k->upstreams);
		else
			w->out->all[w->out->count++] = from->lines[i];
		found |= all;
	}
	if (!found && k->upstreams.count)
		put_forward(w, ".", &k->upstreams, KUBE_DNS_UPSTREAM_NAMESERVERS);
}

enum err kube_dns_lines_make(const struct kube_dns *k, const struct syntax_block *from, struct kube_dns_lines *out)
{
	struct writer w = {.out = out};
	*out = (struct kube_dns_lines){
	        .all = malloc((k->stub_count + from->line_count + 1) * sizeof *out->all),
	        .words = malloc(count_words(k, from) * sizeof *out->words),
	};
	if (!out->all || !out->words) {
		kube_dns_lines_free(out);
		return ERR_NOMEM;
	}
	put_all(&w, k, from);
	return OK;
}

void kube_dns_lines_free(struct kube_dns_lines *l)
{
	free(l->all);
	free(l->words);
	*l = (struct kube_dns_lines){0};
}
