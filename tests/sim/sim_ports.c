#include "tests/sim/sim_impl.h"

/* Addresses differ in their last octet, of 8 sources and 8 destinations at most; ports in their
 * last ten bits. */
#define SIDE_MAX  8u
#define PORTS_MAX 1024u

struct port {
	bool used;
	uint64_t rests_until_ns;
};

void sim_ports_open(struct ring *r)
{
	r->ports = calloc(SIDE_MAX * SIDE_MAX * PORTS_MAX, sizeof *r->ports);
}

static uint32_t octet(const struct sockaddr *a)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)(const void *)a;
	return a ? ntohl(in->sin_addr.s_addr) & 0xff : 0;
}

static struct port *port_of(struct ring *r, const struct ring_dial *dial)
{
	uint32_t from = octet(dial->from), to = octet(dial->to);
	DEMAND(from < SIDE_MAX && to < SIDE_MAX && dial->port);
	return &r->ports[(from * SIDE_MAX + to) * PORTS_MAX + dial->port % PORTS_MAX];
}

/* By others, for good: the same ports each time. */
static bool held(const struct ring *r, const struct port *port)
{
	struct rng of_port = {.state = r->script.seed + (uint64_t)(port - r->ports)};
	return rng_below(&of_port, 1000) < r->script.port_held;
}

bool sim_port_take(struct ring *r, uint32_t slot, const struct ring_dial *dial)
{
	if (!dial->port)
		return true;
	struct port *port = port_of(r, dial);
	if (port->rests_until_ns > r->now_ns)
		r->truth.clashes++;
	/* One that is used still is on its way to being closed: the caller may know no better. */
	if (port->used || port->rests_until_ns > r->now_ns || held(r, port))
		return false;
	port->used = true;
	r->peers[slot].port = port;
	return true;
}

void sim_port_rest(struct ring *r, uint32_t slot, bool rests)
{
	struct port *port = r->peers[slot].port;
	if (port && rests)
		port->rests_until_ns = r->now_ns + r->script.rest_ns;
}

void sim_port_give(struct ring *r, uint32_t slot)
{
	struct port *port = r->peers[slot].port;
	if (port)
		port->used = false;
	r->peers[slot].port = NULL;
}
