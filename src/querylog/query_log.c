#include "querylog/query_log.h"
#include "base/file.h"
#include "base/log.h"
#include "base/privileges.h"
#include "line_format.h"
#include "record_json.h"
#include "record_ring.h"
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

#define CHUNK_BYTES   PIPE_BUF /* whole lines, so that who shares a pipe does not write into one */
#define TEXT_BYTES    PIPE_BUF
#define JSON_BYTES    (2 * TEXT_BYTES + 4096)
#define PAUSE_MS      4     /* between two looks at busy workers: lines leave many at a time */
#define TELL_AGAIN_MS 10000 /* that lines are being lost */

/* Formats live as long as the log, since lines on their way refer to them. */
struct format {
	SLIST_ENTRY(format) next;
	struct line_format *format;
};

struct query_log {
	struct query_log_options options;
	SLIST_HEAD(, format) formats;
	struct record_ring **rings; /* by worker; NULL: no block has a log yet */
	pthread_t thread;
	int news;                       /* an eventfd: written where the thread sleeps, and at the end */
	atomic_bool sleeping, ending;   /* sleeping: who puts a record wakes the thread */
	_Atomic(uint64_t) written, cut; /* lines; cut: the system did not take them. The thread's to count */
	struct {                        /* the thread's */
		char bytes[CHUNK_BYTES];
		size_t len;
		unsigned lines;
	} out;
	_Atomic(uint64_t) told;   /* of lost lines */
	_Atomic(int64_t) told_ms; /* and when; 0: never */
	pthread_mutex_t lock;
	pthread_cond_t end;
	bool ended;
};

struct rule {
	struct name scope;
	unsigned classes;
	const struct line_format *format;
};

struct query_log_rules {
	unsigned count;
	struct rule rules[];
};

/* --- the thread: writing --- */

static void add_to(_Atomic(uint64_t) *n, uint64_t more)
{
	atomic_store_explicit(n, atomic_load_explicit(n, memory_order_relaxed) + more, memory_order_relaxed);
}

static void write_lines(struct query_log *q, const char *bytes, size_t len, unsigned lines)
{
	bool written = file_write_given(q->options.fd, bytes, len) == len;
	add_to(written ? &q->written : &q->cut, lines);
}

static void flush(struct query_log *q)
{
	if (q->out.len)
		write_lines(q, q->out.bytes, q->out.len, q->out.lines);
	q->out.len = 0;
	q->out.lines = 0;
}

static void add_line(struct query_log *q, const char *line, size_t len)
{
	if (q->out.len + len > sizeof q->out.bytes)
		flush(q);
	if (len > sizeof q->out.bytes) {
		write_lines(q, line, len, 1);
		return;
	}
	memcpy(q->out.bytes + q->out.len, line, len);
	q->out.len += len;
	q->out.lines++;
}

static void add_json(struct query_log *q, const struct query_record *r, const char *text, size_t text_len)
{
	char line[JSON_BYTES];
	add_line(q, line, record_json_write(r, text, text_len, line, sizeof line));
}

static void add_record(struct query_log *q, const struct query_record *r)
{
	static const char level[] = "[INFO] ";
	const size_t level_len = sizeof level - 1;
	char text[TEXT_BYTES];
	size_t len = level_len + line_format_write(r->format, r, text + level_len, sizeof text - level_len - 1);
	memcpy(text, level, level_len);
	if (q->options.json) {
		add_json(q, r, text + level_len, len - level_len);
		return;
	}
	text[len] = '\n';
	add_line(q, text, len + 1);
}

/* The ring with the oldest record; NULL: all are empty. */
static struct record_ring *oldest(const struct query_log *q)
{
	struct record_ring *found = NULL;
	int64_t when_ns = INT64_MAX;
	for (unsigned w = 0; w < q->options.workers; w++) {
		const struct query_record *r = record_ring_next(q->rings[w]);
		if (!r || (found && r->when_ns >= when_ns))
			continue;
		found = q->rings[w];
		when_ns = r->when_ns;
	}
	return found;
}

/* True if there was something. */
static bool drain(struct query_log *q)
{
	struct record_ring *ring;
	bool any = false;
	while ((ring = oldest(q))) {
		add_record(q, record_ring_next(ring));
		record_ring_take(ring);
		any = true;
	}
	flush(q);
	return any;
}

