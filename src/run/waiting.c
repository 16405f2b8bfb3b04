#include "waiting.h"
#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#define HEADERS_ROOM   128 /* of a packet, all that is looked at */
#define LENGTH_MAX     16384
#define RECEIVE_OCTETS (4 << 20) /* of what describes that many packets */
#define MESSAGE_ROOM   4096

static void begin(struct netlink *n, uint16_t type, uint16_t queue)
{
	const struct nfgenmsg header = {.version = NFNETLINK_V0, .res_id = htons(queue)};
	netlink_begin(n, (uint16_t)(NFNL_SUBSYS_QUEUE << 8 | type), 0, &header, sizeof header);
}

enum err waiting_open(struct netlink *n, uint16_t queue, struct diag *d)
{
	const struct nfqnl_msg_config_cmd bind = {.command = NFQNL_CFG_CMD_BIND};
	const struct nfqnl_msg_config_params params = {.copy_range = htonl(HEADERS_ROOM), .copy_mode = NFQNL_COPY_PACKET};
	const int octets = RECEIVE_OCTETS;
	int error = netlink_open(n, NETLINK_NETFILTER) ? 0 : errno;
	if (!error) {
		begin(n, NFQNL_MSG_CONFIG, queue);
		netlink_put(n, NFQA_CFG_CMD, &bind, sizeof bind);
		begin(n, NFQNL_MSG_CONFIG, queue);
		netlink_put(n, NFQA_CFG_PARAMS, &params, sizeof params);
		netlink_put_number(n, NFQA_CFG_QUEUE_MAXLEN, LENGTH_MAX);
		error = netlink_send(n, NULL, NULL);
	}
	if (error)
		return diag_set(d, ERR_MISSING, "the kernel's nfnetlink_queue is not to be had: %s", strerror(error));
	setsockopt(n->fd, SOL_SOCKET, SO_RCVBUFFORCE, &octets, sizeof octets);
	return OK;
}

/* The attribute's value in a message; NULL: it has none of that type and of at least that length. */
static const uint8_t *attribute(const uint8_t *message, size_t len, uint16_t type, size_t least, size_t *value_len)
{
	for (size_t at = NLMSG_LENGTH(sizeof(struct nfgenmsg)); at + sizeof(struct nlattr) <= len;) {
		const struct nlattr *a = (const struct nlattr *)(message + at);
		if (a->nla_len < sizeof *a || a->nla_len > len - at)
			return NULL;
		*value_len = a->nla_len - sizeof *a;
		if ((a->nla_type & NLA_TYPE_MASK) == type && *value_len >= least)
			return message + at + sizeof *a;
		at += (a->nla_len + 3u) & ~3u;
	}
	return NULL;
}

static bool is_packet(const uint8_t *message, size_t len)
{
	const struct nlmsghdr *h = (const struct nlmsghdr *)message;
	return len >= sizeof *h && h->nlmsg_type == (NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET);
}

bool waiting_next(struct netlink *n, struct waiting *w)
{
	_Alignas(NLMSG_ALIGNTO) uint8_t message[MESSAGE_ROOM];
	for (size_t len; (len = netlink_read(n, message, sizeof message));) {
		struct nfqnl_msg_packet_hdr head;
		size_t value_len;
		const uint8_t *value = is_packet(message, len) ? attribute(message, len, NFQA_PACKET_HDR, sizeof head, &value_len) : NULL;
		if (!value)
			continue;
		memcpy(&head, value, sizeof head);
		w->id = ntohl(head.packet_id);
		value = attribute(message, len, NFQA_PAYLOAD, 1, &value_len);
		if (!value || !flow_read(&w->flow, value, value_len))
			w->flow = (struct flow){0};
		return true;
	}
	return false;
}

void waiting_release(struct netlink *n, const struct waiting *w, uint32_t mark)
{
	const struct nfqnl_msg_verdict_hdr verdict = {.verdict = htonl(NF_ACCEPT), .id = htonl(w->id)};
	begin(n, NFQNL_MSG_VERDICT, 1);
	netlink_put(n, NFQA_VERDICT_HDR, &verdict, sizeof verdict);
	netlink_put_number(n, NFQA_MARK, mark);
	netlink_flush(n); /* its answer, should there be one, is passed over among the packets */
}
