#include "load/schedule.h"

#include <math.h>

#define NS_PER_S_REAL 1e9

bool schedule_append(struct schedule *s, const struct piece *p)
{
	uint32_t count = atomic_load_explicit(&s->count, memory_order_relaxed);
	if (count == SCHEDULE_MAX)
		return false;
	s->pieces[count] = *p;
	atomic_store_explicit(&s->count, count + 1, memory_order_release);
	return true;
}

double piece_load(const struct piece *p, uint64_t now_ns)
{
	if (now_ns >= p->from_ns + p->length_ns)
		return p->to;
	double share = (double)(now_ns - p->from_ns) / (double)p->length_ns;
	return p->from + (p->to - p->from) * share;
}

static double when_even(double rate_rps, double count)
{
	return rate_rps > 0 ? count * NS_PER_S_REAL / rate_rps : INFINITY;
}

/* While the rate moves, from t = 0 on, N(t) = from t + (to - from) t^2 / 2 length: solved for t in
 * the form that does not cancel where the slope is small. */
double piece_when_ns(const struct piece *p, double count)
{
	if (!p->length_ns || p->from == p->to)
		return when_even(p->to, count);
	double length_s = (double)p->length_ns / NS_PER_S_REAL;
	double moved = (p->from + p->to) / 2 * length_s;
	if (count >= moved)
		return (double)p->length_ns + when_even(p->to, count - moved);
	double slope = (p->to - p->from) / length_s;
	double root = sqrt(fmax(0, p->from * p->from + 2 * slope * count));
	return p->from + root > 0 ? 2 * count / (p->from + root) * NS_PER_S_REAL : 0;
}
