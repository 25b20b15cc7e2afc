/* plan: a load, compiled: everything a worker needs to know, immutable while load runs.
 *
 * Built once by run/ from what the user asked for, shared by all workers, read-only. The
 * rendered requests lie in one page-aligned block that every ring registers. */
#ifndef BRINK_LOAD_PLAN_H
#define BRINK_LOAD_PLAN_H

#include "base/err.h"
#include "base/span.h"
#include "io/tuples.h"

#include <stdbool.h>
#include <stdint.h>

struct checks;
struct mix;
struct schedule;
struct tls_context;
struct proto;
struct grpc_load;

#define PLAN_PIPELINE_MAX 64u /* where answers come in order */

/* How the peer's end of an idle connection is noticed, from the dearest to the cheapest in kernel
 * memory: a receive is armed; a poll; nothing, it is looked at when told to (worker_sweep). */
enum plan_idle { PLAN_RECEIVE, PLAN_WATCH, PLAN_SWEEP };

struct plan {
	struct tuples tuples; /* where to, and where from */
	const struct proto *proto;
	void *spoken; /* compiled by it; NULL: its requests are `wire`, or the mix's as they stand
		       */
	struct grpc_load *grpc; /* what a call says, and what was said of those that failed; NULL */
	struct span wire; /* `pipeline` copies of the request, back to back, in registered memory */
	size_t request_len; /* of one copy */
	bool head;          /* the method is HEAD */
	bool safe;          /* the method is, RFC 9110 9.2 */
	struct mix *mix;    /* several requests, instead of `wire`; NULL: that one */
	bool keepalive;
	bool shed_ok;
	uint16_t expect_status;      /* 0: 200-399 are ok; else exactly this one */
	const struct checks *checks; /* what else an answer must say; borrowed; NULL: nothing */
	uint32_t pipeline;    /* requests in flight on a connection at most, 1..PLAN_PIPELINE_MAX */
	uint32_t connections; /* of all workers */
	uint32_t workers;
	double rate_rps; /* open loop; 0: closed loop */
	bool poisson;
	uint64_t seed;
	uint64_t requests;    /* stop after so many, of all workers; 0: no limit */
	uint64_t duration_ns; /* after the warm-up; UINT64_MAX: no limit */
	uint64_t warmup_ns;
	uint64_t think_ns; /* closed loop: pause between an answer and the next request */
	uint64_t timeout_ns;
	uint64_t connect_timeout_ns;
	uint64_t drain_ns;  /* how long answers are awaited after the end */
	uint64_t window_ns; /* how often a tally is published */
	uint64_t spin_ns;   /* poll instead of sleep for so long before a due instant */
	bool busy;          /* never sleep */

	/* How the load moves, instead of a steady rate or number of connections: these are then the
	 * most of it. Borrowed; NULL: it does not. */
	const struct schedule *schedule;
	bool steps; /* each piece is measured by itself: what was due earlier is late */

	struct tls_context *tls; /* borrowed; NULL: plain */
	bool ktls;               /* keys are handed to the kernel */
	bool handshakes_only;    /* a request is a handshake; nothing is sent on it */

	bool linger0; /* connections end with an RST, and leave no TIME_WAIT */
	enum plan_idle idle;
	double connect_rps; /* connections begun per second, of all workers; 0: no limit */
	double close_rps;   /* at the end; 0: at once */

	/* A hold: connections are what is asked for. Each is opened, kept for the duration that
	 * begins once all were tried, and opened again when lost. */
	bool hold;
	bool verify;      /* at its end each connection is asked once */
	bool close_reset; /* at the end connections are closed by an RST */
	bool cold;        /* no memory is touched ahead */
	double churn_rps; /* connections closed and opened again per second, of all workers */
};

/* Whether each connection's four-tuple is ours to choose. */
static inline bool plan_books_tuples(const struct plan *p)
{
	return p->tuples.port_count || p->tuples.from_count || p->tuples.to_count > 1;
}

/* The share of worker i of a total, remainders spread over the first. */
static inline uint64_t plan_share(uint64_t total, uint32_t i, uint32_t n)
{
	return total / n + (i < total % n);
}

/* Copies the request `pipeline` times into memory fit for registering. Sets wire, request_len. */
int plan_set_request(struct plan *p, struct span request, struct err *err);
void plan_fini(struct plan *p);

#endif
