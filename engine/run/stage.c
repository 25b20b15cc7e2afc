#include "run/stage.h"

#include "base/mem.h"
#include "base/mono.h"
#include "load/schedule.h"
#include "run/window.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LIGHT_RPS         20.0 /* of the watch, at most; */
#define LIGHT_SHARE       0.05 /* and this much of the load */
#define LIGHT_CONNECTIONS 2.0

struct staging {
	const struct run_config *config;
	struct schedule schedule;
	unsigned count;  /* of pieces: the stages, and the watch */
	unsigned at;     /* the one that goes on */
	uint64_t end_ns; /* of the last one */
	uint64_t seen_ns;
	struct tally *tally; /* of the stage that goes on */
	double baseline_us;  /* P99 of the first stage */
	struct search watch; /* its probe's part */
};

/* --- the plan ---------------------------------------------------------------------------- */

double stages_most(const struct run_config *c)
{
	double most = c->stage_from;
	for (unsigned i = 0; i < c->stage_count; i++)
		most = fmax(most, c->stages[i].target);
	return most;
}

static uint64_t watch_ns(const struct run_config *c)
{
	return c->stage_count ? c->stages[c->stage_count - 1].watch_ns : 0;
}

uint64_t stages_length_ns(const struct run_config *c)
{
	uint64_t sum = watch_ns(c);
	for (unsigned i = 0; i < c->stage_count; i++)
		sum += c->stages[i].duration_ns;
	return sum;
}

static double light(const struct run_config *c)
{
	if (c->stage_connections)
		return LIGHT_CONNECTIONS;
	return fmax(1, fmin(LIGHT_RPS, stages_most(c) * LIGHT_SHARE));
}

int staging_new(struct staging **ret, const struct run_config *c, struct plan *plan,
		struct err *err)
{
	struct search_config config;
	struct staging *g = *ret = calloc(1, sizeof *g);
	if (g)
		g->tally = mem_reserve(sizeof *g->tally);
	if (!g || !g->tally)
		return err_set(err, ERR_RUNTIME, "no memory for the stages");
	g->config = c;
	tally_start(g->tally);
	search_defaults(&config);
	search_init(&g->watch, &config);
	plan->schedule = &g->schedule;
	return 0;
}

void staging_free(struct staging *g)
{
	if (!g)
		return;
	mem_pages_free(g->tally, sizeof *g->tally);
	free(g);
}

void staging_begin(struct staging *g, uint64_t start_ns)
{
	const struct run_config *c = g->config;
	double from = c->stage_from;
	uint64_t at_ns = start_ns;
	for (unsigned i = 0; i < c->stage_count; i++) {
		struct piece p = {.from_ns = at_ns, .length_ns = c->stages[i].duration_ns};
		p.from = from;
		p.to = from = c->stages[i].target;
		schedule_append(&g->schedule, &p);
		at_ns += p.length_ns;
	}
	if (watch_ns(c))
		schedule_append(&g->schedule, &(struct piece){.from_ns = at_ns, .to = light(c)});
	g->count = c->stage_count + (watch_ns(c) > 0);
	g->end_ns = at_ns + watch_ns(c);
	g->seen_ns = start_ns;
}

/* --- while it runs ----------------------------------------------------------------------- */

static uint64_t end_of(const struct staging *g, unsigned i)
{
	const struct piece *next = schedule_piece(&g->schedule, i + 1);
	return next ? next->from_ns : g->end_ns;
}

/* What a stage is for, as its shape says it. */
static const char *name_of(const struct staging *g, const struct piece *p)
{
	const struct run_config *c = g->config;
	if (g->at == c->stage_count)
		return "watch";
	if (p->to < p->from)
		return "recovery";
	if (p->to == p->from)
		return "plateau";
	return g->at > 0 && p->to >= stages_most(c) ? "breaking" : "ramp";
}

static void conclude(struct staging *g, uint64_t until_ns, struct summary *s)
{
	const struct piece *p = schedule_piece(&g->schedule, g->at);
	const struct tally *t = g->tally;
	if (s->stage_count == RUN_STAGES_MAX + 1 || until_ns <= p->from_ns)
		return;
	double length_s = (double)(until_ns - p->from_ns) / (double)NS_PER_S;
	s->stages[s->stage_count++] = (struct summary_stage){
		.name = name_of(g, p),
		.length_s = length_s,
		.from = p->length_ns ? p->from : p->to,
		.to = p->to,
		.intended = t->intended,
		.ok = t->outcomes[OUTCOME_OK],
		.ended = tally_ended(t),
		.achieved_rps = (double)tally_ended(t) / length_s,
		.error_rate = tally_error_rate(t),
		.p50_us = hist_quantile_us(&t->intended_us, 0.5),
		.p99_us = hist_quantile_us(&t->intended_us, 0.99),
	};
	if (!g->baseline_us)
		g->baseline_us = (double)hist_quantile_us(&t->intended_us, 0.99);
	tally_reset(g->tally);
}

static void look(struct staging *g, const struct tally *t)
{
	uint64_t from_ns = schedule_piece(&g->schedule, g->at)->from_ns;
	if (g->seen_ns < from_ns + NS_PER_S) /* the load's last requests are still to end */
		return;
	struct search_window w = window_of(t, from_ns, g->seen_ns);
	search_watch(&g->watch, &w);
}

void staging_tick(struct staging *g, const struct tally *window, uint64_t now_ns, struct summary *s)
{
	if (!window->to_ns)
		return;
	while (g->at + 1 < g->count && window->to_ns >= end_of(g, g->at)) {
		conclude(g, end_of(g, g->at), s);
		if (++g->at == g->config->stage_count)
			search_watch_begin(&g->watch, g->baseline_us);
	}
	tally_extend(g->tally, window);
	if (g->at == g->config->stage_count && now_ns < g->end_ns)
		look(g, window);
	g->seen_ns = window->to_ns;
}

void staging_end(struct staging *g, struct summary *s)
{
	if (g->count)
		conclude(g, g->seen_ns < end_of(g, g->at) ? g->seen_ns : end_of(g, g->at), s);
	s->found.aftermath = g->watch.found.aftermath;
}
