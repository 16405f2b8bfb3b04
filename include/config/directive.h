/* directive.h - what the directives of a server block say: one struct of checked values for each, with CoreDNS 1.15's names, arguments and
 * defaults. Who does what a directive says finds its values by corefile_values(). All texts and lists are owned by the Corefile. */
#pragma once
#include "base/addr.h"
#include "base/regexp.h"
#include "config/errors.h"
#include "config/expression.h"
#include "config/list.h"
#include "config/log.h"
#include "config/template.h"
#include "dns/tsig.h"
#include "forward/cache.h"
#include "forward/upstream.h"
#include "tls/identity.h"
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

/* In the order in which CoreDNS's plugins see a query (plugin.cfg), whatever their order in the file. */
enum directive_id {
	DIRECTIVE_ROOT,
	DIRECTIVE_CANCEL,
	DIRECTIVE_TIMEOUTS,
	DIRECTIVE_MULTISOCKET,
	DIRECTIVE_RELOAD,
	DIRECTIVE_NSID,
	DIRECTIVE_BUFSIZE,
	DIRECTIVE_BIND,
	DIRECTIVE_DEBUG,
	DIRECTIVE_TRACE,
	DIRECTIVE_READY,
	DIRECTIVE_HEALTH,
	DIRECTIVE_PPROF,
	DIRECTIVE_SHED,
	DIRECTIVE_PROMETHEUS,
	DIRECTIVE_ERRORS,
	DIRECTIVE_LOG,
	DIRECTIVE_LOCAL,
	DIRECTIVE_DNS64,
	DIRECTIVE_ANY,
	DIRECTIVE_CHAOS,
	DIRECTIVE_LOADBALANCE,
	DIRECTIVE_TSIG,
	DIRECTIVE_REWRITE,
	DIRECTIVE_AUTOPATH,
	DIRECTIVE_ACL,
	DIRECTIVE_CACHE,
	DIRECTIVE_HEADER,
	DIRECTIVE_TLS,
	DIRECTIVE_MINIMAL,
	DIRECTIVE_TEMPLATE,
	DIRECTIVE_HOSTS,
	DIRECTIVE_K8S_EXTERNAL,
	DIRECTIVE_KUBERNETES,
	DIRECTIVE_FILE,
	DIRECTIVE_SECONDARY,
	DIRECTIVE_LOOP,
	DIRECTIVE_FORWARD,
	DIRECTIVE_WHOAMI,
	DIRECTIVE_VIEW,
	DIRECTIVES,
};

/* "root", "cancel", … */
const char *directive_name(enum directive_id id);

/* The first in the alphabet behind that name ("": the very first) of those that can be served; NULL: none. */
const char *directive_next(const char *before);

/* True of those that see queries, or their responses, as CoreDNS has it: each is one of its plugins that is called for a query. */
bool directive_sees_queries(enum directive_id id);

/* "HOST:PORT", of health, ready and prometheus. */
struct host_port {
	char *host; /* as it is written, without brackets; NULL: every address */
	uint16_t port;
};

/* `view NAME { expr EXPRESSION }`: of the queries for its zones, the block is for those alone for which all of them hold. */
struct view_options {
	char *name;
	struct expression **expressions;
	unsigned count;
};

/* `root PATH`: what relative names of files are relative to. */
struct root_options {
	char *path;
};

/* `timeouts { read D; write D; idle D; maxtcpqueries N }`: of TCP, in milliseconds; 0: not said. */
#define TIMEOUTS_NO_BOUND UINT_MAX
struct timeouts_options {
	uint64_t read_ms, write_ms, idle_ms;
	unsigned max_tcp_queries; /* a connection; TIMEOUTS_NO_BOUND: as many as it likes */
};

/* `reload [INTERVAL [JITTER]]`: of the process, whichever block says it. */
struct reload_options {
	uint64_t interval_ms; /* 2 s at least */
	uint64_t jitter_ms;   /* by how much an interval may be off, all in all; at most half of it */
};

/* `nsid [DATA...]`: what tells this server from others (RFC 5001). */
struct nsid_options {
	char *data; /* the words with blanks between; else the host's name */
};

/* `bufsize [SIZE]`: a client's EDNS size counts for no more than this. */
struct bufsize_options {
	unsigned max; /* 512 to 4096; 1232 */
};

