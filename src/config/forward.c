/* `forward FROM TO... { ... }`. Several lines add up, in their order. */
#include "config/value.h"
#include "directives.h"
#include "forward/nameservers.h"
#include "key.h"
#include "tls/trust.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#define WORDS_MAX 15 /* of upstreams; a file is one */

/* --- upstreams --- */

static struct forward_line *line_of(void *values)
{
	return &((struct forward_values *)values)->reading;
}

static enum err no_memory(struct diag *d)
{
	return diag_set(d, ERR_NOMEM, "out of memory");
}

static enum err add_upstreams(struct forward_line *l, const struct upstream *more, unsigned count, struct diag *d)
{
	struct upstream *grown;
	if (!count)
		return OK;
	if (l->upstream_count + count > UPSTREAMS_MAX)
		return diag_set(d, ERR_RANGE, "there are more than %d upstreams", UPSTREAMS_MAX);
	grown = realloc(l->upstreams, (l->upstream_count + count) * sizeof *grown);
	if (!grown)
		return no_memory(d);
	l->upstreams = grown;
	memcpy(grown + l->upstream_count, more, count * sizeof *more);
	l->upstream_count += count;
	return OK;
}

static enum err add_file(struct forward_values *v, const char *path, struct diag *d)
{
	struct nameservers_list *list = malloc(sizeof *list);
	enum err err;
	if (!list)
		return no_memory(d);
	err = nameservers_read(path, list, d);
	if (!err)
		err = add_upstreams(&v->reading, list->list, list->count, d);
	free(list);
	if (!err && texts_add(&v->files, &path, 1))
		err = no_memory(d);
	return err;
}

/* As CoreDNS: what is no address is a file, if there is one. */
static bool is_file(const char *text)
{
	struct stat st;
	return strchr(text, '/') || stat(text, &st) == 0;
}

static bool is_known(const char *text, const char *scheme_end)
{
	static const char *const schemes[] = {"dns", "tls", "https"};
	size_t len = (size_t)(scheme_end - text);
	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
		if (strlen(schemes[i]) == len && memcmp(schemes[i], text, len) == 0)
			return true;
	}
	return false;
}

/* Its address is asked for when the configuration begins, and not when it is checked. */
static enum err add_host(struct forward_line *l, const char *text, struct diag *d)
{
	char name[SERVER_NAME_MAX];
	struct upstream u;
	enum err err = upstream_parse_host(text, &u, name, d);
	if (err)
		return err;
	struct forward_host *grown = realloc(l->hosts, (l->host_count + 1) * sizeof *grown);
	if (!grown)
		return no_memory(d);
	l->hosts = grown;
	grown[l->host_count] = (struct forward_host){l->upstream_count, strdup(name)};
	if (!grown[l->host_count].name)
		return no_memory(d);
	l->host_count++;
	return add_upstreams(l, &u, 1, d);
}

static enum err add_word(struct forward_values *v, const char *text, struct diag *d)
{
	const char *scheme = strstr(text, "://");
	struct upstream u;
	enum err err;
	if (scheme && !is_known(text, scheme))
		return diag_set(d, ERR_SYNTAX, "\"%s\": upstreams over %.*s are not built yet", text, (int)(scheme - text), text);
	if (scheme && strchr(scheme + 3, '/'))
		return diag_set(d, ERR_SYNTAX, "\"%s\": a path is not wanted: it is /dns-query, as in CoreDNS", text);
	err = upstream_parse(text, &u, d);
	if (!err)
		return add_upstreams(&v->reading, &u, 1, d);
	if (err != ERR_SYNTAX)
		return err;
	if (!scheme && is_file(text))
		return add_file(v, text, d);
	if (strspn(text, "0123456789.:") == strlen(text))
		return err;
	return add_host(&v->reading, text, d);
}

static void line_clear(struct forward_line *l)
{
	names_clear(&l->from);
	names_clear(&l->except);
	free(l->upstreams);
	for (unsigned i = 0; i < l->host_count; i++)
		free(l->hosts[i].name);
	free(l->hosts);
	free(l->resolvers);
	free(l->server_name);
	trust_unref(l->options.trust);
	*l = (struct forward_line){0};
}