/* --- the thread: losses, sleep, the end --- */

void query_log_count(const struct query_log *q, struct query_log_counts *counts)
{
	*counts = (struct query_log_counts){
	        .written = atomic_load_explicit(&q->written, memory_order_relaxed),
	        .lost = atomic_load_explicit(&q->cut, memory_order_relaxed),
	};
	for (unsigned w = 0; q->rings && w < q->options.workers; w++)
		counts->lost += atomic_load_explicit(&q->rings[w]->lost, memory_order_relaxed);
}

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* From time to time, by whoever sees it first: the thread may be waiting for stdout. True if there are some that were not told yet. */
static bool tell_losses(struct query_log *q, bool at_once)
{
	int64_t told_ms = atomic_load(&q->told_ms), now = now_ms();
	struct query_log_counts counts;
	query_log_count(q, &counts);
	if (counts.lost == atomic_load(&q->told))
		return false;
	if ((!at_once && told_ms && now - told_ms < TELL_AGAIN_MS) || !atomic_compare_exchange_strong(&q->told_ms, &told_ms, now))
		return true;
	log_line(LOG_WARNING, "log: lines of queries lost: %llu (standard output did not take them)",
	         (unsigned long long)(counts.lost - atomic_exchange(&q->told, counts.lost)));
	return false;
}

static void wait_news(struct query_log *q, int timeout_ms)
{
	struct pollfd p = {.fd = q->news, .events = POLLIN};
	uint64_t count;
	if (poll(&p, 1, timeout_ms) > 0)
		(void)!read(q->news, &count, sizeof count);
}

/* A record that is put after the look finds `sleeping` set: both are in one order (seq_cst). */
static void sleep_until_news(struct query_log *q, bool untold)
{
	atomic_store(&q->sleeping, true);
	if (!oldest(q))
		wait_news(q, untold ? TELL_AGAIN_MS : -1);
	atomic_store(&q->sleeping, false);
}

static void *run(void *arg)
{
	struct query_log *q = arg;
	bool ending = false;
	prctl(PR_SET_NAME, "query log");
	privileges_none();
	while (!ending) {
		bool any, untold;
		ending = atomic_load(&q->ending); /* what was put before that is still taken */
		any = drain(q);
		untold = tell_losses(q, ending);
		if (any && !ending)
			wait_news(q, PAUSE_MS);
		else if (!ending)
			sleep_until_news(q, untold);
	}
	pthread_mutex_lock(&q->lock);
	q->ended = true;
	pthread_cond_signal(&q->end);
	pthread_mutex_unlock(&q->lock);
	return NULL;
}

static void tell_thread(const struct query_log *q)
{
	const uint64_t one = 1;
	(void)!write(q->news, &one, sizeof one);
}

/* --- its life --- */

enum err query_log_new(const struct query_log_options *options, struct query_log **out, struct diag *d)
{
	struct query_log *q = calloc(1, sizeof *q);
	if (!q)
		return diag_no_memory(d);
	q->options = *options;
	q->news = -1;
	SLIST_INIT(&q->formats);
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->end, NULL);
	*out = q;
	return OK;
}

static void free_rings(struct query_log *q)
{
	for (unsigned w = 0; q->rings && w < q->options.workers; w++)
		free(q->rings[w]);
	free(q->rings);
	q->rings = NULL;
}

static enum err make_rings(struct query_log *q, struct diag *d)
{
	bool all;
	q->rings = calloc(q->options.workers, sizeof *q->rings);
	all = q->rings;
	for (unsigned w = 0; all && w < q->options.workers; w++)
		all = (q->rings[w] = record_ring_new());
	if (all)
		return OK;
	free_rings(q);
	return diag_no_memory(d);
}

static enum err start_thread(struct query_log *q, struct diag *d)
{
	sigset_t all, before;
	int failure;
	q->news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (q->news < 0)
		return diag_set(d, ERR_SYS, "log: eventfd: %s", strerror(errno));
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the control thread's */
	failure = pthread_create(&q->thread, NULL, run, q);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!failure)
		return OK;
	close(q->news);
	return diag_set(d, ERR_SYS, "log: no thread: %s", strerror(failure));
}

