/* options.h - the command line: one table of options, from which both parsing and help are made. */
#pragma once
#include "admin/admin.h"
#include "base/log.h"
#include "cluster/cluster.h"
#include "config/corefile.h"
#include "config/kubernetes.h"
#include "config/settings.h"
#include "server/server.h"
#include <stdbool.h>

enum command_kind { COMMAND_NONE, COMMAND_SERVE, COMMAND_RUN, COMMAND_DUMP, COMMAND_CHECK, COMMAND_COMPLETION };

#define OPTIONS_LISTEN_MAX 64
#define OPTIONS_PAGES_MAX  8

struct options {
	enum command_kind command;
	bool help, version, plugins; /* asked for; the rest then counts for nothing, but command, whose help is meant */
	struct server_options server;
	struct cluster_options cluster;       /* but for kubernetes and endpoint, which whoever builds it sets */
	struct kubernetes_options kubernetes; /* of the one cluster where there is no Corefile */
	bool rotate;                          /* address sets begin at another address each time */
	bool outside_nxdomain;                /* query.h */
	enum log_level log_level;
	enum log_format log_format;
	bool log_queries; /* serve: every block has a `log`, also where the Corefile says none */
	struct net_address listen[OPTIONS_LISTEN_MAX];
	unsigned listen_count; /* 0: the default addresses (net/listen.h) */
	const char *conf;      /* serve, dump, check: a Corefile; NULL: what is served is said by the other options */
	char *forward; /* serve: a Corefile's block that says where names outside are asked, with a cache; without a Corefile. NULL: nowhere */
	const char *kube_dns;                        /* serve: the folder of kube-dns's ConfigMap (config/kube_dns.h); NULL: none */
	struct admin_place pages[OPTIONS_PAGES_MAX]; /* serve: the HTTP side; a Corefile says its own */
	unsigned page_count;
	const char *ready_file; /* serve: says that it answers; NULL: none */
	const char *pid_file;   /* serve: has the process's number; NULL: none */
	uint16_t dns_port;      /* of the Corefile's keys that name none */
	bool dns_port_given, pod_cidr_given;
	struct settings settings; /* of every kubernetes block, or of the one cluster, for which they have been applied */
	const char *pod;          /* run: NULL: a pod that is not in the input */
	const char *ns;
	bool search_fallback;
	unsigned timeout_s; /* dump, run: to read a cluster in */
	char **run_argv;    /* run: what follows "--", NULL-terminated; borrowed from argv */
};

/* Reads argv (whose order it changes; *o borrows from it). options_clear() in any case. ERR_SYNTAX or ERR_RANGE, with diag saying what is
 * wrong, where, and what would be right. Not for two threads at once: getopt has state of its own. */
enum err options_parse(struct options *o, int argc, char **argv, struct diag *d);

/* Frees what it owns. */
void options_clear(struct options *o);

/* Writes the help of a command, or of headns itself (COMMAND_NONE), to stdout. */
void help_print(enum command_kind command);

/* Writes the names of all directives that can be served, a line each, as `coredns -plugins` does. */
void help_print_plugins(void);
