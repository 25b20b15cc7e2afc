/* Memory and descriptors of the host; quota and limit of the target's control group. */
#include "base/mono.h"
#include "host/cgroup.h"
#include "host/facts.h"
#include "host/procfile.h"
#include "host/sampler.h"
#include "host/text.h"

#include <stdlib.h>

#define TEXT_MAX ((size_t)1 << 18)

struct memory {
	const struct sampler_config *config;
	struct procfile vmstat;
	struct buf text;
	struct facts facts;
};

static void *memory_open(const struct sampler_config *c)
{
	struct memory *m = calloc(1, sizeof *m);
	if (!m)
		return NULL;
	m->config = c;
	buf_init(&m->text, TEXT_MAX);
	procfile_open(&m->vmstat, c->root, "/proc/vmstat");
	return m;
}

static void memory_close(void *ctx)
{
	struct memory *m = ctx;
	procfile_close(&m->vmstat);
	buf_fini(&m->text);
	free(m);
}

static void add_kills(struct memory *m, struct sample *into)
{
	uint64_t kills;
	int error = procfile_read(&m->vmstat, &m->text);
	const char *at = error ? NULL : text_after(m->text.ptr, "oom_kill ");
	if (text_number(at, 10, &kills))
		sample_add(into, METRIC_OOM_KILLS, SOURCE_PROCFS, (double)kills, NULL);
	else
		sample_gap(into, METRIC_OOM_KILLS, "/proc/vmstat: %s",
			   error ? strerror(error) : "no oom_kill");
}

static void add_cgroup(const struct memory *m, struct sample *into)
{
	static const enum metric_id all[] = {METRIC_CGROUP_THROTTLED, METRIC_CGROUP_MEMORY,
					     METRIC_CGROUP_MEMORY_LIMIT};
	static const enum metric_id of_memory[] = {METRIC_CGROUP_MEMORY,
						   METRIC_CGROUP_MEMORY_LIMIT};
	const struct sampler_config *c = m->config;
	struct cgroup_memory memory;
	uint64_t throttled_ns;
	if (!c->cgroup_known) {
		SAMPLE_GAPS(into, all, "no --unit, --pid or --cgroup says whose");
		return;
	}
	if (cgroup_throttled_ns(&throttled_ns, c->root, &c->cgroup))
		sample_add(into, METRIC_CGROUP_THROTTLED, SOURCE_PROCFS,
			   (double)throttled_ns / (double)NS_PER_S, NULL);
	else
		sample_gap(into, METRIC_CGROUP_THROTTLED, "no cgroup with a cpu controller");
	cgroup_memory_of(&memory, c->root, &c->cgroup);
	if (!memory.source[0]) {
		SAMPLE_GAPS(into, of_memory, "no cgroup %s",
			    memory.known ? "is limited" : "with a memory controller");
		return;
	}
	sample_add(into, METRIC_CGROUP_MEMORY, SOURCE_PROCFS, (double)memory.used_bytes, NULL);
	sample_add(into, METRIC_CGROUP_MEMORY_LIMIT, SOURCE_PROCFS, (double)memory.limit_bytes,
		   NULL);
}

static const struct {
	enum fact_id fact;
	enum metric_id metric;
} FACTS[] = {
	{FACT_MEM_AVAILABLE, METRIC_MEMORY_AVAILABLE},
	{FACT_FILES_OPEN, METRIC_OPEN_FILES},
	{FACT_FILES_MAX, METRIC_OPEN_FILES_LIMIT},
};

static void memory_read(void *ctx, struct sample *into)
{
	struct memory *m = ctx;
	uint64_t which = 0;
	for (unsigned i = 0; i < sizeof FACTS / sizeof *FACTS; i++)
		which |= FACT_BIT(FACTS[i].fact);
	facts_refresh(&m->facts, m->config->root, which);
	for (unsigned i = 0; i < sizeof FACTS / sizeof *FACTS; i++) {
		const struct fact *f = &m->facts.of[FACTS[i].fact];
		if (!f->known)
			sample_gap(into, FACTS[i].metric, "%s: %s",
				   facts_source(&m->facts, FACTS[i].fact), strerror(f->why));
		else
			sample_add(into, FACTS[i].metric, SOURCE_PROCFS, (double)f->value, NULL);
	}
	add_kills(m, into);
	add_cgroup(m, into);
}

const struct reader reader_memory = {"memory", 1000, memory_open, memory_read, memory_close};
