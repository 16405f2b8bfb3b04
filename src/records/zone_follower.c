#include "records/zone_follower.h"
#include "base/log.h"
#include "base/rcu.h"
#include "base/sockaddr.h"
#include "transfer_session.h"
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <uv.h>

#define FIRST_RETRY_MS 250
#define LAST_RETRY_MS  10000
#define SPREAD_MS      5000 /* that refreshes are put off by at most, so that zones of one primary do not come together */
#define MS_PER_S       1000

struct zone_follower {
	struct zone_follower_setting setting;
	uv_timer_t next;   /* when to ask */
	uv_timer_t expiry; /* when what is served is too old */
	uv_async_t notice;
	struct uv_loop_s *loop;
	struct transfer_session *session; /* NULL: none */
	unsigned current;                 /* the primary that it is with */
	unsigned tried;                   /* that have failed since something was to be asked */
	uint64_t retry_ms;                /* before the first transfer */
	bool busy, again, stopped;
	bool complained; /* since a primary answered last */
	unsigned handles;
	uint64_t heard_ms; /* when a primary said last what is newest */
	atomic_ullong notified;
	struct zone_follower_status status;
};

static void ask(struct zone_follower *f, enum transfer_kind kind);

/* --- times --- */

static uint64_t spread(uint64_t most)
{
	uint32_t dice = 0;
	if (getrandom(&dice, sizeof dice, GRND_NONBLOCK) != (ssize_t)sizeof dice)
		return most / 2;
	return dice % (most + 1);
}

static uint64_t at_least_a_second(uint32_t s)
{
	return (uint64_t)(s ? s : 1) * MS_PER_S;
}

static uint64_t refresh_ms(const struct zone_follower *f, const struct zone_data *z)
{
	const uint64_t ms = at_least_a_second(zone_data_timers(z).refresh_s);
	return f->setting.poll_ms ? f->setting.poll_ms : ms + spread(ms / 10 < SPREAD_MS ? ms / 10 : SPREAD_MS);
}

/* Before there is a zone, soon; then as it says. */
static uint64_t next_retry_ms(struct zone_follower *f)
{
	const struct zone_data *z = zone_slot_last(f->setting.slot);
	const uint64_t ms = f->retry_ms;
	if (z && !f->status.expired)
		return f->setting.poll_ms ? f->setting.poll_ms : at_least_a_second(zone_data_timers(z).retry_s);
	f->retry_ms = ms * 2 < LAST_RETRY_MS ? ms * 2 : LAST_RETRY_MS;
	return ms;
}

static void on_next(uv_timer_t *timer);

static void wait_for(struct zone_follower *f, uint64_t ms)
{
	f->busy = false;
	f->tried = 0;
	if (f->again)
		ms = 0;
	f->again = false;
	uv_timer_start(&f->next, on_next, ms, 0);
}

/* --- what is said --- */

static void name_of(const struct zone_follower *f, char text[NAME_TEXT_MAX])
{
	name_to_text(zone_slot_apex(f->setting.slot), text);
}

static void primary_of(const struct zone_follower *f, char text[ADDR_TEXT_MAX])
{
	const struct addr a = sockaddr_addr((const struct sockaddr *)&f->setting.primaries[f->current]);
	addr_format(&a, text);
}

/* Once, until one answers again. */
static void complain(struct zone_follower *f, const char *why)
{
	char zone[NAME_TEXT_MAX], primary[ADDR_TEXT_MAX];
	name_of(f, zone);
	primary_of(f, primary);
	if (!f->complained)
		log_line(LOG_WARNING, "secondary: %s from %s: %s; %s", zone, primary, why,
		         zone_slot_last(f->setting.slot) && !f->status.expired ? "what there is stays" : "nothing is served");
	if (f->tried + 1 >= f->setting.count)
		f->complained = true;
}

static void say_published(const struct zone_follower *f, const struct transfer_outcome *o, size_t records)
{
	char zone[NAME_TEXT_MAX], primary[ADDR_TEXT_MAX];
	name_of(f, zone);
	primary_of(f, primary);
	log_line(o->changes ? LOG_DEBUG : LOG_INFO, "secondary: %s from %s: serial %" PRIu32 ", %zu records%s", zone, primary, o->serial,
	         records, o->changes ? ", by changes" : "");
}

/* --- what comes --- */

