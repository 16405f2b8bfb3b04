#include "transfer_session.h"
#include "base/buffer.h"
#include "base/sockaddr.h"
#include "dns/message.h"
#include "dns/wire.h"
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define SILENCE_MAX_MS 10000             /* between two reads; also until there is a connection */
#define REQUEST_MAX_MS (15 * 60 * 1000)  /* in all: who sends an octet now and then comes to an end, too */
#define WAITING_MAX    ((size_t)1 << 20) /* octets that wait for the thread: more are not read meanwhile */
#define READ_MAX       65536
#define LENGTH_LEN     2

/* What the thread makes of what it is given; its own while it works. */
struct reading {
	struct transfer_reader *reader;
	enum transfer_kind kind;
	struct buffer messages; /* whole ones */
	enum transfer_verdict verdict;
	struct zone_data *zone;
	bool surplus; /* there were messages behind the last one */
	bool failed;  /* the zone could not be made */
	struct diag why;
};

struct transfer_session {
	uv_tcp_t tcp;
	uv_timer_t timer;
	uv_connect_t connect;
	uv_write_t write;
	uv_work_t work;
	struct sockaddr_storage primary;
	transfer_done *done; /* NULL: it was ended */
	void *arg;
	unsigned handles; /* that are not closed yet */
	bool connected, closing, working, busy;
	bool heard;               /* something came for this request */
	bool reused;              /* a request was answered before */
	uint64_t ends_ms;         /* of this request */
	enum transfer_fault lost; /* of the connection; TRANSFER_FAULT_NONE: it stands */
	const char *lost_text;
	struct buffer waiting; /* what was read */
	struct reading reading;
	size_t request_len;
	uint8_t request[LENGTH_LEN + TRANSFER_REQUEST_MAX];
	char room[READ_MAX];
};

/* --- its end --- */

static void reading_clear(struct reading *r)
{
	zone_data_drop(r->zone);
	transfer_reader_free(r->reader);
	buffer_free(&r->messages);
	*r = (struct reading){0};
}

static void session_free(struct transfer_session *s)
{
	if (s->handles || s->working || s->done)
		return;
	reading_clear(&s->reading);
	buffer_free(&s->waiting);
	free(s);
}

static void on_closed(uv_handle_t *handle)
{
	struct transfer_session *s = handle->data;
	s->handles--;
	session_free(s);
}

static void close_handles(struct transfer_session *s)
{
	if (s->closing)
		return;
	s->closing = true;
	uv_close((uv_handle_t *)&s->tcp, on_closed);
	uv_close((uv_handle_t *)&s->timer, on_closed);
}

void transfer_session_end(struct transfer_session *s)
{
	if (!s)
		return;
	s->done = NULL;
	close_handles(s);
	session_free(s);
}

bool transfer_session_is_over(const struct transfer_session *s)
{
	return s->closing || s->lost;
}

/* --- telling --- */

/* s may be gone afterwards. */
static void tell(struct transfer_session *s, struct transfer_outcome *o, const char *why)
{
	struct reading r = s->reading;
	s->reading = (struct reading){0};
	s->busy = false;
	uv_timer_stop(&s->timer);
	o->kind = r.kind;
	o->kept = s->reused && !s->heard;
	o->why = why;
	o->serial = transfer_reader_serial(r.reader);
	o->records = transfer_reader_records(r.reader);
	o->changes = transfer_reader_is_changes(r.reader);
	o->zone = r.zone;
	r.zone = NULL;
	s->reused = true;
	if (o->verdict == TRANSFER_WRONG || r.surplus || s->waiting.len)
		close_handles(s);
	s->done(s->arg, o);
	reading_clear(&r);
}

static void tell_read(struct transfer_session *s)
{
	char why[DIAG_TEXT_MAX];
	const struct reading *r = &s->reading;
	struct transfer_outcome o = {.verdict = r->failed ? TRANSFER_WRONG : r->verdict, .fault = transfer_reader_fault(r->reader)};
	memcpy(why, r->why.text, sizeof why);
	tell(s, &o, why);
}