/* `ready [ADDRESS] { monitor until-ready|continuously }` */
struct ready_options {
	struct host_port at; /* :8181 */
	bool continuously;
};

/* `health [ADDRESS] { lameduck DURATION }` */
struct health_options {
	struct host_port at; /* :8080 */
	uint64_t lameduck_ms;
};

/* `prometheus [ADDRESS] { runtime_metrics; tls FILE }` */
struct prometheus_options {
	struct host_port at; /* localhost:9153 */
	bool runtime_metrics;
	char *tls; /* NULL: none */
};

/* `local { localhost_prefix on|off }` */
struct local_options {
	bool localhost_prefix;
};

/* `loadbalance [round_robin] { prefer RANGE... }` */
struct loadbalance_options {
	struct cidr *prefer; /* addresses of the first of them come first, and so on; none: all are alike */
	unsigned prefer_count;
};

/* `dns64 [PREFIX] { prefix PREFIX; translate_all; allow_ipv4 }` */
struct dns64_options {
	struct cidr prefix; /* of IPv6: 32, 40, 48, 56, 64 or 96 bits */
	bool translate_all; /* also where there are IPv6 addresses */
	bool allow_ipv4;    /* also for clients that ask over IPv4 */
};

/* `chaos [VERSION] [AUTHORS...]` */
struct chaos_options {
	char *version; /* NULL: not said */
	struct text_list authors;
};

/* `acl [ZONES...] { ACTION [type QTYPE...] [net SOURCE...] }` */
enum acl_action { ACL_ALLOW, ACL_BLOCK, ACL_FILTER, ACL_DROP };
struct acl_policy {
	enum acl_action action;
	uint16_t *types; /* none: every type */
	unsigned type_count;
	struct cidr *nets; /* none: everybody */
	unsigned net_count;
};
struct acl_rule {
	struct name_list zones; /* none: those of the block's keys */
	struct acl_policy *policies;
	unsigned policy_count;
};
struct acl_options {
	struct acl_rule *rules;
	unsigned rule_count;
};

/* `tsig [ZONES...] { secret NAME KEY; secrets FILE; require all|none|TYPE...; require_opcode all|none|OPCODE... }` */
struct tsig_options {
	struct name_list zones; /* none: those of the block's keys */
	struct tsig_key *keys;
	unsigned key_count;
	uint16_t *types; /* queries of these must be signed, */
	unsigned type_count;
	bool all_types;   /* or all; */
	uint16_t opcodes; /* and those with opcode N, where bit N is set */
};

/* `cache [TTL] [ZONES...] { success|denial CAPACITY [TTL [MINTTL]]; prefetch AMOUNT [DURATION [PERCENTAGE%]]; serve_stale [DURATION [MODE ...]];
 * serve_stale_policy prefer_positive; servfail DURATION; disable success|denial [ZONES...]; keepttl }` */
struct cache_values {
	struct cache_options options; /* its lists are those below */
	struct name_list zones;       /* none: those of the block's keys, which need no list */
	struct name_list no_success, no_denial;
};

/* `forward FROM TO... { ... }`: the first line, in their order, that is about a name counts. */
struct forward_line {
	struct name_list from; /* one zone; of a range that is no whole number of octets several */
	struct name_list except;
	struct upstream *
	        upstreams; /* one at least; those of files are as the files were when the line was read, those of hosts have no address yet */
	unsigned upstream_count;
	struct forward_host {
		unsigned index; /* of its upstream */
		char *name;
	} * hosts;
	unsigned host_count;
	struct upstream *resolvers; /* that know the addresses of hosts; none: the system */
	unsigned resolver_count;
	struct forward_options options; /* its trust is owned */
	char *server_name;              /* that all upstreams over TLS have; NULL: each its own, if any */
	uint32_t next;       /* bit N: after an answer with rcode N, the next line that is about the name is asked, if there is one; */
	bool next_on_nodata; /* and after one without records */
};
struct forward_values {
	struct forward_line *lines;
	unsigned count;
	struct text_list files;      /* in resolv.conf form, that named some of the upstreams */
	struct text_list tls_files;  /* certificates and keys */
	struct forward_line reading; /* private: the line that is being read */
};

/* `header { query|response set|clear FLAG... }`: of enum dns_flag; of two lines about a flag the last counts. */
struct header_options {
	uint16_t query_set, query_clear, response_set, response_clear;
};

