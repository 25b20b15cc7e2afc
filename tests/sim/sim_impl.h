/* sim_impl: the inside of the simulated ring, shared by its files: ring_sim.c (io/ring.h),
 * sim_events.c (what is to come), sim_peer.c, sim_h2.c, sim_grpc.c and sim_ws.c (what the other
 * side says), sim_ports.c (source ports and their TIME_WAIT). Nobody else includes it. */
#ifndef BRINK_TESTS_SIM_IMPL_H
#define BRINK_TESTS_SIM_IMPL_H

#include "tests/sim/sim.h"

#include "base/mono.h"
#include "base/rng.h"
#include "io/ring.h"

#include <stdio.h>
#include <stdlib.h>

#define EVENTS_MAX 65536u

/* A contract broken by the caller. */
#define DEMAND(condition)                                                                          \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "sim: %s:%d: %s\n", __FILE__, __LINE__, #condition);       \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* An event to come. `life` tells whether its slot still lives that life by then. */
struct coming {
	uint64_t at_ns;
	uint64_t order;
	uint32_t life;
	bool poke; /* no event of its own: what lies in the slot's inbox is to be looked at */
	struct ring_event event;
};

/* What arrived and was not received yet. */
struct chunk {
	struct chunk *next;
	struct ring_event event;
};

struct peer {
	struct chunk *inbox, **inbox_end;
	uint32_t life;
	bool used, closing, connected, armed, once, watching, peeking;
	bool told;              /* how its connect ended */
	bool finished;          /* says nothing more, once what is on its way has come */
	bool ended;             /* and its end was received */
	size_t request_bytes;   /* of a request not yet whole */
	uint64_t busy_until_ns; /* answers keep their order */
	struct sim_h2 *h2;      /* its session, once bytes came; NULL */
	struct sim_ws *ws;      /* the same of a WebSocket */
	struct port *port;      /* of our own choice; NULL */
};

struct ring {
	struct sim_script script;
	struct sim_truth truth;
	struct rng rng;
	uint64_t now_ns;
	struct ring_config config;
	uint32_t slots;
	struct peer *peers;
	struct coming *heap; /* a binary heap by instant, then order */
	unsigned count;
	uint64_t order;
	unsigned handed_over; /* in this turn */
	struct port *ports;
	uint64_t open;
	struct ring_stats stats;
	struct ring_feature feature;
};

static inline bool sim_happens(struct ring *r, unsigned in_1000)
{
	return rng_below(&r->rng, 1000) < in_1000;
}

static inline uint64_t sim_some_time(struct ring *r)
{
	return 1 + rng_below(&r->rng, 2 * r->script.latency_ns);
}

/* sim_events.c: an event of the slot's present life; a look at its inbox; the first to come. */
void sim_schedule(struct ring *r, uint64_t at_ns, struct ring_event event);
void sim_poke(struct ring *r, uint32_t slot);
struct coming sim_take_first(struct ring *r);
void sim_inbox_put(struct peer *p, struct ring_event event);
struct ring_event sim_inbox_take(struct peer *p);
void sim_inbox_clear(struct peer *p);

/* sim_peer.c: bytes of requests arrive; the peer ends the connection with a FIN or, where res
 * is an error, with that. */
void sim_take_request_bytes(struct ring *r, uint32_t slot, size_t len);
void sim_finish(struct ring *r, uint32_t slot, uint64_t at_ns, int res);

uint64_t sim_deliver_split(struct ring *r, uint32_t slot, uint64_t at_ns, const char *bytes,
			   size_t len);

/* sim_h2.c: a peer that speaks HTTP/2. */
void sim_h2_take(struct ring *r, uint32_t slot, struct span bytes);
void sim_h2_close(struct peer *p);

/* sim_grpc.c: the answer to a call, on its session. */
struct nghttp2_session;
void sim_grpc_answer(struct ring *r, struct nghttp2_session *session, int32_t id);

/* sim_ws.c: one that speaks WebSocket. */
void sim_ws_take(struct ring *r, uint32_t slot, struct span bytes);
void sim_ws_close(struct peer *p);

/* sim_ports.c: false where the tuple of our choice cannot be had. A port is given back at the
 * close; `rests` in TIME_WAIT. */
bool sim_port_take(struct ring *r, uint32_t slot, const struct ring_dial *dial);
void sim_port_rest(struct ring *r, uint32_t slot, bool rests);
void sim_port_give(struct ring *r, uint32_t slot);
void sim_ports_open(struct ring *r);

#endif
