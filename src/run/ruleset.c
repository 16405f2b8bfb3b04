#include "ruleset.h"
#include "netlink.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define TABLE     "headns"
#define SERVICES  "services"  /* set of addresses */
#define ENDPOINTS "endpoints" /* set of addresses with ports: of every target */
#define CHOICES   "choices"   /* map from marks to targets */
#define REGISTER  NFT_REG32_00
#define PORT_ROOM 4 /* a port in a key of several parts */

/* Where a hook's chains come in turn: nf_ip_hook_priorities. */
enum { BEFORE_TRACKING = -300, AFTER_TRACKING = -150, TRANSLATION = -100, FILTER = 0 };

struct ruleset {
	struct netlink netlink;
	bool ipv6;
	bool by_target; /* the kernel queues by iptables' NFQUEUE alone */
	bool in_batch;
	int error; /* the first since the last commit */
};

/* What differs between the tables. */
struct family {
	uint8_t number, icmp;
	uint8_t address_len, source_at, destination_at; /* octets, in the header */
	uint8_t port_unreachable;
};
static const struct family families[] = {
        {NFPROTO_IPV4, IPPROTO_ICMP, 4, 12, 16, 3},
        {NFPROTO_IPV6, IPPROTO_ICMPV6, 16, 8, 24, 4},
};

static const struct family *family_of(const struct addr *a)
{
	return &families[a->family != ADDR_V4];
}

/* --- messages --- */

static void begin(struct ruleset *r, const struct family *f, uint16_t type, uint16_t flags)
{
	const struct nfgenmsg header = {.nfgen_family = f->number, .version = NFNETLINK_V0};
	netlink_begin(&r->netlink, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags, &header, sizeof header);
}

static void frame_batch(struct ruleset *r, uint16_t type)
{
	const struct nfgenmsg header = {.version = NFNETLINK_V0, .res_id = htons(NFNL_SUBSYS_NFTABLES)};
	netlink_begin(&r->netlink, type, 0, &header, sizeof header);
	r->in_batch = type == NFNL_MSG_BATCH_BEGIN;
}

static int send_batch(struct ruleset *r)
{
	if (r->in_batch)
		frame_batch(r, NFNL_MSG_BATCH_END);
	return netlink_send(&r->netlink, NULL, NULL);
}

static void put_value(struct netlink *n, uint16_t type, const void *data, size_t len)
{
	size_t nest = netlink_nest(n, type);
	netlink_put(n, NFTA_DATA_VALUE, data, len);
	netlink_nest_end(n, nest);
}

/* --- sets --- */

static void new_set(struct ruleset *r, const struct family *f, const char *name, uint32_t id, uint32_t key_len, uint32_t data_len)
{
	struct netlink *n = &r->netlink;
	begin(r, f, NFT_MSG_NEWSET, NLM_F_CREATE);
	netlink_put_text(n, NFTA_SET_TABLE, TABLE);
	netlink_put_text(n, NFTA_SET_NAME, name);
	netlink_put_number(n, NFTA_SET_FLAGS, data_len ? NFT_SET_MAP : 0);
	netlink_put_number(n, NFTA_SET_KEY_TYPE, 0);
	netlink_put_number(n, NFTA_SET_KEY_LEN, key_len);
	netlink_put_number(n, NFTA_SET_ID, id);
	if (data_len) {
		netlink_put_number(n, NFTA_SET_DATA_TYPE, 0);
		netlink_put_number(n, NFTA_SET_DATA_LEN, data_len);
	}
}

static void change_element(struct ruleset *r, const struct family *f, const char *set, bool added, const void *key, size_t key_len,
                           const void *data, size_t data_len)
{
	struct netlink *n = &r->netlink;
	size_t list, element;
	if (!r->in_batch)
		frame_batch(r, NFNL_MSG_BATCH_BEGIN);
	begin(r, f, added ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM, added ? NLM_F_CREATE : 0);
	netlink_put_text(n, NFTA_SET_ELEM_LIST_TABLE, TABLE);
	netlink_put_text(n, NFTA_SET_ELEM_LIST_SET, set);
	list = netlink_nest(n, NFTA_SET_ELEM_LIST_ELEMENTS);
	element = netlink_nest(n, NFTA_LIST_ELEM);
	put_value(n, NFTA_SET_ELEM_KEY, key, key_len);
	if (data_len)
		put_value(n, NFTA_SET_ELEM_DATA, data, data_len);
	netlink_nest_end(n, element);
	netlink_nest_end(n, list);
}

/* --- rules: each a list of expressions, which put values into registers, compare them, and decide --- */