static enum err start(struct query_log *q, struct diag *d)
{
	enum err err = q->rings ? OK : make_rings(q, d);
	if (err || q->news >= 0)
		return err;
	err = start_thread(q, d);
	if (!err)
		return OK;
	q->news = -1;
	free_rings(q);
	return err;
}

/* False: it waits for whoever does not read. */
static bool end_thread(struct query_log *q)
{
	struct timespec until;
	bool ended;
	atomic_store(&q->ending, true);
	tell_thread(q);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += LOG_STOP_MS / 1000;
	pthread_mutex_lock(&q->lock);
	while (!q->ended && pthread_cond_clockwait(&q->end, &q->lock, CLOCK_MONOTONIC, &until) != ETIMEDOUT)
		;
	ended = q->ended;
	pthread_mutex_unlock(&q->lock);
	if (ended)
		pthread_join(q->thread, NULL);
	else
		pthread_detach(q->thread); /* it may be inside of a write(2) that never returns: what it looks at stays */
	return ended;
}

void query_log_free(struct query_log *q)
{
	struct format *f;
	if (!q || (q->news >= 0 && !end_thread(q)))
		return;
	if (q->news >= 0)
		close(q->news);
	while ((f = SLIST_FIRST(&q->formats))) {
		SLIST_REMOVE_HEAD(&q->formats, next);
		line_format_free(f->format);
		free(f);
	}
	free_rings(q);
	pthread_cond_destroy(&q->end);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

/* --- rules --- */

/* NULL: out of memory. */
static const struct line_format *find_format(struct query_log *q, const char *text)
{
	struct format *f;
	SLIST_FOREACH(f, &q->formats, next)
	{
		if (strcmp(line_format_text(f->format), text ? text : "{common}") == 0)
			return f->format;
	}
	f = calloc(1, sizeof *f);
	if (f)
		f->format = line_format_new(text);
	if (!f || !f->format) {
		free(f);
		return NULL;
	}
	SLIST_INSERT_HEAD(&q->formats, f, next);
	return f->format;
}

enum err query_log_rules_new(struct query_log *q, const struct log_options *said, struct query_log_rules **out, struct diag *d)
{
	struct query_log_rules *r = calloc(1, sizeof *r + said->rule_count * sizeof r->rules[0]);
	enum err err;
	if (!r)
		return diag_no_memory(d);
	for (; r->count < said->rule_count; r->count++) {
		const struct log_rule *rule = &said->rules[r->count];
		const struct line_format *format = find_format(q, rule->format);
		if (!format) {
			query_log_rules_free(r);
			return diag_no_memory(d);
		}
		r->rules[r->count] = (struct rule){rule->scope, rule->classes, format};
	}
	err = start(q, d);
	if (err)
		query_log_rules_free(r);
	else
		*out = r;
	return err;
}

void query_log_rules_free(struct query_log_rules *r)
{
	free(r);
}

/* --- a query --- */

/* The first that has the name counts, whether it is for the response's class or not. */
static const struct rule *find_rule(const struct query_log_rules *r, const struct name *qname)
{
	for (unsigned i = 0; i < r->count; i++) {
		if (!r->rules[i].scope.labels || name_in(qname, &r->rules[i].scope))
			return &r->rules[i];
	}
	return NULL;
}

static bool is_wanted(const struct rule *rule, const struct exchange *x)
{
	return rule->classes == LOG_CLASS_ALL || (rule->classes & query_record_class(x->reply, x->reply_len, time(NULL)));
}

void query_log_done(void *arg, unsigned worker, const struct exchange *x, const void *log)
{
	struct query_log *q = arg;
	const struct rule *rule = find_rule(log, &x->query.request.qname);
	struct query_record *r;
	if (!rule || !is_wanted(rule, x))
		return;
	r = record_ring_room(q->rings[worker]);
	if (!r) {
		tell_losses(q, false);
		return;
	}
	query_record_fill(r, x);
	r->format = rule->format;
	record_ring_put(q->rings[worker]);
	if (atomic_load(&q->sleeping) && atomic_exchange(&q->sleeping, false))
		tell_thread(q);
}
