/* late.h - a step of the tests, through the public interface of steps: what it does with a query is the query's first label. Any number of workers.
 *
 *   now…     answers at once
 *   pass…    passes
 *   fall…    falls through, with NXDOMAIN
 *   drop…    drops it
 *   wait…    waits until the test says what becomes of it
 *   brief…   waits, but for BRIEF_MS at most
 *   patient… the same; when that is over it answers, where the kind is &late_expiring
 *   bad…     fails
 *   back…    answers NXDOMAIN; where the kind is &late_reconsidering it asks, on the way out, for what stands to the right of that label
 *   ask…     asks for what stands to the right of that label, and answers as that was answered
 */
#pragma once
#include "server/step.h"
#include <semaphore.h>
#include <stdatomic.h>

#define BRIEF_MS     50
#define LATE_ADDRESS "\300\0\2\1" /* of every answer */
#define LATE_WORKERS 4

struct late_worker;

struct late {
	sem_t arrived; /* one for each query that began to wait */
	sem_t done;    /* one for each worker that has resumed all; not the worker's, whose state may end at once */
	atomic_uint waiting, answered, forgotten, expired, heard, begun, ended, freed;
	struct late_worker *_Atomic workers[LATE_WORKERS]; /* those begun, and not ended */
};

extern const struct step_kind late_kind, late_expiring, late_reconsidering;

void late_init(struct late *l);
void late_clear(struct late *l);

/* Has every waiting query of each worker resumed, the last one first, and returns when that was done. */
void late_resume_all(struct late *l, enum step_verdict verdict);

void late_await(struct late *l, unsigned n);
