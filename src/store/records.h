/* records.h - what the files of this folder share: the store's records around the objects. A record lives as long as an object
 * needs it and is freed by the flush that tells of its end, so pointers between records stay good between flushes. */
#pragma once
#include "base/table.h"
#include "pod_zone.h"
#include "podset.h"
#include "store/store.h"

/* An element, first in its struct, of a list that it can leave wherever it stands. */
struct link {
	struct link *next, **at; /* at: what points to it; NULL: it is in no list */
};

struct queue {
	struct link *first, **end;
};

/* Services of a namespace that are to be recomputed, oldest first: small ones, or large ones. A lane with any waits for its turn among those of
 * other namespaces, so that whoever changes much waits longer than who changes little. */
struct lane {
	struct link link;      /* in store.lanes */
	struct queue services; /* struct service_entry, by marked */
};
#define LANES 2

/* A namespace. It exists while an object names it. */
struct namespace_entry {
	const char *name; /* interned */
	struct podset pods;
	size_t objects; /* that name it */
	bool declared;  /* one of them is its Namespace object */
	bool announced; /* the last namespace_changed() said that it exists */
	bool touched;   /* in store.touched, by next_touched */
	struct namespace_entry *next_touched;
	struct lane lanes[LANES];
	struct service_entry *unfilled; /* Services whose pods the next flush gathers, by next_unfilled */
};

/* All that makes up the Service, or the ServiceImport, of one name. Also there where only slices speak of that name. */
struct service_entry {
	struct link marked;
	struct lane *lane; /* where it waits to be recomputed; NULL: it need not be */
	struct namespace_entry *ns;
	const char *name;        /* interned */
	struct service *service; /* NULL: none now */
	struct label indexed;    /* the pair of its selector under which store.by_selector has it; key NULL: it is not there */
	struct podset pods;      /* that its selector matches; empty while unfilled */
	struct entry **slices;   /* in the order of their names */
	size_t slice_count;
	struct entry *endpoints; /* the Endpoints object of its name; NULL: none */
	uint64_t told_ms;        /* the newest endpoint.changed_ms of ready endpoints that was told; 0: none */
	size_t ready;            /* ready endpoints as of the last flush */
	size_t size;             /* all of them */
	uint8_t kind;            /* OBJECT_SERVICE or OBJECT_SERVICE_IMPORT */
	bool published;          /* service_changed() told of it, and service_gone() did not yet */
	bool unseen;             /* store_mark() came and it was not upserted since */
	bool unfilled;           /* in ns->unfilled */
	struct service_entry *next_unfilled;

	/* What waits (store_rules). Times are of store_settle(); 0: not told yet. */
	struct service *next; /* what takes the place of service; NULL: nothing */
	uint64_t next_ms;     /* since when */
	struct held *held;    /* endpoints that may be moving from slice to slice */
	uint64_t moved_ms;    /* when a slice changed last */
	bool waits;           /* in store.waiting, by next_waiting */
	struct service_entry *next_waiting;
};

/* Endpoints that one change took out of a slice: what was the slice, without its others. */
struct held {
	struct held *next;
	struct endpoint_slice *slice;
	uint64_t since_ms;
};

/* An object that is neither Pod nor Service. */
struct entry {
	struct object *object;
	struct namespace_entry *ns;
	struct service_entry *import;  /* the ServiceImport whose slice it is; NULL: of none */
	struct service_entry *service; /* whose slice or Endpoints object it is; NULL: of none */
	bool unseen;
};

/* A view under construction, and its memory, which the next one reuses. All zero is empty. */
struct join {
	struct endpoint *endpoints;
	size_t count, cap;
	struct port_list *ports; /* newest first */
	struct pod_zones zones;
};

struct store {
	struct intern *pool;
	struct store_callbacks callbacks;
	struct store_rules rules;
	bool by_slices;                  /* endpoints of Services with a selector come from the controller's slices */
	struct table *namespaces;        /* struct namespace_entry by name */
	struct table *services;          /* struct service_entry by namespace and name */
	struct table *by_selector;       /* the same, by namespace and the pair that `indexed` holds */
	struct table *entries;           /* struct entry by kind, namespace and name */
	struct namespace_entry *touched; /* those whose existence may have changed since the last flush */
	struct queue lanes[LANES];       /* of namespaces that have Services to be recomputed; by turns */
	struct store_pace pace;          /* all zero: none */
	uint64_t dear_until_us;          /* large Services have used up their share of the time until then */
	struct join join;                /* between turns */
	struct service_entry *waiting;   /* in no order */
	struct store_counts counts;
	struct object_amount amounts[OBJECT_KINDS];
};

/* --- amount.c --- */

/* o is in the store from now on; it is not any more. */
void amount_add(struct store *s, const struct object *o);
void amount_subtract(struct store *s, const struct object *o);

/* --- namespace.c --- */

/* The namespace of that name. NULL: there is none. */
struct namespace_entry *namespace_find(const struct store *s, const char *name);

/* The same, made where there is none: without a namespace_ref() the next flush frees it. NULL: out of memory. */
struct namespace_entry *namespace_get(struct store *s, const char *name);

/* One more object names it; one less does. The last one leaves it to the next flush. */
void namespace_ref(struct store *s, struct namespace_entry *ns);
void namespace_unref(struct store *s, struct namespace_entry *ns);

/* Its Namespace object is there, or is not any more. */
void namespace_declare(struct store *s, struct namespace_entry *ns, bool declared);

/* The two ends of a flush. The first calls back for the namespaces that came into being; on an error, which it returns, it is to be called again.
 * The second calls back for those that are gone, and frees what no object names. */
