/* The clock and the generator: windows of a tenth of a second, one after the other. */
#include "tests/search/services.h"

#include <math.h>
#include <stdlib.h>

#define WINDOW_S    0.1
#define AHEAD       512u /* windows that an answer may be ahead */
#define CLIENTS_MAX 4096u
#define PLAY_MAX_S  600.0

struct window {
	struct search_window counts;
	struct hist latency_us;
};

struct player {
	const struct scenario *scenario;
	struct service service;
	struct search *search;
	struct window *windows;     /* by number, round and round */
	unsigned number;            /* of the current one */
	double began_s;             /* the order */
	double next_s;              /* open loop: the next arrival */
	double done_s[CLIENTS_MAX]; /* closed loop: when each client is free */
};

static void clear(struct window *w, bool all)
{
	uint64_t answered = all ? 0 : w->counts.answered;
	w->counts = (struct search_window){.answered = answered};
	hist_reset(&w->latency_us);
}

static void count(struct player *p, double due_s, struct met met)
{
	unsigned ahead = (unsigned)((met.end_s - p->number * WINDOW_S) / WINDOW_S);
	if (ahead >= AHEAD)
		return;
	struct window *w = &p->windows[(p->number + ahead) % AHEAD];
	w->counts.answered += met.answered;
	w->counts.ended++;
	w->counts.ok += met.ok;
	w->counts.failed += !met.ok;
	w->counts.refused += met.refused;
	hist_add(&w->latency_us, (uint64_t)((met.end_s - due_s) * 1e6));
}

static double gap_s(struct player *p, double rate_rps)
{
	double mean_s = 1 / rate_rps;
	return p->scenario->poisson ? -log(rng_unit(&p->service.rng)) * mean_s : mean_s;
}

static void offer_open(struct player *p, double until_s)
{
	double rate_rps = p->search->order.value, most = p->scenario->generator_rps;
	if (most > 0 && rate_rps > most)
		rate_rps = most;
	for (; p->next_s < until_s; p->next_s += gap_s(p, rate_rps))
		count(p, p->next_s, p->scenario->serve(&p->service, p->next_s));
}

/* The client that is free first asks next. */
static void offer_closed(struct player *p, double until_s)
{
	unsigned clients = (unsigned)p->search->order.value;
	for (;;) {
		unsigned first = 0;
		for (unsigned i = 1; i < clients; i++)
			if (p->done_s[i] < p->done_s[first])
				first = i;
		double due_s = fmax(p->done_s[first], p->number * WINDOW_S);
		if (due_s >= until_s)
			return;
		struct met met = p->scenario->serve(&p->service, due_s);
		p->done_s[first] = met.end_s;
		count(p, due_s, met);
	}
}

/* What was still to come belongs to the order before. */
static void begin_order(struct player *p)
{
	p->began_s = p->next_s = p->number * WINDOW_S;
	for (unsigned i = 0; i < AHEAD; i++)
		clear(&p->windows[i], p->search->order.fresh);
	for (unsigned i = 0; i < CLIENTS_MAX && p->search->order.fresh; i++)
		p->done_s[i] = p->began_s;
}

static void turn(struct player *p)
{
	double until_s = (p->number + 1) * WINDOW_S;
	struct window *w = &p->windows[p->number % AHEAD];
	unsigned order = p->search->order.number;
	if (p->scenario->connections)
		offer_closed(p, until_s);
	else
		offer_open(p, until_s);
	w->counts.from_s = p->number * WINDOW_S - p->began_s;
	w->counts.to_s = until_s - p->began_s;
	w->counts.latency_us = &w->latency_us;
	w->counts.generator_limited = p->scenario->generator_rps > 0 &&
				      p->search->order.value > p->scenario->generator_rps;
	search_take(p->search, &w->counts);
	clear(w, true);
	p->number++;
	if (p->search->order.number != order)
		begin_order(p);
}

double play(const struct scenario *scenario, uint64_t seed, struct search *s)
{
	struct search_config config;
	struct player *p = calloc(1, sizeof *p);
	search_defaults(&config);
	config.from = scenario->from;
	config.to = scenario->to;
	config.variable = scenario->connections ? SEARCH_CONNECTIONS : SEARCH_RATE;
	config.seed = seed;
	config.poisson = scenario->poisson;
	search_init(s, &config);
	p->scenario = scenario;
	p->search = s;
	p->service.rng.state = seed * UINT64_C(0x9e3779b97f4a7c15);
	scenario->init(&p->service);
	p->windows = calloc(AHEAD, sizeof *p->windows);
	for (unsigned i = 0; i < AHEAD; i++)
		hist_start(&p->windows[i].latency_us);
	while (!s->order.done && p->number * WINDOW_S < PLAY_MAX_S)
		turn(p);
	double elapsed_s = p->number * WINDOW_S;
	free(p->windows);
	free(p);
	return elapsed_s;
}