struct rule {
	struct netlink *n;
	size_t list, element, data; /* nests that are open */
};

static struct rule rule_begin(struct ruleset *r, const struct family *f, const char *chain)
{
	begin(r, f, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	netlink_put_text(&r->netlink, NFTA_RULE_TABLE, TABLE);
	netlink_put_text(&r->netlink, NFTA_RULE_CHAIN, chain);
	return (struct rule){.n = &r->netlink, .list = netlink_nest(&r->netlink, NFTA_RULE_EXPRESSIONS)};
}

static void rule_end(struct rule *u)
{
	netlink_nest_end(u->n, u->list);
}

static void expression_begin(struct rule *u, const char *name)
{
	u->element = netlink_nest(u->n, NFTA_LIST_ELEM);
	netlink_put_text(u->n, NFTA_EXPR_NAME, name);
	u->data = netlink_nest(u->n, NFTA_EXPR_DATA);
}

static void expression_end(struct rule *u)
{
	netlink_nest_end(u->n, u->data);
	netlink_nest_end(u->n, u->element);
}

static void load_payload(struct rule *u, uint32_t to, uint32_t base, uint32_t offset, uint32_t len)
{
	expression_begin(u, "payload");
	netlink_put_number(u->n, NFTA_PAYLOAD_DREG, to);
	netlink_put_number(u->n, NFTA_PAYLOAD_BASE, base);
	netlink_put_number(u->n, NFTA_PAYLOAD_OFFSET, offset);
	netlink_put_number(u->n, NFTA_PAYLOAD_LEN, len);
	expression_end(u);
}

static void load_meta(struct rule *u, uint32_t key)
{
	expression_begin(u, "meta");
	netlink_put_number(u->n, NFTA_META_DREG, REGISTER);
	netlink_put_number(u->n, NFTA_META_KEY, key);
	expression_end(u);
}

static void load_tracking(struct rule *u, uint32_t key)
{
	expression_begin(u, "ct");
	netlink_put_number(u->n, NFTA_CT_DREG, REGISTER);
	netlink_put_number(u->n, NFTA_CT_KEY, key);
	expression_end(u);
}

static void compare(struct rule *u, uint32_t how, const void *data, size_t len)
{
	expression_begin(u, "cmp");
	netlink_put_number(u->n, NFTA_CMP_SREG, REGISTER);
	netlink_put_number(u->n, NFTA_CMP_OP, how);
	put_value(u->n, NFTA_CMP_DATA, data, len);
	expression_end(u);
}

/* Goes on if the register has (or has not) one of these bits. */
static void compare_bits(struct rule *u, uint32_t mask, bool set)
{
	const uint32_t none = 0;
	expression_begin(u, "bitwise");
	netlink_put_number(u->n, NFTA_BITWISE_SREG, REGISTER);
	netlink_put_number(u->n, NFTA_BITWISE_DREG, REGISTER);
	netlink_put_number(u->n, NFTA_BITWISE_LEN, sizeof mask);
	put_value(u->n, NFTA_BITWISE_MASK, &mask, sizeof mask);
	put_value(u->n, NFTA_BITWISE_XOR, &none, sizeof none);
	expression_end(u);
	compare(u, set ? NFT_CMP_NEQ : NFT_CMP_EQ, &none, sizeof none);
}

static void look_up(struct rule *u, const char *set, bool map)
{
	expression_begin(u, "lookup");
	netlink_put_text(u->n, NFTA_LOOKUP_SET, set);
	netlink_put_number(u->n, NFTA_LOOKUP_SREG, REGISTER);
	if (map)
		netlink_put_number(u->n, NFTA_LOOKUP_DREG, REGISTER);
	expression_end(u);
}

static void accept_here(struct rule *u)
{
	size_t data, verdict;
	expression_begin(u, "immediate");
	netlink_put_number(u->n, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
	data = netlink_nest(u->n, NFTA_IMMEDIATE_DATA);
	verdict = netlink_nest(u->n, NFTA_DATA_VERDICT);
	netlink_put_number(u->n, NFTA_VERDICT_CODE, NF_ACCEPT);
	netlink_nest_end(u->n, verdict);
	netlink_nest_end(u->n, data);
	expression_end(u);
}

/* struct xt_NFQ_info, revision 0: some kernels are built with this and not with nf_tables' own. */
static void queue_by_target(struct rule *u)
{
	uint16_t info[4] = {RULESET_QUEUE}; /* as long as iptables aligns it */
	expression_begin(u, "target");
	netlink_put_text(u->n, NFTA_TARGET_NAME, "NFQUEUE");
	netlink_put_number(u->n, NFTA_TARGET_REV, 0);
	netlink_put(u->n, NFTA_TARGET_INFO, info, sizeof info);
	expression_end(u);
}

static void queue(struct rule *u)
{
	const uint16_t number = htons(RULESET_QUEUE), total = htons(1);
	expression_begin(u, "queue");
	netlink_put(u->n, NFTA_QUEUE_NUM, &number, sizeof number);
	netlink_put(u->n, NFTA_QUEUE_TOTAL, &total, sizeof total);
	expression_end(u);
}

static void translate(struct rule *u, const struct family *f)
{
	expression_begin(u, "nat");
	netlink_put_number(u->n, NFTA_NAT_TYPE, NFT_NAT_DNAT);
	netlink_put_number(u->n, NFTA_NAT_FAMILY, f->number);
	netlink_put_number(u->n, NFTA_NAT_REG_ADDR_MIN, REGISTER);
	netlink_put_number(u->n, NFTA_NAT_REG_PROTO_MIN, REGISTER + f->address_len / 4u);
	expression_end(u);
}

static void reject(struct rule *u, uint32_t how, uint8_t code)
{
	expression_begin(u, "reject");
	netlink_put_number(u->n, NFTA_REJECT_TYPE, how);
	netlink_put(u->n, NFTA_REJECT_ICMP_CODE, &code, sizeof code);
	expression_end(u);
}

static void load_destination(struct rule *u, const struct family *f)
{
	load_payload(u, REGISTER, NFT_PAYLOAD_NETWORK_HEADER, f->destination_at, f->address_len);
}

/* --- the chains --- */

static void new_chain(struct ruleset *r, const struct family *f, const char *name, const char *type, int priority)
{
	struct netlink *n = &r->netlink;
	size_t hook;
	begin(r, f, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	netlink_put_text(n, NFTA_CHAIN_TABLE, TABLE);
	netlink_put_text(n, NFTA_CHAIN_NAME, name);
	hook = netlink_nest(n, NFTA_CHAIN_HOOK);
	netlink_put_number(n, NFTA_HOOK_HOOKNUM, NF_INET_LOCAL_OUT);
	netlink_put_number(n, NFTA_HOOK_PRIORITY, (uint32_t)priority);
	netlink_nest_end(n, hook);
	netlink_put_text(n, NFTA_CHAIN_TYPE, type);
}

static void accept_endpoint(struct ruleset *r, const struct family *f, uint32_t address_at, uint32_t port_at)
{
	struct rule u = rule_begin(r, f, "track");
	load_payload(&u, REGISTER, NFT_PAYLOAD_NETWORK_HEADER, address_at, f->address_len);
	load_payload(&u, REGISTER + f->address_len / 4u, NFT_PAYLOAD_TRANSPORT_HEADER, port_at, 2);
	look_up(&u, ENDPOINTS, false);
	accept_here(&u);
	rule_end(&u);
}

/* What has to do with no Service is not tracked: the kernel's table of connections is bounded, and queries of DNS alone would fill it. */
static void add_tracking(struct ruleset *r, const struct family *f)
{
	struct rule u;
	new_chain(r, f, "track", "filter", BEFORE_TRACKING);
	u = rule_begin(r, f, "track");
	load_destination(&u, f);
	look_up(&u, SERVICES, false);
	accept_here(&u);
	rule_end(&u);
	u = rule_begin(r, f, "track"); /* among these are an endpoint's errors */
	load_meta(&u, NFT_META_L4PROTO);
	compare(&u, NFT_CMP_EQ, &f->icmp, sizeof f->icmp);
	accept_here(&u);
	rule_end(&u);
	accept_endpoint(r, f, f->destination_at, 2);
	accept_endpoint(r, f, f->source_at, 0);
	u = rule_begin(r, f, "track");
	expression_begin(&u, "notrack");
	expression_end(&u);
	rule_end(&u);
}

static void add_choosing(struct ruleset *r, const struct family *f)
{
	struct rule u;
	new_chain(r, f, "choose", "filter", AFTER_TRACKING);
	u = rule_begin(r, f, "choose");
	load_destination(&u, f);
	look_up(&u, SERVICES, false);
	load_tracking(&u, NFT_CT_STATE);
	compare_bits(&u, NF_CT_STATE_BIT(IP_CT_NEW), true);
	load_tracking(&u, NFT_CT_STATUS); /* of datagrams that nobody has answered all are new */
	compare_bits(&u, IPS_DST_NAT, false);
	if (r->by_target)
		queue_by_target(&u);
	else
		queue(&u);
	rule_end(&u);
}

static void add_translation(struct ruleset *r, const struct family *f)
{
	struct rule u;
	new_chain(r, f, "translate", "nat", TRANSLATION);
	u = rule_begin(r, f, "translate");
	load_destination(&u, f);
	look_up(&u, SERVICES, false);
	load_meta(&u, NFT_META_MARK);
	look_up(&u, CHOICES, true);
	translate(&u, f);
	rule_end(&u);
}

static void add_refusal(struct ruleset *r, const struct family *f)
{
	const uint32_t refused = RULESET_REFUSED;
	const uint8_t tcp = IPPROTO_TCP;
	struct rule u;
	new_chain(r, f, "refuse", "filter", FILTER);
	u = rule_begin(r, f, "refuse");
	load_meta(&u, NFT_META_MARK);
	compare(&u, NFT_CMP_EQ, &refused, sizeof refused);
	load_meta(&u, NFT_META_L4PROTO);
	compare(&u, NFT_CMP_EQ, &tcp, sizeof tcp);
	reject(&u, NFT_REJECT_TCP_RST, 0);
	rule_end(&u);
	u = rule_begin(r, f, "refuse");
	load_meta(&u, NFT_META_MARK);
	compare(&u, NFT_CMP_EQ, &refused, sizeof refused);
	reject(&u, NFT_REJECT_ICMP_UNREACH, f->port_unreachable);
	rule_end(&u);
}

static int install(struct ruleset *r, const struct family *f)
{
	const uint32_t target_len = f->address_len + PORT_ROOM;
	frame_batch(r, NFNL_MSG_BATCH_BEGIN);
	begin(r, f, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	netlink_put_text(&r->netlink, NFTA_TABLE_NAME, TABLE);
	new_set(r, f, SERVICES, 1, f->address_len, 0);
	new_set(r, f, ENDPOINTS, 2, target_len, 0);
	new_set(r, f, CHOICES, 3, sizeof(uint32_t), target_len);
	add_tracking(r, f);
	add_choosing(r, f);
	add_translation(r, f);
	add_refusal(r, f);
	return send_batch(r);
}

/* --- the whole --- */

static enum err missing(int error, struct diag *d)
{
	return diag_set(d, ERR_MISSING, "the kernel's nf_tables (nft_nat, nft_ct, nft_reject, nft_queue) are not to be had: %s",
	                strerror(error));
}

/* All or nothing, so the second try begins where the first one did. */
static int install_somehow(struct ruleset *r, const struct family *f)
{
	int error = install(r, f);
	if (error != ENOENT)
		return error;
	r->by_target = true;
	return install(r, f);
}

enum err ruleset_open(struct ruleset **out, struct diag *d)
{
	struct ruleset *r = calloc(1, sizeof *r);
	int error;
	if (!r)
		return diag_no_memory(d);
	error = netlink_open(&r->netlink, NETLINK_NETFILTER) ? install_somehow(r, &families[0]) : errno;
	if (error) {
		ruleset_close(r);
		return missing(error, d);
	}
	r->ipv6 = !install(r, &families[1]);
	*out = r;
	return OK;
}

void ruleset_close(struct ruleset *r)
{
	if (!r)
		return;
	netlink_close(&r->netlink);
	free(r);
}

bool ruleset_has_ipv6(const struct ruleset *r)
{
	return r->ipv6;
}

static void make_room(struct ruleset *r)
{
	if (!netlink_has_room(&r->netlink))
		r->error = r->error ? r->error : send_batch(r);
}

void ruleset_change_service(struct ruleset *r, const struct addr *a, bool added)
{
	make_room(r);
	change_element(r, family_of(a), SERVICES, added, a->octets, addr_len(a), NULL, 0);
}

void ruleset_add_target(struct ruleset *r, uint32_t mark, const struct addr *a, uint16_t port)
{
	uint8_t target[sizeof a->octets + PORT_ROOM] = {0};
	const size_t len = addr_len(a);
	const uint16_t wire_port = htons(port);
	memcpy(target, a->octets, len);
	memcpy(target + len, &wire_port, sizeof wire_port);
	make_room(r);
	change_element(r, family_of(a), ENDPOINTS, true, target, len + PORT_ROOM, NULL, 0);
	change_element(r, family_of(a), CHOICES, true, &mark, sizeof mark, target, len + PORT_ROOM);
}

enum err ruleset_commit(struct ruleset *r, struct diag *d)
{
	int error = send_batch(r);
	error = r->error ? r->error : error;
	r->error = 0;
	return error ? diag_set(d, ERR_SYS, "nf_tables: %s", strerror(error)) : OK;
}
