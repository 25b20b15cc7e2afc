#include "run/timeline.h"

static void clear(struct timeline_row *row)
{
	*row = (struct timeline_row){0};
	kernel_span_clear(&row->kernel);
}

void timeline_begin(struct timeline *t, uint64_t start_ns, uint64_t width_ns)
{
	t->start_ns = start_ns;
	t->width_ns = width_ns;
	t->count = 0;
}

static void add(struct timeline_row *into, const struct timeline_row *other)
{
	into->ended += other->ended;
	into->failed += other->failed;
	into->p99_us = other->p99_us > into->p99_us ? other->p99_us : into->p99_us;
	kernel_span_add(&into->kernel, &other->kernel);
}

static void fold(struct timeline *t)
{
	for (unsigned i = 0; i < t->count; i++) {
		struct timeline_row row = t->rows[i];
		if (i % 2 == 0)
			t->rows[i / 2] = row;
		else
			add(&t->rows[i / 2], &row);
	}
	t->count = (t->count + 1) / 2;
	t->width_ns *= 2;
}

/* The row of an instant; NULL: it lies before the start. */
static struct timeline_row *row_at(struct timeline *t, uint64_t at_ns)
{
	if (at_ns < t->start_ns || !t->width_ns)
		return NULL;
	while ((at_ns - t->start_ns) / t->width_ns >= TIMELINE_ROWS)
		fold(t);
	unsigned i = (unsigned)((at_ns - t->start_ns) / t->width_ns);
	while (t->count <= i)
		clear(&t->rows[t->count++]);
	return &t->rows[i];
}

void timeline_client(struct timeline *t, const struct tally *w)
{
	if (!w->to_ns)
		return;
	struct timeline_row *row = row_at(t, w->from_ns + (w->to_ns - w->from_ns) / 2);
	struct timeline_row more = {.ended = tally_ended(w)};
	if (!row)
		return;
	more.failed = more.ended - w->outcomes[OUTCOME_OK];
	more.p99_us = w->intended_us.count ? hist_quantile_us(&w->intended_us, 0.99) : 0;
	kernel_span_clear(&more.kernel);
	add(row, &more);
}

void timeline_kernel(struct timeline *t, uint64_t at_ns, const struct kernel_span *span)
{
	struct timeline_row *row = row_at(t, at_ns);
	if (row)
		kernel_span_add(&row->kernel, span);
}
