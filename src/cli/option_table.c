#include "option_table.h"
#include "config/value.h"
#include "net/listen.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS_MAX 65536
#define TCP_IDLE_MAX_S  3600
#define TIMEOUT_MAX_S   3600

static enum err set_listen(struct options *o, const char *text, struct diag *d)
{
	struct net_address addresses[LISTEN_DEFAULTS];
	unsigned count;
	enum err err = listen_parse(text, addresses, &count, d);
	if (err)
		return err;
	if (o->listen_count + count > OPTIONS_LISTEN_MAX)
		return diag_set(d, ERR_RANGE, "more than %d addresses", OPTIONS_LISTEN_MAX);
	memcpy(&o->listen[o->listen_count], addresses, count * sizeof *addresses);
	o->listen_count += count;
	return OK;
}

static enum err set_zone(struct options *o, const char *text, struct diag *d)
{
	return kubernetes_add_zone(&o->kubernetes.zones, text, d);
}

/* A line of a kubernetes block, with the words that it was written as here. */
static enum err add_setting(struct options *o, const char *option, const char *prefix, const char *text, struct diag *d)
{
	char *origin, *setting;
	enum err err;
	if (asprintf(&origin, "--%s %s", option, text) < 0)
		return diag_set(d, ERR_NOMEM, "out of memory");
	if (asprintf(&setting, "%s%s", prefix, text) < 0) {
		free(origin);
		return diag_set(d, ERR_NOMEM, "out of memory");
	}
	err = settings_add(&o->settings, origin, setting, d);
	free(origin);
	free(setting);
	return err;
}

/* As a Corefile would say it, so that it is read as there. Reverse names that the cluster has not got may be known there. */
enum err options_set_forward(struct options *o, const char *to, struct diag *d)
{
	free(o->forward);
	if (asprintf(&o->forward, ". {\nforward . %s\ncache\n}\n", to) < 0) {
		o->forward = NULL;
		diag_no_memory(d);
		return ERR_NOMEM;
	}
	for (char *c = o->forward; *c; c++) {
		if (*c == ',')
			*c = ' ';
	}
	return add_setting(o, "forward", "kubernetes.fallthrough=" NAME_REVERSE_V4 " " NAME_REVERSE_V6 "", "", d);
}

/* It is checked here, and read again when it is served. */
static enum err check_forward(const struct options *o, struct diag *d)
{
	const struct corefile_options options = {.port = o->dns_port, .no_imports = true};
	struct corefile c;
	struct diag why;
	enum err err = corefile_parse(o->forward, strlen(o->forward), "--forward", &options, &c, &why);
	const char *reason = err ? strstr(why.text, "forward: ") : NULL;
	corefile_free(&c);
	return err ? diag_set(d, err, "%s", reason ? reason + strlen("forward: ") : why.text) : OK;
}

static enum err set_forward(struct options *o, const char *text, struct diag *d)
{
	if (!*text || strpbrk(text, "\"{}#\\\n\r\t ")) /* which a Corefile reads otherwise */
		return diag_set(d, ERR_SYNTAX, "addresses with commas between, or a file such as /etc/resolv.conf, are wanted");
	enum err err = options_set_forward(o, text, d);
	return err ? err : check_forward(o, d);
}

static enum err set_kube_dns(struct options *o, const char *text, struct diag *d)
{
	o->kube_dns = text;
	return *text ? OK : diag_set(d, ERR_SYNTAX, "the folder of kube-dns's ConfigMap is wanted");
}

static enum err set_set(struct options *o, const char *text, struct diag *d)
{
	return add_setting(o, "set", "", text, d);
}

static enum err set_ttl(struct options *o, const char *text, struct diag *d)
{
	return add_setting(o, "ttl", "kubernetes.ttl=", text, d);
}

static enum err set_negative_ttl(struct options *o, const char *text, struct diag *d)
{
	return add_setting(o, "negative-ttl", "kubernetes.negative_ttl=", text, d);
}

static enum err set_hold(struct options *o, const char *text, struct diag *d)
{
	return add_setting(o, "hold", "kubernetes.hold=", text, d);
}

static enum err set_workers(struct options *o, const char *text, struct diag *d)
{
	return value_number(text, 1, NET_WORKERS_MAX, &o->server.workers, d);
}

