/* One reader against the small /proc of host_fixture.h, and what its sample then has. */
#ifndef BRINK_TESTS_READER_FIXTURE_H
#define BRINK_TESTS_READER_FIXTURE_H

#include "host/sampler.h"
#include "host_fixture.h"

static struct sampler_config config;
static struct sample sample;

static inline void setup(void)
{
	fixture_open();
	config = (struct sampler_config){.root = root};
	sample = (struct sample){0};
}

static inline void teardown(void)
{
	sample_fini(&sample);
	fixture_close();
}

static inline void read_with(const struct reader *r)
{
	void *ctx = r->open(&config);
	ck_assert_ptr_nonnull(ctx);
	sample_clear(&sample);
	r->read(ctx, &sample);
	r->close(ctx);
}

static inline const struct point *point_of(enum metric_id metric, const char *labels)
{
	for (unsigned i = 0; i < sample.count; i++)
		if (sample.points[i].metric == metric && !strcmp(sample.points[i].labels, labels))
			return &sample.points[i];
	return NULL;
}

static inline void has(enum metric_id metric, const char *labels, double value)
{
	const struct point *p = point_of(metric, labels);
	ck_assert_msg(p != NULL, "no %s{%s}", metrics[metric].name, labels);
	ck_assert_double_eq_tol(p->value, value, 1e-9);
}

static inline const char *gap_of(enum metric_id metric)
{
	for (unsigned i = 0; i < sample.gap_count; i++)
		if (sample.gaps[i].metric == metric)
			return sample.gaps[i].reason;
	return "";
}

#endif
