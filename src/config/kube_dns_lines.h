/* kube_dns_lines.h - private to config: what kube-dns's ConfigMap says, as lines of a server block. */
#pragma once
#include "config/kube_dns.h"
#include "syntax.h"

/* A block's lines with those of the ConfigMap. The lines' bodies and words are the block's, but for those of `words`. */
struct kube_dns_lines {
	struct line *all;
	unsigned count;
	struct token *words;
};

/* `forward` for each stub domain stands before the block's lines. The other upstreams take the place of the files that its `forward .` name; where it
 * has none, they are one more line. Borrows from both. ERR_NOMEM: nothing is to be freed. */
enum err kube_dns_lines_make(const struct kube_dns *k, const struct syntax_block *from, struct kube_dns_lines *out);
void kube_dns_lines_free(struct kube_dns_lines *l);