static enum err take(void *values, const struct words *w, struct diag *d)
{
	struct forward_values *v = values;
	struct key key;
	enum err err;
	line_clear(&v->reading); /* of a line that was wrong */
	err = key_parse(w->texts[0], &key, &v->reading.from, d);
	if (!err && w->count - 1 > WORDS_MAX)
		return diag_set(d, ERR_RANGE, "%d upstreams at most are wanted, as in CoreDNS", WORDS_MAX);
	for (unsigned i = 1; i < w->count && !err; i++)
		err = add_word(v, w->texts[i], d);
	if (!err && !v->reading.upstream_count)
		return diag_set(d, ERR_MISSING, "%s names no upstream", w->texts[1]);
	return err;
}

/* --- options --- */

/* Of several lines, all count. */
static enum err add_except(struct name_list *all, const struct name_list *more, struct diag *d)
{
	struct name *grown = realloc(all->names, (all->count + more->count + 1) * sizeof *grown);
	if (!grown)
		return no_memory(d);
	all->names = grown;
	for (unsigned i = 0; i < more->count; i++)
		grown[all->count++] = more->names[i];
	return OK;
}

static enum err set_except(void *values, const struct words *w, struct diag *d)
{
	struct name_list more = {0};
	enum err err = option_zones(&more, w, d);
	if (!err)
		err = add_except(&line_of(values)->except, &more, d);
	names_clear(&more);
	return err;
}

static const struct {
	const char *name;
	unsigned code;
} rcodes[] = {
        {"NOERROR", 0}, {"FORMERR", 1},  {"SERVFAIL", 2}, {"NXDOMAIN", 3}, {"NOTIMP", 4},  {"REFUSED", 5},   {"YXDOMAIN", 6},
        {"YXRRSET", 7}, {"NXRRSET", 8},  {"NOTAUTH", 9},  {"NOTZONE", 10}, {"NOTIMPL", 4}, {"BADSIG", 16},   {"BADVERS", 16},
        {"BADKEY", 17}, {"BADTIME", 18}, {"BADMODE", 19}, {"BADNAME", 20}, {"BADALG", 21}, {"BADTRUNC", 22}, {"BADCOOKIE", 23},
};

static enum err take_rcodes(const struct words *w, unsigned first, uint32_t *bits, struct diag *d)
{
	for (unsigned i = 0; i < w->count; i++) {
		unsigned k = first;
		while (k < sizeof rcodes / sizeof *rcodes && strcasecmp(rcodes[k].name, w->texts[i]) != 0)
			k++;
		if (k == sizeof rcodes / sizeof *rcodes)
			return diag_set(d, ERR_SYNTAX, "an rcode such as NXDOMAIN or SERVFAIL is wanted, not \"%s\"", w->texts[i]);
		*bits |= UINT32_C(1) << rcodes[k].code;
	}
	return OK;
}

static enum err set_next(void *values, const struct words *w, struct diag *d)
{
	return take_rcodes(w, 0, &line_of(values)->next, d);
}

/* Who has an answer is not asked past. */
static enum err set_failover(void *values, const struct words *w, struct diag *d)
{
	return take_rcodes(w, 1, &line_of(values)->options.failover, d);
}

static enum err set_max_fails(void *values, const struct words *w, struct diag *d)
{
	struct forward_options *o = &line_of(values)->options;
	enum err err = value_number(w->texts[0], 0, INT_MAX, &o->max_fails, d);
	if (!err)
		o->never_down = !o->max_fails;
	return err;
}

static enum err take_ms(const char *text, unsigned *ms, struct diag *d)
{
	uint64_t value;
	enum err err = value_duration_ms(text, &value, d);
	if (!err && !value)
		return diag_set(d, ERR_RANGE, "more than 0 is wanted");
	if (!err)
		*ms = value > INT_MAX ? INT_MAX : (unsigned)value;
	return err;
}

static enum err set_expire(void *values, const struct words *w, struct diag *d)
{
	uint64_t value;
	enum err err = value_duration_ms(w->texts[0], &value, d);
	if (!err) /* 0: at once, as far as that goes */
		line_of(values)->options.expire_ms = value > INT_MAX ? INT_MAX : value ? (unsigned)value : 1;
	return err;
}

static enum err set_read_timeout(void *values, const struct words *w, struct diag *d)
{
	return take_ms(w->texts[0], &line_of(values)->options.read_timeout_ms, d);
}

static enum err set_health_check(void *values, const struct words *w, struct diag *d)
{
	struct forward_options *o = &line_of(values)->options;
	enum err err = take_ms(w->texts[0], &o->health_ms, d);
	for (unsigned i = 1; i < w->count && !err; i++) {
		if (strcmp(w->texts[i], "no_rec") == 0)
			o->health_no_rec = true;
		else if (strcmp(w->texts[i], "domain") != 0)
			return diag_set(d, ERR_SYNTAX, "no_rec or domain NAME is wanted, not \"%s\"", w->texts[i]);
		else if (++i == w->count || name_from_text(&o->health_domain, w->texts[i], strlen(w->texts[i])))
			return diag_set(d, ERR_SYNTAX, "a name is wanted behind domain");
	}
	if (o->health_domain.len)
		name_lower(&o->health_domain);
	return err;
}

