/* sim: a ring (io/ring.h) without a kernel, from a seed.
 *
 * Time is virtual; a scripted peer behind every slot answers, stalls, truncates or resets as the
 * seed says. What the contract of io/ring.h forbids the caller to do is an abort. Received bytes
 * lie in a block of their own that is freed by ring_done, so that AddressSanitizer sees a late
 * touch. The same seed gives the same run. */
#ifndef BRINK_TESTS_SIM_H
#define BRINK_TESTS_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/* Called as a turn begins: what the main thread of a real run does meanwhile. */
struct sim_hook {
	void (*call)(void *ctx, uint64_t now_ns); /* may be NULL */
	void *ctx;
};

/* How often each thing happens, in 1/1000. */
struct sim_script {
	uint64_t seed;
	size_t request_len;        /* so that the peer can tell requests apart */
	uint32_t slots;            /* descriptors suffice for no more; 0: for all */
	bool silent_sends;         /* quiet sends are silent, as on a kernel with CQE_SKIP */
	bool multishot;            /* receives stay armed */
	unsigned events_a_turn;    /* a full completion queue: no more than so many at once */
	unsigned refuse_operation; /* the submission queue is full */
	unsigned no_buffer;        /* a receive ends with ENOBUFS */
	unsigned spurious;         /* a receive ends with EAGAIN */
	unsigned short_send;
	unsigned connect_refused, connect_lost, no_port;
	unsigned port_held;                /* of our own ports, others hold so many */
	unsigned reset, close_idle;        /* in place of an answer; of a connection at rest */
	unsigned reset_idle;               /* of the ends of those at rest, with an RST */
	uint64_t down_from_ns, down_to_ns; /* since the start: every connect is refused */
	unsigned status_503, status_429, status_404, chunked, interim;
	unsigned truncate, garbage, surplus, silence, last_answer;
	bool http2; /* the peer speaks it; what follows is of that alone */
	unsigned goaway, stream_reset, limit_streams;
	bool grpc;      /* its answers are gRPC's; only on top of http2 */
	bool websocket; /* it speaks that; `goaway`, and what follows, are of it alone */
	unsigned other_echo;
	unsigned asks_by;    /* the opcode of what is a request */
	struct span message; /* that every request must say, unless it is a ping */
	bool any_answer, deflates;
	uint64_t latency_ns; /* mean of everything that takes time */
	uint64_t rest_ns;    /* how long TIME_WAIT lasts */
	struct sim_hook hook;
};

/* What the peer did, to hold the caller's counts against. */
struct sim_truth {
	uint64_t dialled, connected, refused;
	uint64_t cut;        /* closed before their connect had ended */
	uint64_t ended;      /* by the peer, with a FIN or an RST that was received */
	uint64_t closed;     /* lives that were connected, and are over */
	uint64_t clashes;    /* dials from a port of ours that is still in TIME_WAIT */
	uint64_t receives;   /* armed while there was nothing to receive */
	uint64_t open_most;  /* at once */
	uint64_t requests;   /* that arrived whole */
	uint64_t answers;    /* of which the last byte was handed over */
	uint64_t answers_ok; /* with status 200 */
	uint64_t upgrades;   /* of WebSockets, that were accepted as they must be */
	uint64_t declines;   /* and those that were not, by a status */
	uint64_t goodbyes;   /* close frames */
	uint64_t messages;   /* of gRPC's answers */
	uint64_t bytes_handed_over;
};

#define SIM_START_NS UINT64_C(1000000000000) /* the clock when a ring is opened */

void sim_prepare(const struct sim_script *script); /* for the next ring_open */
struct sim_truth sim_truth(void);
uint64_t sim_now_ns(void);

#endif