static void on_expired(uv_timer_t *timer)
{
	struct zone_follower *f = timer->data;
	char zone[NAME_TEXT_MAX];
	name_of(f, zone);
	if (zone_slot_expire(f->setting.slot)) {
		uv_timer_start(timer, on_expired, MS_PER_S, 0);
		return;
	}
	f->status.expired = true;
	f->retry_ms = FIRST_RETRY_MS;
	log_line(LOG_ERROR, "secondary: %s has expired: no primary has answered for as long as its SOA allows", zone);
}

/* A primary has said that what is here is the newest. */
static void note_newest(struct zone_follower *f)
{
	const struct zone_data *z = zone_slot_last(f->setting.slot);
	f->heard_ms = uv_now(f->loop);
	f->complained = false;
	f->retry_ms = FIRST_RETRY_MS;
	uv_timer_start(&f->expiry, on_expired, at_least_a_second(zone_data_timers(z).expire_s), 0);
	wait_for(f, refresh_ms(f, z));
}

static void drop_session(struct zone_follower *f)
{
	transfer_session_end(f->session);
	f->session = NULL;
}

/* The next primary, or all of them later. */
static void fail(struct zone_follower *f, enum transfer_fault fault, const char *why)
{
	f->status.faults[fault]++;
	complain(f, why);
	drop_session(f);
	f->current = (f->current + 1) % f->setting.count;
	if (++f->tried < f->setting.count)
		ask(f, zone_slot_last(f->setting.slot) ? TRANSFER_SERIAL : TRANSFER_AXFR);
	else
		wait_for(f, next_retry_ms(f));
}

static void take_zone(struct zone_follower *f, struct transfer_outcome *o)
{
	const struct zone_data *last = zone_slot_last(f->setting.slot);
	struct zone_data *z = o->zone;
	const size_t records = zone_data_records(z);
	o->zone = NULL;
	if (last && !f->status.expired && zone_data_serial(last) == o->serial) { /* somebody else who follows it was faster */
		zone_data_drop(z);
		note_newest(f);
		return;
	}
	if (last && !f->status.expired && !transfer_serial_newer(o->serial, zone_data_serial(last))) {
		zone_data_drop(z);
		fail(f, TRANSFER_FAULT_BEHIND, "its serial is no newer");
		return;
	}
	if (zone_slot_publish(f->setting.slot, z)) {
		fail(f, TRANSFER_FAULT_MEMORY, "out of memory");
		return;
	}
	f->status.expired = false;
	*(o->changes ? &f->status.changes : &f->status.whole) += 1;
	say_published(f, o, records);
	note_newest(f);
}

/* What is expired is the newest again; it was only not said. */
static void revive(struct zone_follower *f)
{
	struct zone_data *z = (struct zone_data *)(uintptr_t)zone_slot_last(f->setting.slot);
	if (f->status.expired && zone_slot_publish(f->setting.slot, zone_data_hold(z)))
		return;
	f->status.expired = false;
}

static void on_wrong(struct zone_follower *f, const struct transfer_outcome *o)
{
	char why[DIAG_TEXT_MAX];
	const bool apart = o->fault == TRANSFER_FAULT_NETWORK || o->fault == TRANSFER_FAULT_TIME;
	snprintf(why, sizeof why, "%s", o->why);
	if (o->kept && apart) { /* it was closed for its age, as it may be */
		drop_session(f);
		ask(f, o->kind);
	} else if (o->kind == TRANSFER_IXFR && !apart) {
		f->status.faults[o->fault]++;
		drop_session(f);
		ask(f, TRANSFER_AXFR);
	} else {
		fail(f, o->fault, why);
	}
}

static void on_done(void *arg, struct transfer_outcome *o)
{
	struct zone_follower *f = arg;
	const struct transfer_outcome now = *o;
	f->status.asked += now.kind == TRANSFER_SERIAL && now.verdict != TRANSFER_WRONG;
	switch (now.verdict) {
	case TRANSFER_WHOLE:
		if (now.kind != TRANSFER_SERIAL)
			take_zone(f, o);
		else
			ask(f, zone_slot_last(f->setting.slot) ? TRANSFER_IXFR : TRANSFER_AXFR);
		return;
	case TRANSFER_CURRENT:
		revive(f);
		note_newest(f);
		return;
	case TRANSFER_BEHIND:
		fail(f, TRANSFER_FAULT_BEHIND, "its serial is older than what is here");
		return;
	case TRANSFER_MORE:
	case TRANSFER_WRONG:
		break;
	}
	on_wrong(f, &now);
}

/* --- asking --- */

