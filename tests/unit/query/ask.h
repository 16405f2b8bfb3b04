/* ask.h - a question as text to a reply as text (reply.h), within a read section. */
#pragma once
#include "query/query.h"

/* Asks over UDP, or over TCP where the question begins with "tcp ". state may be NULL: no rotation is under way. Fails the test
 * if the reply is malformed or longer than the client takes. The text is good until the next call. */
const char *ask(const struct query_policy *policy, struct query_state *state, const char *question);

/* Octets of the last reply. */
size_t ask_len(void);

/* What became of the last question; for QUERY_CHASE, where it leads to, for QUERY_AWAITED the name that is missing. */
enum query_outcome ask_outcome(struct name *target);

/* Asks and, where the reply is another one, prints what, question, want and got; true if it is that one. */
bool ask_wants(const struct query_policy *policy, const char *what, const char *question, const char *want);