static enum err set_tcp_idle(struct options *o, const char *text, struct diag *d)
{
	return value_number(text, 1, TCP_IDLE_MAX_S, &o->server.tcp_idle_s, d);
}

static enum err set_tcp_connections(struct options *o, const char *text, struct diag *d)
{
	return value_number(text, 1, CONNECTIONS_MAX, &o->server.tcp_connections_max, d);
}

/* A range takes the place of the one of its family. */
static enum err set_cidr(const char *text, struct cidr *v4, struct cidr *v6, struct diag *d)
{
	struct cidr c;
	if (cidr_parse(text, &c))
		return diag_set(d, ERR_SYNTAX,
		                "a range such as 10.244.0.0/16 or fd00:10:244::/56 is wanted, with no bits set after the prefix");
	*(c.base.family == ADDR_V4 ? v4 : v6) = c;
	return OK;
}

static enum err set_pod_cidr(struct options *o, const char *text, struct diag *d)
{
	o->pod_cidr_given = true;
	return set_cidr(text, &o->cluster.manifest.pod_cidr, &o->cluster.manifest.pod_cidr6, d);
}

static enum err set_service_cidr(struct options *o, const char *text, struct diag *d)
{
	return set_cidr(text, &o->cluster.manifest.service_cidr, &o->cluster.manifest.service_cidr6, d);
}

static enum err set_lenient(struct options *o, const char *text, struct diag *d)
{
	(void)text;
	(void)d;
	o->cluster.manifest.lenient = true;
	return OK;
}

static enum err set_recursive(struct options *o, const char *text, struct diag *d)
{
	(void)text;
	(void)d;
	o->cluster.manifest.recursive = true;
	return OK;
}

static enum err set_no_cluster_services(struct options *o, const char *text, struct diag *d)
{
	(void)text;
	(void)d;
	o->cluster.manifest.cluster_services = false;
	return OK;
}

static enum err set_no_rotate(struct options *o, const char *text, struct diag *d)
{
	(void)text;
	(void)d;
	o->rotate = false;
	return OK;
}

static enum err set_log_level(struct options *o, const char *text, struct diag *d)
{
	return log_level_parse(text, &o->log_level) ? OK : diag_set(d, ERR_SYNTAX, "error, warning, info or debug is wanted");
}

static enum err set_log_format(struct options *o, const char *text, struct diag *d)
{
	return log_format_parse(text, &o->log_format) ? OK : diag_set(d, ERR_SYNTAX, "text or json is wanted");
}

static enum err set_log_queries(struct options *o, const char *text, struct diag *d)
{
	(void)text;
	(void)d;
	o->log_queries = true;
	return OK;
}

static enum err set_owned(char **owned, const char *text, struct diag *d)
{
	char *copy = strdup(text);
	if (!copy)
		return diag_set(d, ERR_NOMEM, "out of memory");
	free(*owned);
	*owned = copy;
	return OK;
}

static enum err set_kubeconfig(struct options *o, const char *text, struct diag *d)
{
	return set_owned(&o->kubernetes.kubeconfig, text, d);
}

static enum err set_context(struct options *o, const char *text, struct diag *d)
{
	return set_owned(&o->kubernetes.context, text, d);
}

static enum err set_conf(struct options *o, const char *text, struct diag *d)
{
	(void)d;
	o->conf = text;
	return OK;
}

static enum err set_dns_port(struct options *o, const char *text, struct diag *d)
{
	unsigned port = o->dns_port;
	enum err err = value_number(text, 0, UINT16_MAX, &port, d);
	o->dns_port = (uint16_t)port;
	o->dns_port_given = true;
	return err;
}

static enum err add_page(struct options *o, const char *text, unsigned page, struct diag *d)
{
	struct admin_place place = {.pages = page};
	enum err err = admin_address_parse(text, &place.address, d);
	if (err)
		return err;
	if (o->page_count == OPTIONS_PAGES_MAX)
		return diag_set(d, ERR_RANGE, "more than %d addresses", OPTIONS_PAGES_MAX);
	o->pages[o->page_count++] = place;
	return OK;
}

static enum err set_health(struct options *o, const char *text, struct diag *d)
{
	return add_page(o, text, ADMIN_HEALTH, d);
}

static enum err set_ready(struct options *o, const char *text, struct diag *d)
{
	return add_page(o, text, ADMIN_READY, d);
}

static enum err set_metrics(struct options *o, const char *text, struct diag *d)
{
	return add_page(o, text, ADMIN_METRICS, d);
}

