/* Every directive: what it takes, its defaults, what it says of what is wrong. The state of a row is not looked at: what is not built is read and
 * checked all the same. */
#include "config/value.h"
#include "directives.h"
#include "dns/message.h"
#include "fail_alloc.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEXT_MAX 1024

static char reported[COREFILE_WRONG_MAX * DIAG_TEXT_MAX];

static void on_report(enum log_level level, const char *text)
{
	(void)level;
	strcat(strcat(reported, text), "\n");
}

/* Reads the lines of one block. *d is what is wrong first, but that something is not built. */
static enum err read_block(const char *lines, struct corefile_block *b, struct diag *d)
{
	static const struct corefile_options options = {.port = 53, .report = on_report};
	const struct syntax_options syntax_options = {.file = "f", .no_imports = true};
	struct notes notes = {0};
	const struct reader r = {.options = &options, .diag = d, .notes = &notes};
	struct syntax s;
	char text[TEXT_MAX];
	enum err err;
	*b = (struct corefile_block){0};
	reported[0] = '\0';
	snprintf(text, sizeof text, "a {\n%s\n}\n", lines);
	err = syntax_parse(text, strlen(text), &syntax_options, &s, d);
	for (unsigned i = 0; !err && s.block_count && i < s.blocks[0].line_count; i++) {
		unsigned before = notes.count;
		err = directive_read(&r, &s.blocks[0].lines[i], b);
		if (err && err != ERR_NOMEM && strstr(d->text, "is not built yet"))
			err = OK;
		if (!err && notes.count > before)
			err = diag_set(d, notes.first, "%s", notes.texts[before]);
	}
	syntax_free(&s);
	return err;
}

static void block_clear(struct corefile_block *b)
{
	for (unsigned i = 0; i < b->bind_count; i++) {
		free(b->binds[i].place);
		texts_clear(&b->binds[i].addresses);
		texts_clear(&b->binds[i].except);
	}
	free(b->binds);
	kubernetes_options_clear(&b->kubernetes);
	directives_clear(b);
}

/* --- values as text --- */

struct text {
	char at[TEXT_MAX];
	size_t len;
};