static enum err set_source(void *values, const struct words *w, struct diag *d)
{
	return addr_parse(w->texts[0], strlen(w->texts[0]), &line_of(values)->options.source)
	               ? diag_set(d, ERR_SYNTAX, "an IP address is wanted, not \"%s\"", w->texts[0])
	               : OK;
}

/* CoreDNS sends by the transport of the client's query, unless told so. We always ask over UDP first. */
static enum err set_nothing(void *values, const struct words *w, struct diag *d)
{
	(void)values;
	(void)w;
	(void)d;
	return OK;
}

static enum err set_max_age(void *values, const struct words *w, struct diag *d)
{
	unsigned *ms = &line_of(values)->options.max_age_ms;
	uint64_t value;
	enum err err = value_duration_ms(w->texts[0], &value, d);
	if (!err)
		*ms = value > INT_MAX ? INT_MAX : (unsigned)value;
	return err;
}

/* As CoreDNS takes them: one is the authorities', two are ours. */
static enum err set_tls(void *values, const struct words *w, struct diag *d)
{
	struct trust **trust = &line_of(values)->options.trust;
	struct trust_files files = {0};
	if (w->count % 2)
		files.ca = w->texts[w->count - 1];
	if (w->count > 1) {
		files.cert = w->texts[0];
		files.key = w->texts[1];
	}
	if (texts_add(&((struct forward_values *)values)->tls_files, w->texts, w->count))
		return no_memory(d);
	trust_unref(*trust); /* of two lines the last counts */
	*trust = NULL;
	return trust_new(&files, trust, d);
}

/* Of several lines the last counts. */
static enum err set_resolvers(void *values, const struct words *w, struct diag *d)
{
	struct forward_line *l = line_of(values);
	free(l->resolvers);
	l->resolver_count = 0;
	l->resolvers = calloc(w->count, sizeof *l->resolvers);
	if (!l->resolvers)
		return no_memory(d);
	for (; l->resolver_count < w->count; l->resolver_count++) {
		const char *text = w->texts[l->resolver_count];
		if (strstr(text, "://"))
			return diag_set(d, ERR_SYNTAX, "IP or IP:PORT is wanted, not \"%s\"", text);
		enum err err = upstream_parse(text, &l->resolvers[l->resolver_count], d);
		if (err)
			return err;
	}
	return OK;
}

static enum err set_server_name(void *values, const struct words *w, struct diag *d)
{
	struct forward_line *l = line_of(values);
	if (!w->texts[0][0] || strlen(w->texts[0]) >= SERVER_NAME_MAX)
		return diag_set(d, ERR_RANGE, "the name of a server is wanted");
	free(l->server_name);
	l->server_name = strdup(w->texts[0]);
	return l->server_name ? OK : no_memory(d);
}

static enum err set_doh_method(void *values, const struct words *w, struct diag *d)
{
	bool get = strcmp(w->texts[0], "GET") == 0;
	if (!get && strcmp(w->texts[0], "POST") != 0)
		return diag_set(d, ERR_SYNTAX, "GET or POST is wanted, not \"%s\"", w->texts[0]);
	line_of(values)->options.doh_get = get;
	return OK;
}

/* --- the row --- */

#define AT(member) offsetof(struct forward_values, reading.member)

