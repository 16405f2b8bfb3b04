/* world.h - a store fed with objects written in one line each, and what it said of them.
 *
 *   svc [NS/]NAME [sel=K:V,…] [headless] [publish] [external=HOST] [ip=ADDR,…] [families=4|6|46]
 *       [port=NAME:PORT[:TARGET[:PROTOCOL]]]…
 *   pod [NS/]NAME [labels=K:V,…] [ip=ADDR,…] [phase=PHASE] [ready] [deleting] [host=NAME] [sub=NAME] [port=NAME:PORT[:PROTOCOL]]…
 *   slice [NS/]NAME [of=SERVICE] [controller, to delete and list such slices their KIND is cslice] [port=NAME:PORT]… [ep=ADDR+ADDR[,notready][,host=NAME][,pod=NAME][,zone=ZONE]]…
 *   endpoints [NS/]NAME [skip] [port=NAME:PORT]… [ep=…]…
 *   namespace NAME · node NAME · sts [NS/]NAME
 *   import [NS/]NAME [headless] [ip=ADDR,…]; a slice of one has import=NAME and cluster=ID
 *   delete KIND [NS/]NAME · mark KIND… · sweep KIND… · flush · turn
 *   watched (rules as for a cluster) · settle MS · use slices · use pods
 *
 * NS is "default" where it is left out; a port that is left out is absent. Lines become JSON and go through object_decode(). */
#pragma once
#include "store/store.h"

#define OBJECT_OCTETS  100 /* that each object says it has */
#define WORLD_SERVICES 64
#define WORLD_TEXT     16384

struct world_service {
	char key[64]; /* NS/NAME, of a ServiceImport with "import:" before it */
	char text[WORLD_TEXT];
};

struct world {
	struct intern *pool;
	struct store *store;
	struct world_service services[WORLD_SERVICES]; /* published ones, by key */
	size_t count;
	char log[WORLD_TEXT]; /* "+NS", "NS/NAME", "-NS/NAME", "-NS", a space after each: the callbacks since it was last emptied */
	bool tells_pods;      /* the log has "+NS/ADDR" and "-NS/ADDR" as well */
	uint64_t clock_us;    /* goes on by these for each Service that is told, or told to be gone, and each endpoint of it */
	unsigned service_us, endpoint_us;
	unsigned refuse;    /* so many callbacks return ERR_NOMEM, and do nothing */
	unsigned fail_at;   /* the n-th allocation of each upsert or flush fails; 0: none */
	unsigned settle_ms; /* what the last settle returned */
	bool failed;        /* it did, in the last one */
};

struct world *world_new(void);
void world_free(struct world *w);

/* Does what one line says. ERR_NOMEM: fail_at made it fail. */
enum err world_do(struct world *w, const char *line);

/* Does what the lines say (up to a newline each) and flushes; all must succeed. */
void world_play(struct world *w, const char *lines);

/* All that is published, by key: "NS/NAME: ENDPOINT; ENDPOINT\n" for each Service. ENDPOINT is
 * "POD STATE ADDR… [in ZONE] [@HOSTNAME, @ alone where the pod has none but the subdomain] [NAME=PORT/PROTOCOL]…", POD being "-" where there is none. */
void world_state(const struct world *w, char out[WORLD_TEXT]);