static void put(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(struct text *t, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	t->len += (size_t)vsnprintf(t->at + t->len, TEXT_MAX - t->len, format, args);
	va_end(args);
}

static void put_names(struct text *t, const struct name_list *list)
{
	for (unsigned i = 0; i < list->count; i++) {
		char name[NAME_TEXT_MAX];
		name_to_text(&list->names[i], name);
		put(t, " %s", name);
	}
}

static void put_at(struct text *t, const struct host_port *at)
{
	put(t, "%s|%u", at->host ? at->host : "", at->port);
}

static void put_acl(struct text *t, const struct acl_options *o)
{
	for (unsigned i = 0; i < o->rule_count; i++) {
		const struct acl_rule *rule = &o->rules[i];
		put(t, "%s[", i ? " " : "");
		put_names(t, &rule->zones);
		for (unsigned p = 0; p < rule->policy_count; p++) {
			put(t, " %u", rule->policies[p].action);
			for (unsigned k = 0; k < rule->policies[p].type_count; k++)
				put(t, " %u", rule->policies[p].types[k]);
			for (unsigned k = 0; k < rule->policies[p].net_count; k++) {
				char address[ADDR_TEXT_MAX];
				addr_format(&rule->policies[p].nets[k].base, address);
				put(t, " %s/%u", address, rule->policies[p].nets[k].prefix);
			}
			put(t, ";");
		}
		put(t, "]");
	}
}

static void put_rewrite(struct text *t, const struct rewrite_options *o)
{
	for (unsigned i = 0; i < o->count; i++) {
		const struct rewrite_rule *r = &o->rules[i];
		put(t, "[%u%s %u %s %s%s", r->field, r->goes_on ? "+" : "", r->kind,
		    r->pattern ? "RE"
		    : r->from  ? r->from
		               : "-",
		    r->to ? r->to : "-", r->automatic ? " auto" : "");
		for (unsigned k = 0; k < r->answer_count; k++)
			put(t, " %s %s", r->answers[k].value ? "value" : "name", r->answers[k].to);
		put(t, " %u %u %u-%u]", r->number, r->new_number, r->ttl_min_s, r->ttl_max_s);
	}
}

static void put_hosts(struct text *t, const struct hosts_options *o)
{
	put(t, "%s", o->file ? o->file : "-");
	put_names(t, &o->zones);
	for (unsigned i = 0; i < o->lines.count; i++)
		put(t, " <%s>", o->lines.texts[i]);
	put(t, " ttl %u reload %u%s%s%s", o->ttl_s, (unsigned)o->reload_ms, o->no_reverse ? " no_reverse" : "",
	    o->fallthrough_unsupported ? " unsupported" : "", o->fallthrough ? " fallthrough" : "");
	put_names(t, &o->fallthrough_zones);
}

static void put_file(struct text *t, const struct file_options *o)
{
	for (unsigned i = 0; i < o->count; i++) {
		put(t, "%s%s", i ? "; " : "", o->lines[i].path);
		put_names(t, &o->lines[i].zones);
		put(t, " %u%s", (unsigned)o->lines[i].reload_ms, o->lines[i].reload_by_mtime ? " mtime" : "");
	}
	put(t, "%s", o->fallthrough ? " fallthrough" : "");
	put_names(t, &o->fallthrough_zones);
}

static void put_template(struct text *t, const struct template_options *o)
{
	for (unsigned i = 0; i < o->count; i++) {
		const struct template_rule *rule = &o->rules[i];
		put(t, "%s%u %u", i ? "; " : "", rule->rclass, rule->type);
		put_names(t, &rule->zones);
		put(t, ", %u regexps", rule->match_count);
		for (unsigned s = 0; s < TEMPLATE_SECTIONS; s++)
			put(t, ", %u", rule->text_counts[s]);
		put(t, ", rcode %u", rule->rcode);
		if (rule->has_ede)
			put(t, ", ede %u %s", rule->ede_code, rule->ede_text ? rule->ede_text : "-");
		put(t, "%s", rule->fallthrough ? ", fallthrough" : "");
		put_names(t, &rule->fallthrough_zones);
	}
}

static void put_forward(struct text *t, const struct forward_values *v)
{
	for (unsigned i = 0; i < v->count; i++) {
		const struct forward_line *l = &v->lines[i];
		const struct forward_options *o = &l->options;
		char text[NAME_TEXT_MAX], source[ADDR_TEXT_MAX] = "-";
		put(t, "%s", i ? "; " : "");
		put_names(t, &l->from);
		put(t, " to");
		for (unsigned k = 0; k < l->upstream_count; k++) {
			char upstream[UPSTREAM_TEXT_MAX];
			upstream_format(&l->upstreams[k], upstream);
			put(t, " %s", upstream);
		}
		put(t, " but");
		put_names(t, &l->except);
		name_to_text(&o->health_domain, text);
		if (o->source.family)
			addr_format(&o->source, source);
		put(t, " policy %d %d%d%d%d, %u %u %u %u %u %u, probes %s, from %s, %x %x %d", o->policy, o->force_tcp, o->failfast,
		    o->never_down, o->health_no_rec, o->max_fails, o->max_concurrent, o->max_connect_attempts, o->read_timeout_ms,
		    o->expire_ms, o->health_ms, o->health_domain.len ? text : "-", source, o->failover, l->next, l->next_on_nodata);
	}
}

static void put_cache(struct text *t, const struct cache_values *v)
{
	const struct cache_options *o = &v->options;
	put(t, "%u %u %u, %u %u %u, servfail %u, prefetch %u %u %u", o->success.capacity, o->success.ttl_max_s, o->success.ttl_min_s,
	    o->denial.capacity, o->denial.ttl_max_s, o->denial.ttl_min_s, o->servfail_s, o->prefetch_amount, o->prefetch_gap_s,
	    o->prefetch_percent);
	put(t, ", stale %u %d %u %u %u %d, keepttl %d, zones", o->stale_s, o->stale_verify, o->stale_verify_ms, o->stale_ttl_s,
	    o->stale_recheck_s, o->stale_prefer_positive, o->keep_ttl);
	assert_ptr_equal(o->zones.list, v->zones.names);
	assert_int_equal(o->zones.count, v->zones.count);
	assert_ptr_equal(o->no_success.list, v->no_success.names);
	assert_int_equal(o->no_denial.count, v->no_denial.count);
	put_names(t, &v->zones);
	put(t, ", without");
	put_names(t, &v->no_success);
	put(t, " |");
	put_names(t, &v->no_denial);
}

static void put_errors(struct text *t, const struct errors_options *o)
{
	put(t, "%d", o->stacktrace);
	for (unsigned i = 0; i < o->pattern_count; i++) {
		const struct error_pattern *p = &o->patterns[i];
		put(t, " %u %s %d %d", (unsigned)p->period_ms, p->text, p->level, p->show_first);
	}
}

static void put_rules(struct text *t, const struct log_options *l)
{
	char name[NAME_TEXT_MAX];
	for (unsigned i = 0; i < l->rule_count; i++) {
		name_to_text(&l->rules[i].scope, name);
		put(t, "%s%s %s %u", i ? ", " : "", name, l->rules[i].format ? l->rules[i].format : "-", l->rules[i].classes);
	}
}

static void describe(const struct corefile_block *b, enum directive_id id, struct text *t)
{
	const void *v = b->said[id].values;
	*t = (struct text){.len = 0};
	switch (id) {
	case DIRECTIVE_ROOT:
		put(t, "%s", ((const struct root_options *)v)->path);
		break;
	case DIRECTIVE_TIMEOUTS: {
		const struct timeouts_options *o = v;
		put(t, "%u %u %u %u", (unsigned)o->read_ms, (unsigned)o->write_ms, (unsigned)o->idle_ms, o->max_tcp_queries);
		break;
	}
	case DIRECTIVE_RELOAD:
		put(t, "%u %u", (unsigned)((const struct reload_options *)v)->interval_ms,
		    (unsigned)((const struct reload_options *)v)->jitter_ms);
		break;
	case DIRECTIVE_NSID:
		put(t, "%s", ((const struct nsid_options *)v)->data);
		break;
	case DIRECTIVE_BUFSIZE:
		put(t, "%u", ((const struct bufsize_options *)v)->max);
		break;
	case DIRECTIVE_READY:
		put_at(t, &((const struct ready_options *)v)->at);
		put(t, " %d", ((const struct ready_options *)v)->continuously);
		break;
	case DIRECTIVE_HEALTH:
		put_at(t, &((const struct health_options *)v)->at);
		put(t, " %u", (unsigned)((const struct health_options *)v)->lameduck_ms);
		break;
	case DIRECTIVE_PROMETHEUS: {
		const struct prometheus_options *o = v;
		put_at(t, &o->at);
		put(t, " %d %s", o->runtime_metrics, o->tls ? o->tls : "-");
		break;
	}
	case DIRECTIVE_ERRORS:
		put_errors(t, v);
		break;
	case DIRECTIVE_LOG:
		put_rules(t, v);
		break;
	case DIRECTIVE_LOCAL:
		put(t, "%d", ((const struct local_options *)v)->localhost_prefix);
		break;
	case DIRECTIVE_CHAOS: {
		const struct chaos_options *o = v;
		put(t, "%s", o->version ? o->version : "-");
		for (unsigned i = 0; i < o->authors.count; i++)
			put(t, " %s", o->authors.texts[i]);
		break;
	}
	case DIRECTIVE_ACL:
		put_acl(t, v);
		break;
	case DIRECTIVE_REWRITE:
		put_rewrite(t, v);
		break;
	case DIRECTIVE_CACHE:
		put_cache(t, v);
		break;
	case DIRECTIVE_FORWARD:
		put_forward(t, v);
		break;
	case DIRECTIVE_HEADER: {
		const struct header_options *o = v;
		put(t, "%04x %04x %04x %04x", o->query_set, o->query_clear, o->response_set, o->response_clear);
		break;
	}
	case DIRECTIVE_TEMPLATE:
		put_template(t, v);
		break;
	case DIRECTIVE_HOSTS:
		put_hosts(t, v);
		break;
	case DIRECTIVE_LOADBALANCE: {
		const struct loadbalance_options *o = v;
		for (unsigned i = 0; i < o->prefer_count; i++) {
			char address[ADDR_TEXT_MAX];
			addr_format(&o->prefer[i].base, address);
			put(t, " %s/%u", address, o->prefer[i].prefix);
		}
		break;
	}
	case DIRECTIVE_FILE:
		put_file(t, v);
		break;
	case DIRECTIVE_AUTOPATH:
		put(t, "%d", ((const struct autopath_options *)v)->kubernetes);
		put_names(t, &((const struct autopath_options *)v)->zones);
		break;
	default:
		put(t, "said");
	}
}

/* --- good ones --- */

static const struct {
	enum directive_id id;
	const char *lines, *want;
} good[] = {
        {DIRECTIVE_ANY, "any", "said"},
        {DIRECTIVE_DEBUG, "debug", "said"},
        {DIRECTIVE_LOOP, "loop", "said"},
        {DIRECTIVE_MINIMAL, "minimal {\n}", "said"},
        {DIRECTIVE_WHOAMI, "whoami\nwhoami", "said"},
        {DIRECTIVE_ROOT, "root /a\nroot b", "b"},
        {DIRECTIVE_AUTOPATH, "autopath @kubernetes", "1"},
        {DIRECTIVE_AUTOPATH, "autopath a @kubernetes\nautopath B. c @kubernetes", "1 b. c."},
        {DIRECTIVE_BUFSIZE, "bufsize", "1232"},
        {DIRECTIVE_BUFSIZE, "bufsize 512\nbufsize 4096", "512"},
        {DIRECTIVE_NSID, "nsid a  \"b c\"", "a b c"},
        {DIRECTIVE_NSID, "nsid \"\" a {$NO_SUCH_VARIABLE}", "a"}, /* what is empty is no argument */
        {DIRECTIVE_RELOAD, "reload", "30000 15000"},
        {DIRECTIVE_RELOAD, "reload 10s", "10000 5000"},
        {DIRECTIVE_RELOAD, "reload 1m 0\nreload 2s", "60000 0"},
        {DIRECTIVE_READY, "ready", "|8181 0"},
        {DIRECTIVE_READY, "ready localhost:1 {\n monitor continuously\n}", "localhost|1 1"},
        {DIRECTIVE_READY, "ready [::1]:65535 {\n monitor until-ready\n}", "::1|65535 0"},
        {DIRECTIVE_HEALTH, "health", "|8080 0"},
        {DIRECTIVE_HEALTH, "health 169.254.20.10:8080 {\n lameduck 5s\n}", "169.254.20.10|8080 5000"},
        {DIRECTIVE_HEALTH, "health :1\nhealth :2", "|2 0"},
        {DIRECTIVE_PROMETHEUS, "prometheus", "localhost|9153 0 -"},
        {DIRECTIVE_PROMETHEUS, "prometheus :9253 {\n runtime_metrics\n tls web.yml\n}", "|9253 1 web.yml"},
        {DIRECTIVE_ERRORS, "errors", "0"},
        {DIRECTIVE_ERRORS, "errors stdout {\n stacktrace\n}", "1"},
        {DIRECTIVE_ERRORS,
         "errors {\n consolidate 5m \".* i/o timeout$\" warning\n consolidate 30s ^Failed error show_first\n consolidate 1s x "
         "show_first\n}",
         "0 300000 .* i/o timeout$ 1 0 30000 ^Failed 0 1 1000 x 0 1"},
        {DIRECTIVE_LOG, "log", ". - 7"},
        {DIRECTIVE_LOG, "log {combined}", "{combined}. - 7"},
        {DIRECTIVE_LOG, "log . {combined}", ". {combined} 7"},
        {DIRECTIVE_LOG, "log A.org b.org \"{remote} {name}\" {\n class denial error\n}\nlog . {\n class error\n class success\n}\nlog c",
         "a.org. {remote} {name} 6, b.org. {remote} {name} 6, . - 5, c. - 7"},
        {DIRECTIVE_LOG, "log . {\n class all denial\n}", ". - 7"},
        {DIRECTIVE_LOCAL, "local", "1"},
        {DIRECTIVE_LOCAL, "local\nlocal {\n localhost_prefix off\n}", "0"},
        {DIRECTIVE_CHAOS, "chaos", "-"},
        {DIRECTIVE_CHAOS, "chaos v1 a@b c\nchaos v2", "v1 a@b c"},
        {DIRECTIVE_ACL, "acl {\n allow net 10.1.2.3/8 fd00::1 192.0.2.1\n block\n}", "[ 0 10.0.0.0/8 fd00::1/128 192.0.2.1/32; 1;]"},
        {DIRECTIVE_ACL, "acl a B {\n BLOCK type A TYPE65 net *\n filter TYPE * net 10.0.0.0/8 type AAAA\n drop type ANY\n}\nacl {\n}",
         "[ a. b. 1 1 65; 2 10.0.0.0/8; 3 255;] []"},
        {DIRECTIVE_TEMPLATE, "template IN A {\n answer \"{{ .Name }} A 192.0.2.1\"\n}", "1 1, 0 regexps, 1, 0, 0, rcode 0"},
        {DIRECTIVE_TEMPLATE,
         "template ANY ANY a.b C {\n match ^a ^b\n match \"(?:c){4,}\"\n answer \"{{ .Name }} A 192.0.2.1\" \"a. A 192.0.2.1\"\n"
         " authority \"a. NS b.\"\n additional \"b. A 192.0.2.1\"\n additional \"{{.Name}} TXT x\"\n rcode BADVERS\n"
         " ederror 65535 \"no way\"\n fallthrough d\n upstream 8.8.8.8\n}\ntemplate CH TYPE65280 {\n rcode NXDOMAIN\n ederror 0\n "
         "fallthrough\n}",
         "255 255 a.b. c., 3 regexps, 2, 1, 2, rcode 16, ede 65535 no way, fallthrough d.; 3 65280, 0 regexps, 0, 0, 0, rcode 3, ede 0 -, "
         "fallthrough"},
        {DIRECTIVE_REWRITE, "rewrite name A.b c", "[0 0 a.b. c. auto 0 0 0-0]"},
        {DIRECTIVE_REWRITE, "rewrite CONTINUE Name Exact a b. answer value x{3} y\nrewrite stop name prefix A. b- answer auto",
         "[0+ 0 a. b. auto value y. 0 0 0-0][0 1 a. b-. auto 0 0 0-0]"},
        {DIRECTIVE_REWRITE,
         "rewrite stop {\n name regex (.*)\\.a\\.$ {1}.B\n answer name (x)(?P<n>y) {0}{2}\n value v w\n}\nrewrite continue {\n type a "
         "AAAA\n}",
         "[0 4 RE {1}.b. name {0}{2}. value w. 0 0 0-0][2+ 0 - - 1 28 0-0]"},
        {DIRECTIVE_REWRITE, "rewrite {\n name suffix .a .b\n}\nrewrite name {\n substring a b\n}",
         "[0 2 .a. .b. 0 0 0-0][0 3 a. b. 0 0 0-0]"},
        {DIRECTIVE_REWRITE, "rewrite class in CH\nrewrite type ANY hinfo", "[1 0 - - 1 3 0-0][2 0 - - 255 13 0-0]"},
        {DIRECTIVE_REWRITE, "rewrite ttl a 30\nrewrite ttl suffix .b 10-20\nrewrite ttl regex c -4294967295\nrewrite ttl prefix d 5-",
         "[3 0 a. - 0 0 30-30][3 2 .b. - 0 0 10-20][3 4 RE - 0 0 0-4294967295][3 1 d. - 0 0 5-2147483647]"},
        {DIRECTIVE_REWRITE, "rewrite rcode a NXDOMAIN noerror\nrewrite rcode regex b BADVERS 23", "[4 0 a. - 3 0 0-0][4 4 RE - 16 23 0-0]"},
        {DIRECTIVE_CACHE, "cache",
         "10000 3600 5, 10000 1800 5, servfail 5, prefetch 0 60 10, stale 0 0 0 0 0 0, keepttl 0, zones, without |"},
        {DIRECTIVE_CACHE, "cache 30 {\n disable success Cluster.local\n disable denial\n}",
         "10000 30 5, 10000 30 5, servfail 5, prefetch 0 60 10, stale 0 0 0 0 0 0, keepttl 0, zones, without cluster.local. | ."},
        {DIRECTIVE_CACHE, "cache a B 10.0.0.0/8 {\n success 9984 30\n denial 0 20 0\n prefetch 10 90s 15%\n servfail 1m\n keepttl\n}",
         "9984 30 5, 0 20 0, servfail 60, prefetch 10 90 15, stale 0 0 0 0 0 0, keepttl 1, zones a. b. 10.in-addr.arpa., without |"},
        {DIRECTIVE_CACHE, "cache 3600 a {\n disable denial a b\n disable denial c\n serve_stale\n serve_stale_policy Prefer_Positive\n}",
         "10000 3600 5, 10000 3600 5, servfail 5, prefetch 0 60 10, stale 3600 0 0 0 0 1, keepttl 0, zones a., without | c."},
        {DIRECTIVE_CACHE, "cache {\n serve_stale 24h IMMEDIATE 30s 4500ms\n servfail 0\n}",
         "10000 3600 5, 10000 1800 5, servfail 0, prefetch 0 60 10, stale 86400 0 0 30 5 0, keepttl 0, zones, without |"},
        {DIRECTIVE_CACHE, "cache {\n serve_stale 1h immediate 30s\n serve_stale 2m verify 500ms 5s 5m\n}",
         "10000 3600 5, 10000 1800 5, servfail 5, prefetch 0 60 10, stale 120 1 500 5 300 0, keepttl 0, zones, without |"},
        {DIRECTIVE_CACHE, "cache {\n success 1 2 3\n prefetch 1 1500ms\n serve_stale 0\n}",
         "1 2 3, 10000 1800 5, servfail 5, prefetch 1 2 10, stale 0 0 0 0 0 0, keepttl 0, zones, without |"},
        {DIRECTIVE_FORWARD, "forward . 1.1.1.1", " . to 1.1.1.1:53 but policy 0 0000, 0 0 0 0 0 0, probes -, from -, 0 0 0"},
        {DIRECTIVE_FORWARD,
         "forward A.org dns://1.1.1.1:5353 [::1]:54 fd00::1 {\n except B.a.org c.a.org\n except d.a.org\n policy fastest\n force_tcp\n "
         "failfast_all_unhealthy_upstreams\n max_fails 0\n health_check 1s no_rec domain Example.org\n max_concurrent 7\n "
         "max_connect_attempts 3\n read_timeout 1s\n expire 20s\n source_address 192.0.2.1\n failover servfail REFUSED\n next NXDOMAIN\n "
         "next_on_nodata\n prefer_udp\n}\nforward 10.0.0.0/8 1.1.1.1 {\n max_fails 5\n policy round_robin\n}",
         " a.org. to 1.1.1.1:5353 [::1]:54 [fd00::1]:53 but b.a.org. c.a.org. d.a.org. policy 3 1111, 0 7 3 1000 20000 1000, probes "
         "example.org., from 192.0.2.1, 24 8 1;  10.in-addr.arpa. to 1.1.1.1:53 but policy 1 0000, 5 0 0 0 0 0, probes -, from -, 0 0 0"},
        {DIRECTIVE_HEADER, "header {\n query set rd\n response clear AA ra\n response Set ra\n}", "0100 0000 0080 0400"},
        {DIRECTIVE_FILE, "file db", "db 60000"},
        {DIRECTIVE_FILE, "file db X y {\n reload 0\n fallthrough z\n}\nfile e {\n reload_by_mtime\n upstream 1.1.1.1\n}\nfile f",
         "db x. y. 0; e 0 mtime; f 0 mtime fallthrough z."},
        {DIRECTIVE_HOSTS, "hosts", "- ttl 3600 reload 5000"},
        {DIRECTIVE_HOSTS, "hosts /h a b {\n 10.0.0.1 x y\n fe80::1%eth0 z\n ttl 60\n reload 0\n no_reverse\n fallthrough c\n}",
         "/h a. b. <10.0.0.1 x y> <fe80::1%eth0 z> ttl 60 reload 0 no_reverse fallthrough c."},
        {DIRECTIVE_HOSTS, "hosts {\n fallthrough_unsupported\n fallthrough\n}", "- ttl 3600 reload 5000 unsupported fallthrough"},
        {DIRECTIVE_TIMEOUTS, "timeouts {\n read 2\n write 1m\n idle 24h\n maxtcpqueries -1\n}", "2000 60000 86400000 4294967295"},
        {DIRECTIVE_TIMEOUTS, "timeouts {\n maxtcpqueries 9\n}", "0 0 0 9"},
        {DIRECTIVE_CANCEL, "cancel\ncancel 1s", "said"},
        {DIRECTIVE_PPROF, "pprof :6053 {\n block\n block 5\n}", "said"},
        {DIRECTIVE_TRACE,
         "trace datadog localhost:1 {\n every 2\n service s\n client_server\n datadog_analytics_rate 0.5\n zipkin_max_batch_size 1\n}",
         "said"},
        {DIRECTIVE_MULTISOCKET, "multisocket 1024", "said"},
        {DIRECTIVE_SHED, "shed", "said"},
        {DIRECTIVE_LOADBALANCE, "loadbalance round_robin\nloadbalance", ""},
        {DIRECTIVE_LOADBALANCE, "loadbalance {\n prefer 10.1.2.3/8 fd00::/8\n prefer 0.0.0.0/0\n}", " 10.0.0.0/8 fd00::/8 0.0.0.0/0"},
};

static void test_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct corefile_block b;
		struct diag d = {0};
		struct text t;
		if (read_block(good[i].lines, &b, &d))
			fail_msg("%s: %s", good[i].lines, d.text);
		assert_string_equal(b.said[good[i].id].place, "f:2");
		describe(&b, good[i].id, &t);
		assert_string_equal(t.at, good[i].want);
		block_clear(&b);
	}
}