enum err namespaces_announce(struct store *s);
void namespaces_retire(struct store *s);

/* Frees it with its pods, and calls nothing back. */
void namespace_free(struct store *s, struct namespace_entry *ns);

/* A hash of the texts, not of the pointers. */
uint64_t text_hash(const char *ns, const char *name);

/* --- service.c --- */

/* kind is OBJECT_SERVICE or OBJECT_SERVICE_IMPORT. NULL: there is none. */
struct service_entry *service_find(const struct store *s, enum object_kind kind, const char *ns, const char *name);

/* The same, made where there is none. name is interned. NULL: out of memory. */
struct service_entry *service_get(struct store *s, enum object_kind kind, struct namespace_entry *ns, const char *name);

/* Makes service the one of its name, or lets it wait (handover.c); service_replace() never lets it wait. Both take it if they return OK, and mark
 * what changes. ERR_NOMEM: what is served has not changed. */
enum err service_upsert(struct store *s, struct namespace_entry *ns, struct service *service);
enum err service_replace(struct store *s, struct service_entry *e, struct service *service);

/* Its object is gone: marks e, which stays until the flush has told of that. */
void service_delete(struct store *s, struct service_entry *e);

/* Gathers the pods of the namespace's Services that are unfilled. ERR_NOMEM: those not done stay so. */
enum err service_fill(struct store *s, struct namespace_entry *ns);

/* Calls back for it, as it is now. An error: nothing was told. */
enum err service_flush(struct store *s, struct service_entry *e, struct join *j);

/* Takes it out of the table and frees it, if nothing is in it. */
void service_drop_if_empty(struct store *s, struct service_entry *e);

/* Frees it with its Service and the one that waits, and calls nothing back. Its slices stay. */
void service_free(struct store *s, struct service_entry *e);

/* A walk over the Services of a namespace that select these labels: selecting_begin() once, then selecting_next() until NULL. The index must not
 * change meanwhile. labels is borrowed. */
struct selecting {
	const struct store *store;
	const struct namespace_entry *ns;
	const struct label_set *labels;
	const struct label *pair; /* NULL: before the first */
	uint32_t next;
	uint64_t hash;
	struct table_snapshot run;
};
struct selecting selecting_begin(const struct store *s, const struct namespace_entry *ns, const struct label_set *labels);
struct service_entry *selecting_next(struct selecting *c);

/* --- pace.c --- */

/* It is to be recomputed, by the next flush that has time for it. Marking it again changes nothing. */
void service_mark(struct store *s, struct service_entry *e);

/* --- pod.c --- */

/* Adds or replaces the pod of its name, and marks the Services that select it. Takes it if OK. An error: nothing has changed. */
enum err pod_upsert(struct store *s, struct namespace_entry *ns, struct pod *pod);

/* Removes and frees it, and marks those Services. */
void pod_delete(struct store *s, struct namespace_entry *ns, struct pod *pod);

/* --- entry.c --- */

/* kind is none of Pod, Service and ServiceImport. NULL: there is none. */
struct entry *entry_find(const struct store *s, enum object_kind kind, const char *ns, const char *name);

/* Adds or replaces the object of its name, and marks the Service whose slice it is. Takes it if OK. ERR_NOMEM: nothing has changed. */
enum err entry_upsert(struct store *s, struct namespace_entry *ns, struct object *o);

/* Removes and frees it, and marks that Service. */
void entry_delete(struct store *s, struct entry *e);

/* Frees it and its object, and leaves everything else as it is. */
void entry_free(struct store *s, struct entry *e);

/* --- handover.c --- */

/* True if service is to wait before it takes the place of e's. */
bool handover_wanted(const struct store *s, const struct service_entry *e, const struct service *service);

/* Lets service wait for the place of e's, and takes it. One that waited before is freed. */
void handover_defer(struct store *s, struct service_entry *e, struct service *service);

/* Nothing waits to take the place of e's Service any more. */
void handover_forget(struct store *s, struct service_entry *e);

/* The controller's slices are complete. Services that waited for them to lose their selector lose it now. */
void handover_end_of_slices(struct store *s);

/* A slice of e does not say any more what old says. Takes old; its endpoints may be held. deleted: the slice is gone altogether. */
void handover_hold(struct store *s, struct service_entry *e, struct endpoint_slice *old, bool deleted);

/* A slice of e now says this. The endpoints that it mentions are not held any longer. */
void handover_strike(struct store *s, struct service_entry *e, const struct endpoint_slice *now);

/* Nothing of e waits any more. */
void handover_end(struct store *s, struct service_entry *e);

/* --- join.c --- */

/* Makes *view of e as it is now. The view is in j's memory, and good until the next call with j. ERR_NOMEM: there is no view. */
enum err join_build(struct join *j, const struct store *s, const struct service_entry *e, struct service_view *view);

/* Frees j's memory; j is empty then. */
void join_free(struct join *j);

/* The selector by which pods become its endpoints; NULL: none do. */
const struct label_set *join_selector(const struct service *service);

/* True if it says where some of its pods run, which is read also where Pods say all else. */
bool join_has_zones(const struct endpoint_slice *slice);

/* False where it makes no difference to what we serve. It is a slice or an Endpoints object of e's name. */
bool join_uses(const struct store *s, const struct service_entry *e, const struct endpoint_slice *slice);

/* It is an endpoint of the Service that is served, if the Service selects it. */
bool join_pod_is_ready(const struct service *service, const struct pod *pod);

/* Succeeded or Failed: no endpoint any more, ready or not. */
bool join_pod_is_over(const struct pod *pod);