static enum err set_ready_file(struct options *o, const char *text, struct diag *d)
{
	(void)d;
	o->ready_file = text;
	return OK;
}

static enum err set_pid_file(struct options *o, const char *text, struct diag *d)
{
	(void)d;
	o->pid_file = text;
	return OK;
}

static enum err set_quiet(struct options *o, const char *text, struct diag *d)
{
	(void)text;
	(void)d;
	o->log_level = LOG_WARNING;
	return OK;
}

static enum err set_plugins(struct options *o, const char *text, struct diag *d)
{
	(void)text;
	(void)d;
	o->plugins = true;
	return OK;
}

static enum err set_pod(struct options *o, const char *text, struct diag *d)
{
	(void)d;
	o->pod = text;
	return OK;
}

/* A namespace is a DNS label (RFC 1123): it becomes one in the search list. */
static enum err set_namespace(struct options *o, const char *text, struct diag *d)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
	if (!len || text[len] || len > NAME_LABEL_MAX || text[0] == '-' || text[len - 1] == '-')
		return diag_set(d, ERR_SYNTAX, "a namespace has 1 to 63 of a-z, 0-9 and, inside, -");
	o->ns = text;
	return OK;
}

static enum err set_no_search_fallback(struct options *o, const char *text, struct diag *d)
{
	(void)text;
	(void)d;
	o->search_fallback = false;
	return OK;
}

static enum err set_timeout(struct options *o, const char *text, struct diag *d)
{
	return value_number(text, 1, TIMEOUT_MAX_S, &o->timeout_s, d);
}

static enum err set_help(struct options *o, const char *text, struct diag *d)
{
	(void)text;
	(void)d;
	o->help = true;
	return OK;
}

#define LOG_LEVELS "error|warning|info|debug"

#define FOR_BOTH (FOR_SERVE | FOR_RUN)
#define FOR_ALL  (FOR_SERVE | FOR_RUN | FOR_DUMP)

