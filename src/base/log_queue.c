#include "log_queue.h"
#include "base/file.h"
#include "base/log.h"
#include "base/privileges.h"
#include "log_text.h"
#include "text.h"
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define CHUNK_BYTES PIPE_BUF /* whole lines, so that who shares a pipe does not write into one */
#define LOSS_BYTES  256

/* Mutable state without an owner: stderr is the process's, and whatever meets trouble may log. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t news;    /* for the thread: there is a line, or the end */
	pthread_cond_t written; /* for who waits for it */
	pthread_t thread;
	enum { DIRECT, QUEUED, DEAF } state;
	bool ending;
	bool torn; /* the last octet that was written is not the end of a line; the thread's alone */
	/* Octets since the beginning, modulo LOG_QUEUE_BYTES the place in the ring. */
	uint64_t put, taken, done;
	unsigned long long lost, telling; /* lines since it was said last; how many the line says that ends at told_end */
	uint64_t told_end;
	char bytes[LOG_QUEUE_BYTES];
} queue = {.lock = PTHREAD_MUTEX_INITIALIZER, .news = PTHREAD_COND_INITIALIZER, .written = PTHREAD_COND_INITIALIZER};

/* --- the ring, with the lock --- */

static size_t used(void)
{
	return (size_t)(queue.put - queue.taken);
}

static void copy_in(const char *bytes, size_t len)
{
	size_t at = queue.put % LOG_QUEUE_BYTES, first = LOG_QUEUE_BYTES - at;
	if (first > len)
		first = len;
	memcpy(queue.bytes + at, bytes, first);
	memcpy(queue.bytes, bytes + first, len - first);
	queue.put += len;
}

/* As many whole lines as go into a chunk. */
static size_t take(char chunk[CHUNK_BYTES])
{
	size_t len = used() < CHUNK_BYTES ? used() : CHUNK_BYTES;
	size_t at = queue.taken % LOG_QUEUE_BYTES, first = LOG_QUEUE_BYTES - at;
	if (first > len)
		first = len;
	memcpy(chunk, queue.bytes + at, first);
	memcpy(chunk + first, queue.bytes, len - first);
	while (len && chunk[len - 1] != '\n')
		len--;
	queue.taken += len;
	return len;
}

static void put_loss(void)
{
	char line[LOSS_BYTES], text[LOSS_BYTES], number[TEXT_NUMBER_ROOM];
	size_t len;
	snprintf(text, sizeof text, "lines lost here: %s (stderr did not take them)", text_number(queue.lost, number));
	len = log_text_line(line, sizeof line, LOG_WARNING, NULL, text);
	queue.telling = queue.lost;
	queue.lost = 0;
	copy_in(line, len);
	queue.told_end = queue.put;
}

/* A loss is said before the next line, and not for every few lines of a slow reader. */
static bool put(const char *line, size_t len, bool is_error)
{
	size_t room = LOG_QUEUE_BYTES - used(), kept = is_error ? 0 : LOG_ERRORS_BYTES;
	if (queue.lost && !is_error && room < LOG_QUEUE_BYTES / 2)
		return false;
	if (room < kept + len + LOSS_BYTES)
		return false;
	if (queue.lost)
		put_loss();
	copy_in(line, len);
	return true;
}

static unsigned long long count_lines(const char *chunk, size_t len)
{
	unsigned long long lines = 0;
	for (size_t i = 0; i < len; i++)
		lines += chunk[i] == '\n';
	return lines;
}

/* Not all of these octets, which begin at from, could be written. */
static void count_lost(const char *rest, size_t len, uint64_t from)
{
	queue.lost += count_lines(rest, len);
	if (queue.told_end <= from)
		return;
	queue.lost += queue.telling - 1; /* the line that says it is none of them */
	queue.telling = 1;
}

/* --- the thread --- */

/* Without the lock. */
static size_t write_chunk(const char *chunk, size_t len)
{
	size_t written;
	if (queue.torn && file_write_given(STDERR_FILENO, "\n", 1) == 0)
		return 0;
	queue.torn = false;
	written = file_write_given(STDERR_FILENO, chunk, len);
	queue.torn = written && chunk[written - 1] != '\n';
	return written;
}

static void write_next(char chunk[CHUNK_BYTES])
{
	size_t len = take(chunk), written;
	pthread_mutex_unlock(&queue.lock);
	written = write_chunk(chunk, len);
	pthread_mutex_lock(&queue.lock);
	if (written < len)
		count_lost(chunk + written, len - written, queue.taken - (len - written));
	else if (queue.lost && used() <= LOG_QUEUE_BYTES / 2)
		put_loss();
	queue.done = queue.taken;
	pthread_cond_broadcast(&queue.written);
}

static void *run(void *arg)
{
	char chunk[CHUNK_BYTES];
	(void)arg;
	prctl(PR_SET_NAME, "log");
	privileges_none();
	pthread_mutex_lock(&queue.lock);
	while (used() || !queue.ending) {
		if (used())
			write_next(chunk);
		else
			pthread_cond_wait(&queue.news, &queue.lock);
	}
	pthread_mutex_unlock(&queue.lock);
	return NULL;
}

/* --- for everybody --- */

void log_queue_put(const char *line, size_t len, bool is_error)
{
	bool direct;
	pthread_mutex_lock(&queue.lock);
	direct = queue.state == DIRECT;
	if (queue.state == QUEUED && put(line, len, is_error))
		pthread_cond_signal(&queue.news);
	else
		queue.lost += !direct;
	pthread_mutex_unlock(&queue.lock);
	if (direct)
		file_write_given(STDERR_FILENO, line, len);
}

enum err log_start(void)
{
	sigset_t all, before;
	int failure;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the control thread's */
	queue.ending = false;
	failure = pthread_create(&queue.thread, NULL, run, NULL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failure)
		return ERR_SYS;
	pthread_mutex_lock(&queue.lock);
	queue.state = QUEUED;
	pthread_mutex_unlock(&queue.lock);
	return OK;
}

/* True once all that had been put at the call is written. With the lock. */
static bool wait_written(void)
{
	uint64_t goal = queue.put;
	struct timespec end;
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += LOG_STOP_MS / 1000;
	while (queue.done < goal) {
		if (pthread_cond_clockwait(&queue.written, &queue.lock, CLOCK_MONOTONIC, &end) == ETIMEDOUT)
			return queue.done >= goal;
	}
	return true;
}

void log_flush(void)
{
	pthread_mutex_lock(&queue.lock);
	if (queue.state == QUEUED)
		wait_written();
	pthread_mutex_unlock(&queue.lock);
}

void log_stop(void)
{
	bool was_running, written;
	pthread_mutex_lock(&queue.lock);
	was_running = queue.state == QUEUED;
	written = was_running && wait_written();
	if (was_running)
		queue.state = written ? DIRECT : DEAF;
	queue.ending = true;
	pthread_cond_signal(&queue.news);
	pthread_mutex_unlock(&queue.lock);
	if (written)
		pthread_join(queue.thread, NULL);
	else if (was_running)
		pthread_detach(queue.thread); /* it may be inside of a write(2) that never returns */
}
