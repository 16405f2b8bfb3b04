#include "tcp.h"
#include "udp.h"

void net_keep(struct net_message *m, struct net_client *c)
{
	*c = (struct net_client){0};
	m->kept = true;
	m->reply_len = 0;
	if (m->tcp)
		connection_keep(m->source, c);
	else
		udp_listener_keep(m->source, m, c);
}

void net_reply(struct net_client *c, const uint8_t *bytes, size_t len)
{
	if (c->udp)
		udp_listener_reply(c->udp, c, bytes, len);
	else if (c->tcp)
		connection_reply(c->tcp, bytes, len);
	net_release(c);
}

void net_reply_part(struct net_client *c, const uint8_t *bytes, size_t len, void (*on_room)(struct net_client *c))
{
	if (!c->tcp)
		return;
	c->on_room = on_room;
	connection_reply(c->tcp, bytes, len);
}

void net_release(struct net_client *c)
{
	if (c->tcp)
		connection_release(c->tcp, c);
	else if (c->udp)
		LIST_REMOVE(c, siblings);
	c->udp = NULL;
	c->tcp = NULL;
}
