/* fixture.h - a server with blocks of the tests' steps (late.h), and clients that ask it. */
#pragma once
#include "late.h"
#include "server/server.h"
#include "unit.h"
#include <uv.h>

#define PATIENCE_S 30
#define STEPS_MAX  3

enum { NOERROR = 0, SERVFAIL = 2, NXDOMAIN = 3, REFUSED = 5 };

struct fixture {
	uv_loop_t loop;
	struct server *server;
	unsigned replaced;
	struct late late[STEPS_MAX];
	unsigned late_count;
	bool counted;                        /* so are the blocks that are added from then on; */
	const struct errors_options *errors; /* theirs; NULL: none */
	const char *const *named;            /* of those blocks */
	const void *log;                     /* as server_block has it */
};

/* One worker where *with says nothing else. */
void start(struct fixture *f, const struct server_options *with);

/* A block of so many steps more, for "test", at every address of IPv4. */
enum err add(struct fixture *f, const struct step_kind *kind, unsigned count);

/* add() and adopt. */
void serve(struct fixture *f, const struct step_kind *kind, unsigned count);

/* Checks that each step was freed. */
void stop(struct fixture *f);
void end(struct fixture *f); /* where server_stop() was called already */

/* A socket of the n-th client address. */
int client(const struct fixture *f, int type, unsigned n);

void ask(int fd, uint16_t id, const char *name);
void ask_tcp(int fd, uint16_t id, const char *name);

struct reply {
	uint16_t id;
	unsigned rcode, answers;
	int ede; /* -1: none */
	size_t len;
	uint8_t bytes[512];
};

void send_octets(int fd, const void *bytes, size_t len);

/* The next one. */
struct reply reply(int fd);
struct reply reply_tcp(int fd);
