#include "pages.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 128

static enum err find_place(const struct host_port *at, struct admin_address *a, struct diag *d)
{
	const char *host = at->host ? at->host : "";
	bool ipv6 = strchr(host, ':');
	char text[TEXT_MAX];
	snprintf(text, sizeof text, "%s%.100s%s:%u", ipv6 ? "[" : "", host, ipv6 ? "]" : "", at->port);
	return admin_address_parse(text, a, d);
}

static enum err add(struct pages *p, const char *origin, const struct host_port *at, unsigned page, struct diag *d)
{
	struct admin_place *more = realloc(p->places, (p->count + 1) * sizeof *more);
	struct diag why;
	enum err err;
	if (!more)
		return diag_set(d, ERR_NOMEM, "out of memory");
	p->places = more;
	more[p->count].pages = page;
	err = find_place(at, &more[p->count].address, &why);
	if (err)
		return diag_set(d, err, "%s: %s", origin, why.text);
	p->count++;
	return OK;
}

static enum err add_block(struct pages *p, const struct corefile_block *b, struct diag *d)
{
	const struct health_options *health = corefile_values(b, DIRECTIVE_HEALTH);
	const struct ready_options *ready = corefile_values(b, DIRECTIVE_READY);
	const struct prometheus_options *prometheus = corefile_values(b, DIRECTIVE_PROMETHEUS);
	enum err err = OK;
	if (prometheus && prometheus->tls)
		return diag_set(d, ERR_SYNTAX, "%s: prometheus: headns has no tls for /metrics", b->said[DIRECTIVE_PROMETHEUS].place);
	if (health && health->lameduck_ms > p->lameduck_ms)
		p->lameduck_ms = health->lameduck_ms;
	if (health)
		err = add(p, b->said[DIRECTIVE_HEALTH].place, &health->at, ADMIN_HEALTH, d);
	if (ready && !err)
		err = add(p, b->said[DIRECTIVE_READY].place, &ready->at, ADMIN_READY, d);
	if (prometheus && !err)
		err = add(p, b->said[DIRECTIVE_PROMETHEUS].place, &prometheus->at, ADMIN_METRICS, d);
	return err;
}

enum err pages_find(const struct corefile *c, struct pages *out, struct diag *d)
{
	enum err err = OK;
	for (unsigned i = 0; i < c->count && !err; i++)
		err = add_block(out, &c->blocks[i], d);
	return err;
}

enum err pages_add(struct pages *p, const struct admin_place *places, unsigned count, struct diag *d)
{
	struct admin_place *more = realloc(p->places, (p->count + count + 1) * sizeof *more);
	if (!more)
		return diag_set(d, ERR_NOMEM, "out of memory");
	p->places = more;
	for (unsigned i = 0; i < count; i++)
		more[p->count++] = places[i];
	return OK;
}

void pages_clear(struct pages *p)
{
	free(p->places);
	*p = (struct pages){0};
}