/* --- wrong ones --- */

static const struct {
	const char *lines, *want; /* how the message begins */
} bad[] = {
        {"any x", "f:2: any: it is written: any"},
        {"minimal {\n x\n}", "f:3: minimal has nothing in braces, such as \"x\""},
        {"loop\nloop", "f:3: a server block has one loop, as in CoreDNS, and this one has it at f:2 already"},
        {"errors\nerrors", "f:3: a server block has one errors"},
        {"nsid\nnsid", "f:3: a server block has one nsid"},
        {"prometheus\nprometheus", "f:3: a server block has one prometheus"},
        {"hosts\nhosts", "f:3: a server block has one hosts"},
        {"shed\nshed", "f:3: a server block has one shed"},
        {"root", "f:2: root: it is written: root PATH"},
        {"bufsize 511", "f:2: bufsize: a number from 512 to 4096"},
        {"bufsize\nbufsize x", "f:3: bufsize: a number from 512 to 4096"},
        {"reload 1s", "f:2: reload: an interval of 2s at least is wanted"},
        {"reload 1m 500ms", "f:2: reload: a jitter of 0, or of 1s at least"},
        {"reload 1m 1s x", "f:2: reload: it is written: reload [INTERVAL [JITTER]]"},
        {"ready 8181", "f:2: ready: an address such as"},
        {"ready a:b:1", "f:2: ready: an address such as"},
        {"ready []:1", "f:2: ready: an address such as"},
        {"ready :65536", "f:2: ready: \":65536\": a port is a number from 0 to 65535"},
        {"health {\n lameduck\n}", "f:3: lameduck: it is written: lameduck DURATION"},
        {"health {\n lameduk 5s\n}", "f:3: health has no \"lameduk\": is lameduck meant?"},
        {"prometheus {\n tls a\n tls b\n}", "f:4: tls: it has been said already"},
        {"errors stderr", "f:2: errors: it goes to the log: stdout or nothing"},
        {"errors {\n consolidate 5m\n}", "f:3: consolidate: it is written: consolidate DURATION REGEXP [LEVEL] [show_first]"},
        {"errors {\n consolidate 5 x\n}", "f:3: consolidate: a duration such as"},
        {"errors {\n consolidate 5m \"a(?=b)\"\n}", "f:3: consolidate: the pattern a(?=b): \"(?=\": there is no such group"},
        {"errors {\n consolidate 30s x**\n}", "f:3: consolidate: the pattern x**: \"*\": one repetition behind another"},
        {"errors {\n consolidate 5m x loud\n}", "f:3: consolidate: error, warning, info, debug or show_first is wanted, not \"loud\""},
        {"errors {\n consolidate 5m x info error\n}", "f:3: consolidate: one level is enough"},
        {"errors {\n consolidate 5m x show_first error\n}", "f:3: consolidate: the level stands before show_first"},
        {"log a..b", "f:2: log: \"a..b\" is no name"},
        {"log {\n class\n}", "f:3: class: it is written: class all|success|denial|error..."},
        {"log {\n class some\n}", "f:3: class: all, success, denial or error is wanted, not \"some\""},
        {"local x", "f:2: local: it is written: local"},
        {"local {\n localhost_prefix maybe\n}", "f:3: localhost_prefix: on or off is wanted"},
        {"acl {\n deny\n}", "f:3: acl has no \"deny\"; it has: allow, block, filter, drop"},
        {"acl {\n allow 10.0.0.0/8\n}", "f:3: allow: type or net is wanted, not \"10.0.0.0/8\""},
        {"acl {\n block type a\n}", "f:3: block: type: \"a\" is no type of record"},
        {"acl {\n block type TYPE65536\n}", "f:3: block: type: \"TYPE65536\" is no type of record"},
        {"acl {\n block type net 10.0.0.1\n}", "f:3: block: type: a type is wanted"},
        {"acl {\n block net 10.0.0.0/33\n}", "f:3: block: net: \"10.0.0.0/33\" is neither an address nor a range"},
        {"template IN", "f:2: template: it is written: template CLASS TYPE [ZONE...]"},
        {"template in A {\n rcode NXDOMAIN\n}", "f:2: template: a class is wanted (IN, CH, ANY...), not \"in\""},
        {"template IN a {\n rcode NXDOMAIN\n}", "f:2: template: a type of record is wanted (A, AAAA, ANY...), not \"a\""},
        {"template IN A a..b {\n rcode NXDOMAIN\n}", "f:2: template: "},
        {"template IN A", "f:2: template: there is nothing to answer"},
        {"template IN A {\n rcode NOERROR\n additional \"a. A 192.0.2.1\"\n}", "f:2: template: there is nothing to answer"},
        {"template IN A {\n match\n}", "f:3: match: it is written: match REGEXP..."},
        {"template IN A {\n match a \"b(?=c)\"\n}", "f:3: match: \"(?=\": there is no such group"},
        {"template IN A {\n rcode nxdomain\n}", "f:3: rcode: an rcode such as NXDOMAIN or REFUSED is wanted, not \"nxdomain\""},
        {"template IN A {\n ederror x\n}", "f:3: ederror: a number from 0 to 65535"},
        {"template IN A {\n ederror 65536\n}", "f:3: ederror: a number from 0 to 65535"},
        {"template IN A {\n ederror 1 b c\n}", "f:3: ederror: it is written: ederror CODE [TEXT]"},
        {"template IN A {\n answer {{ .Name }} A 192.0.2.1\n}", "f:3: answer: {{ is not closed"},
        {"template IN A {\n answer \"a. A 192.0.2\"\n}", "f:3: answer: an IPv4 address is wanted, not \"192.0.2\""},
        {"template IN A {\n answer \"{{/* a. A 192.0.2.1 */}}\"\n}", "f:3: answer: a record is wanted"},
        {"template IN A {\n authority \"{{ .Nme }} A 192.0.2.1\"\n}", "f:3: authority: {{ .Nme }}: Nme is no field that headns has there"},
        {"template IN A {\n additional \"{{ prntf `x` }}\"\n}", "f:3: additional: {{ prntf `x` }}: "},
        {"template IN A {\n fallthrough a..b\n}", "f:3: fallthrough: "},
        {"template IN A {\n var a 1\n}", "f:3: template has no \"var\" in headns: "},
        {"template IN A {\n expr true\n}", "f:3: template has no \"expr\" in headns: "},
        {"template IN A {\n answers x\n}", "f:3: template has no \"answers\"; it has: additional, answer, "},
        {"forward", "f:2: forward: it is written: forward FROM TO..."},
        {"forward .", "f:2: forward: it is written: forward FROM TO..."},
        {"forward a..b 1.1.1.1", "f:2: forward: "},
        {"forward . 1.1.1", "f:2: forward: \"1.1.1\" is not an upstream"},
        {"forward . 1.1.1.1:0", "f:2: forward: \"1.1.1.1:0\": a port is"},
        {"forward . a..b", "f:2: forward: \"a..b\" is no address, no file and no host's name"},
        {"forward . /nowhere/at/all", "f:2: forward: /nowhere/at/all"},
        {"forward . /dev/null", "f:2: forward: /dev/null: is a device"},
        {"forward . quic://1.1.1.1", "f:2: forward: \"quic://1.1.1.1\": upstreams over quic are not built yet"},
        {"forward . tls://1.1.1.1%", "f:2: forward: \"tls://1.1.1.1%\": the name of a server is wanted"},
        {"forward . tls://1.1.1.1%a {\n tls_servername b\n}", "f:2: forward: 1.1.1.1:853 has the server name a already"},
        {"forward . 1.1.1.1 {\n tls /nowhere\n}", "f:3: tls: certificates of authorities /nowhere: there is no such file"},
        {"forward . 1.1.1.1 {\n max_age 5s\n}", "f:2: forward: max_age must not be less than expire"},
        {"forward . 1.1.1.1 {\n expire 50s\n max_age 20s\n}", "f:2: forward: max_age must not be less than expire"},
        {"forward . 1.1.1.1 {\n max_age -5s\n}", "f:3: max_age: "},
        {"forward . 1.1.1.1 {\n max_idle_conns -1\n}", "f:3: max_idle_conns: a number from 0"},
        {"forward . dns://x:0", "f:2: forward: \"dns://x:0\": a port is a number"},
        {"forward . dns.example {\n resolver dns.example\n}", "f:3: resolver: \"dns.example\" is not an upstream"},
        {"forward . dns.example {\n resolver tls://1.1.1.1\n}", "f:3: resolver: IP or IP:PORT is wanted"},
        {"forward . 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "f:2: forward: 15 upstreams at most are wanted"},
        {"forward . 1.1.1.1 {\n except\n}", "f:3: except: it is written: except NAME..."},
        {"forward . 1.1.1.1 {\n except a..b\n}", "f:3: except: "},
        {"forward . 1.1.1.1 {\n policy best\n}", "f:3: policy: random, round_robin, sequential or fastest is wanted"},
        {"forward . 1.1.1.1 {\n expire -1s\n}", "f:3: expire: a duration"},
        {"forward . 1.1.1.1 {\n read_timeout x\n}", "f:3: read_timeout: a duration"},
        {"forward . 1.1.1.1 {\n health_check 1s rec\n}", "f:3: health_check: no_rec or domain NAME is wanted"},
        {"forward . 1.1.1.1 {\n health_check 1s domain\n}", "f:3: health_check: a name is wanted behind domain"},
        {"forward . 1.1.1.1 {\n failover NOERROR\n}", "f:3: failover: an rcode such as"},
        {"forward . 1.1.1.1 {\n next 3\n}", "f:3: next: an rcode such as"},
        {"forward . 1.1.1.1 {\n source_address lo\n}", "f:3: source_address: an IP address is wanted"},
        {"forward . 1.1.1.1 {\n max_concurrent -1\n}", "f:3: max_concurrent: a number from 0"},
        {"forward . 1.1.1.1 {\n max_fails -1\n}", "f:3: max_fails: a number from 0"},
        {"forward . 1.1.1.1 {\n doh_method PUT\n}", "f:3: doh_method: GET or POST is wanted"},
        {"cache\ncache", "f:3: a server block has one cache"},
        {"cache 0", "f:2: cache: a number from 1 to"},
        {"cache -1 a", "f:2: cache: a number from 1 to"},
        {"cache 30 a..b", "f:2: cache: "},
        {"cache {\n success\n}", "f:3: success: it is written: success CAPACITY [TTL [MINTTL]]"},
        {"cache {\n success x\n}", "f:3: success: a number from 0 to"},
        {"cache {\n success 1 0\n}", "f:3: success: a number from 1 to"},
        {"cache {\n denial 1 1 -1\n}", "f:3: denial: a number from 0 to"},
        {"cache {\n denial 1 1 1 1\n}", "f:3: denial: it is written: denial CAPACITY [TTL [MINTTL]]"},
        {"cache {\n prefetch\n}", "f:3: prefetch: it is written: prefetch AMOUNT [DURATION [PERCENTAGE%]]"},
        {"cache {\n prefetch -1\n}", "f:3: prefetch: a number from 0 to"},
        {"cache {\n prefetch 1 1\n}", "f:3: prefetch: a duration such as"},
        {"cache {\n prefetch 1 1m 10\n}", "f:3: prefetch: a percentage from 10% to 90% is wanted"},
        {"cache {\n prefetch 1 1m 9%\n}", "f:3: prefetch: a percentage from 10% to 90% is wanted"},
        {"cache {\n prefetch 1 1m 91%\n}", "f:3: prefetch: a percentage from 10% to 90% is wanted"},
        {"cache {\n prefetch 1 1m 1000%\n}", "f:3: prefetch: a percentage from 10% to 90% is wanted"},
        {"cache {\n serve_stale 1h later\n}", "f:3: serve_stale: immediate or verify is wanted, not \"later\""},
        {"cache {\n serve_stale 1\n}", "f:3: serve_stale: a duration such as"},
        {"cache {\n serve_stale 1h immediate 1500ms\n}", "f:3: serve_stale: a TTL of whole seconds is wanted"},
        {"cache {\n serve_stale 1h immediate 1s 6m\n}", "f:3: serve_stale: 5m at most may pass"},
        {"cache {\n serve_stale 1h immediate 1s 1s 1s\n}", "f:3: serve_stale: \"1s\" is one word too many"},
        {"cache {\n serve_stale 1h verify 1s 1s 1s 1s\n}", "f:3: serve_stale: it is written: "},
        {"cache {\n serve_stale_policy prefer_positive\n}", "f:2: cache: serve_stale_policy wants serve_stale"},
        {"cache {\n serve_stale\n serve_stale_policy newest\n}", "f:4: serve_stale_policy: prefer_positive is wanted"},
        {"cache {\n serve_stale\n serve_stale_policy prefer_positive\n serve_stale_policy prefer_positive\n}",
         "f:5: serve_stale_policy: it has been said already"},
        {"cache {\n servfail 5m1s\n}", "f:3: servfail: failures may be kept for 5m at most"},
        {"cache {\n disable\n}", "f:3: disable: it is written: disable success|denial [ZONE...]"},
        {"cache {\n disable all\n}", "f:3: disable: success or denial is wanted, not \"all\""},
        {"cache {\n disable success a..b\n}", "f:3: disable: "},
        {"cache {\n keepttl 1\n}", "f:3: keepttl: it is written: keepttl"},
        {"cache {\n keep_ttl\n}", "f:3: cache has no \"keep_ttl\": is keepttl meant?"},
        {"header", "f:2: header: nothing is said"},
        {"header {\n query set\n}", "f:3: query: it is written: query set|clear FLAG..."},
        {"header {\n query toggle aa\n}", "f:3: query: set or clear is wanted, not \"toggle\""},
        {"header {\n query set tc\n}", "f:3: query: aa, ra or rd is wanted, not \"tc\""},
        {"file", "f:2: file: it is written: file DBFILE [ZONE...]"},
        {"file \"\"", "f:2: file: it is written"},
        {"file db a..b", "f:2: file: "},
        {"file db {\n reload\n}", "f:3: reload: it is written: reload DURATION"},
        {"file db {\n reload 5\n}", "f:3: reload: a duration such as"},
        {"file db {\n reload_by_mtime x\n}", "f:3: reload_by_mtime: "},
        {"secondary", "f:2: secondary: transfer from ADDRESS... is wanted in its braces"},
        {"secondary a {\n transfer from 1.2.3.4\n}\nsecondary b {\n poll 1s\n}",
         "f:5: secondary: transfer from ADDRESS... is wanted in its braces"},
        {"secondary {\n transfer from\n}", "f:3: transfer: it is written: transfer from ADDRESS..."},
        {"secondary {\n transfer to 1.2.3.4\n}", "f:3: transfer: to: secondary has transfer from ADDRESS..."},
        {"secondary {\n transfer from tls://1.2.3.4\n}", "f:3: transfer: \"tls://1.2.3.4\": zones are transferred over plain TCP"},
        {"secondary {\n poll 99ms\n}", "f:3: poll: "},
        {"secondary {\n catalog\n}", "f:3: catalog: zones of a catalog are not followed"},
        {"file db {\n ttl 5\n}", "f:3: file has no \"ttl\"; it has: fallthrough, reload, "},
        {"hosts {\n ttl 0\n}", "f:3: ttl: a number from 1 to 65535"},
        {"hosts {\n nonsense x\n}", "f:3: hosts has no \"nonsense\"; it has: "},
        {"hosts {\n fallthrough\n 10.0.0.1 a\n}", "f:4: 10.0.0.1: addresses stand before fallthrough"},
        {"hosts {\n fallthrough_unsupported\n}", "f:2: hosts: fallthrough_unsupported wants fallthrough"},
        {"rewrite", "f:2: rewrite: a field is wanted: name, class, type, ttl, rcode or cname"},
        {"rewrite stop", "f:2: rewrite: a field is wanted"},
        {"rewrite answer name a b", "f:2: rewrite: name, class, type, ttl, rcode or cname is wanted, not \"answer\""},
        {"rewrite name a", "f:2: rewrite: name: there are too few words"},
        {"rewrite name a b c", "f:2: rewrite: name: exact, prefix, suffix, substring or regex is wanted, not \"a\""},
        {"rewrite name a..b c", "f:2: rewrite: name: \"a..b\" is not a name"},
        {"rewrite name a b..c", "f:2: rewrite: name: \"b..c\" is not a name"},
        {"rewrite name regex ( b", "f:2: rewrite: name: the pattern (: "},
        {"rewrite name regex a(b) {2}{1}", "f:2: rewrite: name: {2}{1} uses more groups than the pattern a(b) has"},
        {"rewrite name regex a {0}", "f:2: rewrite: name: {0} uses more groups than the pattern a has"},
        {"rewrite name suffix a b c", "f:2: rewrite: name: answer is wanted, not \"c\""},
        {"rewrite name suffix a b answer", "f:2: rewrite: name: answer: name, value or auto is wanted"},
        {"rewrite name suffix a b answer auto answer", "f:2: rewrite: name: answer: name, value or auto is wanted"},
        {"rewrite name suffix a b answer type x y", "f:2: rewrite: name: answer: name, value or auto is wanted, not \"type\""},
        {"rewrite name suffix a b answer name x", "f:2: rewrite: name: answer name: a pattern and a name are wanted"},
        {"rewrite name suffix a b answer value [ x", "f:2: rewrite: name: the pattern [: "},
        {"rewrite name suffix a b answer value x {1}", "f:2: rewrite: name: {1} uses more groups than the pattern x has"},
        {"rewrite name suffix a b answer auto name x y", "f:2: rewrite: name: answer auto and answer name exclude each other"},
        {"rewrite class IN", "f:2: rewrite: class: two classes are wanted"},
        {"rewrite class IN XX", "f:2: rewrite: class: \"XX\" is not a class"},
        {"rewrite type A", "f:2: rewrite: type: two types are wanted"},
        {"rewrite type A AAAAA", "f:2: rewrite: type: \"AAAAA\" is not a type of record"},
        {"rewrite type A ANAMETHATISLONGERTHANANY", "f:2: rewrite: type: \"ANAMETHATISLONGERTHANANY\" is not a type"},
        {"rewrite ttl a", "f:2: rewrite: ttl: there are too few words"},
        {"rewrite ttl a -", "f:2: rewrite: ttl: seconds such as 30, 10-60, 10- or -60 are wanted, not \"-\""},
        {"rewrite ttl a 60-10", "f:2: rewrite: ttl: seconds such as"},
        {"rewrite ttl a 1-2-3", "f:2: rewrite: ttl: seconds such as"},
        {"rewrite ttl a 4294967296", "f:2: rewrite: ttl: seconds such as"},
        {"rewrite ttl a 30s", "f:2: rewrite: ttl: seconds such as"},
        {"rewrite ttl exact a 1 2", "f:2: rewrite: ttl: \"2\" is too much"},
        {"rewrite rcode a 3", "f:2: rewrite: rcode: there are too few words"},
        {"rewrite rcode a 24 0", "f:2: rewrite: rcode: an rcode such as NXDOMAIN or 3 is wanted, not \"24\""},
        {"rewrite rcode a 3 x", "f:2: rewrite: rcode: an rcode such as"},
        {"rewrite rcode exact a 3 0 0", "f:2: rewrite: rcode: \"0\" is too much"},
        {"rewrite name a b {\n answer auto\n}", "f:3: \"answer\": a rule stands in the line or in braces, not in both"},
        {"timeouts", "f:2: timeouts: nothing is said"},
        {"timeouts {\n read 500ms\n}", "f:3: read: a duration from 1s to 24h"},
        {"timeouts {\n idle 25h\n}", "f:3: idle: a duration from 1s to 24h"},
        {"timeouts {\n maxtcpqueries 0\n}", "f:3: maxtcpqueries: -1 or a number from 1"},
        {"cancel 0", "f:2: cancel: more than 0 is wanted"},
        {"multisocket 1025", "f:2: multisocket: a number from 1 to 1024"},
        {"pprof 6053", "f:2: pprof: an address such as"},
        {"trace jaeger a", "f:2: trace: zipkin or datadog is wanted, not \"jaeger\""},
        {"trace {\n datadog_analytics_rate 2\n}", "f:3: datadog_analytics_rate: a number from 0 to 1"},
        {"trace {\n client_server maybe\n}", "f:3: client_server: true or false"},
        {"loadbalance weighted w", "f:2: loadbalance: headns has round_robin"},
        {"autopath", "f:2: autopath: it is written: autopath [ZONE...] RESOLV-CONF|@kubernetes"},
        {"autopath @k8s", "f:2: autopath: a file or @kubernetes is wanted, not \"@k8s\""},
        {"autopath /nowhere/resolv.conf", "f:2: autopath: /nowhere/resolv.conf: "},
        {"etcd", "f:2: \"etcd\": CoreDNS reads names from etcd"},
        {"proxy . 1.1.1.1", "f:2: \"proxy\": CoreDNS has had none since 1.5"},
        {"kubernetai", "f:2: \"kubernetai\": it is an external plugin"},
        {"helth", "f:2: unknown directive \"helth\": is health meant?"},
};

static void test_bad(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct corefile_block b;
		struct diag d = {0};
		assert_int_not_equal(read_block(bad[i].lines, &b, &d), OK);
		if (strncmp(d.text, bad[i].want, strlen(bad[i].want)) != 0)
			assert_string_equal(d.text, bad[i].want);
		block_clear(&b);
	}
}

