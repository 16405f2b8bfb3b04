/* pipeline.h - a query's way through the steps of its plan. On a worker's thread, in a read section. */
#pragma once
#include "plan.h"
#include "server_worker.h"

/* First pass over a batch: which plan a message belongs to, and towards the processor what its cluster knows of the name. */
void pipeline_begin(struct exchange *x, const struct routes *routes, const struct net_message *m);

/* Second pass: answers it, or lets it wait. */
void pipeline_answer(struct exchange *x, struct net_message *m, struct server_worker *w, unsigned address);
