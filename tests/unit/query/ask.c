#include "ask.h"
#include "reply.h"
#include "unit.h"
#include <string.h>

static size_t reply_len;
static uint8_t out[DNS_TCP_SIZE_MAX];
static enum query_outcome outcome;
static uint16_t target_at;

static size_t limit(const struct query *q)
{
	if (q->transport == QUERY_TCP)
		return DNS_TCP_SIZE_MAX;
	return q->request.edns_udp_size < DNS_UDP_SIZE_CAP ? q->request.edns_udp_size : DNS_UDP_SIZE_CAP;
}

const char *ask(const struct query_policy *policy, struct query_state *state, const char *question)
{
	static char text[REPLY_TEXT_MAX];
	bool tcp = strncmp(question, "tcp ", 4) == 0;
	uint8_t in[512];
	struct query q;
	struct query_state fresh = {0};
	size_t len = reply_query(tcp ? question + 4 : question, in);
	rcu_reader_lock();
	query_begin(&q, tcp ? QUERY_TCP : QUERY_UDP, in, len);
	query_locate(&q, policy);
	reply_len = query_answer(&q, policy, state ? state : &fresh, out, tcp ? sizeof out : DNS_UDP_SIZE_CAP);
	rcu_reader_unlock();
	query_count(state ? state : &fresh, &q);
	outcome = q.outcome;
	target_at = q.target;
	if (!reply_text(in, len, out, reply_len, text))
		fail_msg("%s: %s", question, text);
	if (reply_len > limit(&q))
		fail_msg("%s: %zu octets", question, reply_len);
	return text;
}

enum query_outcome ask_outcome(struct name *target)
{
	name_root(target);
	if (outcome == QUERY_CHASE || outcome == QUERY_AWAITED)
		name_from_wire(target, out + target_at, reply_len - target_at);
	return outcome;
}

size_t ask_len(void)
{
	return reply_len;
}

bool ask_wants(const struct query_policy *policy, const char *what, const char *question, const char *want)
{
	const char *got = ask(policy, NULL, question);
	if (strcmp(got, want) == 0)
		return true;
	print_error("%s\n  ask  %s\n  want %s\n  got  %s\n", what, question, want, got);
	return false;
}