static const struct option lines[] = {
        {"doh_method", "GET|POST", 1, 1, OPTION_CALL, 0, 0, 0, 0, set_doh_method},
        {"except", "NAME...", 1, OPTION_ANY_NUMBER, OPTION_CALL, 0, 0, 0, 0, set_except},
        {"expire", "DURATION", 1, 1, OPTION_CALL, 0, 0, 0, 0, set_expire},
        {"failfast_all_unhealthy_upstreams", "", 0, 0, OPTION_FLAG, 0, AT(options.failfast), 0, 0, NULL},
        {"failover", "RCODE...", 1, OPTION_ANY_NUMBER, OPTION_CALL, 0, 0, 0, 0, set_failover},
        {"force_tcp", "", 0, 0, OPTION_FLAG, 0, AT(options.force_tcp), 0, 0, NULL},
        {"health_check", "DURATION [no_rec] [domain NAME]", 1, 4, OPTION_CALL, 0, 0, 0, 0, set_health_check},
        {"max_age", "DURATION", 1, 1, OPTION_CALL, 0, 0, 0, 0, set_max_age},
        {"max_concurrent", "NUMBER", 1, 1, OPTION_NUMBER, 0, AT(options.max_concurrent), 0, INT_MAX, NULL},
        {"max_connect_attempts", "NUMBER", 1, 1, OPTION_NUMBER, 0, AT(options.max_connect_attempts), 0, INT_MAX, NULL},
        {"max_fails", "NUMBER", 1, 1, OPTION_CALL, 0, 0, 0, 0, set_max_fails},
        {"max_idle_conns", "NUMBER", 1, 1, OPTION_NUMBER, 0, AT(options.max_idle), 0, INT_MAX, NULL},
        {"next", "RCODE...", 1, OPTION_ANY_NUMBER, OPTION_CALL, 0, 0, 0, 0, set_next},
        {"next_on_nodata", "", 0, 0, OPTION_FLAG, 0, AT(next_on_nodata), 0, 0, NULL},
        {"policy", "random|round_robin|sequential|fastest", 1, 1, OPTION_CHOICE, 0, AT(options.policy), 0, 0, NULL},
        {"prefer_udp", "", 0, 0, OPTION_CALL, 0, 0, 0, 0, set_nothing},
        {"read_timeout", "DURATION", 1, 1, OPTION_CALL, 0, 0, 0, 0, set_read_timeout},
        {"resolver", "IP[:PORT]...", 1, OPTION_ANY_NUMBER, OPTION_CALL, 0, 0, 0, 0, set_resolvers},
        {"source_address", "IP", 1, 1, OPTION_CALL, 0, 0, 0, 0, set_source},
        {"tls", "[CERT KEY] [CA]", 0, 3, OPTION_CALL, 0, 0, 0, 0, set_tls},
        {"tls_servername", "NAME", 1, 1, OPTION_CALL, 0, 0, 0, 0, set_server_name},
};
static const struct option_table options = {"forward", lines, sizeof lines / sizeof *lines, NULL};

static enum err name_upstream(struct upstream *u, const char *name, struct diag *d)
{
	char at[UPSTREAM_TEXT_MAX];
	upstream_format(u, at);
	if (u->server_name[0] && u->at.sa.sa_family != AF_UNSPEC)
		return diag_set(d, ERR_SYNTAX, "%s has the server name %s already, so tls_servername %s can't be for all", at,
		                u->server_name, name);
	memcpy(u->server_name, name, strlen(name) + 1); /* its length was checked */
	return OK;
}

/* What the options say of upstreams. */
static enum err finish_upstreams(struct forward_line *l, struct diag *d)
{
	static const struct trust_files none;
	const struct forward_options *o = &l->options;
	bool secure = false;
	enum err err = OK;
	if (o->max_age_ms && o->max_age_ms < (o->expire_ms ? o->expire_ms : FORWARD_EXPIRE_MS))
		return diag_set(d, ERR_RANGE, "max_age must not be less than expire");
	for (unsigned i = 0; i < l->upstream_count && !err; i++) {
		if (l->upstreams[i].transport == UPSTREAM_PLAIN)
			continue;
		secure = true;
		if (l->server_name)
			err = name_upstream(&l->upstreams[i], l->server_name, d);
	}
	return !err && secure && !o->trust ? trust_new(&none, &l->options.trust, d) : err;
}

static enum err finish(void *values, option_set given, struct diag *d)
{
	struct forward_values *v = values;
	enum err err = finish_upstreams(&v->reading, d);
	(void)given;
	if (err)
		return err;
	struct forward_line *grown = realloc(v->lines, (v->count + 1) * sizeof *grown);
	if (!grown)
		return no_memory(d);
	v->lines = grown;
	grown[v->count++] = v->reading;
	v->reading = (struct forward_line){0};
	return OK;
}

static void clear(void *values)
{
	struct forward_values *v = values;
	for (unsigned i = 0; i < v->count; i++)
		line_clear(&v->lines[i]);
	free(v->lines);
	line_clear(&v->reading);
	texts_clear(&v->files);
	texts_clear(&v->tls_files);
}

const struct directive forward_directive = {
        .name = "forward",
        .arguments = "FROM TO...",
        .min = 2,
        .max = OPTION_ANY_NUMBER,
        .again = AGAIN_ADDS,
        .size = sizeof(struct forward_values),
        .take = take,
        .options = &options,
        .finish = finish,
        .clear = clear,
};
