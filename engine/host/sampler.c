#include "host/sampler.h"

#include "base/mono.h"

#include <stdlib.h>

#define COST_WEIGHT 0.25 /* of the latest read in the mean */

struct entry {
	const struct reader *reader;
	void *ctx;
	struct sample latest;
	double cost_ns;
	unsigned every; /* ticks */
	uint64_t due;   /* tick */
	bool fresh;
};

struct sampler {
	struct sampler_config config;
	struct entry entries[SAMPLER_READERS];
	unsigned count;
	struct sample intervals; /* how often each reads */
	bool told;               /* in the latest tick */
};

static const struct reader *const host_readers[] = {
	&reader_netstat,  &reader_sockstat, &reader_conntrack, &reader_softnet,   &reader_cpu,
	&reader_pressure, &reader_memory,   &reader_disks,     &reader_processes, &reader_zombies,
	&reader_thermal,  &reader_nic,      &reader_sockets,
};

bool sampler_use(struct sampler *s, const struct reader *r, void *ctx)
{
	if (s->count == SAMPLER_READERS)
		return false;
	s->entries[s->count++] =
		(struct entry){.reader = r, .ctx = ctx, .every = r->every_ms / SAMPLER_TICK_MS};
	return true;
}

struct sampler *sampler_new(const struct sampler_config *c, struct err *err)
{
	struct sampler *s = calloc(1, sizeof *s);
	if (!s) {
		err_set(err, ERR_RUNTIME, "no memory for samples of this host");
		return NULL;
	}
	s->config = *c;
	for (unsigned i = 0; i < sizeof host_readers / sizeof *host_readers; i++) {
		void *ctx = host_readers[i]->open(&s->config);
		if (ctx)
			sampler_use(s, host_readers[i], ctx);
	}
	return s;
}

void sampler_free(struct sampler *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < s->count; i++) {
		if (s->entries[i].reader->close)
			s->entries[i].reader->close(s->entries[i].ctx);
		sample_fini(&s->entries[i].latest);
	}
	sample_fini(&s->intervals);
	free(s);
}

/* So seldom that it stays below its share of a CPU. */
static unsigned pace(const struct entry *e)
{
	const double tick_ns = (double)(SAMPLER_TICK_MS * NS_PER_MS);
	unsigned usual = e->reader->every_ms / SAMPLER_TICK_MS;
	double ticks = e->cost_ns / READER_SHARE / tick_ns;
	unsigned most = READER_SLOWEST_S * 1000 / SAMPLER_TICK_MS;
	if (ticks <= usual)
		return usual;
	return ticks < most ? (unsigned)ticks + 1 : most;
}

/* CPU time, not elapsed: on a busy host a reader that waits for its turn costs nothing. */
static uint64_t cpu_ns(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static void read_entry(struct entry *e, uint64_t tick)
{
	uint64_t before_ns = cpu_ns(CLOCK_THREAD_CPUTIME_ID);
	sample_clear(&e->latest);
	e->latest.began_ns = mono_ns();
	e->reader->read(e->ctx, &e->latest);
	e->latest.ended_ns = mono_ns();
	double cost_ns = (double)(cpu_ns(CLOCK_THREAD_CPUTIME_ID) - before_ns);
	e->cost_ns = e->cost_ns > 0 ? e->cost_ns + COST_WEIGHT * (cost_ns - e->cost_ns) : cost_ns;
	e->every = pace(e);
	e->due = tick + e->every - tick % e->every;
	if (e->every != e->reader->every_ms / SAMPLER_TICK_MS)
		e->due = tick + e->every;
	e->fresh = true;
}

static void tell_intervals(struct sampler *s)
{
	unsigned cut = 0;
	sample_clear(&s->intervals);
	for (unsigned i = 0; i < s->count; i++)
		cut += s->entries[i].latest.cut;
	for (unsigned i = 0; i < s->count; i++)
		sample_add(&s->intervals, METRIC_SAMPLE_INTERVAL, SOURCE_PROCFS,
			   s->entries[i].every * (SAMPLER_TICK_MS / 1000.0), "reader=\"%s\"",
			   s->entries[i].reader->name);
	sample_add(&s->intervals, METRIC_VALUES_CUT, SOURCE_PROCFS, cut, NULL);
	sample_add(&s->intervals, METRIC_AGENT_CPU, SOURCE_PROCFS,
		   (double)cpu_ns(CLOCK_PROCESS_CPUTIME_ID) / (double)NS_PER_S, NULL);
	s->intervals.began_ns = s->intervals.ended_ns = mono_ns();
}

unsigned sampler_tick(struct sampler *s, uint64_t tick)
{
	unsigned read = 0;
	for (unsigned i = 0; i < s->count; i++) {
		struct entry *e = &s->entries[i];
		e->fresh = false;
		if (tick < e->due)
			continue;
		read_entry(e, tick);
		read++;
	}
	s->told = tick % (1000 / SAMPLER_TICK_MS) == 0 || !s->intervals.count;
	if (s->told)
		tell_intervals(s);
	return read;
}

const struct sample *sampler_next(const struct sampler *s, bool fresh, unsigned *at)
{
	while (*at < s->count) {
		const struct entry *e = &s->entries[(*at)++];
		if (e->fresh || !fresh)
			return &e->latest;
	}
	if (*at == s->count && (s->told || !fresh)) {
		(*at)++;
		return &s->intervals;
	}
	return NULL;
}
