/* server_worker.h - what one worker keeps to answer with. Owned by its thread. */
#pragma once
#include "query/query.h"
#include "served.h"

struct server_worker {
	_Alignas(64) struct query_state state; /* no two workers write to one cache line */
	struct served *served;                 /* what it answers with */
};