const struct option_spec option_table[] = {
        {"listen", "ADDR[:PORT]", FOR_SERVE, set_listen,
         "answer on this address over UDP and TCP; may be given several times;\n"
         "[ADDR]:PORT for IPv6, :PORT for every address, localhost:PORT;\n"
         "default 127.0.0.1:1053 and [::1]:1053"},
        {"forward", "ADDR[,ADDR...]|FILE", FOR_SERVE, set_forward,
         "ask these about names outside, and keep their answers; or those that\n"
         "a file such as /etc/resolv.conf names; default: such names are refused"},
        {"kube-dns-config", "DIR", FOR_SERVE, set_kube_dns,
         "ask about names outside as kube-dns's ConfigMap says, which is mounted\n"
         "there: stubDomains, upstreamNameservers; what it does not say, --forward\n"
         "or the Corefile does, or /etc/resolv.conf; its changes count at once"},
        {"conf", "FILE", FOR_SERVE, set_conf,
         "serve what this Corefile says, instead of manifests; - for standard\n"
         "input; default, where nothing else is named: Corefile in the working\n"
         "directory"},
        {"conf", "FILE", FOR_DUMP, set_conf, "dump the clusters of this Corefile, instead of manifests; - for standard\ninput"},
        {"conf", "FILE", FOR_CHECK, set_conf, "check this Corefile, whatever its name is; - for standard input"},
        {"dns.port", "PORT", FOR_SERVE | FOR_CHECK, set_dns_port, "of the Corefile's server blocks that name none; default 53"},
        {"p", "PORT", FOR_SERVE, set_dns_port, "the same as --dns.port, as CoreDNS has it"},
        {"pidfile", "FILE", FOR_SERVE, set_pid_file, "write the process's number there; the file is taken away at the end"},
        {"plugins", NULL, FOR_SERVE, set_plugins, "print which directives a Corefile may have, and end"},
        {"quiet", NULL, FOR_SERVE, set_quiet, "say nothing but warnings and errors, as --log-level warning"},
        {"set", "kubernetes.KEY=VALUE", FOR_ALL | FOR_CHECK, set_set,
         "a line of the kubernetes block, in the place of the Corefile's; may be\ngiven several times; HEADNS_SET in the environment does "
         "the "
         "same"},
        {"kubeconfig", "[FILE]", FOR_ALL, set_kubeconfig,
         "read the cluster that this file leads to, instead of manifests; without\n"
         "FILE that of kubectl: $KUBECONFIG, ~/.kube/config, or the pod's own"},
        {"timeout", "SECONDS", FOR_RUN | FOR_DUMP, set_timeout, "how long reading a cluster may take, 1 to 3600; default 60"},
        {"context", "NAME", FOR_ALL, set_context, "of the kubeconfig; default its current-context"},
        {"ready-file", "FILE", FOR_SERVE, set_ready_file,
         "write this file once every name is answered, a line for each address;\n"
         "it is taken away at the end"},
        {"health", "ADDR:PORT", FOR_SERVE, set_health,
         "over HTTP, /health says OK while headns lives; several of these three\nmay have one address; :PORT for every address"},
        {"ready", "ADDR:PORT", FOR_SERVE, set_ready, "over HTTP, /ready says OK once every name is answered, until the end"},
        {"metrics", "ADDR:PORT", FOR_SERVE, set_metrics, "over HTTP, /metrics is what Prometheus asks for"},
        {"pod", "NAME", FOR_RUN, set_pod,
         "be this pod of the input: its hostname, its address, its lines in\n"
         "/etc/hosts, its dnsPolicy and dnsConfig; also TYPE/NAME, as for kubectl\n"
         "exec (deploy/redis); default: a pod that is not in the input"},
        {"namespace", "NS", FOR_RUN, set_namespace, "be in this namespace; default \"default\""},
        {"zone", "NAME", FOR_ALL | FOR_CHECK, set_zone, "the cluster's domain; may be given several times; default cluster.local"},
        {"ttl", "SECONDS", FOR_ALL, set_ttl, "TTL of records, 0 to 3600; default 5"},
        {"negative-ttl", "SECONDS", FOR_BOTH, set_negative_ttl, "TTL of \"no such name\"; default: that of records, but at most 5"},
        {"hold", "DURATION", FOR_BOTH, set_hold,
         "let who asks for a pod that is not ready yet wait so long for it, \"4s\" at\nmost, rather than answer \"no such name\"; default "
         "0s"},
        {"pod-cidr", "RANGE", FOR_ALL | FOR_CHECK, set_pod_cidr,
         "addresses of pods that the input lacks; may be given once for each\nfamily; default 10.244.0.0/16 and fd00:10:244::/56"},
        {"service-cidr", "RANGE", FOR_ALL | FOR_CHECK, set_service_cidr,
         "addresses of Services without clusterIP; may be given once for each\nfamily; default 10.0.0.0/16 and fd00:10:96::/112"},
        {"no-cluster-services", NULL, FOR_ALL | FOR_CHECK, set_no_cluster_services,
         "don't add what every cluster has to manifests: the Services kubernetes\nin default and kube-dns in kube-system"},
        {"lenient", NULL, FOR_BOTH, set_lenient, "leave out what is wrong in the input, and serve the rest"},
        {"lenient", NULL, FOR_DUMP, set_lenient, "leave out what is wrong in the input, and dump the rest"},
        {"recursive", NULL, FOR_ALL | FOR_CHECK, set_recursive, "read the sub-folders of folders too; -R does the same"},
        {"no-rotate", NULL, FOR_BOTH, set_no_rotate, "answer a set of addresses in the same order every time"},
        {"no-search-fallback", NULL, FOR_RUN, set_no_search_fallback,
         "don't answer names outside the cluster from below the search domains"},
        {"workers", "N", FOR_BOTH, set_workers, "threads that answer; default: as many as processors may be used"},
        {"tcp-connections", "N", FOR_BOTH, set_tcp_connections, "TCP connections at once; default 1024"},
        {"tcp-idle", "SECONDS", FOR_BOTH, set_tcp_idle, "close a TCP connection after this time without a query; default 10"},
        {"log-level", LOG_LEVELS, FOR_SERVE | FOR_DUMP | FOR_CHECK, set_log_level, "which lines go to standard error; default info"},
        {"log-level", LOG_LEVELS, FOR_RUN, set_log_level, "which lines go to standard error; default warning"},
        {"log-format", "text|json", FOR_ALL | FOR_CHECK, set_log_format, "how they look, and lines of queries; default text"},
        {"log-queries", NULL, FOR_SERVE, set_log_queries, "write a line for each query to standard output, as CoreDNS's log does"},
        {"help", NULL, FOR_ALL | FOR_CHECK | FOR_COMPLETION, set_help, "print this"},
};
const unsigned option_count = sizeof option_table / sizeof *option_table;