/* --- files --- */

static const struct {
	const char *text, *want;
} lists[] = {
        {"", ""},
        {"search a b.c.\n", " a. b.c."},
        {"nameserver 192.0.2.1\nsearch a\nsearch\tB  c\r\noptions ndots:5", " b. c."},
        {"search a\n#search b\n;search c\n searchd\n", " a."},
        {"search a\ndomain b c", " b."},
        {"search a..b c", " c."},
        {"search a\nsearch", ""},
};

static void test_lists_of_autopath(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		char path[] = "/tmp/search-XXXXXX", line[64];
		struct corefile_block b;
		struct diag d = {0};
		struct text t = {.len = 0};
		int fd = mkstemp(path);
		assert_int_equal(write(fd, lists[i].text, strlen(lists[i].text)), strlen(lists[i].text));
		close(fd);
		snprintf(line, sizeof line, "autopath %s", path);
		assert_int_equal(read_block(line, &b, &d), OK);
		t.at[0] = '\0';
		put_names(&t, &((const struct autopath_options *)b.said[DIRECTIVE_AUTOPATH].values)->search);
		assert_string_equal(t.at, lists[i].want);
		block_clear(&b);
		unlink(path);
	}
}

/* Nothing is done, which is said in a line each; nothing else is said. */
static void test_what_is_nothing_here(void **state)
{
	struct corefile_block b;
	struct diag d;
	(void)state;
	assert_int_equal(read_block("shed\npprof", &b, &d), OK);
	assert_non_null(strstr(reported, "f:2: shed: nothing is to be done"));
	assert_non_null(strstr(reported, "f:3: pprof: nothing is to be done"));
	block_clear(&b);
	assert_int_equal(read_block("reload", &b, &d), OK);
	assert_string_equal(reported, "");
	block_clear(&b);
}