static void tell_lost(struct transfer_session *s)
{
	struct transfer_outcome o = {.verdict = TRANSFER_WRONG, .fault = s->lost};
	tell(s, &o, s->lost_text);
}

/* --- in the thread --- */

/* The message that begins at `at`, with its length, if it is there whole; else 0. */
static size_t message_len(const struct buffer *b, size_t at)
{
	const uint8_t *bytes = (const uint8_t *)b->data + at;
	const size_t left = b->len - at;
	const size_t len = left < LENGTH_LEN ? 0 : LENGTH_LEN + (size_t)wire_load_u16(bytes);
	return len <= left ? len : 0;
}

static void on_work(uv_work_t *work)
{
	struct reading *r = &((struct transfer_session *)work->data)->reading;
	const uint8_t *bytes = (const uint8_t *)r->messages.data;
	size_t at = 0;
	while (r->verdict == TRANSFER_MORE && at < r->messages.len) {
		const size_t len = message_len(&r->messages, at);
		r->verdict = transfer_reader_take(r->reader, bytes + at + LENGTH_LEN, len - LENGTH_LEN, &r->why);
		at += len;
	}
	r->surplus = at < r->messages.len;
	if (r->verdict == TRANSFER_WHOLE && r->kind != TRANSFER_SERIAL)
		r->failed = transfer_reader_finish(r->reader, &r->zone, &r->why) != OK;
}

/* --- reading --- */

static size_t whole_messages(const struct buffer *b)
{
	size_t at = 0, len = 1;
	while (len && at < b->len) {
		len = message_len(b, at);
		at += len;
	}
	return at;
}

/* Hands whole messages to the thread, and keeps what is left. */
static bool hand_over(struct transfer_session *s, size_t len)
{
	struct buffer rest = {0};
	buffer_append(&rest, s->waiting.data + len, s->waiting.len - len);
	if (rest.failed)
		return false;
	buffer_free(&s->reading.messages);
	s->reading.messages = s->waiting;
	s->reading.messages.len = len;
	s->waiting = rest;
	return true;
}

static void lose(struct transfer_session *s, enum transfer_fault fault, const char *text);
static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *buf);
static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf);
static void on_work_done(uv_work_t *work, int status);

static void read_more(struct transfer_session *s)
{
	if (s->connected && !s->closing)
		uv_read_start((uv_stream_t *)&s->tcp, on_room, on_read); /* it may read already; what fails otherwise, the timer ends */
}

/* What is to be done next, while the thread has nothing. What has come counts, whatever became of the connection since. */
static void go_on(struct transfer_session *s)
{
	const size_t len = s->waiting.len ? whole_messages(&s->waiting) : 0;
	if (s->reading.verdict != TRANSFER_MORE) {
		tell_read(s);
		return;
	}
	if (!len) {
		if (s->lost)
			tell_lost(s);
		else
			read_more(s);
		return;
	}
	s->working = hand_over(s, len) && uv_queue_work(s->tcp.loop, &s->work, on_work, on_work_done) == 0;
	if (s->working)
		return;
	s->lost = TRANSFER_FAULT_MEMORY;
	s->lost_text = "out of memory";
	tell_lost(s);
}

static void on_work_done(uv_work_t *work, int status)
{
	struct transfer_session *s = work->data;
	(void)status;
	s->working = false;
	if (s->done)
		go_on(s);
	else
		session_free(s);
}

static void lose(struct transfer_session *s, enum transfer_fault fault, const char *text)
{
	if (!s->lost) {
		s->lost = fault;
		s->lost_text = text;
	}
	if (!s->closing)
		uv_read_stop((uv_stream_t *)&s->tcp);
	if (!s->busy)
		close_handles(s);
	else if (!s->working)
		go_on(s);
}

