#include "stat/hist.h"

#include <math.h>
#include <string.h>

_Static_assert(HIST_MAX_US < (uint64_t)HIST_SUB << 21, "the hour lies in the last of 22 buckets");
_Static_assert(HIST_SLOTS == (22 + 1) * HIST_SUB / 2, "22 buckets, of which the first is whole");

static void clear_totals(struct hist *h)
{
	h->count = 0;
	h->sum_us = 0;
	h->min_us = UINT64_MAX;
	h->max_us = 0;
	h->lo = HIST_SLOTS;
	h->hi = 0;
}

void hist_init(struct hist *h)
{
	memset(h->slots, 0, sizeof h->slots);
	clear_totals(h);
}

void hist_start(struct hist *h)
{
	clear_totals(h);
}

void hist_reset(struct hist *h)
{
	if (h->lo < h->hi)
		memset(h->slots + h->lo, 0, (h->hi - h->lo) * sizeof h->slots[0]);
	clear_totals(h);
}

void hist_merge(struct hist *into, const struct hist *from)
{
	for (uint32_t slot = from->lo; slot < from->hi; slot++)
		into->slots[slot] += from->slots[slot];
	into->count += from->count;
	into->sum_us += from->sum_us;
	if (from->min_us < into->min_us)
		into->min_us = from->min_us;
	if (from->max_us > into->max_us)
		into->max_us = from->max_us;
	if (from->lo < into->lo)
		into->lo = from->lo;
	if (from->hi > into->hi)
		into->hi = from->hi;
}

/* How many values a slot is wide, as a shift. */
static unsigned slot_shift(uint32_t slot)
{
	return slot < HIST_SUB ? 0 : slot / (HIST_SUB / 2) - 1;
}

uint64_t hist_slot_low_us(uint32_t slot)
{
	unsigned shift = slot_shift(slot);
	return (uint64_t)(slot - shift * (HIST_SUB / 2)) << shift;
}

uint64_t hist_slot_high_us(uint32_t slot)
{
	return hist_slot_low_us(slot) + ((UINT64_C(1) << slot_shift(slot)) - 1);
}

/* Which value, counted from 1 in ascending order, stands for the quantile. One step below the
 * quantile, or 0.07 * 100 = 7.000000000000001 would ask for the eighth of a hundred values. */
static uint64_t quantile_rank(uint64_t count, double quantile)
{
	if (quantile >= 1)
		return count;
	if (!(quantile > 0))
		return 1;
	double rank = ceil(nextafter(quantile, 0) * (double)count);
	return rank < 1 ? 1 : (uint64_t)rank;
}

uint64_t hist_quantile_us(const struct hist *h, double quantile)
{
	if (h->count == 0)
		return 0;
	uint64_t rank = quantile_rank(h->count, quantile);
	uint64_t below = 0;
	uint32_t slot = h->lo;
	for (; slot + 1 < h->hi; slot++) {
		below += h->slots[slot];
		if (below >= rank)
			break;
	}
	uint64_t high = hist_slot_high_us(slot);
	return high < h->max_us ? high : h->max_us;
}

double hist_mean_us(const struct hist *h)
{
	return h->count ? (double)h->sum_us / (double)h->count : 0;
}
