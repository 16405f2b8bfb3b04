/* labels.h - the rows of a configuration: by which labels its queries are counted. Control thread. */
#pragma once
#include "served.h"

/* Gives each route whose block is counted its row, and where there is one, each address a row of queries that no block has, as in CoreDNS. ERR_NOMEM. */
enum err labels_make(struct served *v, struct tally *t);

/* As server_each_step(). */
void labels_each_step(const struct served *v, server_step_visit *visit, void *arg);
