#include "out/out_preflight.h"

#include "base/grouped.h"
#include "out/lines.h"

#include <errno.h>

static void verdict(const struct preflight *p, struct buf *out)
{
	const struct preflight_row *first = &p->rows[0];
	buf_printf(out, "%s connection%s: ", grouped(p->connections).text,
		   p->connections == 1 ? "" : "s");
	if (preflight_binds(p))
		buf_printf(out, "%s bind%s first, at %s\n", first->limiter,
			   first->limiter[strlen(first->limiter) - 1] == 's' ? "" : "s",
			   grouped(first->allows).text);
	else if (preflight_allows(p) != PREFLIGHT_UNBOUNDED)
		buf_printf(out, "nothing binds; past %s, %s would\n", grouped(first->allows).text,
			   first->limiter);
	else
		buf_puts(out, "nothing is known to bind\n");
}

static void row_text(const struct preflight *p, const struct preflight_row *r, struct buf *out)
{
	buf_printf(out, "\n%-16s", r->limiter);
	if (r->allows == PREFLIGHT_UNBOUNDED)
		buf_puts(out, "does not bound the count\n");
	else
		buf_printf(out, "allows %s   needs %s%s\n", grouped(r->allows).text,
			   grouped(p->connections).text, r->binds ? "   BINDS" : "");
	lines_wrap(out, "  ", r->evidence);
	if (r->remedy[0])
		lines_wrap(out, "  -> ", r->remedy);
}

void preflight_text(const struct preflight *p, struct buf *out)
{
	verdict(p, out);
	for (unsigned i = 0; i < p->count; i++)
		row_text(p, &p->rows[i], out);
}

static void row_json(const struct preflight_row *r, struct json *j)
{
	json_object(j, NULL);
	json_text(j, "limiter", r->limiter);
	if (r->allows == PREFLIGHT_UNBOUNDED)
		json_null(j, "allows");
	else
		json_u64(j, "allows", r->allows);
	json_bool(j, "binds", r->binds);
	json_text(j, "evidence", r->evidence);
	json_text(j, "remedy", r->remedy);
	json_text(j, "source", r->source);
	json_object_end(j);
}

void preflight_json(const struct preflight *p, struct json *j)
{
	json_u64(j, "connections", p->connections);
	if (preflight_allows(p) == PREFLIGHT_UNBOUNDED)
		json_null(j, "allows");
	else
		json_u64(j, "allows", preflight_allows(p));
	json_text(j, "first", preflight_binds(p) ? p->rows[0].limiter : NULL);
	json_array(j, "limits");
	for (unsigned i = 0; i < p->count; i++)
		row_json(&p->rows[i], j);
	json_array_end(j);
}

/* ---- facts ---- */

/* The kernel has no such feature, or a group no limit: nothing is missing. */
static bool is_gap(const struct facts *f, enum fact_id id)
{
	bool of_cgroup = id == FACT_CGROUP_LIMIT || id == FACT_CGROUP_USED;
	bool of_conntrack = id >= FACT_CONNTRACK_MAX && id <= FACT_CONNTRACK_DROP;
	bool absent = f->of[id].why == ENOENT && of_conntrack;
	return !f->of[id].known && !of_cgroup && !absent;
}

void preflight_json_facts(const struct facts *f, struct json *j)
{
	json_object(j, "facts");
	for (enum fact_id id = 0; id < FACT_COUNT; id++) {
		if (f->of[id].known && f->of[id].value != UINT64_MAX)
			json_u64(j, facts_name(id), f->of[id].value);
		else
			json_null(j, facts_name(id));
	}
	json_object_end(j);
	json_array(j, "gaps");
	for (enum fact_id id = 0; id < FACT_COUNT; id++) {
		if (!is_gap(f, id))
			continue;
		json_object(j, NULL);
		json_text(j, "what", facts_name(id));
		json_text(j, "source", facts_source(f, id));
		json_text(j, "reason", strerror(f->of[id].why));
		json_object_end(j);
	}
	json_array_end(j);
}

void preflight_text_gaps(const struct facts *f, struct buf *out)
{
	bool any = false;
	for (enum fact_id id = 0; id < FACT_COUNT; id++) {
		if (!is_gap(f, id))
			continue;
		buf_printf(out, "%s  %-24s n/a (%s: %s)\n", any ? "" : "\nNot known\n",
			   facts_name(id), facts_source(f, id), strerror(f->of[id].why));
		any = true;
	}
}