static void on_room(uv_handle_t *handle, size_t wanted, uv_buf_t *buf)
{
	struct transfer_session *s = handle->data;
	(void)wanted;
	*buf = uv_buf_init(s->room, sizeof s->room);
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
	struct transfer_session *s = stream->data;
	if (!count)
		return;
	if (count < 0 || !s->busy) { /* or what nobody has asked for */
		lose(s, TRANSFER_FAULT_NETWORK, "the connection was closed");
		return;
	}
	s->heard = true;
	if (uv_now(stream->loop) >= s->ends_ms) {
		lose(s, TRANSFER_FAULT_TIME, "it took too long");
		return;
	}
	uv_timer_again(&s->timer);
	buffer_append(&s->waiting, buf->base, (size_t)count);
	if (s->waiting.failed)
		lose(s, TRANSFER_FAULT_MEMORY, "out of memory");
	else if (!s->working)
		go_on(s);
	else if (s->waiting.len > WAITING_MAX)
		uv_read_stop(stream);
}

/* --- asking --- */

static void on_timer(uv_timer_t *timer)
{
	struct transfer_session *s = timer->data;
	if (s->working && uv_now(timer->loop) < s->ends_ms) /* it is we who take the time */
		return;
	lose(s, TRANSFER_FAULT_TIME, s->connected ? "nothing came for too long" : "there was no connection in time");
}

static void on_written(uv_write_t *write, int status)
{
	struct transfer_session *s = write->data;
	if (status && s->done && !s->closing)
		lose(s, TRANSFER_FAULT_NETWORK, "the request could not be sent");
}

/* What fails is told later: nobody is called from within transfer_session_ask(). */
static void send_request(struct transfer_session *s)
{
	uv_buf_t buf = uv_buf_init((char *)s->request, (unsigned)s->request_len);
	read_more(s);
	if (!uv_write(&s->write, (uv_stream_t *)&s->tcp, &buf, 1, on_written))
		return;
	s->lost = TRANSFER_FAULT_NETWORK;
	s->lost_text = "the request could not be sent";
	uv_timer_start(&s->timer, on_timer, 0, 0);
}

static void on_connected(uv_connect_t *connect, int status)
{
	struct transfer_session *s = connect->data;
	if (!s->done || s->closing)
		return;
	if (status) {
		lose(s, TRANSFER_FAULT_NETWORK, "there is no connection");
		return;
	}
	s->connected = true;
	uv_tcp_nodelay(&s->tcp, 1);
	send_request(s);
}

struct transfer_session *transfer_session_new(struct uv_loop_s *loop, const struct sockaddr *primary, transfer_done *done, void *arg)
{
	struct transfer_session *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	memcpy(&s->primary, primary, sockaddr_len(primary));
	s->done = done;
	s->arg = arg;
	uv_tcp_init(loop, &s->tcp); /* without a socket yet: cannot fail */
	uv_timer_init(loop, &s->timer);
	s->handles = 2;
	s->tcp.data = s->timer.data = s->connect.data = s->write.data = s->work.data = s;
	return s;
}

static enum err begin(struct transfer_session *s)
{
	if (s->connected) {
		send_request(s);
		return OK;
	}
	return uv_tcp_connect(&s->connect, &s->tcp, (const struct sockaddr *)&s->primary, on_connected) ? ERR_SYS : OK;
}

enum err transfer_session_ask(struct transfer_session *s, const struct transfer_request *q)
{
	s->reading.reader = transfer_reader_new(q);
	if (!s->reading.reader)
		return ERR_NOMEM;
	s->reading.kind = q->kind;
	s->request_len = LENGTH_LEN + transfer_request_write(q, s->request + LENGTH_LEN);
	wire_store_u16(s->request, (unsigned)(s->request_len - LENGTH_LEN));
	s->heard = false;
	s->busy = true;
	s->ends_ms = uv_now(s->tcp.loop) + REQUEST_MAX_MS;
	uv_timer_start(&s->timer, on_timer, SILENCE_MAX_MS, SILENCE_MAX_MS);
	if (!begin(s))
		return OK;
	s->busy = false;
	uv_timer_stop(&s->timer);
	reading_clear(&s->reading);
	close_handles(s);
	return ERR_SYS;
}
