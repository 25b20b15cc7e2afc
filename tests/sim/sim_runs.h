/* sim_runs: whole runs of a worker on the simulated ring, and what must hold of each. */
#ifndef BRINK_TESTS_SIM_RUNS_H
#define BRINK_TESTS_SIM_RUNS_H

#include "tests/sim/sim.h"

#include "base/rng.h"
#include "load/worker.h"

/* What the main thread says while it runs, in time since the start; 0: never. */
struct sim_orders {
	uint64_t drain_ns, stop_ns, memory_short_ns;
};

struct sim_run {
	struct sim_script script;
	struct plan plan; /* without its wire and its tuples: the run makes and frees them */
	struct sim_orders orders;
	uint32_t sources,
		destinations; /* 127.0.0.x, of 6 each at most; no source, one of them: 0, 1 */
	struct span body;     /* of a request of HTTP/2; a WebSocket's message */
	bool binary;          /* the latter is */
	unsigned messages;    /* of a call of gRPC: `body`, so often */
	uint32_t ports;       /* of our own, a pair; 0: the kernel's */
};

/* What one run came to. */
struct sim_result {
	struct tally total;
	struct sim_truth truth;
	uint64_t ended_ns;      /* since the start */
	uint64_t dialled_short; /* until memory was short */
};

/* 0, or -1 after a line that says why. */
int sim_run_worker(struct sim_run *run, struct sim_result *ret);

/* What must hold whatever the peer did; NULL, or what does not. */
const char *sim_broken_rule(const struct sim_run *run, const struct sim_result *r);

/* A kind of run: chosen from a seed, with rules of its own. */
struct sim_family {
	const char *name;
	void (*choose)(uint64_t seed, struct sim_run *ret);
	const char *(*broken_rule)(const struct sim_run *run, const struct sim_result *r);
};
extern const struct sim_family sim_loads, sim_holds, sim_steps, sim_streams, sim_websockets,
	sim_calls;

/* A script in which some things happen sometimes. */
struct sim_script sim_choose_script(uint64_t seed, struct rng *rng);

/* Runs without a seed, each with an outcome that is known. Prints TAP from `number` on; returns
 * how many failed. */
unsigned sim_calm_count(void);
unsigned sim_calm_runs(unsigned number);

#define SIM_REQUEST "GET / HTTP/1.1\r\nHost: sim\r\n\r\n"

#endif