const struct command_spec command_table[] = {
        {COMMAND_NONE, "headns", "serve|run|dump|check|completion|help [OPTION]... [ARGUMENT]...", "a DNS server for Kubernetes",
         "What it can do:\n"
         "  serve       answer DNS queries for manifests, with no cluster, or for a cluster\n"
         "  run         run a command as if in a pod of the cluster that they describe\n"
         "  dump        print all records of manifests or of a cluster\n"
         "  check       say what is wrong with a Corefile, or with manifests\n"
         "  completion  print what makes bash or zsh complete its command line\n"
         "  help        print what one of these does, and its options\n"
         "\n"
         "  headns help serve      all about serve\n"
         "  headns --version       the version\n"},
        {COMMAND_SERVE, "serve", "[OPTION]... [FILE...]", "answers the DNS queries that a cluster would answer",
         "FILE is a manifest in YAML or JSON (also a dump: kubectl get svc,pods,endpointslices\n"
         "-A -o json), a folder of them, or - for standard input. Files are watched: an edit is\n"
         "served at once, a broken one is reported and leaves the old data. SIGHUP reads them\n"
         "again; SIGTERM and SIGINT end the server. Instead of manifests, --conf names a Corefile\n"
         "and --kubeconfig a cluster. Without a command, headns -conf FILE serves as CoreDNS would.\n"
         "\n"
         "Example:\n"
         "  headns serve zones/nginx-observed.yaml\n"
         "  dig @127.0.0.1 -p 1053 web-0.nginx.default.svc.cluster.local\n"},
        {COMMAND_RUN, "run", "[OPTION]... [FILE...] -- COMMAND [ARGUMENT]...",
         "runs COMMAND in a network of its own in which the cluster's names resolve",
         "COMMAND finds a pod's /etc/resolv.conf and, on the loopback interface, the address of\n"
         "every pod: bind one to play that pod. The clusterIPs of Services lead to them. headns\n"
         "answers on port 53 of that of Service kube-dns in kube-system (10.0.0.10, unless FILE\n"
         "says another). There is no other network. Needs no root where the system allows user\n"
         "namespaces. Ends with COMMAND, with its exit status (127: not found, 126: not\n"
         "executable), and leaves nothing behind.\n"
         "\n"
         "Example:\n"
         "  headns run --pod web-1 zones/nginx-observed.yaml -- getent ahosts web-0.nginx\n"},
        {COMMAND_DUMP, "dump", "[OPTION]... [FILE...]", "prints every record that would be served, as zone files",
         "FILE is a manifest in YAML or JSON (also a dump: kubectl get svc,pods,endpointslices\n"
         "-A -o json), a folder of them, or - for standard input. Instead of manifests, --kubeconfig\n"
         "names a cluster, which is read once, and --conf a Corefile, of which each cluster is\n"
         "dumped. To standard output go zone files (RFC 1035), one after another: the cluster's\n"
         "domain, then the reverse zones and those of k8s_external, each from its $ORIGIN on. They\n"
         "are sorted, and their serial is 1, so that two dumps can be compared with diff.\n"
         "\n"
         "Example:\n"
         "  headns dump zones/nginx-observed.yaml\n"},
        {COMMAND_CHECK, "check", "[OPTION]... [FILE...]", "says what is wrong with Corefiles and manifests",
         "FILE is a Corefile, but for one whose name ends in .yaml, .yml or .json, a folder, a pipe,\n"
         "or - for standard input: these are manifests, and read as serve would read them. Without\n"
         "FILE it is Corefile in the working directory. All that is wrong is named, with file and\n"
         "line; the exit status is 1 then, else 0. Nothing is opened but files: whether interfaces\n"
         "and API servers that a Corefile names are there shows when it is served.\n"
         "\n"
         "Example:\n"
         "  headns check /etc/coredns/Corefile\n"},
        {COMMAND_COMPLETION, "completion", "bash|zsh", "prints what makes a shell complete the command line of headns",
         "The script is installed with headns. Where it is not:\n"
         "\n"
         "Example:\n"
         "  source <(headns completion bash)\n"
         "  headns completion zsh >\"${fpath[1]}/_headns\"\n"},
};
const unsigned command_count = sizeof command_table / sizeof *command_table;
