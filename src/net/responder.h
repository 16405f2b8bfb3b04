/* responder.h - who answers on one worker: the handler of net.h and what it is called with. */
#pragma once
#include "base/rcu.h"
#include "net/net.h"

struct responder {
	net_handler *handler;
	void (*unsent)(void *arg, unsigned worker, unsigned count); /* as in net_options */
	void *arg;
	unsigned worker;
};

/* One read section around the handler alone: system calls stay outside, so that grace periods are as short as batches. */
static inline void responder_answer(const struct responder *r, unsigned address, struct net_message *messages, unsigned n)
{
	rcu_reader_lock();
	r->handler(r->arg, r->worker, address, messages, n);
	rcu_reader_unlock();
}