/* `rewrite [continue|stop] name|class|type|ttl|rcode ...`: the rules in the order of the file. Texts of names are as Go's library writes names, in lower case
 * and with a last dot, but patterns. */
enum rewrite_field { REWRITE_NAME, REWRITE_CLASS, REWRITE_TYPE, REWRITE_TTL, REWRITE_RCODE, REWRITE_CNAME };
enum rewrite_kind { REWRITE_EXACT, REWRITE_PREFIX, REWRITE_SUFFIX, REWRITE_SUBSTRING, REWRITE_REGEX };
/* `answer name|value PATTERN TO` */
struct rewrite_answer {
	bool value; /* it is about names in rdata; else about owners */
	struct regexp *pattern;
	char *to; /* {0}, {1}...: the groups */
};
struct rewrite_rule {
	enum rewrite_field field;
	bool goes_on; /* the next rule sees what this one made */

	enum rewrite_kind kind; /* NAME, TTL, RCODE: which names it is about; CNAME: which targets */
	char *from;
	struct regexp *pattern; /* REWRITE_REGEX, in the place of from */
	struct name exact;      /* REWRITE_EXACT: from, too */

	char *to;       /* NAME, CNAME; of a pattern with groups */
	bool automatic; /* NAME: the answer's names are put back */
	struct rewrite_answer *answers;
	unsigned answer_count;

	uint16_t number, new_number; /* CLASS, TYPE, RCODE */
	uint32_t ttl_min_s, ttl_max_s;
};
struct rewrite_options {
	struct rewrite_rule *rules;
	unsigned count;
	bool any_cname;           /* one of them is REWRITE_CNAME */
	struct text_list reading; /* private: the words of the line that is being read, */
	bool whole;               /* and that it has nothing in braces */
};

/* `tls CERT KEY [CA] { client_auth HOW; keylog FILE }`: of the block's keys with tls:// */
struct tls_options {
	char *cert, *key;
	char *ca; /* NULL: the system's authorities */
	enum client_auth clients;
	char *key_log; /* NULL: none */
};

/* `autopath [ZONES...] RESOLV-CONF|@kubernetes`: the search list is gone through here. */
struct autopath_options {
	struct name_list zones;  /* none: those of the block's keys */
	bool kubernetes;         /* the list begins with that of the client's pod */
	struct name_list search; /* of the file, or for @kubernetes of our own resolv.conf; as it was when the line was read */
};

/* `hosts [FILE [ZONES...]] { INLINE...; ttl S; no_reverse; reload D; fallthrough [ZONES]; fallthrough_unsupported }` */
struct hosts_options {
	char *file;             /* NULL: /etc/hosts */
	struct name_list zones; /* none: those of the block's keys */
	struct text_list lines; /* as in such a file */
	unsigned ttl_s;
	uint64_t reload_ms; /* 0: never */
	bool no_reverse;
	bool fallthrough;
	struct name_list fallthrough_zones;
	bool fallthrough_unsupported;
};

/* `file DBFILE [ZONES...] { reload DURATION; reload_by_mtime; fallthrough [ZONES...] }` */
struct file_line {
	char *path;
	struct name_list zones; /* none: those of the block's keys */
	uint64_t reload_ms;     /* how often it is looked at; 0: never */
	bool reload_by_mtime;   /* it is another one if its time of change is, whatever its serial */
};
struct file_options {
	struct file_line *lines;
	unsigned count;
	bool fallthrough;
	struct name_list fallthrough_zones;
	uint64_t reload_ms; /* private: of the line that is being read, and of those after it, as in CoreDNS */
	bool reload_by_mtime;
};

/* `secondary [ZONES...] { transfer from ADDRESS...; poll DURATION; fallthrough [ZONES...] }` */
struct secondary_line {
	struct name_list zones; /* none: those of the block's keys */
	struct sockaddr_storage *primaries;
	unsigned primary_count; /* one at least */
	uint64_t poll_ms;       /* how often a primary is asked; 0: as the zone's SOA says */
};
struct secondary_options {
	struct secondary_line *lines;
	unsigned count;
	bool fallthrough; /* of any line: it counts for all, as in `file` */
	struct name_list fallthrough_zones;
	uint64_t poll_ms; /* private: of the line that is being read */
};