static bool has_session(struct zone_follower *f)
{
	if (f->session && transfer_session_is_over(f->session))
		drop_session(f);
	if (!f->session)
		f->session = transfer_session_new(f->loop, (const struct sockaddr *)&f->setting.primaries[f->current], on_done, f);
	return f->session;
}

static enum err try_ask(struct zone_follower *f, enum transfer_kind kind)
{
	uint16_t id = (uint16_t)spread(UINT16_MAX);
	const struct transfer_request q = {
	        .kind = kind,
	        .apex = zone_slot_apex(f->setting.slot),
	        .base = (struct zone_data *)(uintptr_t)zone_slot_last(f->setting.slot),
	        .id = id,
	};
	return has_session(f) ? transfer_session_ask(f->session, &q) : ERR_NOMEM;
}

/* An error of ours is tried again later, like one of theirs. */
static void ask(struct zone_follower *f, enum transfer_kind kind)
{
	enum err err;
	f->busy = true;
	uv_timer_stop(&f->next);
	err = try_ask(f, kind);
	if (!err)
		return;
	f->status.faults[err == ERR_NOMEM ? TRANSFER_FAULT_MEMORY : TRANSFER_FAULT_NETWORK]++;
	complain(f, err == ERR_NOMEM ? "out of memory" : "there is no way to it");
	drop_session(f);
	f->current = (f->current + 1) % f->setting.count;
	wait_for(f, next_retry_ms(f));
}

static void on_next(uv_timer_t *timer)
{
	struct zone_follower *f = timer->data;
	ask(f, zone_slot_last(f->setting.slot) ? TRANSFER_SERIAL : TRANSFER_AXFR);
}

static void on_notice(uv_async_t *notice)
{
	struct zone_follower *f = notice->data;
	if (f->stopped)
		return;
	if (f->busy)
		f->again = true;
	else
		on_next(&f->next);
}

bool zone_follower_notify(struct zone_follower *f, const struct sockaddr *from)
{
	const struct addr a = sockaddr_addr(from);
	for (unsigned i = 0; i < f->setting.count; i++) {
		const struct addr b = sockaddr_addr((const struct sockaddr *)&f->setting.primaries[i]);
		if (!addr_equal(&a, &b))
			continue;
		atomic_fetch_add_explicit(&f->notified, 1, memory_order_relaxed);
		uv_async_send(&f->notice);
		return true;
	}
	return false;
}

/* --- its life --- */

/* What is served of before goes on as if a primary had just answered. */
static void set_expiry(struct zone_follower *f)
{
	const struct zone_data *last = zone_slot_last(f->setting.slot);
	rcu_reader_lock();
	f->status.expired = last && !zone_slot_current(f->setting.slot);
	rcu_reader_unlock();
	if (last && !f->status.expired)
		uv_timer_start(&f->expiry, on_expired, at_least_a_second(zone_data_timers(last).expire_s), 0);
}

struct zone_follower *zone_follower_start(const struct zone_follower_setting *setting, struct uv_loop_s *loop)
{
	struct zone_follower *f = calloc(1, sizeof *f);
	if (!f)
		return NULL;
	if (uv_async_init(loop, &f->notice, on_notice)) {
		free(f);
		return NULL;
	}
	uv_timer_init(loop, &f->next);
	uv_timer_init(loop, &f->expiry);
	f->next.data = f->expiry.data = f->notice.data = f;
	f->handles = 3;
	f->loop = loop;
	f->setting = *setting;
	zone_slot_hold(setting->slot);
	f->retry_ms = FIRST_RETRY_MS;
	f->heard_ms = UINT64_MAX;
	set_expiry(f);
	uv_timer_start(&f->next, on_next, 0, 0);
	return f;
}

static void on_closed(uv_handle_t *handle)
{
	struct zone_follower *f = handle->data;
	if (--f->handles)
		return;
	zone_slot_drop(f->setting.slot);
	free(f);
}

void zone_follower_stop(struct zone_follower *f)
{
	if (!f)
		return;
	f->stopped = true;
	drop_session(f);
	uv_close((uv_handle_t *)&f->next, on_closed);
	uv_close((uv_handle_t *)&f->expiry, on_closed);
	uv_close((uv_handle_t *)&f->notice, on_closed);
}

void zone_follower_status(const struct zone_follower *f, struct zone_follower_status *out)
{
	*out = f->status;
	out->notified = atomic_load_explicit(&f->notified, memory_order_relaxed);
	out->age_ms = f->heard_ms == UINT64_MAX ? UINT64_MAX : uv_now(f->loop) - f->heard_ms;
}
