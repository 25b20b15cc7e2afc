#include "run/find.h"

#include "base/mem.h"
#include "base/mono.h"
#include "run/window.h"

#include <stdlib.h>
#include <string.h>

#define SQUEEZED_SHARE 0.01 /* of the time, held back by its cgroup: no proof of anything else */
#define AHEAD_NS       (60 * NS_PER_MS) /* workers look at the schedule so often at least */

struct find {
	struct search search;
	struct schedule schedule;
	struct plan *plan;
	const struct limits *limits;
	struct crew *crew;
	uint64_t order_ns;     /* when the load of the current order begins */
	uint64_t seen_ns;      /* until when windows were looked at */
	unsigned number;       /* of the order that is carried out */
	struct summary *order; /* `total`: what was counted under it; and the generator's health */
	struct self_throttle before;
};

/* --- before ------------------------------------------------------------------------------ */

int find_new(struct find **ret, const struct run_config *c, const struct limits *limits,
	     struct plan *plan, struct err *err)
{
	struct find *f = *ret = calloc(1, sizeof *f);
	if (f)
		f->order = mem_reserve(sizeof *f->order);
	if (!f || !f->order)
		return err_set(err, ERR_RUNTIME, "no memory for the search");
	f->plan = plan;
	f->limits = limits;
	tally_start(&f->order->total);
	search_init(&f->search, &c->search);
	plan->schedule = &f->schedule;
	plan->steps = true;
	return 0;
}

void find_free(struct find *f)
{
	if (!f)
		return;
	mem_pages_free(f->order, sizeof *f->order);
	free(f);
}

/* --- orders ------------------------------------------------------------------------------ */

/* False: the schedule is full. */
static bool carry_out(struct find *f, uint64_t from_ns)
{
	const struct search_order *o = &f->search.order;
	struct piece piece = {.from_ns = from_ns, .to = o->value, .fresh = o->fresh};
	f->order_ns = from_ns;
	f->number = o->number;
	f->order->threads = f->plan->workers;
	tally_reset(&f->order->total);
	self_throttle_read(&f->before);
	return schedule_append(&f->schedule, &piece);
}

void find_begin(struct find *f, struct crew *crew, uint64_t start_ns)
{
	f->crew = crew;
	f->seen_ns = start_ns;
	carry_out(f, start_ns);
}

/* --- windows ----------------------------------------------------------------------------- */

/* Judged anew over all of this order so far. */
static bool is_limited(struct find *f, uint64_t now_ns)
{
	struct self_throttle after;
	self_throttle_read(&after);
	struct health_facts facts = {
		.limits = f->limits,
		.slots = crew_slots(f->crew),
		.throttled_ns = after.throttled_ns - f->before.throttled_ns,
		.throttle_source = after.source,
		.throttled_share = SQUEEZED_SHARE,
		.wall_s = (double)(now_ns - f->order_ns) / (double)NS_PER_S,
		.busy = f->plan->busy,
	};
	f->order->saturated = false;
	f->order->limit_count = f->order->note_count = 0;
	f->order->connections_asked = f->plan->connections;
	health_judge(&facts, f->order);
	return f->order->saturated;
}

bool find_tick(struct find *f, const struct tally *t, uint64_t now_ns, struct summary *s)
{
	unsigned steps = f->search.found.step_count;
	if (!t->to_ns || f->search.order.done)
		return false;
	if (f->seen_ns < f->order_ns) { /* the load before it still stood in a part of it */
		f->seen_ns = t->to_ns;
		return false;
	}
	struct search_window w = window_of(t, f->order_ns, f->seen_ns);
	tally_extend(&f->order->total, t);
	w.generator_limited = is_limited(f, now_ns);
	f->seen_ns = t->to_ns;
	bool ordered = search_take(&f->search, &w);
	if (f->search.order.done || (ordered && !carry_out(f, now_ns + AHEAD_NS)))
		crew_order(f->crew, ORDER_DRAIN);
	if (f->search.found.step_count == steps)
		return false;
	s->found.steps[steps] = f->search.found.steps[steps];
	s->found.step_count = steps + 1;
	return true;
}

/* --- after ------------------------------------------------------------------------------- */

void find_end(struct find *f, struct summary *s)
{
	search_end(&f->search);
	s->found = f->search.found;
	hist_merge(&s->total.intended_us, &s->total.late_us);
	if (s->open_loop && s->elapsed_s > 0)
		s->offered_rps = (double)s->total.intended / s->elapsed_s;
	s->saturated = s->found.generator_limited;
	if (!s->saturated)
		return;
	s->limit_count = f->order->limit_count;
	memcpy(s->limits, f->order->limits, sizeof s->limits);
}