/* What must not be passed over is an error where it is read, and directives that headns has no reader for are, too. */
static void test_what_is_not_built(void **state)
{
	static const char *const names[] = {"metadata", NULL};
	const struct corefile_options options = {.port = 53};
	(void)state;
	for (unsigned i = 0; names[i]; i++) {
		char text[64];
		struct corefile c;
		struct diag d;
		snprintf(text, sizeof text, "a {\n %s\n}\n", names[i]);
		assert_int_equal(corefile_parse(text, strlen(text), "f", &options, &c, &d), ERR_SYNTAX);
		assert_non_null(strstr(d.text, "is not built yet: headns has: acl, any, autopath, bind, "));
	}
}

/* Rows stand in the order of their ids, and each can be found. */
static void test_table(void **state)
{
	(void)state;
	for (unsigned i = 0; i < DIRECTIVES; i++) {
		const struct directive *row = directive_at((enum directive_id)i);
		enum directive_id id;
		const char *what;
		assert_ptr_equal(directive_find(row->name, &id), row);
		assert_int_equal(id, i);
		assert_true(row->state != DIRECTIVE_NOTHING || row->why);
		assert_false(directive_elsewhere(row->name, &what));
	}
}

static void test_no_memory(void **state)
{
	const char *lines = "root a\nnsid b\nready c:1\nprometheus {\n tls d\n}\nerrors {\n consolidate 1s (?P<a>x)\n}\nlog f . {common}\n"
	                    "chaos g h i\ncache 1 q {\n disable success r\n disable denial s t\n}\nacl j {\n allow type A net 10.0.0.1\n "
	                    "block\n}\nfile da za {\n fallthrough zb\n}\nfile dc\nsecondary sa {\n transfer from ::1 ::2\n fallthrough "
	                    "sb\n}\nhosts k l {\n 10.0.0.1 m\n fallthrough "
	                    "n\n}\nhealth o:1\nroot p\ntemplate IN A u {\n match v w\n answer \"{{ .Name }} A {{ .Group.x }}\" \"y. A "
	                    "192.0.2.1\"\n ederror 1 z\n fallthrough u\n}\ntemplate IN A {\n rcode NXDOMAIN\n}\n"
	                    "loadbalance {\n prefer ::/0\n}\nautopath q @kubernetes\nrewrite stop {\n name regex (x) {1} answer name (y) z "
	                    "answer value t u\n}\nrewrite ttl a 5\n";
	bool failed = true;
	(void)state;
	for (unsigned n = 1; failed; n++) {
		struct corefile_block b;
		struct diag d;
		enum err err;
		fail_alloc_at(n);
		err = read_block(lines, &b, &d);
		failed = fail_alloc_hit();
		fail_alloc_at(0);
		assert_int_equal(err, failed ? ERR_NOMEM : OK);
		block_clear(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_good),
	        cmocka_unit_test(test_bad),
	        cmocka_unit_test(test_lists_of_autopath),
	        cmocka_unit_test(test_what_is_nothing_here),
	        cmocka_unit_test(test_what_is_not_built),
	        cmocka_unit_test(test_table),
	        cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
