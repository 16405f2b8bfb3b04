#include "records.h"
#include <stdlib.h>

/* Puts member into all Services that select labels. On ERR_NOMEM it is in some of them. */
static enum err enter_services(struct store *s, struct namespace_entry *ns, struct pod *member, const struct label_set *labels)
{
	struct selecting c = selecting_begin(s, ns, labels);
	for (struct service_entry *e; (e = selecting_next(&c));)
		if (!e->unfilled && !podset_find(&e->pods, member->object.name) && podset_insert(&e->pods, member))
			return ERR_NOMEM;
	return OK;
}

/* Takes it out of those that select labels, but not keep. */
static void leave_services(struct store *s, struct namespace_entry *ns, const struct pod *member, const struct label_set *labels,
                           const struct label_set *keep)
{
	struct selecting c = selecting_begin(s, ns, labels);
	for (struct service_entry *e; (e = selecting_next(&c));)
		if (!selector_matches(e->service->selector, keep))
			podset_remove(&e->pods, member);
}

/* Marks the Services that select pod's labels, but not except; a pod that is over makes no difference to any. */
static void mark_services(struct store *s, struct namespace_entry *ns, const struct pod *pod, const struct label_set *except)
{
	if (join_pod_is_over(pod))
		return;
	struct selecting c = selecting_begin(s, ns, pod->object.labels);
	for (struct service_entry *e; (e = selecting_next(&c));)
		if (!selector_matches(e->service->selector, except))
			service_mark(s, e);
}

static bool ips_equal(const struct pod *a, const struct pod *b)
{
	return addrs_equal(a->ips, a->ip_count, b->ips, b->ip_count);
}

/* In all that makes an endpoint, but for the labels. Phases are told apart only as far as the join does. */
static bool pods_equal(const struct pod *a, const struct pod *b)
{
	return join_pod_is_over(a) == join_pod_is_over(b) && a->ready == b->ready && a->deleting == b->deleting &&
	       a->hostname == b->hostname && a->subdomain == b->subdomain && a->ports == b->ports && ips_equal(a, b);
}

/* Has an address of its own that others may ask about. */
static bool resides(const struct store *s, const struct pod *pod)
{
	if (pod->late || (pod->phase != POD_PENDING && pod->phase != POD_RUNNING))
		return false;
	return !s->callbacks.pod_counts || s->callbacks.pod_counts(s->callbacks.arg, pod->object.labels);
}

static enum err tell_addresses(const struct store *s, const struct namespace_entry *ns, const struct pod *pod, bool there)
{
	if (!s->callbacks.pod_addresses || !resides(s, pod) || !pod->ip_count)
		return OK;
	return s->callbacks.pod_addresses(s->callbacks.arg, ns->name, pod, there);
}

static enum err add(struct store *s, struct namespace_entry *ns, struct pod *pod)
{
	pod->late = pod->deleting;
	if (podset_insert(&ns->pods, pod))
		return ERR_NOMEM;
	enum err err = enter_services(s, ns, pod, pod->object.labels);
	if (!err)
		err = tell_addresses(s, ns, pod, true);
	if (err) {
		leave_services(s, ns, pod, pod->object.labels, NULL);
		podset_remove(&ns->pods, pod);
		return err;
	}
	mark_services(s, ns, pod, NULL);
	amount_add(s, &pod->object);
	s->counts.pods++;
	namespace_ref(s, ns);
	return OK;
}

static enum err move(struct store *s, struct namespace_entry *ns, struct pod *member, const struct label_set *to)
{
	const struct label_set *from = member->object.labels;
	if (enter_services(s, ns, member, to)) {
		leave_services(s, ns, member, to, from);
		return ERR_NOMEM;
	}
	leave_services(s, ns, member, from, to);
	return OK;
}

/* old takes over what next holds, rather than being replaced by it, since the sets of its Services point to it. */
static enum err replace(struct store *s, struct namespace_entry *ns, struct pod *old, struct pod *next)
{
	bool moves = old->object.labels != next->object.labels, equal = pods_equal(old, next);
	next->late = old->late;
	bool stays = resides(s, old) == resides(s, next) && ips_equal(old, next) && old->host_network == next->host_network;
	enum err err = stays ? OK : tell_addresses(s, ns, next, true);
	if (err)
		return err;
	if (moves && move(s, ns, old, next->object.labels)) {
		if (!stays)
			(void)tell_addresses(s, ns, next, false);
		return ERR_NOMEM;
	}
	if (!stays)
		(void)tell_addresses(s, ns, old, false);
	if (moves || !equal) {
		mark_services(s, ns, old, equal ? next->object.labels : NULL);
		mark_services(s, ns, next, equal ? old->object.labels : NULL);
	}
	amount_subtract(s, &old->object);
	amount_add(s, &next->object);
	struct pod was = *old;
	*old = *next;
	*next = was;
	object_free(&next->object, s->pool);
	return OK;
}

enum err pod_upsert(struct store *s, struct namespace_entry *ns, struct pod *pod)
{
	struct pod *old = podset_see(&ns->pods, pod->object.name);
	return old ? replace(s, ns, old, pod) : add(s, ns, pod);
}

void pod_delete(struct store *s, struct namespace_entry *ns, struct pod *pod)
{
	mark_services(s, ns, pod, NULL);
	(void)tell_addresses(s, ns, pod, false);
	leave_services(s, ns, pod, pod->object.labels, NULL);
	podset_remove(&ns->pods, pod);
	amount_subtract(s, &pod->object);
	object_free(&pod->object, s->pool);
	s->counts.pods--;
	namespace_unref(s, ns);
}
