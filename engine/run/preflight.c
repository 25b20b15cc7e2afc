#include "run/preflight_rows.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *limiter;
	preflight_judge_row *judge;
} JUDGES[] = {
	{"ring", preflight_row_ring},
	{"ports", preflight_row_ports},
	{"descriptors", preflight_row_descriptors},
	{"descriptors", preflight_row_files},
	{"memory", preflight_row_memory},
	{"memory", preflight_row_cgroup},
	{"conntrack_local", preflight_row_conntrack},
	{"tcp_memory", preflight_row_tcp_memory},
	{"time_wait", preflight_row_time_wait},
	{"accept_queue", preflight_row_accept_queue},
	{"syn_queue", preflight_row_syn_queue},
};

_Static_assert(sizeof JUDGES / sizeof *JUDGES <= PREFLIGHT_ROWS_MAX, "a row for each judge");

bool preflight_know(const struct facts *f, struct preflight_row *row, unsigned count,
		    const enum fact_id *ids)
{
	for (unsigned i = 0; i < count; i++) {
		const struct fact *fact = &f->of[ids[i]];
		if (fact->known)
			continue;
		PREFLIGHT_SAY(row->source, "%s", facts_source(f, ids[i]));
		PREFLIGHT_SAY(row->evidence, "n/a (%s: %s)", row->source, strerror(fact->why));
		return false;
	}
	return true;
}

static struct preflight_demand complete(const struct preflight_demand *d, const struct facts *f)
{
	struct preflight_demand whole = *d;
	whole.sources = d->sources ? d->sources : 1;
	whole.pairs = d->pairs ? d->pairs : 1;
	whole.threads = d->threads ? d->threads : 1;
	whole.per_pair = d->per_pair ? d->per_pair : preflight_ports(f, d->own_ports);
	return whole;
}

/* Below those that allow as much, so that equals stay in the order of the table. */
static void insert(struct preflight *p, const struct preflight_row *row)
{
	unsigned at = p->count++;
	for (; at > 0 && p->rows[at - 1].allows > row->allows; at--)
		p->rows[at] = p->rows[at - 1];
	p->rows[at] = *row;
}

void preflight_judge(const struct preflight_demand *d, const struct facts *f, struct preflight *ret)
{
	assert(d->connections <= PREFLIGHT_CONNECTIONS_MAX);
	const struct preflight_demand whole = complete(d, f);
	const struct preflight_question question = {&whole, f, d->target_local ? 2 : 1};
	*ret = (struct preflight){.connections = d->connections};
	for (unsigned i = 0; i < sizeof JUDGES / sizeof *JUDGES; i++) {
		struct preflight_row row = {.limiter = JUDGES[i].limiter,
					    .allows = PREFLIGHT_UNBOUNDED};
		if (!JUDGES[i].judge(&question, &row))
			continue;
		row.binds = row.allows < d->connections;
		insert(ret, &row);
	}
}

uint64_t preflight_allows(const struct preflight *p)
{
	return p->count ? p->rows[0].allows : PREFLIGHT_UNBOUNDED;
}

bool preflight_binds(const struct preflight *p)
{
	return p->count && p->rows[0].binds;
}
