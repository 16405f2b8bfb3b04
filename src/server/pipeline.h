/* pipeline.h - a query's way through the steps of its plan. All of it on the worker's thread. */
#pragma once
#include "plan.h"
#include "server_worker.h"

/* First pass over a batch, in a read section: which plan a message belongs to, and towards the processor what its cluster knows of the name, where the steps
 * before the cluster's leave the query as it is. */
void pipeline_begin(struct exchange *x, const struct routes *routes, struct net_message *m, struct server_worker *w, unsigned address);

/* Second pass, in the same section: answers it, or lets it wait. */
void pipeline_answer(struct exchange *x, struct net_message *m, struct server_worker *w, unsigned address);

/* Asks what has been asked by steps (w->ready). */
void pipeline_ask_ready(struct server_worker *w);

/* x gets SERVFAIL: nobody has answered in time, or there is no room for it to wait. */
enum step_verdict pipeline_late(struct exchange *x);
enum step_verdict pipeline_busy(struct exchange *x);

/* Answers those whose time is over. */
void pipeline_expire(struct server_worker *w);

/* Nobody waits any more, and nobody is answered. */
void pipeline_forget(struct server_worker *w);
