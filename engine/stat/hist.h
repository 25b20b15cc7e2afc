/* hist: a log-linear histogram of microseconds, 3 significant digits, 1 us to 1 hour.
 *
 * Buckets are indexed as in HdrHistogram (lowest 1, highest 3.6e9, digits 3: 2048 sub-buckets),
 * so histograms of this shape add exactly and can be written in its V2 format (stat/hdr.h).
 * Values above the hour are counted at the hour, 0 in its own slot. 188 KB each, the caller's
 * memory, no heap; `lo` and `hi` bound the slots in use, so that adding, merging and clearing
 * touch only those. One thread at a time. */
#ifndef BRINK_STAT_HIST_H
#define BRINK_STAT_HIST_H

#include <stdint.h>

#define HIST_MAX_US   UINT64_C(3600000000)
#define HIST_SUB_BITS 11u
#define HIST_SUB      (1u << HIST_SUB_BITS) /* smallest power of two holding 2 * 10^3 */
#define HIST_SLOTS    23552u                /* (22 + 1) * HIST_SUB / 2 */

struct hist {
	uint64_t count;
	uint64_t sum_us; /* exact, of the values as given */
	uint64_t min_us; /* exact; UINT64_MAX while empty */
	uint64_t max_us; /* exact */
	uint32_t lo, hi; /* slots in use: [lo, hi) */
	uint64_t slots[HIST_SLOTS];
};

void hist_init(struct hist *h);  /* clears everything: for memory never used before */
void hist_start(struct hist *h); /* for memory that is zero: touches hardly any of it */
void hist_reset(struct hist *h); /* clears what is in use: for a histogram in use */
void hist_merge(struct hist *into, const struct hist *from);

/* The value in us below or at which `quantile` (0..1) of the values lie, as HdrHistogram answers:
 * the highest value equivalent to its slot, never above max_us. 0 while empty. */
uint64_t hist_quantile_us(const struct hist *h, double quantile);
double hist_mean_us(const struct hist *h); /* 0 while empty */

uint64_t hist_slot_low_us(uint32_t slot);  /* the lowest value of a slot */
uint64_t hist_slot_high_us(uint32_t slot); /* the highest value of a slot */

/* The slot of a value, us <= HIST_MAX_US. Values below HIST_SUB have slots of their own; above,
 * each doubling of the value shares HIST_SUB / 2 slots, so a slot is 2^shift values wide. */
static inline uint32_t hist_slot(uint64_t us)
{
	unsigned shift = 64u - HIST_SUB_BITS - (unsigned)__builtin_clzll(us | (HIST_SUB - 1));
	return shift * (HIST_SUB / 2) + (uint32_t)(us >> shift);
}

/* Hot path: one slot computation, free of branches and divisions, and five stores. */
static inline void hist_add(struct hist *h, uint64_t us)
{
	uint32_t slot = hist_slot(us < HIST_MAX_US ? us : HIST_MAX_US);
	h->slots[slot]++;
	h->count++;
	h->sum_us += us;
	if (us < h->min_us)
		h->min_us = us;
	if (us > h->max_us)
		h->max_us = us;
	if (slot < h->lo)
		h->lo = slot;
	if (slot >= h->hi)
		h->hi = slot + 1;
}

#endif
