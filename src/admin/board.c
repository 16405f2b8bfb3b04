#include "board.h"
#include <stdlib.h>
#include <string.h>

#define PLAIN "text/plain; charset=utf-8"

struct scrape {
	unsigned users; /* under the lock */
	struct MHD_Response *response;
};

enum err board_init(struct board *b, const struct admin_options *options)
{
	memset(b, 0, sizeof *b);
	b->options = options;
	TAILQ_INIT(&b->askers);
	b->unready = strdup("starting\n");
	if (!b->unready)
		return ERR_NOMEM;
	if (!pthread_mutex_init(&b->lock, NULL))
		return OK;
	free(b->unready);
	return ERR_SYS;
}

void board_clear(struct board *b)
{
	pthread_mutex_destroy(&b->lock);
	free(b->unready);
}

struct MHD_Response *board_response(const char *text, const char *type)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
	if (r && MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type) == MHD_YES)
		return r;
	if (r)
		MHD_destroy_response(r);
	return NULL;
}

struct MHD_Response *board_ready(struct board *b, unsigned *status)
{
	struct MHD_Response *r;
	pthread_mutex_lock(&b->lock);
	*status = b->unready ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_OK;
	r = board_response(b->unready ? b->unready : "OK", PLAIN);
	pthread_mutex_unlock(&b->lock);
	return r;
}

/* --- waiting for /metrics --- */

bool board_ask(struct board *b, struct asker *a)
{
	bool waits;
	pthread_mutex_lock(&b->lock);
	waits = !atomic_load(&b->ending);
	if (waits) {
		TAILQ_INSERT_TAIL(&b->askers, a, next);
		MHD_suspend_connection(a->connection); /* under the lock: who resumes it must find it suspended */
	}
	pthread_mutex_unlock(&b->lock);
	if (waits)
		b->options->wanted(b->options->arg);
	return waits;
}

struct MHD_Response *board_scraped(const struct asker *a)
{
	return a->scrape ? a->scrape->response : NULL;
}

static void let_go(struct scrape *s)
{
	if (!s || --s->users)
		return;
	MHD_destroy_response(s->response);
	free(s);
}

void board_thank(struct board *b, struct asker *a)
{
	pthread_mutex_lock(&b->lock);
	let_go(a->scrape);
	a->scrape = NULL;
	pthread_mutex_unlock(&b->lock);
}

static struct scrape *scrape_new(struct buffer *text)
{
	struct scrape *s = text->failed ? NULL : calloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->users = 1;
	s->response = MHD_create_response_from_buffer(text->len, text->data, MHD_RESPMEM_MUST_FREE);
	if (!s->response) {
		free(s);
		return NULL;
	}
	*text = (struct buffer){0};
	if (MHD_add_response_header(s->response, MHD_HTTP_HEADER_CONTENT_TYPE, EXPOSITION_TYPE) == MHD_YES)
		return s;
	let_go(s);
	return NULL;
}

static void resume(struct board *b, struct asker *a, struct scrape *s)
{
	TAILQ_REMOVE(&b->askers, a, next);
	a->scrape = s;
	if (s)
		s->users++;
	MHD_resume_connection(a->connection);
}

void board_publish(struct board *b, struct buffer *text)
{
	struct scrape *s = scrape_new(text);
	struct asker *a;
	buffer_free(text);
	pthread_mutex_lock(&b->lock);
	while ((a = TAILQ_FIRST(&b->askers)))
		resume(b, a, s);
	let_go(s);
	pthread_mutex_unlock(&b->lock);
}

void board_refuse(struct board *b, const void *listener)
{
	struct asker *a, *next;
	pthread_mutex_lock(&b->lock);
	if (!listener)
		atomic_store(&b->ending, true);
	for (a = TAILQ_FIRST(&b->askers); a; a = next) {
		next = TAILQ_NEXT(a, next);
		if (!listener || a->listener == listener)
			resume(b, a, NULL);
	}
	pthread_mutex_unlock(&b->lock);
}
