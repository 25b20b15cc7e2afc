/* search: which load comes next, until the point at which a service breaks is known: the controller
 * of `find`. Pure: windows of what was measured go in, orders come out; it knows neither clock nor
 * socket. One thread.
 *
 *   stepping    a load, judged once it is warm and stands; grows by a factor until one breaks, then
 *               halves the gap. A load counts as broken when it broke `confirm` times.
 *   recovering  a light probe after each load that broke, until the service is as it was
 *   returning   from above the breaking point straight down to a lower load, for its hysteresis
 *   watching    the probe goes on: services also die after the load has stopped */
#ifndef BRINK_RUN_SEARCH_H
#define BRINK_RUN_SEARCH_H

#include "stat/fit.h"
#include "stat/hist.h"

#define SEARCH_STEPS_MAX   96u
#define SEARCH_WINDOWS_MAX 64u /* of a step, whose latency is kept one by one */

enum search_variable { SEARCH_RATE, SEARCH_CONNECTIONS };
enum search_state {
	SEARCH_OK,
	SEARCH_QUEUEING, /* answers in full, but P99 is far above P50 */
	SEARCH_BROKEN,
	SEARCH_UNRESPONSIVE,
	SEARCH_GENERATOR_LIMITED,
};
enum search_reason {
	SEARCH_BY_NOTHING,
	SEARCH_BY_ERRORS,
	SEARCH_BY_QUEUEING, /* latency grew as long as the load stood */
	SEARCH_BY_THROUGHPUT,
	SEARCH_BY_SILENCE,
};

const char *search_state_name(enum search_state state);    /* "ok", "queueing", ... */
const char *search_reason_name(enum search_reason reason); /* "error_rate", ... */

struct search_config {
	enum search_variable variable;
	double from, to; /* requests a second, or connections */
	double factor;   /* > 1 */
	double resolution;
	unsigned confirm;
	double hold_s;    /* of a step, its warm-up included */
	double recover_s; /* how long a recovery is awaited */
	double watch_s;
	double break_errors; /* broken above this error rate, */
	double throughput;   /* or where less of the offered load is answered */
	double queue_ratio;  /* queueing: P99 above so many P50, */
	double floor_us;     /* and by so much at least */
	bool poisson;        /* requests come at random: a few may be missing by chance */
	uint64_t seed;
};

void search_defaults(struct search_config *c);

/* What was measured in a piece of time, under one order. What was due under an earlier one is in
 * `answered` alone. */
struct search_window {
	double from_s, to_s;           /* since the load of the order began */
	uint64_t answered;             /* answers of any status */
	uint64_t ended, failed;        /* requests; of them, as errors */
	uint64_t ok, refused;          /* of them: good; answered by 429 or 503 */
	const struct hist *latency_us; /* of those that ended */
	bool generator_limited;        /* as far as this step was looked at */
};

enum search_phase { SEARCH_STEPPING, SEARCH_RECOVERING, SEARCH_RETURNING, SEARCH_WATCHING };

struct search_order {
	unsigned number; /* a new one, a new load */
	enum search_phase phase;
	double value;
	bool fresh; /* what is still in flight is given up */
	bool done;  /* there is nothing more to do */
};

struct search_step {
	double value;
	double offered_rps, achieved_rps, ok_rps;
	uint64_t p50_us, p99_us, count;
	double mean_us, error_rate, refused_rate;
	enum search_state state;
	enum search_reason reason;
	bool drifting;  /* its latency had not settled when its time was over */
	bool returning; /* measured on the way down */
	unsigned window_count;
	float window_us[SEARCH_WINDOWS_MAX]; /* mean latency of each */
};

struct search_point {
	bool found;
	double value, low, high;
};

/* Something that went wrong after the load had stopped. */
struct search_aftermath {
	bool found;
	bool silent; /* no answers; else errors, or answers that took long */
	double at_s; /* after the load stopped */
	double lasted_s;
	bool lasts; /* it had not ended when the search did */
};

/* What was found; final once the search is over. */
struct search_report {
	unsigned step_count;
	struct search_step steps[SEARCH_STEPS_MAX];
	struct search_point breaking, knee;
	enum search_reason reason;
	double queueing_from, unresponsive_from; /* the least load that was; 0: none */
	bool generator_limited;
	bool recovery_known, recovered;
	double recovery_s; /* the longest; how long was waited, where it did not recover */
	bool return_known;
	double returns_at; /* hysteresis: the load on the way down that held; 0: none did */
	bool graceful; /* beyond the breaking point it shed what was too much, and served the rest
			*/
	struct search_aftermath aftermath;
};

struct search {
	struct search_config config;
	struct search_order order;
	struct search_report found;

	/* how far it is */
	double low, high;        /* the most that held, the least that broke; 0: none */
	unsigned broke, limited; /* times in a row at this value */
	double baseline_p99_us, baseline_each_rps;
	struct search_step step; /* the current one */
	double measured_s;
	uint64_t answered, failed, ok, refused;
	bool limited_now;
	double recovered_s;               /* when the watch began */
	double healthy_s, ill_s;          /* since when, of a probe; < 0: it is not */
	bool slow;                        /* its latest window was, and nothing worse */
	unsigned ill_count, silent_count; /* windows since it is ill; of them, without an answer */
	struct hist latency_us;
};

void search_init(struct search *s, const struct search_config *c);

/* Ends it before its time: what is known by now is settled. */
void search_end(struct search *s);

/* Of a light load after a heavier one alone: found.aftermath. 0: latency is not judged. */
void search_watch_begin(struct search *s, double baseline_p99_us);
void search_watch(struct search *s, const struct search_window *w);

/* Takes a window in; true where order is new, or done. */
bool search_take(struct search *s, const struct search_window *w);

#endif
